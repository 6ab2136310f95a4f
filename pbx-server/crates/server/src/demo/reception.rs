//! What answers at the bakery: a menu, a queue, a group, a meeting room, and its opening hours.

use super::DemoError;
use super::cast;
use super::seed::{ALL, made};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use voxera_callflow::{Conference, Destination, HuntGroup, Ivr, Kind, Member, Queue, Routing, Strategy};
use voxera_model::{ExtensionId, ExtensionNumber, FlowId, Name, PbxId, PhoneNumber, Seconds};
use voxera_store::{
    Author, Extension, FlowDocument, FlowKind, NewExtension, NewFlow, Page, Store, TenantScope, TenantTx,
    new_id,
};

/// Makes what is missing; says where the two numbers lead when no rule decides. A demo whose PBX was
/// changed by hand stays as it is.
pub async fn make(
    store: &Store,
    scope: &TenantScope,
    pbx: PbxId,
    people: &[Extension],
) -> Result<[Destination; 2], DemoError> {
    let office = person(people, cast::OFFICE);
    let mut tx = store.tenant(scope).await?;
    let page = Page { limit: ALL, ..Page::default() };
    let known = tx.extensions(pbx).list(&page).await?.items;
    let flows = tx.flows(pbx).list(&page).await?.items;
    let shop = known.iter().find(|known| known.number.as_str() == cast::SHOP.0).map(|shop| shop.id);
    let untouched = known.iter().all(|known| known.kind.of() == voxera_callflow::ExtensionType::User)
        && flows.iter().all(|flow| flow.kind == FlowKind::Routing && flow.published.is_none());
    let shop = match (shop, office) {
        (None, Some(office)) if untouched => Some(everything(&mut tx, pbx, people, office).await?),
        (shop, _) => shop,
    };
    tx.commit().await?;
    let to_office = office.map_or(Destination::Nowhere, |mailbox| Destination::Voicemail { mailbox });
    let to_shop = shop.map_or(Destination::Nowhere, |extension| Destination::Extension { extension });
    Ok([to_office, to_shop])
}

/// Makes all of it; the shop's group.
async fn everything(
    tx: &mut TenantTx<'static>,
    pbx: PbxId,
    people: &[Extension],
    office: ExtensionId,
) -> Result<ExtensionId, DemoError> {
    let members = |numbers: &[&str]| -> Vec<Member> {
        let found = numbers.iter().filter_map(|number| person(people, number));
        found.map(|extension| Member { extension, tier: 1 }).collect()
    };
    let to_office = Some(Destination::Voicemail { mailbox: office });
    let queue = Kind::Queue(Queue {
        members: members(cast::TAKE_ORDERS),
        strategy: Strategy::LongestIdle,
        ring_for: Seconds(20),
        wrap_up: Seconds(10),
        max_wait: Seconds(600),
        max_callers: 20,
        greeting: Some(parsed(speech("Välkommen till beställningarna. Vi svarar så snart vi kan."))?),
        music: None,
        announce_every: Some(Seconds(60)),
        overflow: to_office.clone(),
    });
    let orders = add(tx, pbx, cast::ORDERS, queue).await?;
    let group = Kind::HuntGroup(HuntGroup {
        members: members(cast::IN_THE_SHOP),
        strategy: Strategy::RingAll,
        ring_for: Seconds(25),
        failed: to_office,
    });
    let shop = add(tx, pbx, cast::SHOP, group).await?;
    add(tx, pbx, cast::MEETING, Kind::Conference(Conference { pin: None, max_members: 10 })).await?;

    let by = Author { account: None, name: "Voxera".to_owned() };
    let menu = NewFlow {
        id: FlowId(new_id()),
        name: Name::parse(cast::RECEPTION.1)?,
        document: parsed::<Ivr>(menu(orders, shop, office))?,
        by: by.clone(),
    };
    let menu = tx.flows(pbx).create(menu).await?;
    tx.audit().append(made("flow", &menu.id, &menu)).await?;
    tx.flows(pbx).publish(menu.id, None, Some("Så som demon börjar"), &by).await?;
    add(tx, pbx, cast::RECEPTION, Kind::Ivr { flow: menu.id }).await?;

    let rules = tx.flows(pbx).routing().await?;
    let routing = FlowDocument::Routing(parsed::<Routing>(hours(menu.id, office)?)?);
    tx.flows(pbx).save_draft(rules.id, &routing, None, &by).await?;
    tx.flows(pbx).publish(rules.id, None, Some("Öppettider och helgdagar"), &by).await?;
    Ok(shop)
}

async fn add(
    tx: &mut TenantTx<'static>,
    pbx: PbxId,
    (number, name): (&str, &str),
    kind: Kind,
) -> Result<ExtensionId, DemoError> {
    let new = NewExtension {
        id: ExtensionId(new_id()),
        number: ExtensionNumber::parse(number)?,
        name: Name::parse(name)?,
        user: None,
        kind,
        recording: None,
    };
    let made_now = tx.extensions(pbx).create(new).await?;
    tx.audit().append(made("extension", &made_now.id, &made_now)).await?;
    Ok(made_now.id)
}

fn person(people: &[Extension], number: &str) -> Option<ExtensionId> {
    people.iter().find(|known| known.number.as_str() == number).map(|known| known.id)
}

fn speech(text: &str) -> Value {
    json!({ "kind": "speech", "text": text })
}

/// Reads a document of ours; what is wrong with it is told by the tests.
fn parsed<T: DeserializeOwned>(document: Value) -> Result<T, DemoError> {
    serde_json::from_value(document).map_err(|error| DemoError::Document(error.to_string()))
}

fn menu(orders: ExtensionId, shop: ExtensionId, office: ExtensionId) -> Value {
    let node =
        |name: &str, x: i32, y: i32, step: Value| json!({ "name": name, "x": x, "y": y, "step": step });
    let to = |extension: ExtensionId| json!({ "kind": "extension", "extension": extension });
    json!({
        "settings": { "language": "sv", "timeout": 6, "retries": 2,
            "invalid": speech("Den knappen används inte.") },
        "entry": "welcome",
        "nodes": {
            "welcome": node("Välkommen", 0, 120, json!({ "kind": "message",
                "prompt": speech("Välkommen till Åkes bageri."), "next": "choice" })),
            "choice": node("Vad gäller det?", 280, 120, json!({ "kind": "menu",
                "prompt": speech("För beställningar, tryck ett. För butiken, tryck två. För att lämna ett meddelande, tryck tre. För att bli uppringd, tryck fyra. För växeln, tryck noll."),
                "keys": { "1": "orders", "2": "shop", "3": "message", "4": "callback", "0": "office" },
                "on_timeout": "office", "on_invalid": "goodbye", "dial_extension": true })),
            "orders": node("Beställningar", 600, -120, json!({ "kind": "queue", "queue": orders })),
            "shop": node("Butiken", 600, 0, json!({ "kind": "transfer", "to": to(shop), "failed": "message" })),
            "message": node("Lämna ett meddelande", 900, 120, json!({ "kind": "voicemail", "mailbox": office })),
            "callback": node("Bli uppringd", 600, 240, json!({ "kind": "callback", "for": orders, "next": "goodbye" })),
            "office": node("Växeln", 600, 120, json!({ "kind": "transfer", "to": to(office), "failed": "message" })),
            "goodbye": node("Hej då", 900, 300, json!({ "kind": "hangup",
                "prompt": speech("Tack för samtalet, och välkommen åter.") })),
        },
    })
}

/// Calls to the reception's number: closed on holidays, the menu while the bakery is open; at other
/// times the number itself leads to the mailbox.
fn hours(menu: FlowId, office: ExtensionId) -> Result<Value, DemoError> {
    let number = PhoneNumber::parse(cast::NUMBERS[0].0)?;
    let dialled = json!({ "kind": "dialled", "numbers": [number] });
    let days = |days: &[&str]| json!({ "kind": "days", "days": days });
    let time = |from: &str, to: &str| json!({ "kind": "time", "from": from, "to": to });
    let holiday = json!({ "kind": "holidays", "on": true,
        "which": { "red_days": true, "eves": true, "half_days": false, "squeeze_days": false } });
    let week = ["monday", "tuesday", "wednesday", "thursday", "friday"];
    let rule = |id: &str, name: &str, priority: u32, conditions: Value, to: Value| json!({ "id": id, "name": name, "priority": priority, "enabled": true, "conditions": conditions, "to": to });
    let reception = || json!({ "kind": "ivr", "flow": menu });
    let mut closed = rule(
        "holidays",
        "Helgdagar",
        10,
        json!([dialled, holiday]),
        json!({ "kind": "voicemail", "mailbox": office }),
    );
    closed["play"] = speech("Hej! Bageriet har stängt i dag, eftersom det är helgdag.");
    Ok(json!({ "rules": [
        closed,
        rule("weekdays", "Vardagar", 20, json!([dialled, days(&week), time("06:00", "18:00")]), reception()),
        rule("saturdays", "Lördagar", 30, json!([dialled, days(&["saturday"]), time("07:00", "14:00")]), reception()),
    ] }))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_documents_of_the_demo_are_documents() {
        let id = || ExtensionId(new_id());
        let ivr: Ivr = parsed(menu(id(), id(), id())).unwrap();
        assert!(ivr.nodes.contains_key(&ivr.entry.unwrap()));
        let routing: Routing = parsed(hours(FlowId(new_id()), id()).unwrap()).unwrap();
        assert_eq!(routing.rules.len(), 3);
    }
}
