//! What calls leave behind: messages, recordings, wishes to be called back; lines; calls to replay.

use crate::companies::{Company, call, company, name, owner, tenant};
use crate::pbx::{anna, callback, message, recording, trunk};
use chrono::{TimeDelta, Utc};
use sqlx::AssertSqlSafe;
use std::net::IpAddr;
use voxera_callflow::Cause;
use voxera_model::{CallId, ExtensionId, ExtensionNumber, PbxId};
use voxera_store::{
    Added, Author, CallFilter, CallRecord, CallbackFilter, Constraint, Direction, MailboxCounts,
    MessageFilter, NewRecording, NewTrunk, Page, PbxChange, PbxConfig, RecordingFilter, Sort, Store,
    StoreError, TenantScope, TenantTx, TrunkChange, TrunkKind, new_id,
};
use voxera_testkit::postgres::Database;

struct World {
    database: Database,
    store: Store,
    nordtel: TenantScope,
    company: Company,
}

impl World {
    async fn create() -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let nordtel = tenant(&store, "nordtel").await;
        let company = company(&store, &nordtel, 1).await;
        Self { database, store, nordtel, company }
    }

    async fn tx(&self) -> TenantTx<'static> {
        self.store.tenant(&self.company.scope).await.unwrap()
    }

    async fn config(&self) -> PbxConfig {
        self.tx().await.config().pbx(self.company.pbx).await.unwrap().unwrap()
    }
}

fn search(text: &str) -> Page {
    Page { search: Some(text.to_owned()), ..Page::all() }
}

#[tokio::test]
async fn a_message_handed_in_twice_is_one_message_and_is_new_until_it_is_heard() {
    let world = World::create().await;
    let (pbx, [anna, bertil]) = (world.company.pbx, world.company.extensions);
    let version = world.config().await.snapshot.version;
    let mut tx = world.tx().await;
    let (first, second) = (message(anna), message(anna));
    assert_eq!(tx.messages(pbx).insert(&first).await.unwrap(), Added::New);
    assert_eq!(tx.messages(pbx).insert(&first).await.unwrap(), Added::Known);
    assert_eq!(tx.messages(pbx).insert(&second).await.unwrap(), Added::New);
    let nobody = message(ExtensionId(new_id()));
    assert_eq!(tx.messages(pbx).insert(&nobody).await.unwrap(), Added::Orphaned);
    assert_eq!(tx.messages(PbxId(new_id())).insert(&message(anna)).await.unwrap(), Added::Orphaned);
    tx.commit().await.unwrap();

    let mut tx = world.tx().await;
    assert_eq!(tx.messages(pbx).counts().await.unwrap(), [(anna, MailboxCounts { new: 2, old: 0 })].into());
    tx.messages(pbx).set_heard(first.id, true).await.unwrap();
    assert_eq!(tx.messages(pbx).counts().await.unwrap()[&anna], MailboxCounts { new: 1, old: 1 });
    let heard = tx.messages(pbx).get(first.id).await.unwrap();
    assert_eq!((heard.mailbox_number.as_str(), heard.millis, heard.peaks), ("1000", 4200, vec![1, 200, 3]));
    assert!(heard.heard_at.is_some());
    let new = MessageFilter { mailbox: Some(anna), heard: Some(false) };
    let listed = tx.messages(pbx).list(&Page::all(), &new).await.unwrap();
    assert_eq!(listed.items.iter().map(|m| m.id).collect::<Vec<_>>(), [second.id]);
    let other = MessageFilter { mailbox: Some(bertil), heard: None };
    assert_eq!(tx.messages(pbx).list(&Page::all(), &other).await.unwrap().total, 0);
    for found in ["ÅSA", "070-174 06", "1000"] {
        assert_eq!(tx.messages(pbx).list(&search(found), &MessageFilter::default()).await.unwrap().total, 2);
    }
    tx.messages(pbx).set_heard(first.id, false).await.unwrap();
    tx.messages(pbx).delete(second.id).await.unwrap();
    assert!(matches!(tx.messages(pbx).delete(second.id).await, Err(StoreError::NotFound)));
    assert_eq!(tx.messages(pbx).counts().await.unwrap()[&anna], MailboxCounts { new: 1, old: 0 });
    let left = tx.media_on_record(&[first.id.0, second.id.0]).await.unwrap();
    assert_eq!(left, [first.id.0]);
    tx.commit().await.unwrap();
    assert_eq!(world.config().await.snapshot.version, version, "calls notice nothing of it");

    // A mailbox goes with its messages.
    let mut tx = world.tx().await;
    tx.extensions(pbx).delete(anna).await.unwrap();
    assert!(tx.messages(pbx).counts().await.unwrap().is_empty());
}

#[tokio::test]
async fn recordings_are_found_by_who_when_and_what_and_outlive_the_extension() {
    let world = World::create().await;
    let (pbx, [anna, bertil]) = (world.company.pbx, world.company.extensions);
    let yesterday = Utc::now() - TimeDelta::days(1);
    let old = NewRecording { started_at: yesterday, millis: 5000, ..recording(&[anna, bertil]) };
    let young = NewRecording { to_name: Some(name("Bokföring")), ..recording(&[bertil]) };
    let mut tx = world.tx().await;
    assert_eq!(tx.recordings(pbx).insert(&old).await.unwrap(), Added::New);
    assert_eq!(tx.recordings(pbx).insert(&old).await.unwrap(), Added::Known);
    assert_eq!(tx.recordings(pbx).insert(&young).await.unwrap(), Added::New);
    assert_eq!(tx.recordings(PbxId(new_id())).insert(&recording(&[])).await.unwrap(), Added::Orphaned);

    let hour_ago = Utc::now() - TimeDelta::hours(1);
    let all = RecordingFilter::default();
    for (page, filter, found) in [
        (Page::all(), all.clone(), vec![young.id, old.id]),
        (Page { sort: Sort::parse("seconds"), ..Page::all() }, all.clone(), vec![old.id, young.id]),
        (Page::all(), RecordingFilter { owners: vec![anna], ..all.clone() }, vec![old.id]),
        (Page::all(), RecordingFilter { call: Some(young.call), ..all.clone() }, vec![young.id]),
        (Page::all(), RecordingFilter { from: Some(hour_ago), ..all.clone() }, vec![young.id]),
        (Page::all(), RecordingFilter { to: Some(hour_ago), ..all.clone() }, vec![old.id]),
        (search("bokför"), all.clone(), vec![young.id]),
        (search("08-12345678"), all.clone(), vec![young.id, old.id]),
    ] {
        let listed = tx.recordings(pbx).list(&page, &filter).await.unwrap();
        let ids: Vec<_> = listed.items.iter().map(|recording| recording.id).collect();
        assert_eq!(ids, found, "{page:?} {filter:?}");
    }
    tx.extensions(pbx).delete(anna).await.unwrap();
    assert_eq!(tx.recordings(pbx).get(old.id).await.unwrap().owners, [anna, bertil]);
    tx.recordings(pbx).delete(young.id).await.unwrap();
    assert!(matches!(tx.recordings(pbx).get(young.id).await, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn a_recording_is_over_when_its_own_pbx_says_so() {
    let world = World::create().await;
    let other = company(&world.store, &world.nordtel, 2).await;
    let now = Utc::now();
    let old = |days| NewRecording { started_at: now - TimeDelta::days(days), ..recording(&[]) };
    let (ten, eleven, theirs) = (old(10), old(11), old(11));
    let mut tx = world.store.tenant(&world.nordtel).await.unwrap();
    let change = PbxChange { recording_days: Some(11), ..PbxChange::default() };
    tx.pbxs().update(world.company.pbx, change).await.unwrap();
    for new in [&ten, &eleven] {
        tx.recordings(world.company.pbx).insert(new).await.unwrap();
    }
    tx.recordings(other.pbx).insert(&theirs).await.unwrap();
    let kept = tx.recordings(world.company.pbx).get(eleven.id).await.unwrap();
    assert_eq!(kept.expires_at, kept.started_at + TimeDelta::days(11));
    let expired = tx.expired_recordings(now).await.unwrap();
    assert_eq!(expired.iter().map(|e| e.id).collect::<Vec<_>>(), [eleven.id]);
    assert_eq!((expired[0].customer, expired[0].pbx), (world.company.customer, world.company.pbx));
    assert_eq!(tx.expired_recordings(now + TimeDelta::days(2)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_wish_to_be_called_back_is_noted_once_done_once_and_can_be_opened_again() {
    let world = World::create().await;
    let (pbx, bertil) = (world.company.pbx, world.company.extensions[1]);
    let mut tx = world.tx().await;
    let wish = callback(bertil);
    assert_eq!(tx.callbacks(pbx).insert(&wish).await.unwrap(), Added::New);
    assert_eq!(tx.callbacks(pbx).insert(&wish).await.unwrap(), Added::Known);
    let nobody = callback(ExtensionId(new_id()));
    assert_eq!(tx.callbacks(pbx).insert(&nobody).await.unwrap(), Added::Orphaned);
    let cecilia = Author { account: None, name: "Cecilia".into() };
    let open = CallbackFilter { done: Some(false), whom: Some(bertil) };
    assert_eq!(tx.callbacks(pbx).list(&search("0701740605"), &open).await.unwrap().total, 1);
    let done = tx.callbacks(pbx).set_done(wish.id, Some(&anna())).await.unwrap();
    assert_eq!((done.done_by.as_deref(), done.whom_number.as_str()), (Some("Anna"), "1001"));
    let again = tx.callbacks(pbx).set_done(wish.id, Some(&cecilia)).await.unwrap();
    assert_eq!(again, done, "who did it first stays");
    assert_eq!(tx.callbacks(pbx).list(&Page::all(), &open).await.unwrap().total, 0);
    let reopened = tx.callbacks(pbx).set_done(wish.id, None).await.unwrap();
    assert_eq!((reopened.done_at, reopened.done_by), (None, None));
}

#[tokio::test]
async fn a_line_comes_to_engines_with_its_password_and_to_nobody_else() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let second = NewTrunk { priority: 20, emergency: false, ..trunk("Reserv") };
    tx.trunks(pbx).create(second.clone()).await.unwrap();
    let first = trunk("Operatören");
    let made = tx.trunks(pbx).create(first.clone()).await.unwrap();
    assert!(made.has_password && !format!("{made:?}").contains("hemligt"));
    tx.commit().await.unwrap();
    let config = world.config().await;
    let told: Vec<_> = config.snapshot.trunks.iter().map(|t| (t.id, t.emergency)).collect();
    assert_eq!(told, [(first.id, true), (second.id, false)]);
    assert_eq!(config.trunks.iter().map(|t| t.id).collect::<Vec<_>>(), [first.id, second.id]);
    let line = &config.trunks[0];
    assert_eq!(line.password.as_ref().unwrap().as_str(), "hemligt");
    assert_eq!((line.host.as_str(), line.port, line.kind), ("sip.operator.example", 5060, first.kind));
    assert_eq!(line.addresses, [IpAddr::from([192, 0, 2, 7])]);
    assert!(!format!("{config:?}").contains("hemligt"));
    let mut sql = owner(world.database.url()).await;
    let schema = format!("t_{}", world.company.scope.tenant().0.simple());
    let rows: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(format!("select t::text from {schema}.trunks t")))
            .fetch_all(&mut sql)
            .await
            .unwrap();
    assert!(rows.iter().all(|row| !row.contains("hemligt") && !row.contains("68656d6c696774")), "{rows:?}");

    // What is not said stays; a new address or order is a new version.
    let mut tx = world.tx().await;
    let change = TrunkChange { host: Some("sip2.operator.example".into()), ..TrunkChange::default() };
    tx.trunks(pbx).update(first.id, change).await.unwrap();
    tx.commit().await.unwrap();
    let after = world.config().await;
    assert!(after.snapshot.version > config.snapshot.version);
    assert_eq!(after.trunks[0].password, config.trunks[0].password);
    assert_eq!(after.trunks[0].host, "sip2.operator.example");

    for (change, why) in [
        (TrunkChange { password: Some(None), ..TrunkChange::default() }, Constraint::TrunkNeedsLogin),
        (TrunkChange { name: Some(name("reserv")), ..TrunkChange::default() }, Constraint::TrunkNameTaken),
        (TrunkChange { port: Some(0), ..TrunkChange::default() }, Constraint::OutOfRange),
    ] {
        let mut tx = world.tx().await;
        let refused = tx.trunks(pbx).update(first.id, change).await;
        assert!(matches!(refused, Err(StoreError::Conflict(found)) if found == why), "{refused:?}");
    }
    let mut tx = world.tx().await;
    let address = NewTrunk { kind: TrunkKind::Address, username: None, password: None, ..trunk("Fast") };
    tx.trunks(pbx).create(address).await.unwrap();
    tx.trunks(pbx).delete(first.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.config().await.trunks.len(), 2);

    // Of another company it does not exist.
    let theirs = company(&world.store, &world.nordtel, 2).await;
    let mut tx = world.store.tenant(&theirs.scope).await.unwrap();
    assert!(matches!(tx.trunks(pbx).get(second.id).await, Err(StoreError::NotFound)));
    assert!(matches!(tx.trunks(theirs.pbx).delete(second.id).await, Err(StoreError::NotFound)));
    assert!(matches!(tx.trunks(pbx).create(trunk("Kapad")).await, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn another_companys_messages_recordings_and_wishes_do_not_exist() {
    let world = World::create().await;
    let (pbx, anna_) = (world.company.pbx, world.company.extensions[0]);
    let (left, taped, wish) = (message(anna_), recording(&[anna_]), callback(anna_));
    let mut tx = world.tx().await;
    tx.messages(pbx).insert(&left).await.unwrap();
    tx.recordings(pbx).insert(&taped).await.unwrap();
    tx.callbacks(pbx).insert(&wish).await.unwrap();
    tx.commit().await.unwrap();
    let theirs = company(&world.store, &world.nordtel, 2).await;
    for pbx in [pbx, theirs.pbx] {
        let mut tx = world.store.tenant(&theirs.scope).await.unwrap();
        assert_eq!(tx.messages(pbx).list(&Page::all(), &MessageFilter::default()).await.unwrap().total, 0);
        assert!(matches!(tx.messages(pbx).get(left.id).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.messages(pbx).set_heard(left.id, true).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.messages(pbx).delete(left.id).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.recordings(pbx).get(taped.id).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.recordings(pbx).delete(taped.id).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.callbacks(pbx).set_done(wish.id, None).await, Err(StoreError::NotFound)));
        assert_eq!(tx.messages(pbx).insert(&message(anna_)).await.unwrap(), Added::Orphaned);
        assert!(tx.media_on_record(&[left.id.0, taped.id.0]).await.unwrap().is_empty());
        assert!(tx.expired_recordings(Utc::now() + TimeDelta::days(900)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn past_calls_come_back_with_what_they_can_be_decided_anew_with() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let now = Utc::now();
    let at = |minutes, direction, keys: &str| CallRecord {
        id: CallId(new_id()),
        started_at: now - TimeDelta::minutes(minutes),
        direction,
        keys: keys.to_owned(),
        ..call(&world.company)
    };
    let long = "7".repeat(300);
    let all = [
        at(1, Direction::In, "1"),
        at(2, Direction::Out, ""),
        at(3, Direction::In, &long),
        at(99, Direction::In, ""),
    ];
    let mut tx = world.tx().await;
    tx.calls().insert(&all).await.unwrap();
    let past = tx.calls().past(pbx, now - TimeDelta::minutes(10), 100).await.unwrap();
    assert_eq!(past.iter().map(|c| c.id).collect::<Vec<_>>(), [all[0].id, all[1].id, all[2].id]);
    let first = &past[0];
    assert_eq!(
        (first.from_number.as_str(), first.dialled.as_str(), first.keys.as_str()),
        ("1000", "1001", "1")
    );
    assert_eq!(first.from_extension, Some(ExtensionNumber::parse("1000").unwrap()));
    assert_eq!((first.direction, first.outcome), (Direction::In, Cause::Normal));
    assert_eq!(past[2].keys.len(), 200);
    assert_eq!(tx.calls().past(pbx, now - TimeDelta::minutes(10), 1).await.unwrap().len(), 1);
    let out = CallFilter { direction: Some(Direction::Out), ..CallFilter::default() };
    assert_eq!(tx.calls().list(&Page::all(), &out).await.unwrap().items[0].id, all[1].id);
    assert_eq!(tx.calls().get(all[0].id).await.unwrap().keys, "1");
    // A record that an older version wrote to disk is read as it was meant.
    let mut old = serde_json::to_value(&all[0]).unwrap();
    old.as_object_mut().unwrap().retain(|key, _| key != "direction" && key != "keys");
    let old: CallRecord = serde_json::from_value(old).unwrap();
    assert_eq!((old.direction, old.keys.as_str()), (Direction::Internal, ""));
}
