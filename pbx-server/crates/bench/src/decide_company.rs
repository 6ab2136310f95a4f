//! A company with many rules and a big menu, and calls to it.

use crate::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;
use voxera_callflow::{
    Destination, Extension, HuntGroup, Ivr, Kind, LocalTime, Member, PastCall, Peer, PublishedIvr, Queue,
    Rule, Snapshot, Strategy, Trunk, User,
};
use voxera_model::{
    CallId, CustomerId, DeviceId, Dialled, ExtensionId, ExtensionNumber, FlowId, Key, Name, PbxId,
    PhoneNumber, Realm, Seconds, TenantId, TrunkId,
};

pub const RULES: u32 = 300;
pub const NODES: u32 = 200;
pub const CALLERS_IN_LINE: u16 = 100;
const PEOPLE: u32 = 50;
pub const QUEUE: &str = "8000";

pub fn id(number: u32) -> ExtensionId {
    ExtensionId(Uuid::from_u128(0x1_0000 + u128::from(number)))
}

fn name(text: &str) -> Outcome<Name> {
    Ok(Name::parse(text).map_err(|e| e.message)?)
}

pub fn number(text: &str) -> Outcome<PhoneNumber> {
    Ok(PhoneNumber::parse(text).map_err(|e| e.message)?)
}

pub fn company() -> Outcome<Snapshot> {
    let mut extensions = BTreeMap::new();
    let mut add = |number: u32, kind: Kind| -> Outcome<()> {
        let name = name(&format!("Extension {number}"))?;
        let key = ExtensionNumber::parse(&number.to_string()).map_err(|e| e.message)?;
        extensions.insert(key, Extension { id: id(number), name, kind, recording: None });
        Ok(())
    };
    for person in 1000..1000 + PEOPLE {
        add(person, Kind::User(User::new(vec![DeviceId(Uuid::from_u128(u128::from(person)))])))?;
    }
    let members: Vec<Member> = (1000..1020).map(|person| Member { extension: id(person), tier: 1 }).collect();
    add(
        8000,
        Kind::Queue(Queue {
            members: members.clone(),
            strategy: Strategy::LongestIdle,
            ring_for: Seconds(20),
            wrap_up: Seconds(10),
            max_wait: Seconds(600),
            max_callers: CALLERS_IN_LINE,
            greeting: None,
            music: None,
            announce_every: Some(Seconds(60)),
            overflow: None,
        }),
    )?;
    add(
        8001,
        Kind::HuntGroup(HuntGroup {
            members,
            strategy: Strategy::Sequential,
            ring_for: Seconds(20),
            failed: None,
        }),
    )?;
    let mut snapshot = Snapshot {
        extensions,
        ..Snapshot::new(
            TenantId(Uuid::from_u128(1)),
            CustomerId(Uuid::from_u128(2)),
            PbxId(Uuid::from_u128(3)),
            name("Bench")?,
            Realm::parse("bench.localhost").map_err(|e| e.message)?,
        )
    };
    let menu = FlowId(Uuid::from_u128(4));
    snapshot.ivrs.insert(menu, PublishedIvr { name: name("Menu")?, version: 1, ivr: ivr()? });
    snapshot.trunks.push(Trunk { id: TrunkId(Uuid::from_u128(5)), name: name("Line")?, emergency: true });
    for nth in 0..20 {
        snapshot.numbers.insert(number(&format!("+4631738{nth:04}"))?, Destination::Ivr { flow: menu });
    }
    snapshot.rules = (0..RULES).map(rule).collect::<Outcome<_>>()?;
    snapshot.index();
    Ok(snapshot)
}

/// Rules of every sort. None takes an ordinary call by day, so that all of them are looked at.
fn rule(nth: u32) -> Outcome<Rule> {
    let person = id(1000 + nth % PEOPLE);
    let night = json!({ "kind": "time", "from": "18:00", "to": "07:30" });
    let conditions: Value = match nth % 6 {
        0 => json!([{ "kind": "caller", "how": "matches", "number": format!("0701{nth:06}") }]),
        1 => json!([night, { "kind": "caller", "how": "starts_with", "number": format!("+4670{nth:03}") }]),
        2 => json!([{ "kind": "holidays", "on": true,
            "which": { "red_days": true, "eves": true, "half_days": false, "squeeze_days": nth.is_multiple_of(4) } },
            { "kind": "dialled", "numbers": [format!("+4631738{:04}", nth % 20)] }]),
        3 => {
            json!([{ "kind": "dates", "ranges": [{ "from": format!("2026-07-{:02}", 1 + nth % 28), "to": "2026-08-01" }] },
            { "kind": "time", "from": format!("{:02}:00", nth % 24), "to": "23:00" }])
        }
        4 => json!([{ "kind": "days", "days": ["saturday", "sunday"] }, night]),
        _ => json!([{ "kind": "caller", "how": "contains", "number": format!("{:04}", 1000 + nth) }, night]),
    };
    Ok(serde_json::from_value(json!({
        "id": format!("rule-{nth}"), "name": format!("Rule {nth}"), "priority": nth, "enabled": true,
        "conditions": conditions, "to": { "kind": "extension", "extension": person },
    }))?)
}

/// A condition, a name for the phones, and then menus below menus.
fn ivr() -> Outcome<Ivr> {
    let speech = |text: &str| json!({ "kind": "speech", "text": text });
    let mut nodes = serde_json::Map::new();
    let mut add = |id: String, step: Value| {
        nodes.insert(id.clone(), json!({ "name": id, "step": step }));
    };
    add(
        "hours".into(),
        json!({ "kind": "condition", "otherwise": "closed", "branches": [
            { "conditions": [{ "kind": "time", "from": "08:00", "to": "17:00" }], "next": "label" }] }),
    );
    add("closed".into(), json!({ "kind": "hangup", "prompt": speech("We are closed.") }));
    add("label".into(), json!({ "kind": "caller_name", "text": "Switchboard", "next": "menu-0" }));
    add("queue".into(), json!({ "kind": "queue", "queue": id(8000) }));
    add("group".into(), json!({ "kind": "transfer", "to": { "kind": "extension", "extension": id(8001) } }));
    for nth in 0..NODES - 5 {
        let below = |of: u32| {
            let next = nth * 4 + of;
            if next < NODES - 5 { format!("menu-{next}") } else { "queue".to_owned() }
        };
        add(
            format!("menu-{nth}"),
            json!({ "kind": "menu", "prompt": speech("Choose."), "on_timeout": "queue", "on_invalid": "queue",
                "keys": { "1": below(1), "2": below(2), "3": below(3), "4": below(4), "9": "group" } }),
        );
    }
    Ok(serde_json::from_value(json!({
        "settings": { "language": "sv", "timeout": 5, "retries": 1, "invalid": null },
        "entry": "hours", "nodes": nodes,
    }))?)
}

/// Calls of a month: day and night, who is known and who is not, with keys and without.
pub fn month(calls: u32) -> Outcome<Vec<PastCall>> {
    (0..calls)
        .map(|nth| {
            let keys = ["", "9", "1", "12", "34"];
            let pressed = keys.get(usize::try_from(nth % 5)?).copied().unwrap_or_default();
            Ok(PastCall {
                id: CallId(Uuid::from_u128(u128::from(nth))),
                from: Peer::Outside(Some(number(&format!(
                    "+4670{:07}",
                    u64::from(nth) * 7_919 % 10_000_000
                ))?)),
                dialled: Dialled::Public(number(&format!("+4631738{:04}", nth % 20))?),
                at: LocalTime {
                    day: 20_605 + i32::try_from(nth % 30)?,
                    minute: u16::try_from(u64::from(nth) * 37 % 1440)?,
                },
                keys: pressed.chars().filter_map(Key::new).collect(),
                busy: vec![id(1000 + nth % PEOPLE)],
                away: Vec::new(),
            })
        })
        .collect()
}
