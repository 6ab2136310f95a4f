//! The reception of the demo, by keys.

use super::phones::hear_each_other;
use super::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_key_in_the_menu_leads_to_the_shop_and_the_two_hear_each_other() {
    let stage = Stage::open().await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    let (cecilia, bertil) = stage.two("1002", "1001").await;
    cecilia.dial("2000").await;
    cecilia.established().await;
    stage.menu_asks(&mut events).await;
    let welcome = cecilia.hears(1_000).await;
    println!("the menu: {:.1} dBFS", welcome.level());
    assert!(welcome.level() > -40.0, "the menu speaks: {} dBFS", welcome.level());
    cecilia.command("sndcode", Some("2")).await;
    bertil.called().await;
    bertil.answer().await;
    bertil.established().await;
    hear_each_other(&cecilia, &bertil).await;
    cecilia.hang_up().await;
    bertil.closed().await;
    let call = &stage.listed(1).await[0];
    assert_eq!(call["outcome"], "normal", "{call}");
    let story = stage.story(call).await;
    assert!(story.iter().any(|step| step.contains("key 2 was pressed")), "{story:?}");
}
