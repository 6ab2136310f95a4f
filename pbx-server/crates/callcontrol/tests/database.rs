//! With a real `PostgreSQL` that changes, dies and comes back.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

#[path = "database/left.rs"]
mod left;

use chrono::{TimeDelta, Utc};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;
use voxera_callcontrol::{
    Arrival, ArrivedFrom, CallControl, CallControlConfig, LineState, LiveEvent, LiveScope, MediaSummary,
    PbxView, Registration, RegistrationChange, SecurityEvent, SecurityKind, Transport,
};
use voxera_callflow::{Action, Event, Kind, Party, Peer, User};
use voxera_model::{
    CallId, Colour, CustomerId, DeviceId, Dialled, Engine, ExtensionId, ExtensionNumber, Locale, Name, PbxId,
    Realm, Slug, TenantId, TrunkId, Zone,
};
use voxera_store::embedded::{Postgres, PostgresConfig};
use voxera_store::{
    AuditFilter, CallFilter, CallRecord, ExtensionChange, NewCustomer, NewDevice, NewExtension, NewPbx,
    NewTenant, Page, SealKey, Store, StoreConfig, TenantScope, new_id,
};

/// A database of its own, and beside it the state folder.
struct World {
    dir: TempDir,
    postgres: Option<Postgres>,
    key: SealKey,
    store: Store,
    tenant: TenantId,
}

/// A company with a PBX; Anna (1000) and Bertil (1001) have one phone each.
struct Company {
    customer: CustomerId,
    pbx: PbxId,
    realm: Realm,
    anna: DeviceId,
    bertil: DeviceId,
    annas_extension: ExtensionId,
    bertils_extension: ExtensionId,
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn person() -> Kind {
    Kind::User(User::new(Vec::new()))
}

fn number(text: &str) -> ExtensionNumber {
    ExtensionNumber::parse(text).unwrap()
}

async fn start_postgres(dir: &Path) -> Postgres {
    let config = PostgresConfig { data_dir: dir.join("postgres"), binaries: None };
    Postgres::start_with(config, &[("fsync", "off")]).await.unwrap()
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let postgres = start_postgres(dir.path()).await;
        Store::migrate(postgres.url(), |_| {}).await.unwrap();
        let key = SealKey::generate();
        let store = connect(&postgres, &key).await;
        let tenant = TenantId(new_id());
        let mut tx = store.platform().await.unwrap();
        let new = NewTenant {
            id: tenant,
            slug: Slug::parse("nordtel").unwrap(),
            name: name("Nordtel"),
            brand_name: None,
            accent: Colour::parse("#102030").unwrap(),
            host: None,
            support_email: None,
            locale: Locale::Sv,
            time_zone: Zone::stockholm(),
            builtin: false,
        };
        tx.tenants().create(new).await.unwrap();
        tx.commit().await.unwrap();
        Self { dir, postgres: Some(postgres), key, store, tenant }
    }

    async fn stop_database(&mut self) {
        self.postgres.take().unwrap().stop().await.unwrap();
    }

    async fn start_database(&mut self) {
        let postgres = start_postgres(self.dir.path()).await;
        // Call control keeps the store that it had; the test looks through a fresh one.
        self.store = connect(&postgres, &self.key).await;
        self.postgres = Some(postgres);
    }

    async fn start(&self, store: Option<&Store>) -> CallControl {
        let mut config = CallControlConfig::new(self.dir.path().join("state"));
        config.seal_key = Some(self.key.clone());
        CallControl::start(config, store.cloned()).await.unwrap()
    }

    async fn scope(&self) -> TenantScope {
        self.store.tenant_scope(self.tenant).await.unwrap()
    }

    async fn company(&self, realm: &str) -> Company {
        let (customer, pbx, realm) = (CustomerId(new_id()), PbxId(new_id()), Realm::parse(realm).unwrap());
        let mut tx = self.store.tenant(&self.scope().await).await.unwrap();
        let new = NewCustomer {
            id: customer,
            name: name("Åkes Bageri AB"),
            org_number: None,
            locale: Locale::Sv,
            time_zone: Zone::stockholm(),
        };
        tx.customers().create(new).await.unwrap();
        let new = NewPbx {
            id: pbx,
            customer,
            name: name("Bageriet"),
            realm: realm.clone(),
            time_zone: Zone::stockholm(),
        };
        tx.pbxs().create(new).await.unwrap();
        let mut phones = Vec::new();
        for (extension, called) in [("1000", "Anna Åkesson"), ("1001", "Bertil Berg")] {
            let id = ExtensionId(new_id());
            let new = NewExtension {
                id,
                number: number(extension),
                name: name(called),
                user: None,
                kind: person(),
                recording: None,
            };
            tx.extensions(pbx).create(new).await.unwrap();
            let phone = tx.devices(id).create(NewDevice { name: name("Telefon") }).await.unwrap();
            phones.push((id, phone.device.id));
        }
        tx.commit().await.unwrap();
        let (annas_extension, anna) = phones[0];
        let (bertils_extension, bertil) = phones[1];
        Company { customer, pbx, realm, anna, bertil, annas_extension, bertils_extension }
    }

    async fn calls(&self) -> Vec<CallRecord> {
        let mut tx = self.store.tenant(&self.scope().await).await.unwrap();
        tx.calls().list(&Page::all(), &CallFilter::default()).await.unwrap().items
    }
}

async fn connect(postgres: &Postgres, key: &SealKey) -> Store {
    let config = StoreConfig { url: postgres.url().to_owned(), max_connections: 4, seal_key: key.clone() };
    Store::connect(&config).await.unwrap()
}

/// Waits until the directory shows what is asked for.
async fn view_where(
    control: &CallControl,
    realm: &Realm,
    ok: impl Fn(Option<&PbxView>) -> bool,
) -> Option<Arc<PbxView>> {
    let mut changes = control.directory().changes();
    loop {
        changes.borrow_and_update();
        let view = control.directory().pbx(realm);
        if ok(view.as_deref()) {
            return view;
        }
        changes.changed().await.unwrap();
    }
}

async fn loaded(control: &CallControl, company: &Company) -> Arc<PbxView> {
    view_where(control, &company.realm, |view| view.is_some()).await.unwrap()
}

async fn all_delivered(control: &CallControl) {
    control.flush().await;
    control.spooled().wait_for(|depth| *depth == 0).await.unwrap();
}

fn sign_in(control: &CallControl, view: &PbxView, device: DeviceId) {
    let snapshot = &view.snapshot;
    let extension_number = view.device(device).unwrap().extension.clone();
    control.presence().register(Registration {
        tenant: snapshot.tenant,
        customer: snapshot.customer,
        pbx: snapshot.pbx,
        extension: snapshot.extensions[&extension_number].id,
        extension_number,
        device,
        contact: "sip:phone@127.0.0.1".into(),
        source: "127.0.0.1:5070".parse().unwrap(),
        transport: Transport::Udp,
        user_agent: None,
        registered_at: Utc::now(),
        expires_at: Utc::now() + TimeDelta::hours(1),
    });
}

/// Anna calls Bertil, who answers; Anna hangs up.
fn talk(control: &CallControl, view: &Arc<PbxView>, company: &Company) -> CallId {
    let id = CallId(Uuid::now_v7());
    let arrival =
        Arrival { call: id, from: ArrivedFrom::Device(company.anna), dialled: Dialled::parse("1001") };
    let (call, actions) = control.arrive(view, arrival);
    assert!(matches!(&*actions, [Action::Ring { .. }]), "{actions:?}");
    assert_eq!(call.advance(Event::Answered { by: Peer::Extension(number("1001")) }), [Action::Bridge]);
    let _ = call.advance(Event::HungUp { by: Party::Caller });
    call.finish(MediaSummary { codec: Some("PCMA".into()), ..MediaSummary::default() });
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_reaches_the_engine_and_a_phone_whose_password_changed_is_signed_out() {
    let world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let control = world.start(Some(&world.store)).await;
    let view = loaded(&control, &company).await;
    assert_eq!(view.snapshot.extensions.len(), 2);
    sign_in(&control, &view, company.anna);
    sign_in(&control, &view, company.bertil);
    let mut feed = control.live().subscribe(LiveScope::Customer(world.tenant, company.customer));

    let mut tx = world.store.tenant(&world.scope().await).await.unwrap();
    let new = NewExtension {
        id: ExtensionId(new_id()),
        number: number("1002"),
        name: name("Cecilia"),
        user: None,
        kind: person(),
        recording: None,
    };
    tx.extensions(company.pbx).create(new).await.unwrap();
    tx.devices(company.bertils_extension).rotate(company.bertil).await.unwrap();
    tx.commit().await.unwrap();

    let grown = |view: Option<&PbxView>| view.is_some_and(|view| view.snapshot.extensions.len() == 3);
    let newer = view_where(&control, &company.realm, grown).await.unwrap();
    assert!(newer.snapshot.version > view.snapshot.version);
    let Some(LiveEvent::Registration { change, registration }) = feed.next().await else { panic!() };
    assert_eq!((change, registration.device), (RegistrationChange::Revoked, company.bertil));
    assert_eq!(control.presence().list(company.pbx).len(), 1, "Anna stays");

    // A new name for a phone and a new number for its extension sign nobody out.
    let mut tx = world.store.tenant(&world.scope().await).await.unwrap();
    tx.devices(company.annas_extension).rename(company.anna, &name("Kassan")).await.unwrap();
    let renumber = ExtensionChange { number: Some(number("2000")), ..ExtensionChange::default() };
    tx.extensions(company.pbx).update(company.annas_extension, renumber).await.unwrap();
    tx.commit().await.unwrap();
    let Some(LiveEvent::Registration { change, registration }) = feed.next().await else { panic!() };
    assert_eq!((change, registration.device), (RegistrationChange::Refreshed, company.anna));
    assert_eq!(registration.extension_number, number("2000"));
    assert_eq!(control.presence().list(company.pbx).len(), 1, "Anna stays");

    let mut tx = world.store.tenant(&world.scope().await).await.unwrap();
    tx.pbxs().delete(company.pbx).await.unwrap();
    tx.commit().await.unwrap();
    view_where(&control, &company.realm, |view| view.is_none()).await;
    let Some(LiveEvent::Registration { change, registration }) = feed.next().await else { panic!() };
    assert_eq!((change, registration.device), (RegistrationChange::Revoked, company.anna));
    control.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_while_the_database_is_down_and_their_records_arrive_when_it_is_back() {
    let mut world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let control = world.start(Some(&world.store)).await;
    let view = loaded(&control, &company).await;
    sign_in(&control, &view, company.bertil);
    let before = talk(&control, &view, &company);
    all_delivered(&control).await;
    assert_eq!(world.calls().await.iter().map(|call| call.id).collect::<Vec<_>>(), [before]);

    world.stop_database().await;
    let during: Vec<CallId> = (0..25).map(|_| talk(&control, &view, &company)).collect();
    control.flush().await;
    assert_eq!(control.status().spooled, 25);
    assert!(control.directory().pbx(&company.realm).is_some());

    world.start_database().await;
    all_delivered(&control).await;
    let mut arrived: Vec<CallId> = world.calls().await.iter().map(|call| call.id).collect();
    arrived.sort();
    let mut all = vec![before];
    all.extend(during);
    all.sort();
    assert_eq!(arrived, all);
    let call = &world.calls().await[0];
    assert_eq!((call.codec.as_deref(), call.trace.len()), (Some("PCMA"), 4));

    // And it listens again.
    let mut tx = world.store.tenant(&world.scope().await).await.unwrap();
    tx.extensions(company.pbx).delete(company.bertils_extension).await.unwrap();
    tx.commit().await.unwrap();
    let shrunk = |view: Option<&PbxView>| view.is_some_and(|view| view.snapshot.extensions.len() == 1);
    view_where(&control, &company.realm, shrunk).await;
    control.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_the_database_routes_from_the_last_good_copy_and_catches_up_later() {
    let mut world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let control = world.start(Some(&world.store)).await;
    let first = loaded(&control, &company).await;
    control.shutdown().await;
    let copy = std::fs::read(world.dir.path().join("state/directory.sealed")).unwrap();
    let hidden = |words: &[u8]| !copy.windows(words.len()).any(|window| window == words);
    assert!(hidden(b"Bertil") && hidden(b"akes.pbx"), "the copy is sealed");

    world.stop_database().await;
    let control = world.start(None).await;
    let view = control.directory().pbx(&company.realm).unwrap();
    assert_eq!(view.snapshot, first.snapshot);
    assert_eq!(view.device(company.anna), first.device(company.anna));
    sign_in(&control, &view, company.bertil);
    let call = talk(&control, &view, &company);

    world.start_database().await;
    let scope = world.scope().await;
    let mut tx = world.store.tenant(&scope).await.unwrap();
    tx.extensions(company.pbx).delete(company.bertils_extension).await.unwrap();
    tx.commit().await.unwrap();
    control.attach(world.store.clone());
    let shrunk = |view: Option<&PbxView>| view.is_some_and(|view| view.snapshot.extensions.len() == 1);
    view_where(&control, &company.realm, shrunk).await;
    all_delivered(&control).await;
    assert_eq!(world.calls().await[0].id, call);
    control.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_that_moves_to_another_engine_takes_its_phones_and_lines_and_leaves_calls_that_are_up() {
    let world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let control = world.start(Some(&world.store)).await;
    loaded(&control, &company).await;
    let (embedded, nodes) = (control.of(Engine::Embedded), control.of(Engine::FreeSwitch));
    let line = TrunkId(Uuid::now_v7());
    assert!(embedded.carries(company.pbx) && nodes.directory().pbx(&company.realm).is_none());
    assert!(
        nodes.directory().is_empty() && nodes.directory().all().is_empty() && !nodes.carries(company.pbx)
    );
    // A line of nobody is nobody's to speak of.
    embedded.line_is(line, LineState::Up);
    assert_eq!(control.lines().get(line), LineState::Untried);

    let view = embedded.directory().pbx(&company.realm).unwrap();
    sign_in(&embedded, &view, company.bertil);
    let arrival = Arrival {
        call: CallId(Uuid::now_v7()),
        from: ArrivedFrom::Device(company.anna),
        dialled: Dialled::parse("1001"),
    };
    let (call, _) = embedded.arrive(&view, arrival);
    let _ = call.advance(Event::Answered { by: Peer::Extension(number("1001")) });

    let mut tx = world.store.platform().await.unwrap();
    tx.tenants().set_engine(world.tenant, Engine::FreeSwitch).await.unwrap();
    tx.commit().await.unwrap();
    let moved = |view: Option<&PbxView>| view.is_some_and(|view| view.engine == Engine::FreeSwitch);
    view_where(&control, &company.realm, moved).await;
    assert!(embedded.directory().pbx(&company.realm).is_none() && embedded.directory().is_empty());
    assert!(nodes.directory().pbx(&company.realm).is_some() && nodes.carries(company.pbx));
    assert!(embedded.directory().whoever_carries(company.pbx).is_some(), "for calls that began before");
    // The map is swapped first, then phones are dropped.
    let mut changes = control.live().subscribe(LiveScope::Platform);
    while !control.presence().list(company.pbx).is_empty() {
        changes.next().await.unwrap();
    }
    assert!(call.cursor().is_some(), "the call goes on");
    sign_in(&nodes, &nodes.directory().pbx(&company.realm).unwrap(), company.bertil);
    let late = |control: &CallControl| {
        let (call, from) = (CallId(Uuid::now_v7()), ArrivedFrom::Device(company.anna));
        control.arrive(&view, Arrival { call, from, dialled: Dialled::parse("1001") }).1
    };
    assert!(matches!(&*late(&nodes), [Action::Ring { .. }]));
    let actions = late(&embedded);
    assert!(!actions.iter().any(|action| matches!(action, Action::Ring { .. })), "{actions:?}");
    let _ = call.advance(Event::HungUp { by: Party::Caller });
    call.finish(MediaSummary::default());
    all_delivered(&control).await;
    assert!(world.calls().await.iter().any(|call| call.answered_at.is_some()));
    control.shutdown().await;

    // The copy on disk knows as well.
    let control = world.start(None).await;
    assert!(control.of(Engine::FreeSwitch).directory().pbx(&company.realm).is_some());
    assert!(control.of(Engine::Embedded).directory().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_damaged_or_sealed_with_another_key_is_no_copy() {
    let mut world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let control = world.start(Some(&world.store)).await;
    loaded(&control, &company).await;
    control.shutdown().await;
    world.key = SealKey::generate();
    assert!(world.start(None).await.directory().is_empty());
    std::fs::write(world.dir.path().join("state/directory.sealed"), b"nonsense").unwrap();
    assert!(world.start(None).await.directory().is_empty());
    // The database has the truth, whatever lies on the disk.
    let control = world.start(Some(&world.store)).await;
    view_where(&control, &company.realm, |view| view.is_some()).await;
    control.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_a_killed_process_arrive_once() {
    let world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let control = world.start(None).await;
    let snapshot = {
        let mut tx = world.store.tenant(&world.scope().await).await.unwrap();
        tx.config().all().await.unwrap().remove(0)
    };
    control.directory().replace(snapshot);
    let view = control.directory().pbx(&company.realm).unwrap();
    sign_in(&control, &view, company.bertil);
    let over = talk(&control, &view, &company);
    let up = CallId(Uuid::now_v7());
    let arrival =
        Arrival { call: up, from: ArrivedFrom::Device(company.anna), dialled: Dialled::parse("1001") };
    let (cut_off, _) = control.arrive(&view, arrival);
    let _ = cut_off.advance(Event::Answered { by: Peer::Extension(number("1001")) });
    control.flush().await;

    // The files as a kill leaves them; the first process never touches these copies.
    let (from, to) = (world.dir.path().join("state/spool"), world.dir.path().join("state2/spool"));
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    let config = CallControlConfig::new(world.dir.path().join("state2"));
    let again = CallControl::start(config, Some(world.store.clone())).await.unwrap();
    all_delivered(&again).await;
    // The first process delivers too, late: nothing is there twice, nothing is overwritten.
    control.attach(world.store.clone());
    all_delivered(&control).await;
    let calls = world.calls().await;
    assert_eq!(calls.len(), 2);
    let told = |id: CallId| {
        let call = calls.iter().find(|call| call.id == id).unwrap();
        call.trace.last().unwrap().say(Locale::En)
    };
    assert_eq!(told(over), "Anna Åkesson (1000) hung up.");
    assert_eq!(told(up), "The call was cut off when the phone system restarted.");
    again.shutdown().await;
    control.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_a_removed_customer_is_put_aside_and_holds_nobody_up() {
    let mut world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let gone = world.company("gone.pbx.localhost").await;
    let control = world.start(Some(&world.store)).await;
    let (view, gone_view) = (loaded(&control, &company).await, loaded(&control, &gone).await);
    sign_in(&control, &view, company.bertil);
    sign_in(&control, &gone_view, gone.bertil);
    world.stop_database().await;
    talk(&control, &gone_view, &gone);
    let kept = talk(&control, &view, &company);
    control.shutdown().await;
    world.start_database().await;
    let mut tx = world.store.tenant(&world.scope().await).await.unwrap();
    tx.customers().delete(gone.customer).await.unwrap();
    tx.commit().await.unwrap();

    let control = world.start(Some(&world.store)).await;
    all_delivered(&control).await;
    assert_eq!(control.status().dead_letters, 1);
    control.shutdown().await;
    let aside = std::fs::read(world.dir.path().join("state/spool/refused.calls-kept")).unwrap();
    assert!(String::from_utf8(aside).unwrap().contains("does not exist any more"));
    assert_eq!(world.calls().await.iter().map(|call| call.id).collect::<Vec<_>>(), [kept]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_file_that_cannot_be_read_holds_up_no_other_and_a_damaged_line_is_kept() {
    let world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let spool = world.dir.path().join("state/spool");
    // Where a segment should be there is a folder, and in the next one half a line is overwritten.
    std::fs::create_dir_all(spool.join("00000000000000000000.calls")).unwrap();
    std::fs::write(spool.join("00000000000000000001.calls"), b"\xff\xfe not a record\n").unwrap();
    let control = world.start(Some(&world.store)).await;
    let view = loaded(&control, &company).await;
    sign_in(&control, &view, company.bertil);
    let call = talk(&control, &view, &company);
    all_delivered(&control).await;
    assert_eq!(world.calls().await.iter().map(|record| record.id).collect::<Vec<_>>(), [call]);
    control.shutdown().await;
    let kept = std::fs::read(spool.join("damaged.lines")).unwrap();
    assert_eq!(kept, b"\xff\xfe not a record\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_attempts_are_audited_where_they_belong_and_a_flood_makes_two_entries() {
    let world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let control = world.start(Some(&world.store)).await;
    loaded(&control, &company).await;
    let event = |kind, realm: &str, device| SecurityEvent {
        kind,
        realm: Realm::parse(realm).ok(),
        source: "192.0.2.7:5060".parse().unwrap(),
        device,
    };
    for _ in 0..1_000 {
        control.security(&event(SecurityKind::BadPassword, "akes.pbx.localhost", Some(company.anna)));
    }
    control.security(&event(SecurityKind::UnknownRealm, "nobody.pbx.localhost", None));
    control.shutdown().await;

    let mut tx = world.store.platform().await.unwrap();
    let filter = AuditFilter { action: Some("sip.".into()), ..AuditFilter::default() };
    let mut entries = tx.audit().list(&Page::all(), &filter).await.unwrap().items;
    entries.sort_by_key(|entry| entry.id);
    let about = |action: &str| entries.iter().filter(|entry| entry.action == action).collect::<Vec<_>>();
    let unknown = about("sip.unknown_realm");
    assert_eq!(unknown.len(), 1);
    assert_eq!((unknown[0].tenant, unknown[0].customer), (None, None));
    let wrong = about("sip.bad_password");
    // A test that runs across the turn of a minute sees one pair more.
    assert!((2..=4).contains(&wrong.len()), "{wrong:?}");
    for entry in &wrong {
        assert_eq!((entry.tenant, entry.customer), (Some(world.tenant), Some(company.customer)));
        assert_eq!((&*entry.resource_type, &*entry.resource_id), ("device", &*company.anna.to_string()));
        assert_eq!(entry.address, Some("192.0.2.7".parse().unwrap()));
    }
    let attempts: u64 = wrong.iter().map(|e| e.after.as_ref().unwrap()["attempts"].as_u64().unwrap()).sum();
    assert_eq!(attempts, 1_000);
}
