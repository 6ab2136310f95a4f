//! Two engines side by side, each for its partners: who is let in where, and what a change does.

use serde_json::{Value, json};
use std::net::SocketAddr;
use voxera_callcontrol::PbxView;
use voxera_model::{Engine, Realm};
use voxera_testkit::browser::{Browser, Credential, Wire};
use voxera_testkit::line::{Line, LineConfig};
use voxera_testkit::node::SECRET;
use voxera_testkit::phone::{Phone, PhoneConfig};
use voxera_testkit::product::{ADMIN, Client, Company, PARTNER, PLATFORM, Product, Setup, USER};

/// The demo's partner at this process, and another one, Sydtel, whose calls nodes are to carry.
struct Stage {
    product: Product,
    platform: Client,
    sydtel: Company,
    /// The credentials of Sydtel's phone, as the portal showed them.
    phone: Value,
}

impl Stage {
    async fn open() -> Self {
        let setup = Setup::default().with("engine", "per_tenant").with("freeswitch.listen", "127.0.0.1:0");
        let setup = setup.with("freeswitch.secret", SECRET).with("freeswitch.phones", "nodes.test:5099");
        let product = setup.start().await;
        let platform = product.api(PLATFORM).await;
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let tenant = platform.post("/tenants", &json!({ "name": "Sydtel AB" })).await.ok();
        assert_eq!(tenant["engine"], "embedded", "where everybody begins");
        let mut sydtel = Company { tenant: id(&tenant), customer: String::new(), pbx: String::new() };
        let stage_engine = engine(&platform, &sydtel.tenant, "freeswitch").await;
        assert_eq!(stage_engine["engine"], "freeswitch");
        let customers = format!("/tenants/{}/customers", sydtel.tenant);
        sydtel.customer = id(&platform.post(&customers, &json!({ "name": "Bosses Bilar AB" })).await.ok());
        sydtel.pbx = id(&platform.post(&sydtel.path("/pbxs"), &json!({ "name": "Bilarna" })).await.ok());
        let extension = json!({ "number": "1000", "name": "Bosse Boman" });
        let extension = id(&platform.post(&sydtel.pbx("/extensions"), &extension).await.ok());
        let devices = sydtel.pbx(&format!("/extensions/{extension}/devices"));
        let phone = platform.post(&devices, &json!({ "name": "Bordstelefon" })).await.ok();
        let stage = Self { product, platform, sydtel, phone };
        let device = stage.text("username").parse().unwrap();
        stage.knows(|pbx| pbx.device(device).is_some()).await;
        stage
    }

    fn text(&self, field: &str) -> &str {
        self.phone[field].as_str().unwrap()
    }

    /// Until calls know this of Sydtel's PBX.
    async fn knows(&self, fits: impl Fn(&PbxView) -> bool) {
        let directory = self.product.server().control().directory();
        let realm = Realm::parse(self.text("realm")).unwrap();
        let knows = || directory.pbx(&realm).is_some_and(|pbx| fits(&pbx));
        directory.changes().wait_for(|_| knows()).await.unwrap();
    }

    /// Another engine is chosen for Sydtel, and calls know it.
    async fn choose(&self, chosen: Engine) {
        engine(&self.platform, &self.sydtel.tenant, chosen.as_str()).await;
        self.knows(|pbx| pbx.engine == chosen).await;
    }

    /// Sydtel's phone, at this process.
    async fn starts(&self) -> Phone {
        let (realm, user, password) = (self.text("realm"), self.text("username"), self.text("password"));
        Phone::start(PhoneConfig::of(self.product.sip_addr(), realm, user, password)).await
    }

    /// Asks the nodes' listener, as a node does.
    async fn asks(&self, question: &[(&str, &str)]) -> String {
        let listener = self.product.server().nodes().unwrap();
        let asked = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked =
            asked.post(format!("http://{listener}/freeswitch/xml")).basic_auth("voxera", Some(SECRET));
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(question).finish();
        let asked = asked.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = asked.send().await.unwrap().error_for_status().unwrap();
        answer.text().await.unwrap()
    }

    /// What a node is told of a phone that wants to register.
    async fn proof(&self, realm: &str, user: &str) -> String {
        self.asks(&[
            ("section", "directory"),
            ("action", "sip_auth"),
            ("sip_auth_method", "REGISTER"),
            ("user", user),
            ("domain", realm),
            ("sip_to_user", user),
            ("sip_to_host", realm),
            ("sip_from_host", realm),
        ])
        .await
    }
}

async fn engine(platform: &Client, tenant: &str, engine: &str) -> Value {
    platform.put(&format!("/tenants/{tenant}/engine"), &json!({ "engine": engine })).await.ok()
}

const NOT_FOUND: &str = "not found";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partners_phones_are_let_in_by_its_own_engine_and_by_no_other() {
    let mut stage = Stage::open().await;
    let (realm, user) = (stage.text("realm").to_owned(), stage.text("username").to_owned());
    assert_eq!((&stage.phone["server"], &stage.phone["port"]), (&json!("nodes.test"), &json!(5099)));

    // The demo's phone at this process, and not at nodes; Sydtel's the other way round.
    let anna = stage.product.phone("1000");
    let at_home = PhoneConfig::of(stage.product.sip_addr(), &anna.realm, &anna.username, &anna.password);
    let at_home = Phone::start(at_home).await;
    at_home.registered().await;
    assert!(stage.proof(&anna.realm, &anna.username).await.contains(NOT_FOUND));
    let told = stage.proof(&realm, &user).await;
    assert!(told.contains(&user) && told.contains("a1-hash"), "{told}");
    let stranger = stage.starts().await;
    let why = stranger.refused().await;
    assert!(why.starts_with("401") || why.starts_with("403"), "{why}");
    let ring = |realm: &str, user: &str| {
        [("section", "directory"), ("action", "user_call"), ("user", user), ("domain", realm)]
            .map(|(name, value)| (name, value.to_owned()))
    };
    for (realm, user, known) in [(&*realm, &*user, true), (&anna.realm, &anna.username, false)] {
        let question = ring(realm, user);
        let question = question.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(stage.asks(&question).await.contains(NOT_FOUND), !known);
    }

    // Chosen anew: the other way round, at once.
    stage.choose(Engine::Embedded).await;
    let phone = stage.starts().await;
    phone.registered().await;
    assert!(stage.proof(&realm, &user).await.contains(NOT_FOUND));

    // And back: the phone that was there is signed out.
    let mut events = stage.platform.events(&stage.sydtel.path("/events")).await;
    stage.choose(Engine::FreeSwitch).await;
    events.until("registration", |event| event["change"] == "revoked").await;
    let online = stage.platform.get(&stage.sydtel.pbx("/registrations")).await.ok();
    assert_eq!(online["total"], 0, "{online}");
    assert!(stage.proof(&realm, &user).await.contains("a1-hash"));
    stage.product.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_is_registered_by_the_engine_that_carries_its_partners_calls() {
    let mut stage = Stage::open().await;
    let line = Line::start(LineConfig::default()).await;
    let trunk = json!({
        "name": "Operatören", "kind": "registration", "host": line.address().ip().to_string(),
        "port": line.address().port(), "username": line.config.username, "password": line.config.password,
    });
    let trunk = stage.platform.post(&stage.sydtel.pbx("/trunks"), &trunk).await.ok();
    let id = trunk["id"].as_str().unwrap();
    stage.knows(|pbx| pbx.trunk(id.parse().unwrap()).is_some()).await;
    let gateways = [("section", "directory"), ("purpose", "gateways"), ("profile", "voxera")];
    assert!(stage.asks(&gateways).await.contains(id), "a node is to register it");
    assert!(line.contacts().borrow().is_empty(), "this process does not");

    stage.choose(Engine::Embedded).await;
    line.registered().await;
    assert!(!stage.asks(&gateways).await.contains(id));
    let mut changes = stage.product.server().control().lines().changes();
    let lines = stage.product.server().control().lines();
    let works = || lines.get(id.parse().unwrap()) == voxera_callcontrol::LineState::Up;
    changes.wait_for(|_| works()).await.unwrap();

    stage.choose(Engine::FreeSwitch).await;
    line.unregistered().await;
    assert!(stage.asks(&gateways).await.contains(id));
    changes.wait_for(|_| !works()).await.unwrap();
    stage.product.stop().await;
}

async fn open(portal: SocketAddr) -> Wire {
    let origin = format!("http://localhost:{}", portal.port());
    Wire::open(portal, &origin, Some("sip")).await.unwrap_or_else(|status| panic!("{status}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_brought_to_the_engine_of_its_partner_and_sent_on_when_that_changes() {
    let mut stage = Stage::open().await;
    let portal = stage.product.http_addr();
    let me = stage.product.api(USER).await;
    let phone = me.post("/me/phone", &json!({})).await.ok();
    assert_eq!(phone["names_addresses"], true, "ready for either engine");
    let text = |field: &str| phone[field].as_str().unwrap().to_owned();
    let page = || {
        let (user, password, realm) = (text("username"), text("password"), text("realm"));
        Browser::new(Credential { user, password, realm }, 0)
    };
    let mut browser = page();
    assert_eq!(browser.register(open(portal).await).await, 200);

    // Its partner's calls are to be carried by nodes: it is told to come again, and then no node works.
    let admin = stage.product.api(ADMIN).await;
    let tenant = stage.product.company(&admin).await.tenant;
    engine(&stage.platform, &tenant, "freeswitch").await;
    let goodbye = browser.leave().unwrap().closed().await;
    assert_eq!(goodbye.map(|(code, _)| code), Some(1012));
    let mine = me.get("/me/extension").await.ok();
    assert_eq!(mine["items"][0]["browser"], false, "no node takes browsers");
    let wire = open(portal).await;
    wire.send(format!("REGISTER sip:{} SIP/2.0\r\n\r\n", text("realm")).into_bytes()).await;
    assert_eq!(wire.closed().await.map(|(code, _)| code), Some(1013));

    engine(&stage.platform, &tenant, "embedded").await;
    let realm = Realm::parse(&text("realm")).unwrap();
    let directory = stage.product.server().control().directory();
    let back = || directory.pbx(&realm).is_some_and(|pbx| pbx.engine == Engine::Embedded);
    directory.changes().wait_for(|_| back()).await.unwrap();
    assert_eq!(page().register(open(portal).await).await, 200);
    stage.product.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_runs_the_installation_chooses_the_engine_and_nobody_else() {
    let mut stage = Stage::open().await;
    let status = stage.platform.get("/platform/status").await.ok();
    assert_eq!(
        (&status["engine"]["kind"], &status["engine"]["nodes"]["total"]),
        (&json!("per_tenant"), &json!(0))
    );
    let shown = stage.platform.get(&format!("/tenants/{}/engine", stage.sydtel.tenant)).await.ok();
    let nodes = json!({ "engine": "freeswitch", "server": "nodes.test", "port": 5099, "works": false });
    assert_eq!((&shown["engine"], &shown["choices"][1]), (&json!("freeswitch"), &nodes));

    let partner = stage.product.api(PARTNER).await;
    let own = stage.product.company(&stage.product.api(ADMIN).await).await.tenant;
    let chosen = json!({ "engine": "freeswitch" });
    partner.put(&format!("/tenants/{own}/engine"), &chosen).await.refused(403);
    let wrong = json!({ "engine": "asterisk" });
    let refused = stage.platform.put(&format!("/tenants/{own}/engine"), &wrong).await.refused(422);
    assert_eq!(refused["errors"][0]["field"], "/engine", "{refused}");
    let audit = stage.platform.get("/platform/audit?limit=200").await.ok();
    let entries = audit["items"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["action"] == "tenant.engine").unwrap();
    assert_eq!(
        (&entry["before"]["engine"], &entry["after"]["engine"]),
        (&json!("embedded"), &json!("freeswitch"))
    );
    stage.product.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_engine_carries_all_calls_there_is_nothing_to_choose() {
    let mut product = Product::start().await;
    let platform = product.api(PLATFORM).await;
    let tenant = product.company(&product.api(ADMIN).await).await.tenant;
    let shown = platform.get(&format!("/tenants/{tenant}/engine")).await.ok();
    assert_eq!((&shown["engine"], &shown["choices"]), (&Value::Null, &json!([])));
    let path = format!("/tenants/{tenant}/engine");
    let refused = platform.put(&path, &json!({ "engine": "freeswitch" })).await.refused(409);
    assert_eq!(refused["code"], "one_engine");
    assert_eq!(platform.get(&format!("/tenants/{tenant}")).await.ok()["engine"], Value::Null);
    product.stop().await;
}
