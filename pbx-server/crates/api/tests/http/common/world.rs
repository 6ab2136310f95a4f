//! The installation of a test.

use super::client::Who;
use chrono::{TimeDelta, Utc};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};
use voxera_api::{Api, ApiConfig};
use voxera_audio::{Library, LibraryConfig};
use voxera_callcontrol::{CallControl, CallControlConfig};
use voxera_callflow::{Cause, Party};
use voxera_identity::{Clock, Identity, IdentityConfig, Limits, SeedUser};
use voxera_mail::{Delivery, Outbox};
use voxera_model::{
    AccountId, CallId, Colour, CustomerId, Email, ExtensionNumber, Locale, Name, Realm, Role, Slug, TenantId,
    UserId, Zone,
};
use voxera_store::{CallRecord, Direction, NewAccount, NewTenant, NewUser, Store, new_id};
use voxera_testkit::postgres::Database;

/// Everybody's.
pub const PASSWORD: &str = "correct horse battery staple";

/// The installation.
pub struct World {
    pub store: Store,
    pub control: CallControl,
    pub clock: Clock,
    pub api: Api,
    pub library: Library,
    pub router: axum::Router,
    pub nordtel: Partner,
    pub sydtel: Partner,
    tokens: Mutex<HashMap<String, String>>,
    password_hash: String,
    _state: tempfile::TempDir,
    database: Option<Database>,
}

/// A partner with its companies.
#[derive(Clone)]
pub struct Partner {
    pub id: String,
    /// `chef@<slug>.example`.
    pub admin: String,
    pub admin_user: String,
    pub companies: Vec<Company>,
}

/// A company with a PBX, the extensions 1000 and 1001, a phone each, a number and a call.
#[derive(Clone, Default)]
pub struct Company {
    /// In every name that belongs to it, and nowhere else.
    pub word: String,
    pub tenant: String,
    pub id: String,
    pub pbx: String,
    pub realm: String,
    pub extension: String,
    pub second_extension: String,
    pub device: String,
    pub second_device: String,
    pub number: String,
    pub call: String,
    /// A menu with one published version.
    pub flow: String,
    pub audio: String,
    pub trunk: String,
    /// In the mailbox of 1000.
    pub message: String,
    /// Of a call of 1000.
    pub recording: String,
    pub callback: String,
    /// The user with the role `user`, whose extension is 1000.
    pub user: String,
}

impl Company {
    /// Its address in the API.
    pub fn at(&self, rest: &str) -> String {
        format!("/api/v1/tenants/{}/customers/{}{rest}", self.tenant, self.id)
    }

    /// The address of its PBX.
    pub fn pbx(&self, rest: &str) -> String {
        self.at(&format!("/pbxs/{}{rest}", self.pbx))
    }

    /// The login of one of its people: `admin`, `manager` or `user`.
    pub fn login(&self, role: &str) -> String {
        format!("{role}@{}.example", self.word)
    }

    /// The id that stands for a name in a path.
    pub fn id_of(&self, name: &str) -> String {
        match name {
            "tenant" => &self.tenant,
            "customer" => &self.id,
            "pbx" => &self.pbx,
            "extension" => &self.extension,
            "device" => &self.device,
            "number" => &self.number,
            "call" => &self.call,
            "user" => &self.user,
            "flow" => &self.flow,
            "version" => return "1".to_owned(),
            "audio" => &self.audio,
            "trunk" => &self.trunk,
            "message" => &self.message,
            "recording" => &self.recording,
            "callback" => &self.callback,
            "session" | "node" => return new_id().to_string(),
            other => panic!("no {other} here"),
        }
        .clone()
    }
}

impl World {
    /// Nordtel with akes and bolaget, Sydtel with city.
    pub async fn new() -> Self {
        Self::with(Limits::default(), |_| {}).await
    }

    pub async fn with(limits: Limits, adapt: impl FnOnce(&mut ApiConfig)) -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        Self::on(store, Some(database), limits, adapt).await
    }

    /// An installation on a store of one's own.
    pub async fn on(
        store: Store,
        database: Option<Database>,
        limits: Limits,
        adapt: impl FnOnce(&mut ApiConfig),
    ) -> Self {
        let state = tempfile::tempdir().unwrap();
        let clock = Clock::movable();
        builtin(&store).await;
        let identity = IdentityConfig {
            public_url: "http://portal.test".to_owned(),
            outbox: Outbox::new(Delivery::Mailbox),
            limits,
            clock: clock.clone(),
        };
        let identity = Identity::start(store.clone(), identity).await.unwrap();
        let mut control = CallControlConfig::new(state.path());
        control.seal_key = Some(store.seal_key().clone());
        let control = CallControl::start(control, Some(store.clone())).await.unwrap();
        let suffix = Realm::parse("pbx.test").unwrap();
        let mut config = ApiConfig::new("http://portal.test", "sip.portal.test", suffix);
        config.request_burst = 100_000;
        adapt(&mut config);
        let library = Library::new(LibraryConfig::new(state.path().join("media"))).unwrap();
        let api = Api::new(
            store.clone(),
            identity.clone(),
            control.clone(),
            library.clone(),
            Some(metrics()),
            config,
        );
        let seed = SeedUser {
            email: Email::parse("platform@voxera.example").unwrap(),
            password: PASSWORD.to_owned(),
            name: Name::parse("Petra Plattform").unwrap(),
            locale: Locale::En,
            role: Role::PlatformAdmin,
            tenant: None,
            customer: None,
        };
        let email = seed.email.clone();
        identity.seed_user(seed).await.unwrap();
        let account = store.platform().await.unwrap().accounts().by_email(&email).await.unwrap();
        let nobody = Partner {
            id: String::new(),
            admin: String::new(),
            admin_user: String::new(),
            companies: Vec::new(),
        };
        let mut world = Self {
            router: voxera_api::router(api.clone()),
            api,
            library,
            store,
            control,
            clock,
            nordtel: nobody.clone(),
            sydtel: nobody,
            tokens: Mutex::default(),
            password_hash: account.password_hash.unwrap(),
            _state: state,
            database,
        };
        world.nordtel = world.partner("nordtel").await;
        world.sydtel = world.partner("sydtel").await;
        for word in ["akes", "bolaget"] {
            let company = world.company(&world.nordtel, word).await;
            world.nordtel.companies.push(company);
        }
        let company = world.company(&world.sydtel, "city").await;
        world.sydtel.companies.push(company);
        world
    }

    pub fn database(&self) -> &Database {
        self.database.as_ref().unwrap()
    }

    pub fn akes(&self) -> &Company {
        &self.nordtel.companies[0]
    }

    pub fn bolaget(&self) -> &Company {
        &self.nordtel.companies[1]
    }

    pub fn city(&self) -> &Company {
        &self.sydtel.companies[0]
    }

    /// Somebody who has not signed in.
    pub fn anonymous(&self) -> Who {
        Who {
            router: self.router.clone(),
            name: "anonymous".to_owned(),
            token: None,
            address: "127.0.0.1:40000".parse().unwrap(),
            host: "portal.test".to_owned(),
            headers: Vec::new(),
        }
    }

    /// Somebody who has signed in; the same token each time.
    pub async fn sign_in(&self, email: &str) -> Who {
        let known = self.tokens.lock().unwrap().get(email).cloned();
        let token = match known {
            Some(token) => token,
            None => self.fresh_token(email).await,
        };
        Who { name: email.to_owned(), token: Some(token), ..self.anonymous() }
    }

    /// Signs in anew.
    pub async fn fresh_token(&self, email: &str) -> String {
        let login = json!({ "email": email, "password": PASSWORD });
        let answer = self.anonymous().post("/api/v1/auth/login", login).await.expect(200);
        let token = answer["access_token"].as_str().unwrap().to_owned();
        self.tokens.lock().unwrap().insert(email.to_owned(), token.clone());
        token
    }

    pub async fn platform(&self) -> Who {
        self.sign_in("platform@voxera.example").await
    }

    /// The administrator of the company.
    pub async fn admin(&self, company: &Company) -> Who {
        self.sign_in(&company.login("admin")).await
    }

    /// A partner with one administrator.
    pub async fn partner(&self, slug: &str) -> Partner {
        let id = TenantId(new_id());
        let mut tx = self.store.platform().await.unwrap();
        tx.tenants().create(tenant(id, slug, false)).await.unwrap();
        tx.commit().await.unwrap();
        let admin = format!("chef@{slug}.example");
        let user = self.user(&admin, Role::TenantAdmin, Some(id), None).await;
        Partner { id: id.to_string(), admin, admin_user: user.to_string(), companies: Vec::new() }
    }

    /// Somebody who can sign in at once.
    pub async fn user(
        &self,
        email: &str,
        role: Role,
        tenant: Option<TenantId>,
        customer: Option<CustomerId>,
    ) -> UserId {
        let mut tx = self.store.platform().await.unwrap();
        let account = NewAccount {
            id: AccountId(new_id()),
            email: Email::parse(email).unwrap(),
            password_hash: Some(self.password_hash.clone()),
            locale: Locale::Sv,
            verified_at: Some(Utc::now()),
        };
        let account = tx.accounts().create(account).await.unwrap().id;
        let display_name =
            Name::parse(&format!("{} {role}", email.split(['@', '.']).nth(1).unwrap())).unwrap();
        let id = UserId(new_id());
        tx.users().create(NewUser { id, account, role, tenant, customer, display_name }).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A company of the partner, made as its administrators make it.
    pub async fn company(&self, partner: &Partner, word: &str) -> Company {
        let mut company = Company { word: word.to_owned(), tenant: partner.id.clone(), ..Company::default() };
        let chef = self.sign_in(&partner.admin).await;
        let customers = format!("/api/v1/tenants/{}/customers", partner.id);
        company.id = id(&chef.post(&customers, json!({ "name": format!("{word} AB") })).await.expect(201));
        let (tenant, customer) = (Some(company.tenant.parse().unwrap()), Some(company.id.parse().unwrap()));
        for (role, name) in [(Role::CustomerAdmin, "admin"), (Role::Manager, "manager")] {
            self.user(&company.login(name), role, tenant, customer).await;
        }
        company.user = self.user(&company.login("user"), Role::User, tenant, customer).await.to_string();
        let admin = self.admin(&company).await;
        company.realm = format!("{word}.pbx.test");
        let pbx = json!({ "name": format!("{word} pbx"), "realm": company.realm });
        company.pbx = id(&admin.post(&company.at("/pbxs"), pbx).await.expect(201));
        for (number, user) in [("1000", json!(company.user)), ("1001", Value::Null)] {
            let extension = json!({ "number": number, "name": format!("{word} {number}"), "user": user,
                "settings": { "kind": "user", "mailbox": {} } });
            let extension = id(&admin.post(&company.pbx("/extensions"), extension).await.expect(201));
            let phones = company.pbx(&format!("/extensions/{extension}/devices"));
            let device =
                id(&admin.post(&phones, json!({ "name": format!("{word} phone") })).await.expect(201));
            (company.extension, company.second_extension) = (company.second_extension, extension);
            (company.device, company.second_device) = (company.second_device, device);
        }
        let number =
            json!({ "number": number_of(word), "label": format!("{word} number"), "pbx": company.pbx });
        company.number = id(&admin.post(&company.at("/numbers"), number).await.expect(201));
        company.flow = self.menu(&company, &format!("{word} menu")).await;
        let line = json!({ "name": format!("{word} line"), "kind": "registration",
            "host": "sip.operator.example", "username": "46812345678", "password": "hemligt" });
        company.trunk = id(&admin.post(&company.pbx("/trunks"), line).await.expect(201));
        company.audio = self.sound(&company, &format!("{word} sound"), true).await;
        company.message = self.message(&company, 1).await;
        company.callback = self.callback(&company).await;
        company.call = self.call(&company, Cause::Normal, TimeDelta::minutes(90)).await;
        company.recording = self.recording(&company, 1).await;
        company
    }

    /// A menu that says goodbye, published once.
    pub async fn menu(&self, company: &Company, name: &str) -> String {
        let admin = self.admin(company).await;
        let flows = company.pbx("/flows");
        let new = json!({ "name": name, "document": goodbye() });
        let flow = id(&admin.post(&flows, new).await.expect(201));
        admin.post(&format!("{flows}/{flow}/publish"), json!({ "comment": "first" })).await.expect(201);
        flow
    }

    /// A call from 1000 to 1001 that began so long ago and took a minute.
    pub async fn call(&self, company: &Company, outcome: Cause, ago: TimeDelta) -> String {
        let scope = self.store.tenant_scope(company.tenant.parse().unwrap()).await.unwrap();
        let mut tx = self.store.tenant(&scope).await.unwrap();
        let config = tx.config().pbx(company.pbx.parse().unwrap()).await.unwrap().unwrap();
        let started_at = Utc::now() - ago;
        let answered = outcome == Cause::Normal;
        let record = CallRecord {
            id: CallId(new_id()),
            customer: company.id.parse().unwrap(),
            pbx: config.snapshot.pbx,
            started_at,
            answered_at: answered.then(|| started_at + TimeDelta::seconds(10)),
            ended_at: started_at + TimeDelta::seconds(60),
            from_number: "1000".to_owned(),
            from_name: Some(Name::parse(&format!("{} 1000", company.word)).unwrap()),
            from_extension: Some(ExtensionNumber::parse("1000").unwrap()),
            to_number: "1001".to_owned(),
            to_name: Some(Name::parse(&format!("{} 1001", company.word)).unwrap()),
            to_extension: answered.then(|| ExtensionNumber::parse("1001").unwrap()),
            outcome,
            hung_up_by: Party::Caller,
            codec: Some("PCMA".to_owned()),
            media: None,
            snapshot_version: config.snapshot.version,
            trace: Vec::new(),
            direction: Direction::Internal,
            keys: String::new(),
        };
        let id = record.id;
        tx.calls().insert(&[record]).await.unwrap();
        tx.commit().await.unwrap();
        id.to_string()
    }
}

/// The smallest menu.
pub fn goodbye() -> Value {
    json!({ "settings": { "language": "sv", "timeout": 5, "retries": 2, "invalid": null }, "entry": "bye",
        "nodes": { "bye": { "name": "Hej då", "step": { "kind": "hangup",
            "prompt": { "kind": "speech", "text": "Tack och hej då." } } } } })
}

/// The `id` of what was made.
fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// A number of its own for each word.
fn number_of(word: &str) -> String {
    let sum: u32 =
        word.bytes().enumerate().map(|(at, byte)| u32::from(byte) * (u32::try_from(at).unwrap() + 7)).sum();
    format!("+468{:07}", 1_000_000 + sum)
}

fn tenant(id: TenantId, slug: &str, builtin: bool) -> NewTenant {
    NewTenant {
        id,
        slug: Slug::parse(slug).unwrap(),
        name: Name::parse(slug).unwrap(),
        brand_name: None,
        accent: Colour::parse("#2457d6").unwrap(),
        host: None,
        support_email: None,
        locale: Locale::Sv,
        time_zone: Zone::stockholm(),
        builtin,
    }
}

/// What is counted: once for all tests of a process.
fn metrics() -> PrometheusHandle {
    static COUNTED: OnceLock<PrometheusHandle> = OnceLock::new();
    let counted = COUNTED.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap());
    counted.clone()
}

async fn builtin(store: &Store) {
    let mut tx = store.platform().await.unwrap();
    tx.tenants().create(tenant(TenantId(new_id()), "direct", true)).await.unwrap();
    tx.commit().await.unwrap();
}
