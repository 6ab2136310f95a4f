//! What somebody in charge does with a call that is up, as those who talk hear it.

use crate::company::{Company, number};
use crate::sounds_together::{THREE, hears, three};
use voxera_callcontrol::{AskFault, LiveScope};
use voxera_callflow::{Cause, ListenMode, Party, SendFault};
use voxera_model::{CallId, Dialled};
use voxera_testkit::phone::Phone;

/// The first call that is up.
pub fn up(company: &Company) -> CallId {
    company.control.live().calls(LiveScope::Platform)[0].id
}

pub async fn talk(caller: &Phone, callee: &Phone, dialled: &str) {
    caller.dial(dialled).await;
    callee.called().await;
    callee.answer().await;
    tokio::join!(caller.established(), callee.established());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_side_is_sent_on_and_the_other_one_leaves() {
    let mut company = Company::open(THREE).await;
    let [anna, bertil, cecilia] = three(&company).await;
    talk(&cecilia, &bertil, "1001").await;
    let call = up(&company);
    let live = company.control.live();
    let send = async |party, to: &str| live.send_on(call, party, Dialled::parse(to)).await;
    for (to, why) in [("1099", SendFault::UnknownNumber), ("1001", SendFault::AlreadyThere)] {
        assert_eq!(send(Party::Caller, to).await, Err(AskFault::Send(why)));
    }
    tokio::join!(
        hears("Bertil", &bertil, [false, false, true]),
        hears("Cecilia", &cecilia, [false, true, false])
    );

    send(Party::Caller, "1000").await.unwrap();
    tokio::join!(bertil.closed(), anna.called());
    assert_eq!(send(Party::Caller, "1001").await, Err(AskFault::Send(SendFault::NotNow)));
    anna.answer().await;
    anna.established().await;
    tokio::join!(
        hears("Anna", &anna, [false, false, true]),
        hears("Cecilia", &cecilia, [true, false, false])
    );

    // Whoever was called goes on, and the caller leaves.
    send(Party::Callee, "1001").await.unwrap();
    tokio::join!(cecilia.closed(), bertil.called());
    bertil.answer().await;
    bertil.established().await;
    tokio::join!(hears("Anna", &anna, [false, true, false]), hears("Bertil", &bertil, [true, false, false]));
    anna.hang_up().await;
    bertil.closed().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_phone_of_whoever_wants_to_listen_rings_and_then_hears_both() {
    let mut company = Company::open(THREE).await;
    let [anna, bertil, cecilia] = three(&company).await;
    talk(&cecilia, &bertil, "1001").await;
    let call = up(&company);
    let by = company.id("1000");
    // Nobody picks up: the two notice nothing, and nothing is kept.
    company.control.live().listen(call, by, ListenMode::Listen).await.unwrap();
    anna.called().await;
    anna.hang_up().await;

    company.control.live().listen(call, by, ListenMode::Whisper).await.unwrap();
    let shown = anna.called().await;
    assert!(shown.peer_name.contains("Bertil Berg"), "{}", shown.peer_name);
    anna.answer().await;
    anna.established().await;
    tokio::join!(
        hears("Anna", &anna, [false, true, true]),
        hears("Bertil", &bertil, [true, false, true]),
        hears("Cecilia", &cecilia, [false, true, false]),
    );
    anna.command("sndcode", Some("1")).await;
    tokio::join!(
        hears("Anna", &anna, [false, true, true]),
        hears("Bertil", &bertil, [false, false, true]),
        hears("Cecilia", &cecilia, [false, true, false]),
    );
    cecilia.hang_up().await;
    tokio::join!(bertil.closed(), anna.closed());
    let ended = [company.ended().await, company.ended().await];
    assert!(ended.iter().all(|call| call.outcome == Cause::Normal), "{ended:?}");
    let listened = ended.iter().find(|ended| ended.id != call).unwrap();
    assert_eq!((&listened.from_extension, listened.to_number.as_str()), (&Some(number("1000")), "*881001"));
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_in_line_is_sent_to_somebody() {
    const LINE: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
[extensions.1001]
name = "Bertil Berg"
[extensions.1002]
name = "Cecilia Cederlund"
[extensions.2000]
name = "Kundtjänst"
kind = "queue"
members = ["1001"]
"#;
    let mut company = Company::open(LINE).await;
    let [anna, bertil, cecilia] = three(&company).await;
    cecilia.dial("2000").await;
    tokio::join!(bertil.called(), cecilia.established());
    company.control.live().send_on(up(&company), Party::Caller, Dialled::parse("1000")).await.unwrap();
    tokio::join!(bertil.closed(), anna.called());
    anna.answer().await;
    anna.established().await;
    tokio::join!(
        hears("Anna", &anna, [false, false, true]),
        hears("Cecilia", &cecilia, [true, false, false])
    );
    anna.hang_up().await;
    cecilia.closed().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}
