//! Listening in: with the right to, in one's own company, and not otherwise.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::Stage;
use serde_json::json;
use voxera_callflow::Kind;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn who_listens_the_moment_somebody_answers_need_not_wait() {
    let stage = Stage::open().await;
    let right = json!({ "settings": { "may_listen": true } });
    stage.change("1003", &right, |of| matches!(&of.kind, Kind::User(user) if user.may_listen)).await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    let david = stage.phone("1003", 0).await;
    anna.dial("1001").await;
    bertil.called().await;
    tokio::join!(bertil.answer(), david.dial("*881001"));
    tokio::join!(anna.established(), bertil.established(), david.established());
    let heard = david.hears(2_000).await;
    let (caller, callee) = (heard.tone(CALLERS_TONE), heard.tone(CALLEES_TONE));
    assert!(caller > 0.2 && callee > 0.2, "{caller} {callee}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn who_may_listen_hears_both_and_who_may_not_hears_nothing() {
    let stage = Stage::open().await;
    let right = json!({ "settings": { "may_listen": true } });
    stage.change("1003", &right, |of| matches!(&of.kind, Kind::User(user) if user.may_listen)).await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    let (cecilia, david) = tokio::join!(stage.phone("1002", 0), stage.phone("1003", 0));
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    connect(&anna, &bertil, "1001").await;
    events.until("call", |call| call["state"] == "connected").await;

    cecilia.dial("*881001").await;
    let refused = cecilia.one("CALL_CLOSED");
    let why = refused.await.detail;
    assert!(why.starts_with("403"), "{why}");

    david.dial("*881001").await;
    david.established().await;
    let heard = david.hears(2_000).await;
    let (caller, callee) = (heard.tone(CALLERS_TONE), heard.tone(CALLEES_TONE));
    println!("David hears {caller:.3} of Anna and {callee:.3} of Bertil");
    assert!(caller > 0.2 && callee > 0.2, "{caller} {callee}");
    // Nobody hears the listener, who is silent anyway, and the two go on.
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    tokio::join!(bertil.closed(), david.closed());
}
