//! An installation with a partner, a company and people.

use chrono::TimeDelta;
use std::net::IpAddr;
use voxera_identity::{
    Caller, Clock, Identity, IdentityConfig, Limits, Principal, Registration, SeedUser, SignedIn,
};
use voxera_mail::{Delivery, Outbox};
use voxera_model::{Colour, CustomerId, Email, Locale, Name, Role, Slug, TenantId, UserId, Zone};
use voxera_store::{
    AuditEntry, AuditFilter, Mail, MailFilter, NewCustomer, NewTenant, Page, Store, TenantScope, new_id,
};
use voxera_testkit::postgres::Database;

pub const PASSWORD: &str = "kanelbullar med pärlsocker";
pub const OTHER_PASSWORD: &str = "sju sorters kakor";
pub const URL: &str = "https://voxera.example";

pub struct World {
    pub database: Database,
    pub store: Store,
    pub identity: Identity,
    pub clock: Clock,
    pub builtin: TenantId,
    pub nordtel: TenantId,
    pub bakery: CustomerId,
}

pub fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A browser at this address.
pub fn from(address: &str) -> Caller {
    Caller {
        address: Some(address.parse::<IpAddr>().unwrap()),
        user_agent: Some("Firefox".into()),
        request_id: Some("request-1".into()),
    }
}

pub fn home() -> Caller {
    from("192.0.2.10")
}

/// What follows the last `=` or `/` of the link in a mail.
pub fn token_in(mail: &Mail) -> String {
    let link = mail.text.lines().find(|line| line.starts_with(URL)).unwrap();
    link.rsplit(['=', '/']).next().unwrap().to_owned()
}

/// Bengt, who signs up with a company of his own.
pub fn registration(address: &str) -> Registration {
    Registration {
        email: email(address),
        password: PASSWORD.into(),
        organization_name: name("Bengts Bil AB"),
        name: name("Bengt Bengtsson"),
        locale: None,
    }
}

async fn tenant(store: &Store, slug: &str, called: &str, builtin: bool) -> TenantId {
    let mut tx = store.platform().await.unwrap();
    let new = NewTenant {
        id: TenantId(new_id()),
        slug: Slug::parse(slug).unwrap(),
        name: name(called),
        brand_name: None,
        accent: Colour::parse("#0a7d5a").unwrap(),
        host: None,
        support_email: Some(email(&format!("support@{slug}.example"))),
        locale: Locale::Sv,
        time_zone: Zone::stockholm(),
        builtin,
    };
    let id = tx.tenants().create(new).await.unwrap().id;
    tx.commit().await.unwrap();
    id
}

impl World {
    pub async fn create() -> Self {
        Self::with(Limits::default()).await
    }

    pub async fn with(limits: Limits) -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let builtin = tenant(&store, "direct", "Voxera", true).await;
        let nordtel = tenant(&store, "nordtel", "Nordtel", false).await;
        let bakery = CustomerId(new_id());
        let mut tx = store.tenant(&store.tenant_scope(nordtel).await.unwrap()).await.unwrap();
        let new = NewCustomer {
            id: bakery,
            name: name("Åkes Bageri AB"),
            org_number: None,
            locale: Locale::Sv,
            time_zone: Zone::stockholm(),
        };
        tx.customers().create(new).await.unwrap();
        tx.commit().await.unwrap();
        let clock = Clock::movable();
        let identity = start(&store, limits, &clock).await;
        Self { database, store, identity, clock, builtin, nordtel, bakery }
    }

    /// A second server on the same database.
    pub async fn another_server(&self) -> Identity {
        start(&self.store, Limits::default(), &self.clock).await
    }

    /// Time passes for everything that is kept; what is in memory goes by [`Clock::advance`].
    pub async fn let_pass(&self, time: TimeDelta) {
        self.database.let_pass(time.to_std().unwrap()).await;
    }

    pub async fn seed(&self, address: &str, role: Role) -> UserId {
        let (tenant, customer) = match role {
            Role::PlatformAdmin => (None, None),
            Role::TenantAdmin => (Some(self.nordtel), None),
            Role::CustomerAdmin | Role::Manager | Role::User => (Some(self.nordtel), Some(self.bakery)),
        };
        let seed = SeedUser {
            email: email(address),
            password: PASSWORD.into(),
            name: name("Anna Åkesson"),
            locale: Locale::Sv,
            role,
            tenant,
            customer,
        };
        self.identity.seed_user(seed).await.unwrap()
    }

    /// Anna, who runs the bakery.
    pub async fn anna(&self) -> UserId {
        self.seed("anna@akesbageri.example", Role::CustomerAdmin).await
    }

    pub async fn sign_in(&self, address: &str) -> SignedIn {
        self.identity.login(&home(), address, PASSWORD, None).await.unwrap()
    }

    pub async fn principal(&self, address: &str) -> Principal {
        self.identity.verify(&self.sign_in(address).await.access_token).unwrap()
    }

    /// The mails to somebody, the newest first.
    pub async fn mails(&self, to: &str) -> Vec<Mail> {
        let filter = MailFilter { to: Some(email(to)), ..MailFilter::default() };
        self.store.platform().await.unwrap().mails().list(&Page::all(), &filter).await.unwrap().items
    }

    pub async fn last_mail(&self, to: &str) -> Mail {
        self.mails(to).await.remove(0)
    }

    /// What the audit log says of an action, the newest first.
    pub async fn audit(&self, action: &str) -> Vec<AuditEntry> {
        let filter = AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
        self.store.platform().await.unwrap().audit().list(&Page::all(), &filter).await.unwrap().items
    }

    pub async fn scope(&self) -> TenantScope {
        self.store.tenant_scope(self.nordtel).await.unwrap()
    }
}

async fn start(store: &Store, limits: Limits, clock: &Clock) -> Identity {
    let config = IdentityConfig {
        public_url: URL.into(),
        outbox: Outbox::new(Delivery::Mailbox),
        limits,
        clock: clock.clone(),
    };
    Identity::start(store.clone(), config).await.unwrap()
}
