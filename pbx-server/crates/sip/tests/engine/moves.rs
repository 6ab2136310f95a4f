//! Calls that change hands: transfers, pick-up, and phones that take the place of others.

use crate::calls::{Pair, Up, connect, pair, talk};
use crate::rig::{AKES, phone};
use crate::ua::{Message, Talk, Ua};
use voxera_callflow::Cause;

/// Cecilia's phone.
async fn cecilia(pair: &Pair) -> Ua {
    Ua::online(&pair.rig, phone(AKES, "1002", 0)).await
}

/// What the phone that sends the other on is told, to its end.
async fn news(ua: &mut Ua) -> Vec<String> {
    let mut heard = Vec::new();
    loop {
        let notify = ua.asked("NOTIFY").await;
        assert!(notify.field("Event").starts_with("refer"), "{}", notify.0);
        assert!(notify.field("Content-Type").starts_with("message/sipfrag"), "{}", notify.0);
        heard.push(notify.body().trim().to_owned());
        ua.ok(&notify).await;
        if notify.field("Subscription-State").starts_with("terminated") {
            return heard;
        }
    }
}

/// Whatever comes until goodbye is answered.
async fn until_bye(ua: &mut Ua) {
    loop {
        let message = ua.next().await;
        if message.code() == 0 && message.method() != "ACK" {
            ua.ok(&message).await;
        }
        if message.method() == "BYE" {
            return;
        }
    }
}

async fn refer(ua: &mut Ua, talk: &mut Talk, to: &str) -> Message {
    let own = ua.contact();
    ua.inside(talk, "REFER", &format!("Refer-To: <{to}>\r\nReferred-By: <{own}>\r\n"), "").await;
    ua.told().await
}

/// The value of `Replaces` for a dialog of this phone's.
fn replaces(talk: &Talk) -> String {
    let tag = |value: &str| value.split("tag=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    format!("{};to-tag={};from-tag={}", talk.call_id, tag(&talk.remote), tag(&talk.local))
}

#[tokio::test]
async fn bertil_sends_anna_on_to_cecilia() {
    let mut pair = pair().await;
    let mut cecilia = cecilia(&pair).await;
    let mut up = connect(&mut pair).await;
    let told = refer(&mut pair.bertil, &mut up.bertil, "sip:1002@akes.pbx.localhost").await;
    assert_eq!(told.code(), 202);
    assert_eq!(news(&mut pair.bertil).await, ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
    until_bye(&mut pair.bertil).await;
    let invite = cecilia.asked("INVITE").await;
    assert!(invite.field("From").contains("Anna"), "{}", invite.0);
    cecilia.answer(&invite, "180 Ringing", "t", "", "").await;
    // Anna's phone is in a call: it cannot ring, so we do.
    pair.anna.hears_sound().await;
    cecilia.pick_up(&invite).await;
    pair.anna.reaches(up.to_anna, &cecilia).await;
    pair.anna.inside(&mut up.anna, "BYE", "", "").await;
    assert_eq!(pair.anna.told().await.code(), 200);
    until_bye(&mut cecilia).await;
    assert_eq!(pair.rig.ended().await.outcome, Cause::Normal);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn a_transfer_to_nobody_is_refused_and_the_two_talk_on() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    let told = refer(&mut pair.bertil, &mut up.bertil, "sip:*77@akes.pbx.localhost").await;
    assert_eq!(told.code(), 202);
    let news = news(&mut pair.bertil).await;
    if news.last().unwrap() == "SIP/2.0 603 Decline" {
        talk(&pair, &up, 1).await;
    } else {
        until_bye(&mut pair.bertil).await;
    }
}

#[tokio::test]
async fn bertil_asks_cecilia_first_and_then_connects_the_two() {
    let mut pair = pair().await;
    let mut cecilia = cecilia(&pair).await;
    let Up { anna: mut annas, mut bertil, to_anna, .. } = connect(&mut pair).await;
    // Bertil calls Cecilia from the same phone.
    let mut asking = pair.bertil.dial("1002").await;
    let invite = cecilia.asked("INVITE").await;
    let mut cecilias = cecilia.pick_up(&invite).await;
    pair.bertil.connected(&mut asking).await;
    let escaped = replaces(&asking).replace(';', "%3B").replace('=', "%3D");
    let to = format!("sip:1002@akes.pbx.localhost?Replaces={escaped}");
    assert_eq!(refer(&mut pair.bertil, &mut bertil, &to).await.code(), 202);
    // News of the one call and goodbye of both, in whichever order.
    let (mut byes, mut last) = (0, String::new());
    while byes < 2 {
        let message = pair.bertil.next().await;
        match message.method() {
            "BYE" => byes += 1,
            "NOTIFY" => last = message.body().trim().to_owned(),
            _ => continue,
        }
        pair.bertil.ok(&message).await;
    }
    assert_eq!(last, "SIP/2.0 200 OK");
    pair.anna.reaches(to_anna, &cecilia).await;
    cecilia.inside(&mut cecilias, "BYE", "", "").await;
    assert_eq!(cecilia.told().await.code(), 200);
    let bye = pair.anna.asked("BYE").await;
    assert_eq!(bye.field("Call-ID"), annas.call_id);
    pair.anna.ok(&bye).await;
    annas.sequence += 1;
    assert_eq!(pair.rig.ended().await.outcome, Cause::Normal);
    assert_eq!(pair.rig.ended().await.outcome, Cause::Normal);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn a_transfer_into_a_call_that_is_over_is_refused() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    let to = "sip:1002@akes.pbx.localhost?Replaces=gone%3Bto-tag%3D1%3Bfrom-tag%3D2";
    assert_eq!(refer(&mut pair.bertil, &mut up.bertil, to).await.code(), 481);
    talk(&pair, &up, 1).await;
}

#[tokio::test]
async fn cecilias_phone_takes_the_place_of_bertils() {
    let mut pair = pair().await;
    let mut cecilia = cecilia(&pair).await;
    let up = connect(&mut pair).await;
    let offer = cecilia.sdp("sendrecv");
    let more = format!("Replaces: {}\r\n", replaces(&up.bertil));
    let mut talk = cecilia.dial_with("sip:1001@akes.pbx.localhost", &more, &offer).await;
    let answer = cecilia.connected(&mut talk).await;
    until_bye(&mut pair.bertil).await;
    cecilia.reaches(answer.port(), &pair.anna).await;
    cecilia.inside(&mut talk, "BYE", "", "").await;
    assert_eq!(cecilia.told().await.code(), 200);
    let bye = pair.anna.asked("BYE").await;
    pair.anna.ok(&bye).await;
    pair.rig.quiet().await;
    // A dialog that nobody has is replaced by nobody.
    let talk = cecilia.dial_with("sip:1001@akes.pbx.localhost", &more, &offer).await;
    assert_eq!(cecilia.refused(&talk).await, 481);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn a_phone_that_wants_to_hear_our_offer_first_is_called_through() {
    let mut pair = pair().await;
    let mut talk = {
        let uri = "sip:1001@akes.pbx.localhost";
        pair.anna.dial_with(uri, "", "").await
    };
    let invite = pair.bertil.asked("INVITE").await;
    assert!(invite.body().contains("m=audio "), "{}", invite.0);
    pair.bertil.pick_up(&invite).await;
    let answer = pair.anna.told().await;
    assert!(answer.code() == 200 && answer.body().contains("m=audio "), "{}", answer.0);
    answer.field("To").clone_into(&mut talk.remote);
    talk.target = answer.contact();
    // The answer to our offer comes with the acknowledgement.
    let own = pair.anna.sdp("sendrecv");
    let ack = pair.anna.inside_at(&talk, "ACK", talk.sequence, "Content-Type: application/sdp\r\n", &own);
    pair.anna.send(&ack).await;
    pair.anna.reaches(answer.port(), &pair.bertil).await;
}
