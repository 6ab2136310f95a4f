//! Everything that a PBX can hold, to test with.

use crate::companies::{Company, extension, name};
use chrono::Utc;
use std::net::IpAddr;
use voxera_callflow::{
    Destination, HuntGroup, Ivr, IvrSettings, Kind, Member, Node, NodeId, NodeKind, Prompt, Queue, Routing,
    Rule, RuleId, SpokenText, Strategy,
};
use voxera_model::{
    AudioId, CallId, CallbackId, ExtensionId, FlowId, Key, Locale, MessageId, RecordingId, Seconds, TrunkId,
};
use voxera_store::{
    Added, Author, FlowDocument, NewAudio, NewCallback, NewExtension, NewFlow, NewMessage, NewRecording,
    NewTrunk, TenantTx, TrunkKind, TrunkTransport, new_id,
};

pub fn anna() -> Author {
    Author { account: None, name: "Anna".into() }
}

pub fn say(text: &str) -> Prompt {
    Prompt::Speech { text: SpokenText::parse(text).unwrap() }
}

/// A menu that says hello and sends key 1 to `to`.
pub fn menu(to: Destination) -> Ivr {
    let id = |text| NodeId::parse(text).unwrap();
    let node = |called, step| Node { name: name(called), x: 0, y: 0, step };
    let step = NodeKind::Menu {
        prompt: say("Välkommen"),
        keys: [(Key::parse("1").unwrap(), id("sales"))].into(),
        timeout: None,
        retries: None,
        on_timeout: None,
        on_invalid: None,
        dial_extension: false,
    };
    let settings = IvrSettings { language: Locale::Sv, timeout: Seconds(5), retries: 2, invalid: None };
    let sales = node("Försäljning", NodeKind::Transfer { to, failed: None });
    Ivr {
        settings,
        entry: Some(id("start")),
        nodes: [(id("start"), node("Start", step)), (id("sales"), sales)].into(),
    }
}

pub fn routing(rules: &[(&str, u32, Destination)]) -> FlowDocument {
    let rule = |(id, priority, to): &(&str, u32, Destination)| Rule {
        id: RuleId::parse(id).unwrap(),
        name: name(id),
        priority: *priority,
        enabled: true,
        conditions: Vec::new(),
        play: None,
        to: to.clone(),
    };
    FlowDocument::Routing(Routing { rules: rules.iter().map(rule).collect() })
}

pub fn hunt_group(number: &str, members: &[ExtensionId]) -> NewExtension {
    let members = members.iter().map(|id| Member { extension: *id, tier: 1 }).collect();
    let kind = Kind::HuntGroup(HuntGroup {
        members,
        strategy: Strategy::RingAll,
        ring_for: Seconds(20),
        failed: None,
    });
    NewExtension { kind, ..extension(number, "Verkstaden") }
}

pub fn queue(number: &str, members: &[(ExtensionId, u8)], music: Option<AudioId>) -> NewExtension {
    let members = members.iter().map(|(id, tier)| Member { extension: *id, tier: *tier }).collect();
    let kind = Kind::Queue(Queue {
        members,
        strategy: Strategy::LongestIdle,
        ring_for: Seconds(15),
        wrap_up: Seconds(10),
        max_wait: Seconds(300),
        max_callers: 20,
        greeting: Some(say("Du är i kö")),
        music,
        announce_every: Some(Seconds(30)),
        overflow: Some(Destination::Hangup),
    });
    NewExtension { kind, ..extension(number, "Kundtjänst") }
}

pub fn trunk(called: &str) -> NewTrunk {
    NewTrunk {
        id: TrunkId(new_id()),
        name: name(called),
        kind: TrunkKind::Registration,
        host: "sip.operator.example".into(),
        port: 5060,
        transport: TrunkTransport::Udp,
        username: Some("46812345".into()),
        password: Some(String::from("hemligt").into()),
        addresses: vec![IpAddr::from([192, 0, 2, 7])],
        emergency: true,
        priority: 10,
    }
}

pub fn message(mailbox: ExtensionId) -> NewMessage {
    NewMessage {
        id: MessageId(new_id()),
        mailbox,
        call: Some(CallId(new_id())),
        from_number: Some("+46701740605".into()),
        from_name: Some(name("Åsa Ström")),
        from_extension: None,
        received_at: Utc::now(),
        millis: 4200,
        bytes: 67_200,
        peaks: vec![1, 200, 3],
    }
}

pub fn recording(owners: &[ExtensionId]) -> NewRecording {
    NewRecording {
        id: RecordingId(new_id()),
        call: CallId(new_id()),
        owners: owners.to_vec(),
        from_number: Some("+46701740605".into()),
        from_name: None,
        from_extension: None,
        to_number: Some("+46812345678".into()),
        to_name: Some(name("Kundtjänst")),
        to_extension: None,
        started_at: Utc::now(),
        millis: 61_000,
        bytes: 1_952_000,
        peaks: vec![9, 8, 7],
    }
}

pub fn callback(whom: ExtensionId) -> NewCallback {
    NewCallback {
        id: CallbackId(new_id()),
        whom,
        call: None,
        number: "+46701740605".into(),
        name: None,
        requested_at: Utc::now(),
    }
}

pub fn sound(called: &str) -> NewAudio {
    NewAudio {
        id: AudioId(new_id()),
        name: name(called),
        purpose: voxera_store::AudioPurpose::Music,
        bytes: 9,
    }
}

pub async fn flow(tx: &mut TenantTx<'static>, company: &Company, called: &str, document: Ivr) -> FlowId {
    let new = NewFlow { id: FlowId(new_id()), name: name(called), document, by: anna() };
    tx.flows(company.pbx).create(new).await.unwrap().id
}

/// A row in every table of a PBX.
pub async fn fill_pbx(tx: &mut TenantTx<'static>, company: &Company) {
    let (pbx, [anna_, bertil]) = (company.pbx, company.extensions);
    tx.extensions(pbx).create(hunt_group("1100", &[anna_, bertil])).await.unwrap();
    let menu = menu(Destination::Extension { extension: anna_ });
    let menu = flow(tx, company, "Växel", menu).await;
    tx.flows(pbx).publish(menu, None, Some("Första"), &anna()).await.unwrap();
    tx.audio(pbx).create(sound("Musik")).await.unwrap();
    tx.trunks(pbx).create(trunk("Operatören")).await.unwrap();
    assert_eq!(tx.messages(pbx).insert(&message(anna_)).await.unwrap(), Added::New);
    assert_eq!(tx.recordings(pbx).insert(&recording(&[anna_])).await.unwrap(), Added::New);
    assert_eq!(tx.callbacks(pbx).insert(&callback(anna_)).await.unwrap(), Added::New);
}
