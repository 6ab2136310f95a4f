//! Listening in: with the right to, in one's own company, and not otherwise.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect};
use super::stage::Stage;
use serde_json::json;
use voxera_model::Realm;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn who_may_listen_hears_both_and_who_may_not_hears_nothing() {
    let stage = Stage::open().await;
    let david = stage.extension("1003").await;
    let right = json!({ "settings": { "may_listen": true } });
    stage.admin.patch(&stage.company.pbx(&format!("/extensions/{david}")), &right).await.ok();
    let directory = stage.product.server().control().directory();
    let realm = Realm::parse(&stage.product.phone("1000").realm).unwrap();
    let known = || {
        let pbx = directory.pbx(&realm);
        pbx.is_some_and(|pbx| {
            pbx.snapshot.extensions.iter().any(|(number, of)| {
                let may = matches!(&of.kind, voxera_callflow::Kind::User(user) if user.may_listen);
                number.as_str() == "1003" && may
            })
        })
    };
    directory.changes().wait_for(|_| known()).await.unwrap();
    let (anna, bertil) = stage.two("1000", "1001").await;
    let (cecilia, david) = tokio::join!(stage.phone("1002", 0), stage.phone("1003", 0));
    connect(&anna, &bertil, "1001").await;

    cecilia.dial("*881001").await;
    let refused = cecilia.one("CALL_CLOSED");
    let why = refused.await.detail;
    println!("without the right: {why}");

    david.dial("*881001").await;
    david.established().await;
    let heard = david.hears(2_000).await;
    let (caller, callee) = (heard.tone(CALLERS_TONE), heard.tone(CALLEES_TONE));
    println!("David hears {caller:.3} of Anna and {callee:.3} of Bertil");
    assert!(caller > 0.2 && callee > 0.2, "{caller} {callee}");
    anna.hang_up().await;
    bertil.closed().await;
}
