//! The product, its demo, and a node that carries its calls.

use super::phones;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;
use voxera_callflow::Extension;
use voxera_model::{Engine, Realm};
use voxera_testkit::PATIENCE;
use voxera_testkit::node::{LOOK, Node, SECRET};
use voxera_testkit::phone::{Phone, PhoneConfig};
use voxera_testkit::product::{ADMIN, Client, Company, Events, PLATFORM, Product, Setup};

/// A block of a `.pem`.
pub fn pem(name: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {name}-----\n{}\n-----END {name}-----\n", lines.join("\n"))
}

pub struct Stage {
    pub product: Product,
    pub node: Node,
    pub admin: Client,
    pub company: Company,
}

impl Stage {
    /// In this process.
    pub async fn open() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts the product and a node, and makes the one known to the other in the portal.
    pub async fn with(setup: Setup) -> Self {
        Self::on(setup, Node::start).await
    }

    /// With a node that is started so; the path is the folder of sounds.
    pub async fn on(setup: Setup, start: impl FnOnce(&mut Node, &Path)) -> Self {
        let node = Node::planned();
        let setup = setup.with("engine", "freeswitch").with("sip.listen", &node.sip().to_string());
        Self::raise(setup, node, start).await
    }

    /// With both engines: the demo's partner at the node, whoever comes later at this process.
    pub async fn beside() -> Self {
        let node = Node::planned();
        let setup = Setup::default().with("engine", "per_tenant");
        let setup = setup.with("freeswitch.phones", &node.sip().to_string());
        let stage = Self::raise(setup, node, Node::start).await;
        stage.move_to(Engine::FreeSwitch).await;
        stage
    }

    /// Lets another engine carry the calls of the demo's partner, until calls know it.
    pub async fn move_to(&self, engine: Engine) {
        let platform = self.product.api(PLATFORM).await;
        let path = format!("/tenants/{}/engine", self.company.tenant);
        platform.put(&path, &json!({ "engine": engine })).await.ok();
        let directory = self.product.server().control().directory();
        let realm = Realm::parse(&self.product.phone("1000").realm).unwrap();
        let moved = || directory.pbx(&realm).is_some_and(|pbx| pbx.engine == engine);
        directory.changes().wait_for(|_| moved()).await.unwrap();
    }

    async fn raise(setup: Setup, mut node: Node, start: impl FnOnce(&mut Node, &Path)) -> Self {
        let setup = setup
            .with("freeswitch.listen", &node.listener.to_string())
            .with("freeswitch.allowed", "127.0.0.0/8")
            .with("freeswitch.secret", SECRET);
        let product = setup.start().await;
        start(&mut node, &product.state_dir().join("media"));
        let platform = product.api(PLATFORM).await;
        let new = json!({
            "name": "test", "host": node.address.to_string(), "port": node.sip().port(),
            "control_host": node.address.to_string(), "control_port": node.control().port(),
            "password": node.password(),
        });
        platform.post("/platform/nodes", &new).await.ok();
        let admin = product.api(ADMIN).await;
        let company = product.company(&admin).await;
        let stage = Self { product, node, admin, company };
        stage.up().await;
        stage
    }

    /// Until the portal says that the node works, and phones can register.
    pub async fn up(&self) {
        let up = |node: &Value| node["state"] == "up";
        self.node_until("up", up).await;
        self.node.listens().await;
    }

    /// The node in the portal, once it is so.
    pub async fn node_until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let platform = self.product.api(PLATFORM).await;
        let so = async {
            loop {
                let list = platform.get("/platform/nodes").await.ok();
                if is_so(&list["items"][0]) {
                    return list["items"][0].clone();
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let Ok(node) = tokio::time::timeout(PATIENCE, so).await else {
            let list = platform.get("/platform/nodes").await.ok();
            panic!("the node is never {what}: {list}\n{}", self.node.log())
        };
        node
    }

    /// How the phone of an extension of the demo is set up.
    pub fn config(&self, extension: &str) -> PhoneConfig {
        let known = self.product.phone(extension);
        PhoneConfig::of(self.node.sip(), &known.realm, &known.username, &known.password)
    }

    /// The phone of an extension, registered, with a tone.
    pub async fn phone(&self, extension: &str, tone: u32) -> Phone {
        phones::phone(&self.product, extension, tone).await
    }

    /// A caller and a callee.
    pub async fn two(&self, caller: &str, callee: &str) -> (Phone, Phone) {
        phones::two(&self.product, caller, callee).await
    }

    /// The calls in the portal, the oldest first, once there are so many.
    pub async fn listed(&self, wanted: usize) -> Vec<Value> {
        phones::listed(&self.admin, &self.company, wanted).await
    }

    /// The latest call in the portal, once it says that it ended so.
    pub async fn ended_as(&self, outcome: &str) -> Value {
        let ended = async {
            loop {
                let list = self.admin.get(&self.company.pbx("/calls?sort=-started_at")).await.ok();
                if list["items"][0]["outcome"] == outcome {
                    return list["items"][0].clone();
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let Ok(call) = tokio::time::timeout(PATIENCE, ended).await else {
            panic!("no call ends as {outcome}: {:?}\n{}", self.listed(1).await, self.node.log())
        };
        call
    }

    /// The story of a call in English.
    pub async fn story(&self, call: &Value) -> Vec<String> {
        let path = self.company.pbx(&format!("/calls/{}", call["id"].as_str().unwrap()));
        let call = self.admin.get_in("en", &path).await.ok();
        let steps = call["trace"].as_array().unwrap();
        steps.iter().map(|step| step["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Until a menu takes keys.
    pub async fn menu_asks(&self, events: &mut Events) {
        let asks = |call: &Value| {
            let trace = call["trace"].as_array().map(Vec::as_slice).unwrap_or_default();
            trace.last().is_some_and(|step| step["code"] == "menu_asks")
        };
        events.until("call", asks).await;
    }

    /// Changes an extension in the portal, and waits until calls know it.
    pub async fn change(&self, number: &str, change: &Value, known: impl Fn(&Extension) -> bool) {
        let id = self.extension(number).await;
        self.admin.patch(&self.company.pbx(&format!("/extensions/{id}")), change).await.ok();
        self.known(|number_of, of| number_of == number && known(of)).await;
    }

    /// Until calls know such an extension.
    pub async fn known(&self, known: impl Fn(&str, &Extension) -> bool) {
        let directory = self.product.server().control().directory();
        let realm = Realm::parse(&self.product.phone("1000").realm).unwrap();
        let known = || {
            let pbx = directory.pbx(&realm);
            pbx.is_some_and(|pbx| {
                pbx.snapshot.extensions.iter().any(|(number, of)| known(number.as_str(), of))
            })
        };
        directory.changes().wait_for(|_| known()).await.unwrap();
    }

    /// The id of an extension.
    pub async fn extension(&self, number: &str) -> String {
        let found = self.admin.get(&self.company.pbx(&format!("/extensions?search={number}"))).await.ok();
        found["items"][0]["id"].as_str().unwrap().to_owned()
    }
}
