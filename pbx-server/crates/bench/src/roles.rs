//! What is measured, each in a process of its own. The first line of output says where it listens.

use crate::{Outcome, setting};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};
use std::future::pending;
use tokio::net::{TcpListener, UdpSocket};
use uuid::Uuid;
use voxera_callcontrol::{CallControl, CallControlConfig};
use voxera_sip::{Engine, EngineConfig};

/// Our engine with the PBX of the measurements, and no database.
pub async fn engine() -> Outcome<()> {
    let state = tempfile::tempdir()?;
    let control = CallControl::start(CallControlConfig::new(state.path()), None).await?;
    control.directory().replace(setting::pbx()?);
    let mut config = EngineConfig::new("127.0.0.1:0".parse()?);
    // One machine plays all phones here.
    config.limits.rate = u32::MAX / 4;
    config.limits.burst = u32::MAX / 4;
    let engine = Engine::start(config, control).await?;
    println!("{}", json!({ "sip": engine.local_addr().to_string() }));
    pending().await
}

/// The least that any relay does: each datagram of one socket goes out through its twin, to whoever
/// that one heard last. One pair of sockets for each line read.
pub async fn forwarder() -> Outcome<()> {
    let mut ports = Vec::new();
    for _ in 0..setting::PHONES / 2 {
        let (left, right) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
        ports.push([left.local_addr()?.port(), right.local_addr()?.port()]);
        tokio::spawn(forward(left, right));
    }
    println!("{}", json!({ "ports": ports }));
    pending().await
}

async fn forward(left: UdpSocket, right: UdpSocket) {
    let (mut a, mut b) = ([0; 2048], [0; 2048]);
    let (mut of_left, mut of_right) = (None, None);
    loop {
        tokio::select! {
            Ok((size, from)) = left.recv_from(&mut a) => {
                of_left = Some(from);
                if let Some(to) = of_right { let _ = right.send_to(&a[..size], to).await; }
            }
            Ok((size, from)) = right.recv_from(&mut b) => {
                of_right = Some(from);
                if let Some(to) = of_left { let _ = left.send_to(&b[..size], to).await; }
            }
        }
    }
}

#[derive(Clone)]
struct Bare {
    pool: PgPool,
    list: String,
    count: String,
    pbx: Uuid,
}

/// The same query as the product's list of extensions, with nothing around it: no token, no role, no
/// tenant, no row-level security.
pub async fn bare_handler(url: Option<&str>, schema: Option<&str>, pbx: Option<&str>) -> Outcome<()> {
    let (url, schema, pbx) = (url.ok_or("no url")?, schema.ok_or("no schema")?, pbx.ok_or("no PBX")?);
    let pool = PgPoolOptions::new().max_connections(20).connect(url).await?;
    let bare = Bare {
        pool,
        list: format!(
            "select id, number, name, user_id, ring_seconds, call_waiting,
                    created_at::text, updated_at::text
             from {schema}.extensions where pbx_id = $1 order by number limit 50 offset 0"
        ),
        count: format!("select count(*) from {schema}.extensions where pbx_id = $1"),
        pbx: Uuid::parse_str(pbx)?,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", json!({ "http": listener.local_addr()?.to_string() }));
    axum::serve(listener, Router::new().route("/extensions", get(extensions)).with_state(bare)).await?;
    Ok(())
}

async fn extensions(State(bare): State<Bare>) -> Result<Json<Value>, String> {
    let fault = |error: sqlx::Error| error.to_string();
    let total: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(bare.count.clone()))
        .bind(bare.pbx)
        .fetch_one(&bare.pool)
        .await
        .map_err(fault)?;
    let rows = sqlx::query(sqlx::AssertSqlSafe(bare.list.clone()))
        .bind(bare.pbx)
        .fetch_all(&bare.pool)
        .await
        .map_err(fault)?;
    let items: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.get::<Uuid, _>(0), "number": row.get::<String, _>(1), "name": row.get::<String, _>(2),
                "user": row.get::<Option<Uuid>, _>(3), "ring_seconds": row.get::<i32, _>(4),
                "call_waiting": row.get::<bool, _>(5), "created_at": row.get::<String, _>(6),
                "updated_at": row.get::<String, _>(7),
            })
        })
        .collect();
    Ok(Json(json!({ "items": items, "total": total })))
}
