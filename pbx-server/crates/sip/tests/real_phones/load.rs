//! Many calls at once, from `SIPp`.

use crate::company::Company;
use std::time::Duration;
use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Cause, Party};
use voxera_sip::EngineConfig;
use voxera_testkit::sipp::{Place, Sipp};

const CALLS: u32 = 50;
/// Calls begun in a second.
const RATE: u32 = 25;
/// How much each says.
const MILLISECONDS: u32 = 2_000;

/// Ten callers, and a switchboard that answers everyone.
fn switchboard() -> String {
    let callers = (1000..1010).map(|number| format!("[extensions.{number}]\nname = \"Caller {number}\"\n"));
    let callers: String = callers.collect();
    format!("story = \"\"\nsteps = []\n{callers}[extensions.2000]\nname = \"Switchboard\"\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_are_answered_heard_and_hung_up() {
    let snapshot = Scenario::parse("switchboard", &switchboard()).unwrap().snapshot;
    let calls = usize::try_from(CALLS).unwrap();
    let change = |config: &mut EngineConfig| {
        config.limits.calls_per_device = calls;
        // Answers are kept for repeats 64 times this long.
        config.timers.t1 = Duration::from_millis(100);
    };
    let mut company = Company::of(snapshot, &[], change).await;
    let server = company.engine.local_addr();
    let (desk, callers) = (Place::free(), Place::free());
    Sipp::register(desk, server, &[company.user("2000")]).await;
    let users: Vec<_> = (1000..1010).map(|number| company.user(&number.to_string())).collect();

    let answers = Sipp::answer(desk, CALLS).await;
    let calling = Sipp::call(callers, server, &users, "2000", (CALLS, RATE), MILLISECONDS);
    tokio::join!(calling.done(), answers.done());

    // 50 packets a second and direction, of each call.
    let said = u64::from(MILLISECONDS) / 20;
    let (mut spoken, mut echoed, mut lost) = (0, 0, 0);
    for _ in 0..CALLS {
        let record = company.ended().await;
        assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::Caller), "{record:?}");
        let (caller, callee) = (record.media.caller.unwrap(), record.media.callee.unwrap());
        assert!(caller.packets >= said / 2, "{} of {said}", caller.packets);
        assert!(callee.packets >= said / 2, "{} of {said}", callee.packets);
        (spoken, echoed, lost) =
            (spoken + caller.packets, echoed + callee.packets, lost + caller.lost + callee.lost);
    }
    println!("{CALLS} calls: {spoken} packets spoken, {echoed} echoed, {lost} lost");
    // A busy SIPp may leave out some of one call; most of all is heard.
    let all = u64::from(CALLS) * said * 9 / 10;
    assert!(spoken >= all && echoed >= all, "{spoken} and {echoed} of {all}");
    // SIPp's own echo drops some where the machine is busy; a relay that drops would lose far more.
    assert!(lost * 50 <= spoken + echoed, "{lost} of {} packets", spoken + echoed);
    assert!(company.engine.stats().media_packets >= spoken);
    company.silent().await;
}
