//! What `FreeSWITCH` is answered, beside a handler that reads the same question and answers a fixed
//! text: 1,000 companies (each of a tenant of its own) of 50 people, a connection for each question, as `mod_xml_curl` does it.

use crate::Outcome;
use crate::process::Measured;
use crate::series::{Series, alone, heading, line, quantile};
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use chrono::{TimeDelta, Utc};
use reqwest::Client;
use serde_json::json;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::interval;
use uuid::Uuid;
use voxera_callcontrol::{CallControl, CallControlConfig, DeviceSecret, PbxConfig, Registration, Transport};
use voxera_callflow::{Extension, Kind, Snapshot, User};
use voxera_freeswitch::{Config, FreeSwitch, Timing};
use voxera_model::{
    CustomerId, DeviceId, Engine, ExtensionId, ExtensionNumber, Name, PbxId, Realm, Seconds, TenantId,
};

const COMPANIES: u128 = 1_000;
const PEOPLE: u128 = 50;
const ROUNDS: usize = 5;
const SECONDS: u64 = 3;
const CONNECTIONS: usize = 16;
/// Questions a second at which latency is measured.
const RATE: u64 = 1_000;
const SECRET: &str = "measurements-only-0123456789";
/// As a real one asked; the fields that name the caller are put in.
const HUNT: &str = include_str!("../../freeswitch/tests/fixtures/captures/dialplan_ext_to_ext.form");
const RINGS: &str = include_str!("../../freeswitch/tests/fixtures/captures/directory_user_call.form");
const PROOF: &str = include_str!("../../freeswitch/tests/fixtures/captures/directory_sip_auth_register.form");
/// As long as an answer to a hunt.
const FIXED: &str = include_str!("../../../templates/freeswitch/sofia.xml");

pub async fn run() -> Outcome<()> {
    let ours = Measured::role(&["as-answers"]).await?;
    let bare = Measured::role(&["as-bare-answers"]).await?;
    let (ours_url, bare_url) = (url(&ours)?, url(&bare)?);
    let client = Client::builder().pool_max_idle_per_host(0).build()?;
    heading(&format!("FreeSWITCH is answered: {COMPANIES} companies of {PEOPLE}, a connection for each"));
    let forms = [
        ("proofs of phones", proof as Form),
        ("calls that begin", hunt as Form),
        ("phones to ring", rings as Form),
    ];
    for (what, form) in forms {
        let (mut fast, mut fast_bare) = (Series::default(), Series::default());
        let (mut late, mut late_bare) = (Series::default(), Series::default());
        for _ in 0..ROUNDS {
            fast.push(saturate(&client, &ours_url, form).await?);
            fast_bare.push(saturate(&client, &bare_url, form).await?);
            late.push(paced(&client, &ours_url, form).await?);
            late_bare.push(paced(&client, &bare_url, form).await?);
        }
        line(&format!("{what}, a second"), "", &fast, &fast_bare);
        line(&format!("{what}, 99 % at {RATE}/s"), "ms", &late, &late_bare);
    }
    let mut memory = Series::default();
    memory.push(ours.memory()? / 1e6);
    alone("memory, with all companies", "MB", &memory);
    Ok(())
}

fn url(of: &Measured) -> Outcome<String> {
    Ok(format!("http://{}/freeswitch/xml", of.text("http")?))
}

/// The engine without nodes, with every company in memory.
pub async fn engine() -> Outcome<()> {
    let state = tempfile::tempdir()?;
    let control = CallControl::start(CallControlConfig::new(state.path()), None).await?;
    for company in 0..COMPANIES {
        let config = pbx(company)?;
        online(&control, &config);
        control.directory().replace(config);
    }
    let config = Config {
        listen: "127.0.0.1:0".parse()?,
        allowed: vec![("127.0.0.0".parse()?, 8)],
        secret: SECRET.to_owned().into(),
        timing: Timing::default(),
    };
    let handle = FreeSwitch::start(config, control, None).await?;
    println!("{}", json!({ "http": handle.address.to_string() }));
    pending().await
}

/// Every phone is there.
fn online(control: &CallControl, config: &PbxConfig) {
    let snapshot = &config.snapshot;
    for secret in &config.devices {
        control.presence().register(Registration {
            tenant: snapshot.tenant,
            customer: snapshot.customer,
            pbx: snapshot.pbx,
            extension: snapshot.extensions[&secret.extension].id,
            extension_number: secret.extension.clone(),
            device: secret.device,
            contact: "sip:phone@127.0.0.1:5070".into(),
            source: ([127, 0, 0, 1], 5070).into(),
            transport: Transport::Udp,
            user_agent: None,
            registered_at: Utc::now(),
            expires_at: Utc::now() + TimeDelta::hours(1),
        });
    }
}

/// The least that anybody who answers does.
pub async fn bare() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", json!({ "http": listener.local_addr()?.to_string() }));
    let router = Router::new().route("/freeswitch/xml", post(|_: Bytes| async { FIXED }));
    axum::serve(listener, router).await?;
    Ok(())
}

fn device(company: u128, person: u128) -> Uuid {
    Uuid::from_u128((company + 1) << 32 | (person + 1))
}

fn pbx(company: u128) -> Outcome<PbxConfig> {
    let id = |kind: u128| Uuid::from_u128(kind << 96 | company);
    let wrong = |error: voxera_model::Invalid| error.message;
    let realm = Realm::parse(&format!("c{company}.pbx.example")).map_err(wrong)?;
    let name = Name::parse(&format!("Company {company}")).map_err(wrong)?;
    let (tenant, customer, pbx) = (TenantId(id(1)), CustomerId(id(2)), PbxId(id(3)));
    let mut snapshot = Snapshot::new(tenant, customer, pbx, name, realm);
    let mut devices = Vec::new();
    for person in 0..PEOPLE {
        let number = ExtensionNumber::parse(&(1_000 + person).to_string()).map_err(wrong)?;
        let name = Name::parse(&format!("Person {person}")).map_err(wrong)?;
        let device = DeviceId(device(company, person));
        let mut user = User::new(vec![device]);
        user.ring_for = Seconds(25);
        let extension = ExtensionId(Uuid::from_u128(4 << 96 | company << 32 | person));
        let kind = Kind::User(user);
        snapshot
            .extensions
            .insert(number.clone(), Extension { id: extension, name: name.clone(), kind, recording: None });
        devices.push(DeviceSecret { device, extension: number, name, ha1_md5: [1; 16], ha1_sha256: [2; 32] });
    }
    snapshot.index();
    Ok(PbxConfig { snapshot, engine: Engine::Embedded, devices, trunks: Vec::new() })
}

type Form = fn(u64) -> String;

/// A captured form with other values; a value of ours needs no escape.
fn with(form: &str, values: &[(&str, String)]) -> String {
    let kept = form.trim().split('&').filter(|field| {
        let name = field.split('=').next().unwrap_or_default();
        values.iter().all(|(known, _)| *known != name)
    });
    let ours = values.iter().map(|(name, value)| format!("{name}={value}"));
    kept.map(str::to_owned).chain(ours).collect::<Vec<_>>().join("&")
}

fn proof(turn: u64) -> String {
    let (company, person) = (u128::from(turn) % COMPANIES, u128::from(turn) / 7 % PEOPLE);
    let (user, realm) = (device(company, person).to_string(), format!("c{company}.pbx.example"));
    with(
        PROOF,
        &[
            ("user", user.clone()),
            ("sip_to_user", user),
            ("domain", realm.clone()),
            ("sip_to_host", realm.clone()),
            ("sip_from_host", realm),
        ],
    )
}

fn rings(turn: u64) -> String {
    let (company, person) = (u128::from(turn) % COMPANIES, u128::from(turn) / 7 % PEOPLE);
    let realm = format!("c{company}.pbx.example");
    with(
        RINGS,
        &[("user", device(company, person).to_string()), ("domain", realm.clone()), ("key_value", realm)],
    )
}

fn hunt(turn: u64) -> String {
    let (company, person) = (u128::from(turn) % COMPANIES, u128::from(turn) / 7 % PEOPLE);
    let realm = format!("c{company}.pbx.example");
    with(
        HUNT,
        &[
            ("Hunt-Unique-ID", Uuid::now_v7().to_string()),
            ("Hunt-Destination-Number", (1_000 + (person + 1) % PEOPLE).to_string()),
            ("Hunt-Context", realm.clone()),
            ("variable_user_context", realm.clone()),
            ("variable_domain_name", realm.clone()),
            ("variable_sip_from_host", realm.clone()),
            ("variable_sip_req_host", realm),
            ("variable_voxera_pbx", Uuid::from_u128(3 << 96 | company).to_string()),
            ("variable_voxera_device", device(company, person).to_string()),
        ],
    )
}

async fn ask(client: &Client, url: &str, body: String) -> Outcome<()> {
    let asked = client.post(url).basic_auth("node", Some(SECRET)).body(body);
    let answer = asked.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    if status.is_success() && !text.contains("not found") {
        Ok(())
    } else {
        Err(format!("{status}: {text}").into())
    }
}

/// Answers a second, as many as can be had.
async fn saturate(client: &Client, url: &str, form: Form) -> Outcome<f64> {
    static TURN: AtomicU64 = AtomicU64::new(0);
    let (start, done) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut askers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, url, done) = (client.clone(), url.to_owned(), Arc::clone(&done));
        askers.spawn(async move {
            while start.elapsed() < Duration::from_secs(SECONDS) {
                ask(&client, &url, form(TURN.fetch_add(1, Ordering::Relaxed))).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Ok(())
        });
    }
    while let Some(asker) = askers.join_next().await {
        asker??;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}

/// The 99th percentile in milliseconds, while questions come at a steady rate whatever becomes of them.
async fn paced(client: &Client, url: &str, form: Form) -> Outcome<f64> {
    let mut beat = interval(Duration::from_secs(1) / u32::try_from(RATE)?);
    let mut asked = JoinSet::new();
    for turn in 0..RATE * SECONDS {
        beat.tick().await;
        let (client, url) = (client.clone(), url.to_owned());
        asked.spawn(async move {
            let body = form(turn);
            let start = Instant::now();
            ask(&client, &url, body).await?;
            Outcome::Ok(start.elapsed().as_secs_f64() * 1e3)
        });
    }
    let mut times = Vec::new();
    while let Some(time) = asked.join_next().await {
        times.push(time??);
    }
    Ok(quantile(&mut times, 0.99))
}
