//! A PBX in memory and phones that are online, without a database.

use chrono::{TimeDelta, Utc};
use std::sync::Arc;
use uuid::Uuid;
use voxera_callcontrol::{
    Arrival, ArrivedFrom, Call, CallControl, CallControlConfig, Clock, DeviceSecret, Hand, PbxConfig,
    PbxView, Registration, Transport,
};
use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Action, Event, Peer, Snapshot};
use voxera_model::{CallId, DeviceId, Dialled, Engine, ExtensionId, ExtensionNumber, PhoneNumber, TrunkId};

/// Anna (1000) and Bertil (1001), each with one phone; Bertil takes no second call.
pub const ANNA_AND_BERTIL: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
online = 1
[extensions.1001]
name = "Bertil Berg"
online = 1
call_waiting = false
[extensions.1002]
name = "Cecilia Cederlund"
online = 1
"#;

pub struct Setup {
    pub control: CallControl,
    pub view: Arc<PbxView>,
    /// Moves the time that calls go by.
    pub hand: Hand,
}

/// Somebody of the PBX picked up.
pub fn answered(by: &str) -> Event {
    Event::Answered { by: Peer::Extension(number(by)) }
}

pub fn number(text: &str) -> ExtensionNumber {
    ExtensionNumber::parse(text).unwrap()
}

/// A PBX as the store would hand it over, with a credential for every phone.
pub fn config(snapshot: &Snapshot) -> PbxConfig {
    let devices = snapshot.extensions.iter().flat_map(|(number, extension)| {
        extension.devices().iter().map(|device| DeviceSecret {
            device: *device,
            extension: number.clone(),
            name: extension.name.clone(),
            ha1_md5: [1; 16],
            ha1_sha256: [2; 32],
        })
    });
    let (snapshot, engine) = (snapshot.clone(), Engine::Embedded);
    PbxConfig { snapshot, engine, devices: devices.collect(), trunks: Vec::new() }
}

impl Setup {
    /// Starts on `dir` and puts every phone of the scenario online.
    pub async fn new(dir: &std::path::Path, scenario: &Scenario) -> Self {
        let mut settings = CallControlConfig::new(dir);
        let (clock, hand) = Clock::by_hand(Utc::now());
        settings.clock = clock;
        let control = CallControl::start(settings, None).await.unwrap();
        control.directory().replace(config(&scenario.snapshot));
        let view = control.directory().pbx(&scenario.snapshot.realm).unwrap();
        let setup = Self { control, view, hand };
        for extension in scenario.snapshot.extensions.values() {
            let online = scenario.facts.extensions.get(&extension.id).map_or(0, |facts| facts.online);
            for device in extension.devices().iter().take(online.into()) {
                setup.control.presence().register(setup.registration(*device, 60));
            }
        }
        setup
    }

    pub fn registration(&self, device: DeviceId, seconds: i64) -> Registration {
        let snapshot = &self.view.snapshot;
        let extension_number = self.view.device(device).unwrap().extension.clone();
        Registration {
            tenant: snapshot.tenant,
            customer: snapshot.customer,
            pbx: snapshot.pbx,
            extension: snapshot.extensions[&extension_number].id,
            extension_number,
            device,
            contact: "sip:phone@127.0.0.1:5070".into(),
            source: "127.0.0.1:5070".parse().unwrap(),
            transport: Transport::Udp,
            user_agent: None,
            registered_at: Utc::now(),
            expires_at: Utc::now() + TimeDelta::seconds(seconds),
        }
    }

    pub fn phone_of(&self, extension: &str) -> DeviceId {
        self.view.snapshot.extensions[&number(extension)].devices()[0]
    }

    pub fn call(&self, from: &str, dialled: &str) -> (Call, Vec<Action>) {
        let arrival = Arrival {
            call: CallId(Uuid::now_v7()),
            from: ArrivedFrom::Device(self.phone_of(from)),
            dialled: Dialled::parse(dialled),
        };
        self.control.arrive(&self.view, arrival)
    }

    /// A call from the public network; `None`: it hides its number.
    pub fn outside_calls(&self, number: Option<&str>, dialled: &str) -> (Call, Vec<Action>) {
        let number = number.map(|number| PhoneNumber::parse(number).unwrap());
        let arrival = Arrival {
            call: CallId(Uuid::now_v7()),
            from: ArrivedFrom::Line { trunk: TrunkId(Uuid::nil()), number },
            dialled: Dialled::parse(dialled),
        };
        self.control.arrive(&self.view, arrival)
    }

    pub fn id_of(&self, extension: &str) -> ExtensionId {
        self.view.snapshot.extensions[&number(extension)].id
    }

    /// How many calls somebody is in, ringing ones included.
    pub fn calls_of(&self, extension: &str) -> u16 {
        let facts = self.control.presence().availability(self.view.snapshot.pbx);
        facts.get(&self.id_of(extension)).map_or(0, |facts| facts.calls)
    }
}
