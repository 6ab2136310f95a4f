//! Engines hear of every change that a call can notice, when it is committed and never before.

use crate::companies::{Company, company, extension as person, name, owner, tenant};
use crate::pbx::{anna as author, callback, flow, hunt_group, menu, message, recording, sound, trunk};
use sqlx::Executor;
use voxera_callflow::{Destination, Kind, User};
use voxera_model::{
    DeviceId, Engine, ExtensionId, ExtensionNumber, NumberId, PbxId, PhoneNumber, Realm, Seconds, Status,
    Zone,
};
use voxera_store::{
    Change, ConfigChanges, Converted, ExtensionChange, NewDevice, NewExtension, NewNumber, NewPbx,
    NumberChange, Page, PbxChange, Store, TenantScope, TenantTx, new_id,
};
use voxera_testkit::postgres::Database;

struct World {
    database: Database,
    store: Store,
    tenant: TenantScope,
    company: Company,
    changes: ConfigChanges,
}

impl World {
    async fn create() -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let tenant = tenant(&store, "nordtel").await;
        let company = company(&store, &tenant, 1).await;
        let changes = store.config_changes().await.unwrap();
        Self { database, store, tenant, company, changes }
    }

    async fn tx(&self) -> TenantTx<'static> {
        self.store.tenant(&self.company.scope).await.unwrap()
    }

    async fn version(&self) -> u64 {
        self.tx().await.pbxs().get(self.company.pbx).await.unwrap().version
    }

    /// The change that was just committed is told, about our PBX, and is a newer version of it.
    async fn told_after(&mut self, what: &str, before: u64) -> u64 {
        assert_eq!(self.changes.next().await.unwrap(), self.about(self.company.pbx), "{what}");
        let version = self.version().await;
        assert!(version > before, "{what}: {version}");
        version
    }

    fn about(&self, pbx: PbxId) -> Change {
        Change::Pbx { tenant: self.tenant.tenant(), pbx }
    }
}

#[tokio::test]
async fn every_change_of_a_pbx_its_extensions_phones_and_numbers_makes_a_version_and_is_told() {
    let mut world = World::create().await;
    let (pbx, anna) = (world.company.pbx, world.company.extensions[0]);
    let mut version = world.version().await;

    let mut tx = world.tx().await;
    tx.pbxs()
        .update(pbx, PbxChange { name: Some(name("Huvudväxel")), ..PbxChange::default() })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("rename the PBX", version).await;

    let extension = ExtensionId(new_id());
    let mut tx = world.tx().await;
    let new = NewExtension { id: extension, ..person("1002", "Cecilia") };
    tx.extensions(pbx).create(new).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("make an extension", version).await;

    let mut tx = world.tx().await;
    let slow = Kind::User(User { ring_for: Seconds(40), ..User::new(Vec::new()) });
    let change = ExtensionChange { kind: Some(slow), ..ExtensionChange::default() };
    tx.extensions(pbx).update(extension, change).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("change an extension", version).await;

    let mut tx = world.tx().await;
    let phone = tx.devices(extension).create(NewDevice { name: name("Telefon") }).await.unwrap().device.id;
    tx.commit().await.unwrap();
    version = world.told_after("make a phone", version).await;

    let mut tx = world.tx().await;
    tx.devices(extension).rotate(phone).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("give a phone another password", version).await;

    let mut tx = world.tx().await;
    tx.devices(extension).rename(phone, &name("Bordstelefon")).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("rename a phone", version).await;

    let mut tx = world.tx().await;
    tx.devices(extension).delete(phone).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("remove a phone", version).await;

    let mut tx = world.tx().await;
    tx.extensions(pbx).delete(extension).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("remove an extension", version).await;

    let number = NumberId(new_id());
    let mut tx = world.tx().await;
    let new = NewNumber {
        id: number,
        customer: world.company.customer,
        e164: PhoneNumber::parse("+46855500001").unwrap(),
        pbx: Some(pbx),
        destination: Destination::Nowhere,
        label: None,
    };
    tx.numbers().create(new).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("add a number", version).await;

    let mut tx = world.tx().await;
    let change = NumberChange {
        destination: Some(Destination::Extension { extension: anna }),
        ..NumberChange::default()
    };
    tx.numbers().update(number, change).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("lead a number elsewhere", version).await;

    let mut tx = world.tx().await;
    tx.numbers().delete(number).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("remove a number", version).await;

    let mut tx = world.store.tenant(&world.tenant).await.unwrap();
    tx.customers().set_status(world.company.customer, Status::Suspended).await.unwrap();
    tx.commit().await.unwrap();
    world.told_after("suspend the company", version).await;
    assert_eq!(world.tx().await.config().pbx(pbx).await.unwrap().unwrap().snapshot.status, Status::Suspended);

    let mut tx = world.store.platform().await.unwrap();
    tx.tenants().set_status(world.tenant.tenant(), Status::Suspended).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.changes.next().await.unwrap(), Change::Everything, "suspend the partner");
}

#[tokio::test]
async fn a_partner_whose_calls_another_engine_is_to_carry_is_told_and_no_other_partner_is_moved() {
    let mut world = World::create().await;
    let other = tenant(&world.store, "sydtel").await;
    let others = company(&world.store, &other, 2).await;
    // What was told of the other company is not of interest.
    let mut changes = world.store.config_changes().await.unwrap();
    assert_eq!(
        world.tx().await.config().pbx(world.company.pbx).await.unwrap().unwrap().engine,
        Engine::Embedded
    );

    let mut tx = world.store.platform().await.unwrap();
    let after = tx.tenants().set_engine(world.tenant.tenant(), Engine::FreeSwitch).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(after.engine, Engine::FreeSwitch);
    assert_eq!(changes.next().await.unwrap(), Change::Everything);
    let all = world.store.all_configs().await.unwrap().configs;
    let of = |pbx: PbxId| all.iter().find(|config| config.snapshot.pbx == pbx).unwrap().engine;
    assert_eq!((of(world.company.pbx), of(others.pbx)), (Engine::FreeSwitch, Engine::Embedded));
    let mut tx = world.store.platform().await.unwrap();
    let listed = tx.tenants().list(&Page::all()).await.unwrap().items;
    assert_eq!(listed.iter().filter(|tenant| tenant.engine == Engine::FreeSwitch).count(), 1);
    world.changes = changes;
}

#[tokio::test]
async fn a_pbx_that_is_removed_is_told_and_its_number_leads_nowhere() {
    let mut world = World::create().await;
    let mut tx = world.tx().await;
    tx.pbxs().delete(world.company.pbx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.changes.next().await.unwrap(), world.about(world.company.pbx));
    let mut tx = world.tx().await;
    assert!(tx.config().pbx(world.company.pbx).await.unwrap().is_none());
    let numbers = tx.numbers().list(&Page::all()).await.unwrap().items;
    assert_eq!((numbers[0].pbx, numbers[0].extension), (None, None));
    // The realm is free again.
    let new = NewPbx {
        id: PbxId(new_id()),
        customer: world.company.customer,
        name: name("Ny växel"),
        realm: world.company.realm.clone(),
        time_zone: Zone::stockholm(),
    };
    tx.pbxs().create(new).await.unwrap();
}

#[tokio::test]
async fn what_is_published_or_set_is_told_and_drafts_and_messages_are_not() {
    let mut world = World::create().await;
    let (pbx, [anna, bertil]) = (world.company.pbx, world.company.extensions);
    let mut version = world.version().await;

    let mut tx = world.tx().await;
    let group = tx.extensions(pbx).create(hunt_group("1100", &[anna])).await.unwrap().id;
    tx.commit().await.unwrap();
    version = world.told_after("make a group", version).await;

    let mut tx = world.tx().await;
    let kind = hunt_group("1100", &[bertil, anna]).kind;
    let change = ExtensionChange { kind: Some(kind), ..ExtensionChange::default() };
    tx.extensions(pbx).update(group, change).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("change who is in a group", version).await;

    let mut tx = world.tx().await;
    let line = tx.trunks(pbx).create(trunk("Operatören")).await.unwrap().id;
    tx.commit().await.unwrap();
    version = world.told_after("add a line", version).await;

    let mut tx = world.tx().await;
    tx.trunks(pbx).delete(line).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("remove a line", version).await;

    let mut tx = world.tx().await;
    let audio = tx.audio(pbx).create(sound("Musik")).await.unwrap().id;
    tx.commit().await.unwrap();
    version = world.told_after("add a sound", version).await;

    // A draft, what is left in a mailbox and how far a conversion is: nothing that calls follow.
    let mut tx = world.tx().await;
    let menu = flow(&mut tx, &world.company, "Växel", menu(Destination::Hangup)).await;
    let draft = tx.flows(pbx).draft(menu).await.unwrap();
    tx.flows(pbx).save_draft(menu, &draft.document, None, &author()).await.unwrap();
    tx.messages(pbx).insert(&message(anna)).await.unwrap();
    tx.recordings(pbx).insert(&recording(&[anna])).await.unwrap();
    tx.callbacks(pbx).insert(&callback(anna)).await.unwrap();
    tx.audio(pbx).converted(audio, &Converted::Failed("Nej".into())).await.unwrap();
    tx.commit().await.unwrap();
    let second = PbxId(new_id());
    let mut tx = world.tx().await;
    let new = NewPbx {
        id: second,
        customer: world.company.customer,
        name: name("Filial"),
        realm: Realm::parse("filial.pbx.example").unwrap(),
        time_zone: Zone::stockholm(),
    };
    tx.pbxs().create(new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.changes.next().await.unwrap(), world.about(second));
    assert_eq!(world.version().await, version);

    let mut tx = world.tx().await;
    tx.flows(pbx).publish(menu, None, None, &author()).await.unwrap();
    tx.commit().await.unwrap();
    version = world.told_after("publish", version).await;

    let mut tx = world.tx().await;
    tx.flows(pbx).rollback(menu, 1, None, &author()).await.unwrap();
    tx.commit().await.unwrap();
    world.told_after("roll back", version).await;
}

#[tokio::test]
async fn what_is_undone_is_not_told() {
    let mut world = World::create().await;
    let before = world.version().await;
    let mut tx = world.tx().await;
    tx.extensions(world.company.pbx).delete(world.company.extensions[0]).await.unwrap();
    drop(tx);
    let second = PbxId(new_id());
    let mut tx = world.tx().await;
    let new = NewPbx {
        id: second,
        customer: world.company.customer,
        name: name("Filial"),
        realm: Realm::parse("filial.pbx.example").unwrap(),
        time_zone: Zone::stockholm(),
    };
    tx.pbxs().create(new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.changes.next().await.unwrap(), world.about(second));
    assert_eq!(world.version().await, before);
}

#[tokio::test]
async fn a_listener_that_lost_its_connection_asks_for_everything_and_hears_on() {
    let mut world = World::create().await;
    let mut sql = owner(world.database.url()).await;
    sql.execute(
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .await
    .unwrap();
    assert_eq!(world.changes.next().await.unwrap(), Change::Everything);
    let mut tx = world.tx().await;
    let change = PbxChange { name: Some(name("Huvudväxel")), ..PbxChange::default() };
    tx.pbxs().update(world.company.pbx, change).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.changes.next().await.unwrap(), world.about(world.company.pbx));
}

#[tokio::test]
async fn a_phones_secret_moved_to_another_phone_does_not_open() {
    let world = World::create().await;
    let mut tx = world.tx().await;
    let [anna, bertil] = world.company.extensions;
    let first: DeviceId = tx.devices(anna).list(&Page::all()).await.unwrap().items[0].id;
    let second: DeviceId = tx.devices(bertil).list(&Page::all()).await.unwrap().items[0].id;
    assert_eq!(tx.config().pbx(world.company.pbx).await.unwrap().unwrap().devices.len(), 2);
    drop(tx);
    let schema = format!("t_{}", world.tenant.tenant().0.simple());
    let mut sql = owner(world.database.url()).await;
    sql.execute(sqlx::AssertSqlSafe(format!(
        "update {schema}.devices set sealed_secret =
             (select sealed_secret from {schema}.devices where id = '{first}') where id = '{second}'"
    )))
    .await
    .unwrap();
    // The phone whose secret was tampered with is out; the others go on.
    let mut tx = world.tx().await;
    let config = tx.config().pbx(world.company.pbx).await.unwrap().unwrap();
    assert_eq!(config.devices.iter().map(|d| d.device).collect::<Vec<_>>(), [first]);
    assert!(config.snapshot.extensions[&ExtensionNumber::parse("1001").unwrap()].devices().is_empty());
}

#[tokio::test]
async fn a_phones_password_is_strong_shown_once_and_kept_only_as_sealed_digests() {
    let world = World::create().await;
    let mut tx = world.tx().await;
    let made =
        tx.devices(world.company.extensions[0]).create(NewDevice { name: name("Mobil") }).await.unwrap();
    let again = tx.devices(world.company.extensions[0]).rotate(made.device.id).await.unwrap();
    let config = tx.config().pbx(world.company.pbx).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert_ne!(made.password, again.password);
    assert_eq!(again.password.len(), 28);
    assert!(again.password.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert!(!format!("{made:?}").contains(made.password.as_str()));
    // What is kept proves the new password and no longer the old.
    let kept = config.devices.iter().find(|d| d.device == made.device.id).unwrap();
    let proof = |password: &str| {
        use md5::{Digest, Md5};
        let text = format!("{}:{}:{password}", made.device.id, world.company.realm);
        <[u8; 16]>::from(Md5::digest(text.as_bytes()))
    };
    assert_eq!(kept.ha1_md5, proof(&again.password));
    assert_ne!(kept.ha1_md5, proof(&made.password));
    // Neither the password nor a digest of it is anywhere in the database.
    let mut sql = owner(world.database.url()).await;
    let schema = format!("t_{}", world.tenant.tenant().0.simple());
    let rows: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select to_jsonb(d)::text from {schema}.devices d")))
            .fetch_all(&mut sql)
            .await
            .unwrap();
    // As PostgreSQL shows bytes.
    let digest = format!("{:032x}", u128::from_be_bytes(kept.ha1_md5));
    assert!(rows.iter().all(|row| row.contains("\\\\x") && !row.contains(&digest)), "{rows:?}");
    assert!(rows.iter().all(|row| !row.contains(again.password.as_str())));
}
