//! The API beside a bare handler: the list of a PBX's extensions, from the same database.
//!
//! Ours checks the token, the role and the ids, opens a transaction under row-level security, and
//! takes search and sorting; the baseline runs the two queries and nothing else.

use crate::Outcome;
use crate::process::Measured;
use crate::series::{Series, alone, heading, line, quantile};
use reqwest::Client;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use voxera_store::embedded::{Postgres, PostgresConfig};

const ROUNDS: usize = 5;
const SECONDS: u64 = 3;
const CONNECTIONS: usize = 16;

pub async fn run() -> Outcome<()> {
    let Ok(binary) = std::env::var("VOXERA_BIN") else {
        heading("API: skipped, VOXERA_BIN does not name the server");
        return Ok(());
    };
    // Not in the home of root: PostgreSQL runs as somebody else then.
    let folder = tempfile::Builder::new().prefix("voxera-bench").tempdir_in("/var/tmp")?;
    let config = PostgresConfig { data_dir: folder.path().join("postgres"), binaries: None };
    let postgres = Postgres::start(config).await?;
    let client = Client::builder().pool_max_idle_per_host(CONNECTIONS).build()?;
    let product = Product::start(&binary, &folder.path().join("state"), postgres.url(), &client).await?;

    let schema = format!("t_{}", product.tenant.replace('-', ""));
    let bare = Measured::role(&["as-bare-handler", postgres.url(), &schema, &product.pbx]).await?;
    let bare_url = format!("http://{}/extensions", bare.text("http")?);

    heading("API: a page of extensions, 16 connections");
    let (mut ours, mut baseline, mut health) = (Series::default(), Series::default(), Series::default());
    for _ in 0..ROUNDS {
        ours.push(saturate(&client, &product.extensions(), &product.token).await?);
        baseline.push(saturate(&client, &bare_url, "").await?);
        health.push(saturate(&client, &product.url("/healthz"), "").await?);
    }
    line("requests a second", "", &ours, &baseline);
    alone("/healthz, without a query of ours", "", &health);

    let (mut ours_late, mut baseline_late) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        ours_late.push(late(&client, &product.extensions(), &product.token, ours.median() / 2.0).await?);
        baseline_late.push(late(&client, &bare_url, "", baseline.median() / 2.0).await?);
    }
    line("95 % at half of that, each", "ms", &ours_late, &baseline_late);
    drop(product);
    postgres.stop().await?;
    Ok(())
}

/// The product with its demo.
struct Product {
    _child: Child,
    origin: String,
    token: String,
    tenant: String,
    customer: String,
    pbx: String,
}

impl Product {
    async fn start(binary: &str, state: &Path, database: &str, client: &Client) -> Outcome<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let origin = format!("http://127.0.0.1:{port}");
        let child = Command::new(binary)
            .arg("serve")
            // Ours, and no key of its configuration.
            .env_remove("VOXERA_BIN")
            .env("VOXERA_STATE_DIR", state)
            .env("VOXERA_LISTEN", format!("127.0.0.1:{port}"))
            .env("VOXERA_SIP_LISTEN", "127.0.0.1:0")
            .env("VOXERA_DEMO_ENABLED", "true")
            .env("VOXERA_LOG_LEVEL", "warn")
            // One machine plays all clients here.
            .env("VOXERA_LIMITS_REQUESTS_PER_MINUTE", "10000000")
            .env("DATABASE_URL", database)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let demo = demo_of(state).await?;
        until_ready(client, &format!("{origin}/readyz")).await?;
        let email = demo["logins"]
            .as_array()
            .and_then(|logins| logins.iter().find(|login| login["role"] == "customer_admin"))
            .and_then(|login| login["email"].as_str())
            .ok_or("the demo has no customer admin")?;
        let body = json!({ "email": email, "password": demo["password"] });
        let login: Value = client
            .post(format!("{origin}/api/v1/auth/login"))
            .json(&body)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("the answer is not as expected");
        let token = text(&login["access_token"])?;
        let membership = &login["memberships"][0];
        let (tenant, customer) = (text(&membership["tenant"])?, text(&membership["customer"])?);
        let pbxs = format!("{origin}/api/v1/tenants/{tenant}/customers/{customer}/pbxs");
        let pbxs: Value =
            client.get(pbxs).bearer_auth(&token).send().await?.error_for_status()?.json().await?;
        let pbx = text(&pbxs["items"][0]["id"])?;
        Ok(Self { _child: child, origin, token, tenant, customer, pbx })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn extensions(&self) -> String {
        let Self { tenant, customer, pbx, .. } = self;
        self.url(&format!("/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions"))
    }
}

async fn until_ready(client: &Client, url: &str) -> Outcome<()> {
    let end = Instant::now() + Duration::from_mins(1);
    while Instant::now() < end {
        if client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err("the product is not ready".into())
}

/// The demo's file, which is written when everything is made.
async fn demo_of(state: &Path) -> Outcome<Value> {
    let end = Instant::now() + Duration::from_mins(1);
    while Instant::now() < end {
        if let Ok(text) = std::fs::read_to_string(state.join("demo.json")) {
            return Ok(serde_json::from_str(&text)?);
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err("the product did not start".into())
}

async fn one(client: &Client, url: &str, token: &str) -> Outcome<()> {
    let answer = client.get(url).bearer_auth(token).send().await?.error_for_status()?;
    answer.bytes().await?;
    Ok(())
}

/// Requests a second when every connection asks again at once.
async fn saturate(client: &Client, url: &str, token: &str) -> Outcome<f64> {
    let (start, mut asking) = (Instant::now(), JoinSet::new());
    for _ in 0..CONNECTIONS {
        let (client, url, token) = (client.clone(), url.to_owned(), token.to_owned());
        asking.spawn(async move {
            let mut asked = 0_u32;
            while start.elapsed() < Duration::from_secs(SECONDS) {
                one(&client, &url, &token).await?;
                asked += 1;
            }
            Outcome::Ok(asked)
        });
    }
    let mut asked = 0;
    while let Some(one) = asking.join_next().await {
        asked += one??;
    }
    Ok(f64::from(asked) / start.elapsed().as_secs_f64())
}

/// Milliseconds within which 95 of 100 are answered, when asked at a steady rate.
async fn late(client: &Client, url: &str, token: &str, rate: f64) -> Outcome<f64> {
    let mut tick = interval(Duration::from_secs_f64(1.0 / rate));
    let (start, mut asking) = (Instant::now(), JoinSet::new());
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let due = tick.tick().await;
        let (client, url, token) = (client.clone(), url.to_owned(), token.to_owned());
        asking.spawn(async move {
            one(&client, &url, &token).await?;
            Outcome::Ok(due.elapsed().as_secs_f64() * 1e3)
        });
    }
    let mut times = Vec::new();
    while let Some(time) = asking.join_next().await {
        times.push(time??);
    }
    Ok(quantile(&mut times, 0.95))
}
