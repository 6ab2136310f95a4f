//! What happens now: the stream of a customer, and nobody else's.

use crate::common::{Who, World};
use axum::body::BodyDataStream;
use axum::response::Response;
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;
use voxera_callcontrol::MediaSummary;
use voxera_callflow::{Event, Party, Peer};
use voxera_model::ExtensionNumber;

/// The events of an answer, one after the other.
pub struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    pub async fn of(who: &Who, path: &str) -> Self {
        let browser = who.with("accept-encoding", "gzip, br");
        let response: Response = browser.open("GET", path, (axum::body::Body::empty(), None)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(
            !response.headers().contains_key("content-encoding"),
            "a compressed stream would be held back"
        );
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event that is no ping; `None`: the stream has ended.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let (name, data) = event.split_once('\n').unwrap();
                let name = name.strip_prefix("event: ").unwrap().to_owned();
                let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                if name != "ping" {
                    return Some((name, data));
                }
                assert_eq!(data, json!({}));
            }
            let chunk = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn a_customer_follows_its_own_calls_and_phones() {
    let world = World::new().await;
    let (akes, city, bolaget) = (world.akes(), world.city(), world.bolaget());
    let manager = world.sign_in(&akes.login("manager")).await.with("accept-language", "en");
    let mut events = Events::of(&manager, &akes.at("/events")).await;
    // Others' come first; the first that is seen is one's own.
    for other in [city, bolaget] {
        drop(world.ring(other).await);
    }
    let registration = world.register(akes, &akes.device).await;
    let (name, data) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &data["change"]), ("registration", &json!("registered")));
    assert_eq!(data["registration"]["device"], json!(akes.device));
    assert_eq!(data["registration"]["extension_number"], "1000");

    let call = world.ring(akes).await;
    let (_, data) = events.next().await.unwrap();
    assert_eq!(data["registration"]["device"], json!(akes.second_device));
    let (name, data) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &data["state"]), ("call", &json!("ringing")));
    assert_eq!((&data["from"]["number"], &data["to"]["number"]), (&json!("1000"), &json!("1001")));
    assert!(data["trace"][0]["text"].as_str().unwrap().contains("akes 1000"), "{data}");
    let live = manager.get(&akes.pbx("/live")).await.items();
    assert_eq!((live.len(), &live[0]["id"]), (1, &json!(call.id().to_string())));
    assert!(world.admin(city).await.get(&city.pbx("/live")).await.items().is_empty());

    let _ = call.advance(Event::Answered { by: Peer::Extension(ExtensionNumber::parse("1001").unwrap()) });
    let (_, data) = events.next().await.unwrap();
    assert_eq!(data["state"], "connected");
    assert!(data["answered_at"].is_string());

    // Hung up from the portal: the engine is told, and does it.
    world.admin(akes).await.act(&akes.pbx(&format!("/live/{}/hangup", call.id()))).await.expect(202);
    call.hangup_asked().cancelled().await;
    let _ = call.advance(Event::HungUp { by: Party::System });
    call.finish(MediaSummary::default());
    let (_, data) = loop {
        let (name, data) = events.next().await.unwrap();
        if data["state"] == "ended" {
            break (name, data);
        }
    };
    assert_eq!(data["outcome"], "normal");
    assert!(manager.get(&akes.pbx("/live")).await.items().is_empty());
    world.control.presence().unregister(registration.pbx, registration.device, None);
    let (_, data) = events.next().await.unwrap();
    assert_eq!(data["change"], "unregistered");

    // The record arrives, with its story in the language that is asked for.
    world.control.flush().await;
    world.control.spooled().wait_for(|waiting| *waiting == 0).await.unwrap();
    let path = akes.pbx(&format!("/calls/{}", call.id()));
    let english = manager.get(&path).await.expect(200);
    assert_eq!((&english["hung_up_by"], &english["outcome"]), (&json!("system"), &json!("normal")));
    let swedish = world
        .sign_in(&akes.login("manager"))
        .await
        .with("accept-language", "sv")
        .get(&path)
        .await
        .expect(200);
    assert_ne!(english["trace"], swedish["trace"]);
    let codes = |call: &Value| -> Vec<Value> {
        call["trace"].as_array().unwrap().iter().map(|step| step["code"].clone()).collect()
    };
    assert_eq!(codes(&english), codes(&swedish));
}

#[tokio::test]
async fn the_stream_ends_with_the_access_token_and_with_the_right() {
    let world = World::with(voxera_identity::Limits::default(), |config| {
        config.heartbeat = Duration::from_millis(5);
    })
    .await;
    let akes = world.akes();
    let manager = world.sign_in(&akes.login("manager")).await;
    let mut events = Events::of(&manager, &akes.at("/events")).await;
    world.register(akes, &akes.device).await;
    assert!(events.next().await.is_some());
    world.clock.advance(chrono::TimeDelta::minutes(6));
    assert_eq!(events.next().await, None);

    let again = Who { token: Some(world.fresh_token(&akes.login("manager")).await), ..world.anonymous() };
    let mut events = Events::of(&again, &akes.at("/events")).await;
    let admin = Who { token: Some(world.fresh_token(&akes.login("admin")).await), ..world.anonymous() };
    let users = admin.get(&akes.at("/users?search=manager@")).await.items();
    admin.delete(&akes.at(&format!("/users/{}", users[0]["id"].as_str().unwrap()))).await.expect(204);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn an_emergency_call_is_ended_by_nobody_else() {
    let world = World::new().await;
    let akes = world.akes();
    let call = world.emergency(akes).await;
    let admin = world.admin(akes).await;
    let live = admin.get(&akes.pbx("/live")).await.items();
    assert_eq!(live[0]["state"], "emergency");
    let hangup = akes.pbx(&format!("/live/{}/hangup", call.id()));
    admin.act(&hangup).await.refused(409, "emergency_call");
    assert!(!call.hangup_asked().is_cancelled());
}
