//! What extensions are, as people set them and as calls meet them.

use crate::companies::{Company, company, conflict, extension, owner, tenant};
use crate::pbx::{callback, flow, hunt_group, menu, queue, say, sound};
use sqlx::AssertSqlSafe;
use voxera_callflow::{
    Conference, Destination, Extension, ExtensionType, Features, Forwarding, Kind, Mailbox, Member,
    RecordingPolicy, User,
};
use voxera_model::{ExtensionId, ExtensionNumber, Locale, PhoneNumber, Pin, Seconds};
use voxera_store::{
    Constraint, Converted, ExtensionChange, ExtensionFilter, NewExtension, Page, PbxChange, PbxConfig, Store,
    StoreError, TenantTx, Usage, Wanted,
};
use voxera_testkit::postgres::Database;

struct World {
    database: Database,
    store: Store,
    company: Company,
}

impl World {
    async fn create() -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let nordtel = tenant(&store, "nordtel").await;
        let company = company(&store, &nordtel, 1).await;
        Self { database, store, company }
    }

    async fn tx(&self) -> TenantTx<'static> {
        self.store.tenant(&self.company.scope).await.unwrap()
    }

    async fn config(&self) -> PbxConfig {
        self.tx().await.config().pbx(self.company.pbx).await.unwrap().unwrap()
    }

    async fn live(&self, id: ExtensionId) -> Extension {
        self.config().await.snapshot.extension(id).unwrap().1.clone()
    }
}

fn pin(text: &str) -> Pin {
    Pin::parse(text).unwrap()
}

fn mailbox(code: Option<&str>) -> Mailbox {
    Mailbox { greeting: Some(say("Hej")), pin: code.map(pin), longest: Seconds(120), mail: true }
}

#[tokio::test]
async fn every_kind_comes_to_calls_as_it_was_set() {
    let world = World::create().await;
    let (pbx, [anna, bertil]) = (world.company.pbx, world.company.extensions);
    let mut tx = world.tx().await;
    let music = tx.audio(pbx).create(sound("Musik")).await.unwrap().id;
    let flow = flow(&mut tx, &world.company, "Växel", menu(Destination::Hangup)).await;
    let outside = PhoneNumber::parse("+46701740605").unwrap();
    let person = User {
        ring_for: Seconds(40),
        call_waiting: false,
        do_not_disturb: true,
        forwarding: Forwarding {
            always: None,
            busy: Some(Destination::Extension { extension: bertil }),
            no_answer: Some(Destination::Voicemail { mailbox: anna }),
            offline: Some(Destination::Outside { number: outside.clone() }),
        },
        mailbox: Some(mailbox(Some("4711"))),
        may_listen: true,
        ..User::new(Vec::new())
    };
    let all = [
        NewExtension {
            kind: Kind::User(person),
            recording: Some(RecordingPolicy { notice: Some(say("Samtalet spelas in")) }),
            ..extension("1002", "Cecilia")
        },
        hunt_group("1100", &[bertil, anna]),
        queue("1200", &[(anna, 2), (bertil, 1)], Some(music)),
        NewExtension { kind: Kind::Ivr { flow }, ..extension("1300", "Menyn") },
        NewExtension {
            kind: Kind::Conference(Conference { pin: Some(pin("8642")), max_members: 12 }),
            ..extension("1400", "Rummet")
        },
        NewExtension { kind: Kind::Voicemail { mailbox: anna }, ..extension("1500", "Annas svarare") },
        NewExtension { kind: Kind::External { number: outside }, ..extension("1600", "Bokföraren") },
    ];
    for new in &all {
        let made = tx.extensions(pbx).create(new.clone()).await.unwrap();
        assert_eq!(made.kind.of(), new.kind.of());
        let has_pin = matches!(made.kind.of(), ExtensionType::User | ExtensionType::Conference);
        assert_eq!(made.has_pin, has_pin);
        let told = serde_json::to_string(&made).unwrap() + &format!("{made:?}");
        assert!(!told.contains("4711") && !told.contains("8642"), "{told}");
    }
    tx.commit().await.unwrap();
    for new in all {
        let live = world.live(new.id).await;
        assert_eq!((&live.kind, &live.recording), (&new.kind, &new.recording));
    }
    // No PIN lies in the clear.
    let mut sql = owner(world.database.url()).await;
    let schema = format!("t_{}", world.company.scope.tenant().0.simple());
    let rows: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(format!("select e::text from {schema}.extensions e")))
            .fetch_all(&mut sql)
            .await
            .unwrap();
    assert!(rows.iter().all(|row| !row.contains("4711") && !row.contains("8642")));
    let mut tx = world.tx().await;
    let filter = ExtensionFilter {
        kinds: vec![ExtensionType::Queue, ExtensionType::HuntGroup],
        ..ExtensionFilter::default()
    };
    assert_eq!(tx.extensions(pbx).list_of(&Page::all(), &filter).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_pin_stays_until_it_is_changed_cleared_or_its_mailbox_goes() {
    let world = World::create().await;
    let (pbx, anna) = (world.company.pbx, world.company.extensions[0]);
    let user = |mailbox| Kind::User(User { mailbox, ..User::new(Vec::new()) });
    let set = |kind, pin| ExtensionChange { kind, pin, ..ExtensionChange::default() };
    let of = |extension: &Extension| {
        extension.user().unwrap().mailbox.as_ref().and_then(|mailbox| mailbox.pin.clone())
    };
    for (change, now) in [
        (set(Some(user(Some(mailbox(Some("4711"))))), None), Some(pin("4711"))),
        // Settings without a PIN, as they are read, leave it.
        (set(Some(user(Some(mailbox(None)))), None), Some(pin("4711"))),
        (set(None, Some(Some(pin("2580")))), Some(pin("2580"))),
        (set(None, Some(None)), None),
        (set(Some(user(Some(mailbox(None)))), Some(Some(pin("2580")))), Some(pin("2580"))),
        (set(Some(user(None)), None), None),
        // A new mailbox does not find the PIN of the one before.
        (set(Some(user(Some(mailbox(None)))), None), None),
    ] {
        let mut tx = world.tx().await;
        let after = tx.extensions(pbx).update(anna, change).await.unwrap();
        assert_eq!(after.has_pin, now.is_some());
        tx.commit().await.unwrap();
        assert_eq!(of(&world.live(anna).await), now);
    }
}

#[tokio::test]
async fn a_pin_that_does_not_open_leaves_the_door_shut() {
    let world = World::create().await;
    let (pbx, anna) = (world.company.pbx, world.company.extensions[0]);
    let mut tx = world.tx().await;
    let room = Kind::Conference(Conference { pin: Some(pin("8642")), max_members: 12 });
    let room = NewExtension { kind: room, ..extension("1400", "Rummet") };
    let room = tx.extensions(pbx).create(room).await.unwrap().id;
    let kind = Kind::User(User { mailbox: Some(mailbox(Some("4711"))), ..User::new(Vec::new()) });
    let change = ExtensionChange { kind: Some(kind), ..ExtensionChange::default() };
    tx.extensions(pbx).update(anna, change).await.unwrap();
    tx.commit().await.unwrap();
    // Moved from one row to another, a sealed PIN opens no more.
    let mut sql = owner(world.database.url()).await;
    let schema = format!("t_{}", world.company.scope.tenant().0.simple());
    let moved = format!(
        "update {schema}.extensions set sealed_pin =
             (select sealed_pin from {schema}.extensions where id = '{anna}') where id = '{room}'"
    );
    sqlx::query("select set_config('app.tenant', $1, false)")
        .bind(world.company.scope.tenant().to_string())
        .execute(&mut sql)
        .await
        .unwrap();
    assert_eq!(sqlx::query(AssertSqlSafe(moved)).execute(&mut sql).await.unwrap().rows_affected(), 1);
    let Kind::Conference(room) = world.live(room).await.kind else { panic!() };
    let asked = room.pin.unwrap();
    assert!(asked != pin("4711") && asked != pin("8642"));
}

#[tokio::test]
async fn members_are_people_of_the_same_pbx_each_once() {
    let world = World::create().await;
    let nordtel = world.store.tenant_scope(world.company.scope.tenant()).await.unwrap();
    let theirs = company(&world.store, &nordtel, 2).await;
    let (pbx, [anna, bertil]) = (world.company.pbx, world.company.extensions);
    let mut tx = world.tx().await;
    let group = tx.extensions(pbx).create(hunt_group("1100", &[bertil, anna])).await.unwrap().id;
    tx.commit().await.unwrap();
    let refused =
        [vec![(theirs.extensions[0], 1)], vec![(group, 1)], vec![(anna, 1), (anna, 2)], vec![(anna, 0)]];
    for members in refused {
        let mut tx = world.tx().await;
        let outcome = tx.extensions(pbx).create(queue("1200", &members, None)).await;
        assert_eq!(conflict(outcome), Constraint::MemberDoesNotFit, "{members:?}");
    }
    // Whoever goes leaves the group, and the others keep their order.
    let mut tx = world.tx().await;
    let found = tx.references(Wanted::Extension(bertil)).await.unwrap();
    assert!(matches!(&found[..], [Usage::Member { extension, .. }] if *extension == group), "{found:?}");
    tx.extensions(pbx).delete(bertil).await.unwrap();
    tx.commit().await.unwrap();
    let Kind::HuntGroup(live) = world.live(group).await.kind else { panic!() };
    assert_eq!(live.members, [Member { extension: anna, tier: 1 }]);
}

#[tokio::test]
async fn a_renumbered_extension_keeps_what_leads_to_it_and_its_kind_never_changes() {
    let world = World::create().await;
    let (pbx, [anna, bertil]) = (world.company.pbx, world.company.extensions);
    let mut tx = world.tx().await;
    let group = tx.extensions(pbx).create(hunt_group("1100", &[anna, bertil])).await.unwrap();
    let number = ExtensionNumber::parse("2001").unwrap();
    let change = ExtensionChange { number: Some(number.clone()), ..ExtensionChange::default() };
    tx.extensions(pbx).update(anna, change).await.unwrap();
    let change = ExtensionChange { kind: Some(group.kind), ..ExtensionChange::default() };
    let refused = tx.extensions(pbx).update(anna, change).await;
    assert_eq!(conflict(refused), Constraint::ExtensionKindIsFixed);
    tx.commit().await.unwrap();
    let snapshot = world.config().await.snapshot;
    assert_eq!(snapshot.extension(anna).unwrap().0, &number);
    let Kind::HuntGroup(live) = &snapshot.extension(group.id).unwrap().1.kind else { panic!() };
    assert_eq!(live.members[0].extension, anna);
    assert!(snapshot.numbers.values().any(|to| *to == Destination::Extension { extension: anna }));
}

#[tokio::test]
async fn do_not_disturb_from_a_phone_changes_that_alone() {
    let world = World::create().await;
    let (pbx, anna) = (world.company.pbx, world.company.extensions[0]);
    let before = world.live(anna).await;
    let version = world.config().await.snapshot.version;
    for on in [true, false] {
        let mut tx = world.tx().await;
        tx.extensions(pbx).set_do_not_disturb(anna, on).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.live(anna).await.user().unwrap().do_not_disturb, on);
    }
    assert_eq!(world.live(anna).await, before);
    assert!(world.config().await.snapshot.version > version);
    let mut tx = world.tx().await;
    let group = tx.extensions(pbx).create(hunt_group("1100", &[anna])).await.unwrap().id;
    let refused = tx.extensions(pbx).set_do_not_disturb(group, true).await;
    assert!(matches!(refused, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn a_person_may_have_several_extensions_and_the_pbx_only_so_many() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let change = PbxChange { max_extensions: Some(Some(3)), ..PbxChange::default() };
    tx.pbxs().update(pbx, change).await.unwrap();
    tx.extensions(pbx).create(extension("1002", "Cecilia")).await.unwrap();
    let full = tx.extensions(pbx).create(extension("1003", "David")).await;
    assert_eq!(conflict(full), Constraint::ExtensionLimit);
    let change = PbxChange { max_extensions: Some(None), ..PbxChange::default() };
    tx.pbxs().update(pbx, change).await.unwrap();
    tx.extensions(pbx).create(extension("1003", "David")).await.unwrap();
}

#[tokio::test]
async fn settings_of_a_pbx_reach_calls_and_only_what_is_its_own_is_shown_or_played() {
    let world = World::create().await;
    let nordtel = world.store.tenant_scope(world.company.scope.tenant()).await.unwrap();
    let theirs = company(&world.store, &nordtel, 2).await;
    let mut tx = world.store.tenant(&theirs.scope).await.unwrap();
    let foreign = tx.audio(theirs.pbx).create(sound("Deras")).await.unwrap().id;
    tx.commit().await.unwrap();

    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let music = tx.audio(pbx).create(sound("Musik")).await.unwrap().id;
    let own = tx.numbers().list(&Page::all()).await.unwrap().items[0].clone();
    let features = Features { voicemail: false, ..Features::default() };
    let change = PbxChange {
        description: Some(Some("Huvudkontoret".into())),
        language: Some(Locale::En),
        features: Some(features),
        caller_id: Some(Some(own.e164.clone())),
        music: Some(Some(music)),
        premium_allowed: Some(true),
        recording_days: Some(30),
        ..PbxChange::default()
    };
    let after = tx.pbxs().update(pbx, change).await.unwrap();
    assert_eq!((after.description.as_deref(), after.recording_days), (Some("Huvudkontoret"), 30));
    tx.commit().await.unwrap();
    let snapshot = world.config().await.snapshot;
    assert_eq!((snapshot.language, snapshot.features, snapshot.music), (Locale::En, features, Some(music)));
    assert_eq!((snapshot.caller_id.as_ref(), snapshot.premium_allowed), (Some(&own.e164), true));

    for (change, why) in [
        (PbxChange { music: Some(Some(foreign)), ..PbxChange::default() }, Constraint::AudioOfSomeoneElse),
        (PbxChange { recording_days: Some(0), ..PbxChange::default() }, Constraint::OutOfRange),
        (
            PbxChange {
                caller_id: Some(Some(PhoneNumber::parse("+4681000002").unwrap())),
                ..PbxChange::default()
            },
            Constraint::CallerIdNotOwn,
        ),
    ] {
        let mut tx = world.tx().await;
        assert_eq!(conflict(tx.pbxs().update(pbx, change).await), why);
    }
    // A number that leaves the PBX is not shown any more.
    let mut tx = world.tx().await;
    tx.numbers().delete(own.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.config().await.snapshot.caller_id, None);
}

#[tokio::test]
async fn a_sound_is_converted_and_stays_as_long_as_something_plays_it() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let id = tx.audio(pbx).create(sound("Musik")).await.unwrap().id;
    assert_eq!(tx.config().pbx(pbx).await.unwrap().unwrap().snapshot.audio, [id].into());
    assert_eq!(tx.unconverted_audio().await.unwrap()[0].id, id);
    let done = Converted::Ready { millis: 61_000, peaks: vec![0, 255] };
    let ready = tx.audio(pbx).converted(id, &done).await.unwrap();
    assert_eq!((ready.millis, ready.peaks, ready.error), (Some(61_000), Some(vec![0, 255]), None));
    assert!(tx.unconverted_audio().await.unwrap().is_empty());
    let failed = Converted::Failed("Inget ljud i filen.".into());
    let failed = tx.audio(pbx).converted(id, &failed).await.unwrap();
    assert_eq!((failed.millis, failed.error.as_deref()), (None, Some("Inget ljud i filen.")));
    let line = tx.extensions(pbx).create(queue("1200", &[], Some(id))).await.unwrap().id;
    let change = PbxChange { music: Some(Some(id)), ..PbxChange::default() };
    tx.pbxs().update(pbx, change).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = world.tx().await;
    let found = tx.references(Wanted::Audio(id)).await.unwrap();
    assert!(matches!(&found[..], [Usage::Extension { .. }, Usage::Music { .. }]), "{found:?}");
    assert_eq!(conflict(tx.audio(pbx).delete(id).await), Constraint::AudioInUse);
    tx.callbacks(pbx).insert(&callback(line)).await.unwrap();
    tx.extensions(pbx).delete(line).await.unwrap();
    assert_eq!(conflict(tx.audio(pbx).delete(id).await), Constraint::AudioInUse);
    let change = PbxChange { music: Some(None), ..PbxChange::default() };
    tx.pbxs().update(pbx, change).await.unwrap();
    tx.audio(pbx).delete(id).await.unwrap();
    assert!(matches!(tx.audio(pbx).get(id).await, Err(StoreError::NotFound)));
    tx.audio(pbx).create(sound("Musik")).await.unwrap();
    let twice = tx.audio(pbx).create(sound("musik")).await;
    assert_eq!(conflict(twice), Constraint::AudioNameTaken);
}
