//! The lamp of a phone: told of messages, its own and nobody else's.

use crate::rig::{AKES, BERITS, Rig, device, phone};
use crate::ua::{Message, Ua, word};
use uuid::Uuid;
use voxera_callcontrol::{Arrival, ArrivedFrom, NewMessage};
use voxera_model::{CallId, Dialled, ExtensionId, ExtensionNumber, MessageId, PbxId, Realm};

fn mailbox(rig: &Rig, number: &str) -> (PbxId, ExtensionId) {
    let view = rig.control.directory().pbx(&Realm::parse(AKES).unwrap()).unwrap();
    (view.snapshot.pbx, view.snapshot.extensions[&ExtensionNumber::parse(number).unwrap()].id)
}

/// Somebody leaves a message for an extension of Åkes.
fn left(rig: &Rig, number: &str) -> MessageId {
    let view = rig.control.directory().pbx(&Realm::parse(AKES).unwrap()).unwrap();
    let from = ArrivedFrom::Device(device(AKES, "1002", 0));
    let call = CallId(Uuid::now_v7());
    let (call, _) = rig.control.arrive(&view, Arrival { call, from, dialled: Dialled::parse(number) });
    let id = MessageId(Uuid::now_v7());
    call.message(NewMessage { id, mailbox: mailbox(rig, number).1, millis: 2000 });
    id
}

/// Subscribes to a mailbox; the final answer.
async fn subscribe(ua: &mut Ua, user: &str, seconds: u32) -> Message {
    let uri = format!("sip:{user}@{}", ua.me.realm);
    let more = format!(
        "Event: message-summary\r\nAccept: application/simple-message-summary\r\nExpires: {seconds}\r\n"
    );
    let text = ua.request("SUBSCRIBE", &uri, &more, "");
    ua.prove(text, &uri).await
}

/// The next NOTIFY, answered; how many messages it tells of.
async fn told(ua: &mut Ua) -> (Message, String) {
    let notify = ua.asked("NOTIFY").await;
    assert_eq!(notify.field("Event"), "message-summary");
    ua.ok(&notify).await;
    let counts =
        notify.body().lines().find_map(|line| line.strip_prefix("Voice-Message: ")).unwrap().to_owned();
    (notify, counts)
}

#[tokio::test]
async fn a_phone_that_subscribes_hears_what_there_is_and_every_change() {
    let rig = Rig::start().await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let answer = subscribe(&mut anna, "1000", 600).await;
    assert_eq!((answer.code(), answer.field("Expires")), (200, "600"));
    let (first, counts) = told(&mut anna).await;
    assert_eq!(counts, "0/0 (0/0)");
    assert!(first.body().starts_with("Messages-Waiting: no\r\n"));
    assert!(first.field("Subscription-State").starts_with("active"));
    assert_eq!(first.field("Call-ID"), answer.field("Call-ID"));
    assert_eq!(first.field("From"), answer.field("To"));
    let message = left(&rig, "1000");
    let (second, counts) = told(&mut anna).await;
    assert_eq!(counts, "1/0 (0/0)");
    assert!(
        second.body().starts_with(&format!("Messages-Waiting: yes\r\nMessage-Account: sip:*97@{AKES}\r\n"))
    );
    let (pbx, own) = mailbox(&rig, "1000");
    rig.control.mailboxes().mark_heard(pbx, own, message);
    let (third, counts) = told(&mut anna).await;
    assert_eq!(counts, "0/1 (0/0)");
    assert!(third.body().starts_with("Messages-Waiting: no\r\n"));
    rig.control.mailboxes().delete(pbx, own, message);
    assert_eq!(told(&mut anna).await.1, "0/0 (0/0)");
}

#[tokio::test]
async fn a_subscription_is_renewed_and_ended_in_its_dialog() {
    let rig = Rig::start().await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let answer = subscribe(&mut anna, "1000", 600).await;
    let (first, _) = told(&mut anna).await;
    let mut sequence = 10;
    let mut again = |seconds: u32| {
        sequence += 1;
        format!(
            "SUBSCRIBE {} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK{};rport\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
             Call-ID: {}\r\nCSeq: {sequence} SUBSCRIBE\r\nContact: <{}>\r\nEvent: message-summary\r\nExpires: {seconds}\r\n\
             Content-Length: 0\r\n\r\n",
            answer.contact(),
            anna.here(),
            word(),
            first.field("To"),
            first.field("From"),
            first.field("Call-ID"),
            anna.contact(),
        )
    };
    let (renewal, end) = (again(300), again(0));
    anna.send(&renewal).await;
    assert_eq!(anna.told().await.field("Expires"), "300");
    told(&mut anna).await;
    anna.send(&end).await;
    assert_eq!(anna.told().await.field("Expires"), "0");
    let (last, _) = told(&mut anna).await;
    assert!(last.field("Subscription-State").starts_with("terminated"));
    let late =
        end.replace(" 12 SUBSCRIBE", " 13 SUBSCRIBE").replacen("branch=z9hG4bK", "branch=z9hG4bKlate", 1);
    anna.send(&late).await;
    assert_eq!(anna.told().await.code(), 481);
}

#[tokio::test]
async fn a_phone_that_only_registered_is_told_too() {
    let rig = Rig::start().await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut other = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    left(&rig, "1000");
    let (notify, counts) = told(&mut anna).await;
    assert_eq!(counts, "1/0 (0/0)");
    assert_eq!(notify.uri(), anna.contact());
    other.hears_nothing().await;
}

#[tokio::test]
async fn a_phone_that_comes_online_is_told_of_what_waits() {
    let rig = Rig::start().await;
    for _ in 0..3 {
        left(&rig, "1000");
    }
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    assert_eq!(told(&mut anna).await.1, "3/0 (0/0)");
    // It says only that it is still there.
    anna.register(300).await;
    anna.hears_nothing().await;
}

#[tokio::test]
async fn another_extensions_mailbox_is_nobody_elses() {
    let rig = Rig::start().await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    assert_eq!(subscribe(&mut anna, "1001", 600).await.code(), 403);
    // The same number in the other company is another mailbox.
    let mut foreign = Ua::online(&rig, phone(BERITS, "1000", 0)).await;
    assert_eq!(subscribe(&mut foreign, "1000", 600).await.code(), 200);
    told(&mut foreign).await;
    left(&rig, "1000");
    foreign.hears_nothing().await;
}

#[tokio::test]
async fn a_stranger_may_not_subscribe() {
    let rig = Rig::start().await;
    let mut stranger = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    stranger.me.password = "guess".into();
    assert_eq!(subscribe(&mut stranger, "1000", 600).await.code(), 403);
    // Right, but nowhere to be found: it has to register first.
    let mut absent = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    assert_eq!(subscribe(&mut absent, "1000", 600).await.code(), 403);
}
