//! Machines that carry calls. Their password is written and never shown.

use crate::api::Api;
use crate::input::{Body, Listed, NodePath, Paging, Query, Secret, Url, input, language, sorting};
use crate::permit::PlatformAdmin;
use crate::problem::{Answer, FieldError, Problem};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;
use voxera_callcontrol::NodeState as Live;
use voxera_model::{Locale, NodeId, Slug};
use zeroize::Zeroizing;

sorting!(ByName: "name", "weight", "created_at");

/// Whether a node works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    Up,
    Down,
    /// Nothing is known yet.
    Untried,
}

/// A machine that carries calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct Node {
    pub id: NodeId,
    /// As the node was told when it was set up.
    pub name: Slug,
    /// Where phones and lines reach it: name or address.
    #[schema(example = "fs1.example.se")]
    pub host: String,
    #[schema(example = 5060)]
    pub port: u16,
    /// Where it is told what to do: name or address.
    #[schema(example = "10.20.0.11")]
    pub control_host: String,
    #[schema(example = 8021)]
    pub control_port: u16,
    /// 1 to 100: its share of new calls beside the others'.
    pub weight: u32,
    /// Takes no new calls, except to 112.
    pub draining: bool,
    pub notes: String,
    pub state: NodeState,
    /// The state in words, with the cause when it is down.
    #[schema(example = "Noden fungerar.")]
    pub state_text: String,
    /// Of FreeSWITCH; `null`: not known yet.
    #[schema(example = "1.11.1-release")]
    pub version: Option<String>,
    /// Legs of calls that are up; a call between two phones has two.
    pub calls: u32,
    /// How many it takes; 0: not known yet.
    pub most_calls: u32,
    /// How busy its processors are, 0 to 100; `null`: not known.
    pub load_percent: Option<u32>,
    /// Whether browsers can be phones at it.
    pub browsers: bool,
    /// When it was heard last.
    pub heard_at: Option<DateTime<Utc>>,
    /// Priority, weight, port and target of its SRV record in the domains of PBXs; `null`: it should have
    /// none, because it drains, or because its host is an address.
    #[schema(example = "10 50 5060 fs1.example.se.")]
    pub srv: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

input! {
    /// A new node.
    pub struct NewNode {
        pub name: Slug,
        /// Where phones and lines reach it: name or address; at most 253 characters.
        pub host: String,
        /// Without it 5060.
        #[schema(minimum = 1, maximum = 65535, default = 5060)]
        pub port: Option<u32>,
        /// Where it is told what to do. Without it `host`.
        pub control_host: Option<String>,
        /// Without it 8021.
        #[schema(minimum = 1, maximum = 65535, default = 8021)]
        pub control_port: Option<u32>,
        /// Of its event socket; never shown again. At most 200 characters.
        #[schema(value_type = String, format = Password)]
        pub password: Secret,
        /// 1 to 100: its share of new calls beside the others'.
        #[schema(minimum = 1, maximum = 100, default = 10)]
        pub weight: Option<u32>,
        /// At most 500 characters.
        pub notes: Option<String>,
    }
}

input! {
    /// What changes of a node; absent fields stay.
    pub struct NodeChange {
        pub name: Option<Slug>,
        pub host: Option<String>,
        #[schema(minimum = 1, maximum = 65535)]
        pub port: Option<u32>,
        pub control_host: Option<String>,
        #[schema(minimum = 1, maximum = 65535)]
        pub control_port: Option<u32>,
        #[schema(value_type = Option<String>, format = Password)]
        pub password: Option<Secret>,
        #[schema(minimum = 1, maximum = 100)]
        pub weight: Option<u32>,
        pub notes: Option<String>,
    }
}

/// All nodes, and how they are.
#[utoipa::path(
    get, path = "/api/v1/platform/nodes", operation_id = "platform_nodes_list", tag = "Platform",
    params(Paging<ByName>, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the states.")),
    responses((status = 200, description = "One page.", body = Listed<Node>)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn list(
    admin: PlatformAdmin,
    headers: HeaderMap,
    Query(page): Query<Paging<ByName>>,
) -> Answer<Json<Listed<Node>>> {
    let mut act = admin.open().await?;
    let found = act.nodes().list(&page.into()).await?;
    let locale = spoken(&admin, &headers);
    Ok(Json(Listed::of(found, |node| Node::show(node, &admin.api, locale))))
}

/// Add a node.
#[utoipa::path(
    post, path = "/api/v1/platform/nodes", operation_id = "platform_nodes_create", tag = "Platform",
    request_body(content = NewNode, example = json!({ "name": "fs1", "host": "fs1.example.se", "control_host": "10.20.0.11", "password": "…", "weight": 50 })),
    responses((status = 201, description = "Added; it is tried at once.", body = Node),
        (status = 409, description = "Another node has the name (`node_name_taken`) or is controlled at the address (`node_control_taken`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("platform_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: PlatformAdmin, headers: HeaderMap, new: Body<NewNode>) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let control_host = new.control_host.unwrap_or_else(|| new.host.clone());
    let mut wrong = Wrong::default();
    wrong.host("/host", Some(&new.host));
    wrong.host("/control_host", Some(&control_host));
    let port = wrong.port("/port", new.port);
    let control_port = wrong.port("/control_port", new.control_port);
    wrong.weight(new.weight);
    wrong.password(Some(&new.password));
    wrong.say()?;
    let record = voxera_store::NewNode {
        id: NodeId(voxera_store::new_id()),
        name: new.name,
        host: new.host,
        port: port.unwrap_or(5060),
        control_host,
        control_port: control_port.unwrap_or(8021),
        password: hidden(&new.password),
        weight: new.weight.unwrap_or(10),
        notes: new.notes.unwrap_or_default(),
    };
    let made = act.nodes().create(record).await?;
    act.made("node.create", made.id, &made).await?;
    let locale = spoken(&admin, &headers);
    act.created(&Node::show(made, &admin.api, locale)).await
}

/// One node.
#[utoipa::path(
    get, path = "/api/v1/platform/nodes/{node}", operation_id = "platform_nodes_get", tag = "Platform",
    params(NodePath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the state.")),
    responses((status = 200, description = "The node.", body = Node)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn get(admin: PlatformAdmin, Url(path): Url<NodePath>, headers: HeaderMap) -> Answer<Json<Node>> {
    let mut act = admin.open().await?;
    let found = act.nodes().get(path.node).await?;
    Ok(Json(Node::show(found, &admin.api, spoken(&admin, &headers))))
}

/// Change a node. Calls that are up on it go on.
#[utoipa::path(
    patch, path = "/api/v1/platform/nodes/{node}", operation_id = "platform_nodes_change", tag = "Platform",
    params(NodePath), request_body(content = NodeChange, example = json!({ "weight": 20, "notes": "Rack 4" })),
    responses((status = 200, description = "The node as it is now.", body = Node),
        (status = 409, description = "Another node has the name (`node_name_taken`) or the address (`node_control_taken`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn change(
    admin: PlatformAdmin,
    Url(path): Url<NodePath>,
    headers: HeaderMap,
    change: Body<NodeChange>,
) -> Answer<Json<Node>> {
    let change = change.value;
    let mut wrong = Wrong::default();
    wrong.host("/host", change.host.as_ref());
    wrong.host("/control_host", change.control_host.as_ref());
    let port = wrong.port("/port", change.port);
    let control_port = wrong.port("/control_port", change.control_port);
    wrong.weight(change.weight);
    wrong.password(change.password.as_ref());
    wrong.say()?;
    let change = voxera_store::NodeChange {
        name: change.name,
        host: change.host,
        port,
        control_host: change.control_host,
        control_port,
        password: change.password.as_ref().map(hidden),
        weight: change.weight,
        draining: None,
        notes: change.notes,
    };
    apply(&admin, path.node, &headers, "node.update", change).await
}

/// Let a node take no new calls, except to 112. Calls that are up on it go on.
#[utoipa::path(
    post, path = "/api/v1/platform/nodes/{node}/drain", operation_id = "platform_nodes_drain", tag = "Platform",
    params(NodePath),
    responses((status = 200, description = "The node as it is now.", body = Node)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn drain(admin: PlatformAdmin, Url(path): Url<NodePath>, headers: HeaderMap) -> Answer<Json<Node>> {
    set_draining(&admin, path.node, &headers, true).await
}

/// Let a node take calls again.
#[utoipa::path(
    post, path = "/api/v1/platform/nodes/{node}/undrain", operation_id = "platform_nodes_undrain", tag = "Platform",
    params(NodePath),
    responses((status = 200, description = "The node as it is now.", body = Node)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn undrain(
    admin: PlatformAdmin,
    Url(path): Url<NodePath>,
    headers: HeaderMap,
) -> Answer<Json<Node>> {
    set_draining(&admin, path.node, &headers, false).await
}

/// Remove a node. Calls that are up on it go on, and are heard of no more.
#[utoipa::path(
    delete, path = "/api/v1/platform/nodes/{node}", operation_id = "platform_nodes_delete", tag = "Platform",
    params(NodePath),
    responses((status = 204, description = "Removed.")),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn delete(admin: PlatformAdmin, Url(path): Url<NodePath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.nodes().get(path.node).await?;
    act.nodes().delete(path.node).await?;
    act.removed("node.delete", path.node, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_draining(
    admin: &PlatformAdmin,
    node: NodeId,
    headers: &HeaderMap,
    draining: bool,
) -> Answer<Json<Node>> {
    let action = if draining { "node.drain" } else { "node.undrain" };
    let change = voxera_store::NodeChange { draining: Some(draining), ..Default::default() };
    apply(admin, node, headers, action, change).await
}

async fn apply(
    admin: &PlatformAdmin,
    node: NodeId,
    headers: &HeaderMap,
    action: &str,
    change: voxera_store::NodeChange,
) -> Answer<Json<Node>> {
    let mut act = admin.open().await?;
    let before = act.nodes().get(node).await?;
    let after = act.nodes().update(node, change).await?;
    act.changed(action, node, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Node::show(after, &admin.api, spoken(admin, headers))))
}

fn spoken(admin: &PlatformAdmin, headers: &HeaderMap) -> Locale {
    language(headers).unwrap_or(admin.actor.principal.locale)
}

fn hidden(secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(secret.expose().to_owned())
}

/// What cannot be accepted of a node.
#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn refuse(&mut self, field: &str, code: &'static str, message: &str) {
        self.0.push(FieldError { field: field.to_owned(), code: code.into(), message: message.to_owned() });
    }

    fn host(&mut self, field: &str, host: Option<&String>) {
        let Some(host) = host else { return };
        let part = |part: &str| {
            (1..=63).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let name = (1..=253).contains(&host.len()) && host.split('.').all(part);
        if !name && host.parse::<IpAddr>().is_err() {
            self.refuse(field, "host", "Write a host name or an IP address, for example fs1.example.se.");
        }
    }

    fn port(&mut self, field: &str, port: Option<u32>) -> Option<u16> {
        let found = u16::try_from(port?).ok().filter(|port| *port > 0);
        if found.is_none() {
            self.refuse(field, "range", "Write a port from 1 to 65535.");
        }
        found
    }

    fn weight(&mut self, weight: Option<u32>) {
        if weight.is_some_and(|weight| !(1..=100).contains(&weight)) {
            self.refuse("/weight", "range", "Write a number from 1 to 100.");
        }
    }

    /// It is sent as a line.
    fn password(&mut self, password: Option<&Secret>) {
        let fits = |text: &str| (1..=200).contains(&text.len()) && !text.chars().any(char::is_control);
        if password.is_some_and(|password| !fits(password.expose())) {
            self.refuse(
                "/password",
                "password",
                "A password has 1 to 200 characters, no control characters.",
            );
        }
    }

    fn say(self) -> Answer<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }
}

impl Node {
    fn show(node: voxera_store::Node, api: &Api, locale: Locale) -> Self {
        let live = api.control.nodes().get(node.id);
        let sv = matches!(locale, Locale::Sv);
        let (state, state_text) = match live.as_ref().map(|live| live.state).unwrap_or_default() {
            Live::Up => (NodeState::Up, if sv { "Noden fungerar." } else { "The node works." }),
            Live::Down { why } => (NodeState::Down, why.say(locale)),
            Live::Untried if sv => (NodeState::Untried, "Noden har inte hörts än."),
            Live::Untried => (NodeState::Untried, "The node was not heard yet."),
        };
        let named = node.host.parse::<IpAddr>().is_err();
        let srv = (named && !node.draining)
            .then(|| format!("10 {} {} {}.", node.weight, node.port, node.host.trim_end_matches('.')));
        let busy = live.as_ref().and_then(|live| live.idle_percent).map(busy);
        Self {
            id: node.id,
            name: node.name,
            host: node.host,
            port: node.port,
            control_host: node.control_host,
            control_port: node.control_port,
            weight: node.weight,
            draining: node.draining,
            notes: node.notes,
            state,
            state_text: state_text.to_owned(),
            version: live.as_ref().and_then(|live| live.version.clone()),
            calls: live.as_ref().map_or(0, |live| live.calls),
            most_calls: live.as_ref().map_or(0, |live| live.most_calls),
            load_percent: busy,
            browsers: live.as_ref().is_some_and(|live| live.browsers),
            heard_at: live.and_then(|live| live.heard_at),
            srv,
            created_at: node.created_at,
            updated_at: node.updated_at,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
fn busy(idle: f64) -> u32 {
    (100.0 - idle).clamp(0.0, 100.0).round() as u32
}
