//! What a call costs without its sound: `cargo run --release -p voxera-callcontrol --example call_time`.
//!
//! Arrival, answer, hang-up and record, spooled to disk, in a PBX with 300 phones online. Prints
//! microseconds of wall time a call on one thread, and calls a second until all records are synced.

use chrono::{TimeDelta, Utc};
use std::fmt::Write as _;
use std::time::Instant;
use uuid::Uuid;
use voxera_callcontrol::{
    Arrival, CallControl, CallControlConfig, DeviceSecret, MediaSummary, PbxConfig, Registration, Transport,
};
use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Event, Party};
use voxera_model::{CallId, Dialled, ExtensionNumber};

const CALLS: u32 = 20_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = "story = \"\"\nsteps = []\n".to_owned();
    for n in 2000..2300 {
        writeln!(text, "[extensions.{n}]\nname = \"Person {n}\"\nonline = 1")?;
    }
    let snapshot = Scenario::parse("bench", &text)?.snapshot;
    let dir = tempfile::tempdir()?;
    let control = CallControl::start(CallControlConfig::new(dir.path()), None).await?;
    let mut devices = Vec::new();
    for (number, extension) in &snapshot.extensions {
        for device in &extension.devices {
            let (extension_number, name) = (number.clone(), extension.name.clone());
            let (ha1_md5, ha1_sha256) = ([0; 16], [0; 32]);
            devices.push(DeviceSecret {
                device: *device,
                extension: extension_number.clone(),
                name,
                ha1_md5,
                ha1_sha256,
            });
            control.presence().register(Registration {
                tenant: snapshot.tenant,
                customer: snapshot.customer,
                pbx: snapshot.pbx,
                extension: extension.id,
                extension_number,
                device: *device,
                contact: "sip:phone@127.0.0.1".into(),
                source: "127.0.0.1:5060".parse()?,
                transport: Transport::Udp,
                user_agent: None,
                registered_at: Utc::now(),
                expires_at: Utc::now() + TimeDelta::hours(1),
            });
        }
    }
    let caller = devices.first().map(|secret| secret.device).ok_or("no phone")?;
    control.directory().replace(PbxConfig { snapshot: snapshot.clone(), devices });
    let view = control.directory().pbx(&snapshot.realm).ok_or("no PBX")?;
    let dialled_number = ExtensionNumber::parse("2299")?;

    let start = Instant::now();
    for _ in 0..CALLS {
        let dialled = Dialled::Extension(dialled_number.clone());
        let (call, _) =
            control.arrive(&view, Arrival { call: CallId(Uuid::now_v7()), device: caller, dialled });
        let _ = call.advance(Event::Answered { by: dialled_number.clone() });
        let _ = call.advance(Event::HungUp { by: Party::Caller });
        call.finish(MediaSummary::default());
    }
    let decided = start.elapsed();
    control.flush().await;
    let synced = start.elapsed();
    println!("decided: {:.1} µs a call", decided.as_secs_f64() * 1e6 / f64::from(CALLS));
    println!("synced:  {:.0} calls a second", f64::from(CALLS) / synced.as_secs_f64());
    Ok(())
}
