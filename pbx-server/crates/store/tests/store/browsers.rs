//! A browser is a phone as long as its sign-in lasts.

use crate::companies::{Company, company, name, tenant};
use chrono::{DateTime, TimeDelta, Utc};
use voxera_model::{AccountId, DeviceId, Email, ExtensionId, Locale, Role, SessionId, Status, UserId};
use voxera_store::{
    CustomerChange, DeviceKind, ExtensionChange, NewAccount, NewDevice, NewSession, NewUser, PbxConfig,
    Store, TenantChange, TenantTx, UserChange, new_id,
};
use voxera_testkit::postgres::Database;

/// Anna has extension 1000 and two sign-ins, in each of which her browser is a phone.
struct World {
    _database: Database,
    store: Store,
    company: Company,
    anna: UserId,
    account: AccountId,
    extension: ExtensionId,
    office: SessionId,
    home: SessionId,
}

impl World {
    async fn create() -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let nordtel = tenant(&store, "nordtel").await;
        let company = company(&store, &nordtel, 1).await;
        let (account, anna) = (AccountId(new_id()), UserId(new_id()));
        let mut tx = store.platform().await.unwrap();
        let new = NewAccount {
            id: account,
            email: Email::parse("anna@example.com").unwrap(),
            password_hash: None,
            locale: Locale::Sv,
            verified_at: None,
        };
        tx.accounts().create(new).await.unwrap();
        let new = NewUser {
            id: anna,
            account,
            role: Role::User,
            tenant: Some(nordtel.tenant()),
            customer: Some(company.customer),
            display_name: name("Anna"),
        };
        tx.users().create(new).await.unwrap();
        let sessions = [SessionId(new_id()), SessionId(new_id())];
        for (n, id) in sessions.into_iter().enumerate() {
            let token = [u8::try_from(n).unwrap(); 32];
            let expires_at = Utc::now() + TimeDelta::days(30);
            let new = NewSession { id, account, user_agent: None, address: None, token, expires_at };
            tx.sessions().create(new).await.unwrap();
        }
        tx.commit().await.unwrap();
        let [extension, _] = company.extensions;
        let mut tx = store.tenant(&company.scope).await.unwrap();
        let change = ExtensionChange { user: Some(Some(anna)), ..ExtensionChange::default() };
        tx.extensions(company.pbx).update(extension, change).await.unwrap();
        tx.commit().await.unwrap();
        let [office, home] = sessions;
        let world = Self { _database: database, store, company, anna, account, extension, office, home };
        world.browser(office, later()).await;
        world.browser(home, later()).await;
        world
    }

    async fn tx(&self) -> TenantTx<'static> {
        self.store.tenant(&self.company.scope).await.unwrap()
    }

    async fn browser(&self, session: SessionId, until: DateTime<Utc>) -> DeviceId {
        let mut tx = self.tx().await;
        let made = tx.devices(self.extension).create_browser(session, &name("Webbläsare"), until).await;
        let device = made.unwrap().device;
        tx.commit().await.unwrap();
        assert_eq!((device.kind, device.expires_at), (DeviceKind::Browser, Some(until)));
        device.id
    }

    async fn config(&self) -> PbxConfig {
        self.tx().await.config().pbx(self.company.pbx).await.unwrap().unwrap()
    }

    /// How many browsers are phones of Anna's; her desk phone is there in any case.
    async fn browsers(&self) -> usize {
        let config = self.config().await;
        let known = config.devices.iter().filter(|device| device.extension.as_str() == "1000").count();
        let mut tx = self.tx().await;
        let stored = [tx.browsers_of(self.office).await.unwrap(), tx.browsers_of(self.home).await.unwrap()];
        assert_eq!(known, 1 + stored.iter().flatten().count());
        known - 1
    }
}

fn later() -> DateTime<Utc> {
    from_now(TimeDelta::hours(12))
}

/// `PostgreSQL` keeps microseconds.
fn from_now(time: TimeDelta) -> DateTime<Utc> {
    DateTime::from_timestamp_micros((Utc::now() + time).timestamp_micros()).unwrap()
}

#[tokio::test]
async fn a_sign_in_has_one_browser_whose_password_is_new_each_time() {
    let world = World::create().await;
    let first = world.browser(world.office, later()).await;
    let before = world.config().await;
    assert_eq!(world.browser(world.office, later()).await, first);
    let after = world.config().await;
    assert!(after.snapshot.version > before.snapshot.version, "engines are told");
    let of =
        |config: &PbxConfig| config.devices.iter().find(|device| device.device == first).unwrap().ha1_sha256;
    assert_ne!(of(&before), of(&after));
    assert_eq!(world.browsers().await, 2);
    // It rings like any other phone.
    let ringing = after.snapshot.extension(world.extension).unwrap().1.clone();
    let voxera_callflow::Kind::User(user) = ringing.kind else { panic!("{ringing:?}") };
    assert!(user.devices.contains(&first) && user.devices.len() == 3);
}

#[tokio::test]
async fn a_browser_is_no_phone_any_more_when_its_sign_in_ends() {
    let world = World::create().await;
    let version = world.config().await.snapshot.version;
    let mut tx = world.store.platform().await.unwrap();
    tx.sessions().revoke(world.office, "logout").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.browsers().await, 1);
    assert!(world.config().await.snapshot.version > version, "engines are told");
    let mut tx = world.store.platform().await.unwrap();
    tx.sessions().revoke_all(world.account, "password_reset", None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.browsers().await, 0);
}

#[tokio::test]
async fn whoever_may_not_be_here_any_more_has_no_browser_that_is_a_phone() {
    let world = World::create().await;
    let mut tx = world.tx().await;
    let paused = UserChange { status: Some(Status::Suspended), ..UserChange::default() };
    tx.users().update(world.anna, paused).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.browsers().await, 0);

    world.browser(world.office, later()).await;
    let mut tx = world
        .store
        .tenant(&world.store.tenant_scope(world.company.scope.tenant()).await.unwrap())
        .await
        .unwrap();
    let paused = CustomerChange { status: Some(Status::Suspended), ..CustomerChange::default() };
    tx.customers().update(world.company.customer, paused).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.browsers().await, 0);

    world.browser(world.office, later()).await;
    let mut tx = world.store.platform().await.unwrap();
    let paused = TenantChange { status: Some(Status::Suspended), ..TenantChange::default() };
    tx.tenants().update(world.company.scope.tenant(), paused).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.browsers().await, 0);

    world.browser(world.office, later()).await;
    let mut tx = world.tx().await;
    tx.users().delete(world.anna).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.browsers().await, 0);
}

#[tokio::test]
async fn an_extension_that_goes_to_somebody_else_leaves_the_browser_behind() {
    let world = World::create().await;
    let mut tx = world.tx().await;
    let change = ExtensionChange { user: Some(None), ..ExtensionChange::default() };
    tx.extensions(world.company.pbx).update(world.extension, change).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.browsers().await, 0);
    // And nobody's extension gets none.
    let mut tx = world.tx().await;
    let refused = tx.devices(world.extension).create_browser(world.office, &name("Nej"), later()).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn what_is_over_is_found_and_removed() {
    let world = World::create().await;
    let over = world.browser(world.office, from_now(-TimeDelta::seconds(1))).await;
    let known: Vec<DeviceId> = world.config().await.devices.iter().map(|device| device.device).collect();
    assert!(!known.contains(&over), "no engine takes it any more");
    // Made with an access token that was let in a moment before the sign-in ended.
    let mut tx = world.store.platform().await.unwrap();
    tx.sessions().revoke(world.home, "logout").await.unwrap();
    tx.commit().await.unwrap();
    let late = world.browser(world.home, later()).await;

    let mut tx = world.store.platform().await.unwrap();
    let mut found = tx.browser_phones().over().await.unwrap();
    found.sort();
    let mut expected = vec![over, late];
    expected.sort();
    assert_eq!(found, expected);
    for device in found {
        tx.browser_phones().remove(device).await.unwrap();
        // Twice is no error.
        tx.browser_phones().remove(device).await.unwrap();
    }
    assert_eq!(tx.browser_phones().over().await.unwrap(), []);
    tx.commit().await.unwrap();
    assert_eq!(world.browsers().await, 0);
    let mut tx = world.tx().await;
    tx.devices(world.extension).create(NewDevice { name: name("Telefon") }).await.unwrap();
}
