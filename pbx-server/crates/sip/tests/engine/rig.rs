//! Two companies of two tenants with the same extension numbers, an engine, and no database.

pub use voxera_testkit::PATIENCE;

use md5::{Digest, Md5};
use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use sha2::Sha256;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;
use voxera_callcontrol::{
    CallControl, CallControlConfig, CallEnded, DeviceSecret, LiveEvent, LiveFeed, LiveScope, PbxConfig,
};
use voxera_callflow::{Extension, Kind, Snapshot, User};
use voxera_model::{
    CustomerId, DeviceId, ExtensionId, ExtensionNumber, Name, PbxId, Realm, Seconds, TenantId,
};
use voxera_sip::{Engine, EngineConfig, EngineHandle, SipTimers};

pub const AKES: &str = "akes.pbx.localhost";
pub const BERITS: &str = "berits.pbx.localhost";

/// Anna 1000, Bertil 1001 with two phones, Cecilia 1002 who takes no second call.
const PEOPLE: [(&str, &str, u32, bool); 3] =
    [("1000", "Anna Åkesson", 1, true), ("1001", "Bertil Berg", 2, true), ("1002", "Cecilia Ek", 1, false)];

pub struct Rig {
    pub engine: EngineHandle,
    pub control: CallControl,
    pub feed: LiveFeed,
    _state: TempDir,
}

/// What is typed into a phone.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub user: String,
    pub password: String,
    pub realm: String,
    pub number: String,
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut EngineConfig)) -> Self {
        Self::by(|_| {}, change).await
    }

    /// With another clock than the machine's, or a line for help.
    pub async fn by(
        decides: impl FnOnce(&mut CallControlConfig),
        change: impl FnOnce(&mut EngineConfig),
    ) -> Self {
        watch_security();
        let state = tempfile::tempdir().unwrap();
        let mut config = CallControlConfig::new(state.path());
        decides(&mut config);
        let control = CallControl::start(config, None).await.unwrap();
        control.directory().replace(pbx(AKES, 1));
        control.directory().replace(pbx(BERITS, 2));
        let mut config = EngineConfig::new("127.0.0.1:0".parse().unwrap());
        // Every wait of the protocol, a tenth as long.
        config.timers = SipTimers {
            t1: Duration::from_millis(50),
            t2: Duration::from_millis(400),
            t4: Duration::from_millis(100),
        };
        // Each test is a process: its ports are its own.
        let window = 34_000 + u16::try_from(std::process::id() % 400).unwrap() * 64;
        config.media_ports = window..=window + 63;
        change(&mut config);
        let feed = control.live().subscribe(LiveScope::Platform);
        let engine = Engine::start(config, control.clone()).await.unwrap();
        Self { engine, control, feed, _state: state }
    }

    /// Until the next call is over.
    pub async fn ended(&mut self) -> CallEnded {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.feed.next()).await.unwrap().unwrap();
            if let LiveEvent::Ended { call } = event {
                return call;
            }
        }
    }

    /// Until the engine holds nothing of a call any more; what it keeps for repeats runs out too.
    pub async fn quiet(&self) {
        let empty = async {
            let mut look = tokio::time::interval(Duration::from_millis(10));
            loop {
                let stats = self.engine.stats();
                if (stats.calls, stats.dialogs, stats.media_ports) == (0, 0, 0) {
                    return;
                }
                look.tick().await;
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, empty).await.is_ok(),
            "something of a call is left: {:?}",
            self.engine.stats()
        );
    }
}

/// A phone's credentials.
pub fn phone(realm: &str, number: &str, nth: u32) -> Credentials {
    let user = device(realm, number, nth).to_string();
    Credentials { password: password(&user), user, realm: realm.into(), number: number.into() }
}

pub fn device(realm: &str, number: &str, nth: u32) -> DeviceId {
    DeviceId(Uuid::from_bytes(Md5::digest(format!("{realm}/{number}/{nth}")).into()))
}

/// What a phone with this user name knows.
pub fn credentials(realm: &str, user: &str) -> Credentials {
    Credentials { password: password(user), user: user.into(), realm: realm.into(), number: user.into() }
}

/// What the company knows of that phone.
pub fn secret(realm: &str, extension: &ExtensionNumber, device: DeviceId) -> DeviceSecret {
    let text = format!("{device}:{realm}:{}", password(&device.to_string()));
    DeviceSecret {
        device,
        extension: extension.clone(),
        name: Name::parse("Telefon").unwrap(),
        ha1_md5: Md5::digest(&text).into(),
        ha1_sha256: Sha256::digest(&text).into(),
    }
}

fn password(user: &str) -> String {
    format!("secret of {user}")
}

/// One company, without lines.
pub fn pbx(realm: &str, id: u128) -> PbxConfig {
    let mut devices = Vec::new();
    let extensions = PEOPLE.iter().map(|(number, name, phones, call_waiting)| {
        let own: Vec<DeviceId> = (0..*phones).map(|nth| device(realm, number, nth)).collect();
        let extension = ExtensionNumber::parse(number).unwrap();
        devices.extend(own.iter().map(|device| secret(realm, &extension, *device)));
        let known = Extension {
            id: ExtensionId(Uuid::from_bytes(Md5::digest(format!("{realm}/{number}")).into())),
            name: Name::parse(name).unwrap(),
            kind: Kind::User(User { ring_for: Seconds(5), call_waiting: *call_waiting, ..User::new(own) }),
            recording: None,
        };
        (extension, known)
    });
    let extensions = extensions.collect();
    let mut snapshot = Snapshot {
        extensions,
        ..Snapshot::new(
            TenantId(Uuid::from_u128(id)),
            CustomerId(Uuid::from_u128(id)),
            PbxId(Uuid::from_u128(id)),
            Name::parse("Kontoret").unwrap(),
            Realm::parse(realm).unwrap(),
        )
    };
    snapshot.index();
    PbxConfig { snapshot, engine: voxera_model::Engine::Embedded, devices, trunks: Vec::new() }
}

/// How often this kind was reported in this test: its engine runs on the test's own thread, so that
/// what other tests provoke at the same time does not count.
pub fn reported(kind: &str) -> u64 {
    COUNTS.with_borrow(|counts| counts.get(kind).copied().unwrap_or(0))
}

/// All of them: what a test that expects one kind says about the others.
pub fn all_reported() -> u64 {
    COUNTS.with_borrow(|counts| counts.values().sum())
}

thread_local! {
    static COUNTS: RefCell<HashMap<String, u64>> = RefCell::default();
}

fn watch_security() {
    // A second rig in one test finds it there.
    let _ = metrics::set_global_recorder(Watch);
}

struct Watch;

struct Counted(String);

impl CounterFn for Counted {
    fn increment(&self, value: u64) {
        COUNTS.with_borrow_mut(|counts| *counts.entry(self.0.clone()).or_default() += value);
    }

    fn absolute(&self, _: u64) {}
}

impl Recorder for Watch {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() != "voxera_security_events_total" {
            return Counter::noop();
        }
        let kind = key.labels().map(|label| label.value().to_owned()).collect();
        Counter::from_arc(Arc::new(Counted(kind)))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
