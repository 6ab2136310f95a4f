//! A company with an engine of its own, no database, and real phones that know their passwords.

use md5::{Digest, Md5};
use sha2::Sha256;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;
use voxera_audio::{Library, LibraryConfig, Place};
use voxera_callcontrol::{
    CallControl, CallControlConfig, CallEnded, Clock, DeviceSecret, LiveCall, LiveEvent, LiveFeed, LiveScope,
    PbxConfig, RegistrationChange,
};
use voxera_callflow::Snapshot;
use voxera_callflow::scenario::Scenario;
use voxera_model::{DeviceId, ExtensionId, ExtensionNumber, Name};
use voxera_sip::{Engine, EngineConfig, EngineHandle, EngineStats};
use voxera_testkit::PATIENCE;
use voxera_testkit::phone::PhoneConfig;
use voxera_testkit::sipp::User;

/// Anna, Bertil, Cecilia and David; David takes no second call.
pub const FOUR: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
[extensions.1001]
name = "Bertil Berg"
phones = 2
[extensions.1002]
name = "Cecilia Cederlund"
[extensions.1003]
name = "David Dahl"
call_waiting = false
"#;

pub struct Company {
    pub control: CallControl,
    pub engine: EngineHandle,
    pub snapshot: Snapshot,
    pub library: Library,
    passwords: HashMap<DeviceId, String>,
    feed: LiveFeed,
    state: TempDir,
}

impl Company {
    /// The company of these extensions, on a free port of loopback.
    pub async fn open(extensions: &str) -> Self {
        let scenario = Scenario::parse("company", extensions).unwrap();
        Self::of(scenario.snapshot, &[], |_| {}).await
    }

    /// The company of a snapshot; `without_extension`: numbers whose phones are left although the
    /// extension is gone.
    pub async fn of(
        snapshot: Snapshot,
        without_extension: &[(ExtensionNumber, DeviceId)],
        change: impl FnOnce(&mut EngineConfig),
    ) -> Self {
        Self::set_up(snapshot, without_extension, Clock::default(), change).await
    }

    /// The company of these extensions, whose calls go by this clock.
    pub async fn by(clock: Clock, extensions: &str) -> Self {
        let scenario = Scenario::parse("company", extensions).unwrap();
        Self::set_up(scenario.snapshot, &[], clock, |_| {}).await
    }

    async fn set_up(
        snapshot: Snapshot,
        without_extension: &[(ExtensionNumber, DeviceId)],
        clock: Clock,
        change: impl FnOnce(&mut EngineConfig),
    ) -> Self {
        let state = tempfile::tempdir().unwrap();
        let library = Library::new(LibraryConfig::new(state.path().join("media"))).unwrap();
        let mut settings = CallControlConfig::new(state.path());
        settings.library = Some(library.clone());
        settings.clock = clock;
        let control = CallControl::start(settings, None).await.unwrap();
        let feed = control.live().subscribe(LiveScope::Platform);
        let mut passwords = HashMap::new();
        let present = snapshot.extensions.iter();
        let present = present.flat_map(|(number, of)| of.devices().iter().map(|id| (number.clone(), *id)));
        let devices = present
            .chain(without_extension.iter().cloned())
            .map(|(extension, device)| {
                let password = Uuid::new_v4().simple().to_string();
                let ha1 = format!("{device}:{}:{password}", snapshot.realm);
                passwords.insert(device, password);
                DeviceSecret {
                    device,
                    extension,
                    name: Name::parse("Telefon").unwrap(),
                    ha1_md5: Md5::digest(&ha1).into(),
                    ha1_sha256: Sha256::digest(&ha1).into(),
                }
            })
            .collect();
        control.directory().replace(PbxConfig {
            snapshot: snapshot.clone(),
            engine: voxera_model::Engine::Embedded,
            devices,
            trunks: Vec::new(),
        });
        let mut config = EngineConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        // Tests that run at the same time share the machine's ports: each has a window of its own, with
        // room for what others hold in it.
        let window = 10_000 + u16::try_from(std::process::id() % 40).unwrap() * 1_000;
        config.media_ports = window..=window + 999;
        config.library = Some(library.clone());
        change(&mut config);
        let engine = Engine::start(config, control.clone()).await.unwrap();
        Self { control, engine, snapshot, library, passwords, feed, state }
    }

    /// Where the company's sounds lie.
    pub fn place(&self) -> Place {
        Place { tenant: self.snapshot.tenant, customer: self.snapshot.customer }
    }

    /// A folder of nobody's, gone with the company.
    pub fn desk(&self) -> &Path {
        self.state.path()
    }

    /// The files of one kind: `messages` or `recordings`.
    pub fn kept(&self, kind: &str) -> Vec<PathBuf> {
        let place = self.place();
        let folder = self.state.path().join("media").join(place.tenant.to_string());
        let files = std::fs::read_dir(folder.join(place.customer.to_string()).join(kind));
        files.into_iter().flatten().map(|file| file.unwrap().path()).collect()
    }

    /// The id of an extension.
    pub fn id(&self, extension: &str) -> ExtensionId {
        self.snapshot.extensions[&number(extension)].id
    }

    /// What the owner of an extension types into the nth of its phones.
    pub fn credentials(&self, extension: &str, nth: usize) -> (DeviceId, &str) {
        let device = self.snapshot.extensions[&number(extension)].devices()[nth];
        (device, &self.passwords[&device])
    }

    /// The same, for a phone that `SIPp` plays.
    pub fn user(&self, extension: &str) -> User {
        let (device, password) = self.credentials(extension, 0);
        User {
            name: device.to_string(),
            password: password.to_owned(),
            realm: self.snapshot.realm.to_string(),
        }
    }

    /// The phone of an extension, over UDP.
    pub fn phone(&self, extension: &str) -> PhoneConfig {
        self.nth_phone(extension, 0)
    }

    /// One of an extension's phones, over UDP.
    pub fn nth_phone(&self, extension: &str, nth: usize) -> PhoneConfig {
        self.phone_of(self.credentials(extension, nth).0, extension)
    }

    /// A phone by its device.
    pub fn phone_of(&self, device: DeviceId, display: &str) -> PhoneConfig {
        let realm = self.snapshot.realm.to_string();
        PhoneConfig::of(self.engine.local_addr(), &realm, &device.to_string(), &self.passwords[&device])
            .named(display)
    }

    /// Until the next call is over, and its record is safe on disk.
    pub async fn ended(&mut self) -> CallEnded {
        let call = next_ended(&mut self.feed).await;
        self.control.flush().await;
        call
    }

    /// Stops the engine as a server does that is switched off, and gives the call that was up.
    pub async fn stop(self) -> CallEnded {
        let Self { engine, mut feed, .. } = self;
        engine.shutdown().await;
        next_ended(&mut feed).await
    }

    /// Until a live call is like this.
    pub async fn live(&mut self, what: &str, is_so: impl Fn(&LiveCall) -> bool) {
        let seen = async {
            loop {
                if let LiveEvent::Call { call } = self.feed.next().await.unwrap()
                    && is_so(&call)
                {
                    return;
                }
            }
        };
        assert!(tokio::time::timeout(PATIENCE, seen).await.is_ok(), "waited in vain: {what}");
    }

    /// Until a phone has signed out.
    pub async fn signed_out(&mut self) {
        loop {
            if let LiveEvent::Registration { change: RegistrationChange::Unregistered, .. } =
                self.feed.next().await.unwrap()
            {
                return;
            }
        }
    }

    /// Until the engine holds nothing of a call any more.
    pub async fn quiet(&self) {
        self.until(|stats| (stats.calls, stats.dialogs, stats.media_ports) == (0, 0, 0)).await;
    }

    /// Until the engine holds not even an answer for those who might ask again.
    pub async fn silent(&self) {
        self.until(|s| (s.calls, s.dialogs, s.media_ports, s.transactions) == (0, 0, 0, 0)).await;
    }

    async fn until(&self, fits: impl Fn(EngineStats) -> bool) {
        let fit = async {
            let mut look = tokio::time::interval(Duration::from_millis(10));
            while !fits(self.engine.stats()) {
                look.tick().await;
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, fit).await.is_ok(),
            "something of a call is left: {:?}",
            self.engine.stats()
        );
    }
}

/// Until something that tells nobody has come about.
pub async fn come_true(what: &str, mut is_true: impl FnMut() -> bool) {
    let true_now = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while !is_true() {
            look.tick().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, true_now).await.is_ok(), "waited in vain: {what}");
}

async fn next_ended(feed: &mut LiveFeed) -> CallEnded {
    loop {
        if let LiveEvent::Ended { call } = feed.next().await.unwrap() {
            return call;
        }
    }
}

pub fn number(text: &str) -> ExtensionNumber {
    ExtensionNumber::parse(text).unwrap()
}
