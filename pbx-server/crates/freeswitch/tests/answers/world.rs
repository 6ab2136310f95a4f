//! Two companies in memory and the listener that nodes ask, with questions that a real `FreeSWITCH`
//! 1.11.1 sent (`fixtures/captures`).

use crate::xml::Element;
use base64::Engine as _;
use chrono::{TimeDelta, Utc};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;
use voxera_callcontrol::{
    CallControl, CallControlConfig, DeviceSecret, PbxConfig, Registration, Transport, TrunkKind, TrunkSecret,
    TrunkTransport,
};
use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Kind, Snapshot};
use voxera_freeswitch::{Config, FreeSwitch, Handle, Timing};
use voxera_model::{
    CustomerId, DeviceId, Engine, ExtensionNumber, Name, PbxId, PhoneNumber, Realm, TenantId, TrunkId,
};

pub const SECRET: &str = "a-secret-of-nodes-0123";
/// Anna's phone, of acme's 1000.
pub const ANNA: &str = "6f1c0e52-8a0d-4a57-9a3e-0c2b7f4d1a10";
/// Bertil's phone, of acme's 1001.
pub const BERTIL: &str = "b7a9d3f4-2c11-4e0b-8f6d-5e21c90a7b31";
/// The phone of globex' 1000.
pub const GLOBEX: &str = "d02b6c77-91fe-4c3a-b1a4-3f9e8d7c6b50";
/// Acme's line, whose calls come from 127.0.0.7.
pub const LINE: &str = "11111111-2222-4333-8444-555555555555";

const ACME_FILE: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
online = 1
[extensions.1001]
name = "Bertil Berg"
online = 1
mailbox = { longest = 60 }
[extensions.2000]
name = "Kundtjänst"
kind = "queue"
members = ["1001"]
[extensions.3000]
name = "Mötet"
kind = "conference"
max_members = 5
[numbers]
"+18005550100" = "1001"
"#;

const GLOBEX_FILE: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Greta Gren"
online = 1
"#;

pub struct World {
    pub control: CallControl,
    pub handle: Handle,
    dir: TempDir,
}

/// One answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn xml(&self) -> Element {
        assert_eq!(self.status, 200);
        Element::parse(&self.body)
    }

    pub fn is_not_found(&self) -> bool {
        self.xml().all("result").iter().any(|result| result.get("status") == Some("not found"))
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With something changed about acme.
    pub async fn with(change: impl FnOnce(&mut Snapshot)) -> Self {
        Self::at(tempfile::tempdir().unwrap(), change).await
    }

    /// A server that starts where another has stopped.
    pub async fn after(dir: TempDir) -> Self {
        Self::at(dir, |_| {}).await
    }

    /// Stops in order, and leaves what it had on disk.
    pub async fn stop(self) -> TempDir {
        self.handle.shutdown().await;
        self.control.shutdown().await;
        self.dir
    }

    async fn at(dir: TempDir, change: impl FnOnce(&mut Snapshot)) -> Self {
        let control = CallControl::start(CallControlConfig::new(dir.path()), None).await.unwrap();
        let mut acme = snapshot(ACME_FILE, "acme.test", 1, &[("1000", ANNA), ("1001", BERTIL)]);
        change(&mut acme);
        let line = TrunkSecret {
            id: TrunkId(LINE.parse().unwrap()),
            kind: TrunkKind::Registration,
            host: "127.0.0.7".into(),
            port: 5061,
            transport: TrunkTransport::Udp,
            username: Some("acme-trunk".into()),
            password: Some("gwpass".to_owned().into()),
            addresses: Vec::new(),
        };
        acme.trunks.push(voxera_callflow::Trunk {
            id: line.id,
            name: Name::parse("Telia").unwrap(),
            emergency: true,
        });
        register(&control, &acme, vec![line]);
        let globex = snapshot(GLOBEX_FILE, "globex.test", 2, &[("1000", GLOBEX)]);
        register(&control, &globex, Vec::new());
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            allowed: vec![("127.0.0.1".parse().unwrap(), 32)],
            secret: SECRET.to_owned().into(),
            timing: Timing::default(),
        };
        let handle = FreeSwitch::start(config, control.clone(), None).await.unwrap();
        Self { control, handle, dir }
    }

    /// A phone of acme comes online.
    pub fn online(&self, device: &str, number: &str) {
        let view = self.control.directory().pbx(&Realm::parse("acme.test").unwrap()).unwrap();
        let number = ExtensionNumber::parse(number).unwrap();
        online(&self.control, &view.snapshot, &number, DeviceId(device.parse().unwrap()));
    }

    /// Asks what was captured under this name.
    pub async fn asks(&self, capture: &str) -> Answer {
        self.ask(&Question::captured(capture)).await
    }

    pub async fn ask(&self, question: &Question) -> Answer {
        self.post("/freeswitch/xml", &question.form(), Some(SECRET)).await
    }

    /// As `mod_xml_curl` does it: a connection for each question.
    pub async fn post(&self, path: &str, body: &str, secret: Option<&str>) -> Answer {
        let mut stream = TcpStream::connect(self.handle.address).await.unwrap();
        let proof = secret.map_or_else(String::new, |secret| {
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("voxera:{secret}"));
            format!("Authorization: Basic {basic}\r\n")
        });
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: node\r\n{proof}User-Agent: freeswitch-xml/1.0\r\nAccept: */*\r\n\
             Connection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, body: body.to_owned() }
    }
}

/// A form, field by field.
#[derive(Debug, Clone)]
pub struct Question(pub Vec<(String, String)>);

impl Question {
    pub fn captured(name: &str) -> Self {
        Self(serde_urlencoded::from_str(&capture(name)).unwrap())
    }

    /// A hunt of this phone of acme: what was captured, with the variables that our directory gives.
    pub fn hunt(device: &str, destination: &str) -> Self {
        let mut question = Self::captured("dialplan_ext_to_ext");
        let id = Uuid::now_v7().to_string();
        let pbx = Uuid::from_u128(1).to_string();
        for (name, value) in [
            ("Hunt-Destination-Number", destination),
            ("Hunt-Context", "acme.test"),
            ("variable_user_context", "acme.test"),
            ("variable_domain_name", "acme.test"),
            ("variable_voxera_pbx", &pbx),
            ("variable_voxera_device", device),
            ("Hunt-Unique-ID", &id),
            ("Core-UUID", "node-1"),
        ] {
            question.set(name, value);
        }
        question
    }

    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn form(&self) -> String {
        serde_urlencoded::to_string(&self.0).unwrap()
    }

    /// The next hunt of the channel, when the script that it was given has run: with what it set, and
    /// what `FreeSWITCH` then says.
    pub fn next(&self, script: &Element, more: &[(&str, &str)]) -> Self {
        let mut next = self.clone();
        for (app, data) in script.actions() {
            match app.as_str() {
                "set" => {
                    let (name, value) = data.split_once('=').unwrap();
                    next.set(&format!("variable_{name}"), value);
                }
                "unset" => next.0.retain(|(known, _)| *known != format!("variable_{data}")),
                "transfer" => {
                    next.set("Hunt-Destination-Number", data.split(' ').next().unwrap());
                }
                _ => {}
            }
        }
        for (name, value) in more {
            next.set(name, value);
        }
        next
    }
}

pub fn capture(name: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    std::fs::read_to_string(dir.join(format!("{name}.form"))).unwrap()
}

fn snapshot(file: &str, realm: &str, pbx: u128, phones: &[(&str, &str)]) -> Snapshot {
    let mut snapshot = Scenario::parse(realm, file).unwrap().snapshot;
    snapshot.tenant = TenantId(Uuid::from_u128(100 + pbx));
    snapshot.customer = CustomerId(Uuid::from_u128(200 + pbx));
    snapshot.pbx = PbxId(Uuid::from_u128(pbx));
    snapshot.realm = Realm::parse(realm).unwrap();
    for (number, device) in phones {
        let number = ExtensionNumber::parse(number).unwrap();
        if let Some(Kind::User(user)) = snapshot.extensions.get_mut(&number).map(|found| &mut found.kind) {
            user.devices = vec![DeviceId(device.parse().unwrap())];
        }
    }
    snapshot.caller_id = snapshot.numbers.keys().next().cloned();
    snapshot
}

fn register(control: &CallControl, snapshot: &Snapshot, trunks: Vec<TrunkSecret>) {
    let mut devices = Vec::new();
    for (number, extension) in &snapshot.extensions {
        for device in extension.devices() {
            devices.push(DeviceSecret {
                device: *device,
                extension: number.clone(),
                name: extension.name.clone(),
                ha1_md5: [0xab; 16],
                ha1_sha256: [2; 32],
            });
            online(control, snapshot, number, *device);
        }
    }
    control.directory().replace(PbxConfig {
        snapshot: snapshot.clone(),
        engine: Engine::Embedded,
        devices,
        trunks,
    });
}

/// A public number.
pub fn public(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}

/// The applications of a script, by name; of those that come more than once, the last.
pub fn apps(script: &Element) -> BTreeMap<String, String> {
    script.actions().into_iter().collect()
}

fn online(control: &CallControl, snapshot: &Snapshot, number: &ExtensionNumber, device: DeviceId) {
    control.presence().register(Registration {
        tenant: snapshot.tenant,
        customer: snapshot.customer,
        pbx: snapshot.pbx,
        extension: snapshot.extensions[number].id,
        extension_number: number.clone(),
        device,
        contact: "sip:phone@127.0.0.1:5070".into(),
        source: "127.0.0.1:5070".parse().unwrap(),
        transport: Transport::Udp,
        user_agent: None,
        registered_at: Utc::now(),
        expires_at: Utc::now() + TimeDelta::minutes(10),
    });
}
