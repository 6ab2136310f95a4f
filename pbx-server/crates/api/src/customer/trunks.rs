//! Lines to the public network. A password is written and never shown.

use crate::api::Api;
use crate::input::{
    Body, Change, Doc, Listed, Paging, PbxPath, Query, Secret, TrunkPath, Url, input, language, sorting,
};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, FieldError, Problem};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;
use voxera_callcontrol::LineState;
use voxera_model::{Locale, Name, PbxId, TrunkId};
use zeroize::Zeroizing;

sorting!(Preferred: "priority", "name", "created_at");

/// How the other side knows us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrunkKind {
    /// We register with a user name and a password.
    Registration,
    /// By our address; calls from theirs are taken.
    Address,
}

/// What carries signalling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrunkTransport {
    Udp,
    Tcp,
}

/// Whether a line works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    Up,
    Down,
    /// Nothing is known yet.
    Untried,
}

/// A line to the public network.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trunk {
    pub id: TrunkId,
    pub pbx: PbxId,
    pub name: Name,
    pub kind: TrunkKind,
    /// Name or address of the other side.
    #[schema(example = "sip.operator.example")]
    pub host: String,
    #[schema(example = 5060)]
    pub port: u16,
    pub transport: TrunkTransport,
    pub username: Option<String>,
    /// A password is set. It is never shown.
    pub password_set: bool,
    /// From where calls of this line come, besides `host`.
    #[schema(value_type = Vec<String>)]
    pub addresses: Vec<IpAddr>,
    /// Carries emergency calls to 112.
    pub emergency: bool,
    /// 1 to 100; a lower number is tried first.
    pub priority: u32,
    pub state: TrunkState,
    /// The state in words, with the cause when it is down.
    #[schema(example = "Linjen fungerar.")]
    pub state_text: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

input! {
    /// A new line.
    pub struct NewTrunk {
        pub name: Name,
        #[schema(value_type = TrunkKind)]
        pub kind: Doc<TrunkKind>,
        /// Name or address of the other side; at most 253 characters.
        pub host: String,
        /// Without it 5060.
        #[schema(minimum = 1, maximum = 65535, default = 5060)]
        pub port: Option<u32>,
        /// Without it UDP.
        #[schema(value_type = Option<TrunkTransport>)]
        pub transport: Option<Doc<TrunkTransport>>,
        /// Needed by a line that registers.
        pub username: Option<String>,
        /// Needed by a line that registers; never shown again.
        #[schema(value_type = Option<String>, format = Password)]
        pub password: Option<Secret>,
        /// IP addresses from where calls of this line come, besides `host`; at most 50.
        #[schema(value_type = Option<Vec<String>>)]
        pub addresses: Option<Doc<Vec<IpAddr>>>,
        /// Carries emergency calls to 112.
        #[schema(default = true)]
        pub emergency: Option<bool>,
        /// 1 to 100; a lower number is tried first.
        #[schema(minimum = 1, maximum = 100, default = 10)]
        pub priority: Option<u32>,
    }
}

input! {
    /// What changes of a line; absent fields stay.
    pub struct TrunkChange {
        pub name: Option<Name>,
        pub host: Option<String>,
        #[schema(minimum = 1, maximum = 65535)]
        pub port: Option<u32>,
        #[schema(value_type = Option<TrunkTransport>)]
        pub transport: Option<Doc<TrunkTransport>>,
        #[schema(value_type = Option<String>)]
        pub username: Change<String>,
        #[schema(value_type = Option<String>, format = Password)]
        pub password: Change<Secret>,
        #[schema(value_type = Option<Vec<String>>)]
        pub addresses: Option<Doc<Vec<IpAddr>>>,
        pub emergency: Option<bool>,
        #[schema(minimum = 1, maximum = 100)]
        pub priority: Option<u32>,
    }
}

/// The PBX's lines, the preferred first, and whether they work.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks", operation_id = "trunks_list", tag = "Trunks",
    params(PbxPath, Paging<Preferred>, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the states.")),
    responses((status = 200, description = "One page.", body = Listed<Trunk>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    headers: HeaderMap,
    Query(page): Query<Paging<Preferred>>,
) -> Answer<Json<Listed<Trunk>>> {
    let mut act = reader.open().await?;
    let found = act.trunks(path.pbx).list(&page.into()).await?;
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    Ok(Json(Listed::of(found, |trunk| Trunk::show(trunk, &reader.api, locale))))
}

/// Add a line. 409 `trunk_name_taken`.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks", operation_id = "trunks_create", tag = "Trunks",
    params(PbxPath),
    request_body(content = NewTrunk, example = json!({ "name": "Operatören", "kind": "registration", "host": "sip.operator.example", "username": "46812345678", "password": "…" })),
    responses((status = 201, description = "Added; it is tried at once.", body = Trunk),
        (status = 409, description = "The PBX has a line with this name (`trunk_name_taken`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(
    admin: CustomerAdmin,
    Url(path): Url<PbxPath>,
    headers: HeaderMap,
    new: Body<NewTrunk>,
) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let username = new.username.filter(|name| !name.is_empty());
    let addresses = new.addresses.map(|addresses| addresses.0).unwrap_or_default();
    let mut wrong = Wrong::default();
    let port = wrong.port(Some(new.port.unwrap_or(5060)));
    wrong.host(Some(&new.host));
    wrong.priority(new.priority);
    wrong.addresses(Some(&addresses));
    wrong.login(username.as_deref(), new.password.as_ref());
    if new.kind.0 == TrunkKind::Registration {
        wrong.needed("/username", username.is_some());
        wrong.needed("/password", new.password.is_some());
    }
    wrong.say()?;
    let record = voxera_store::NewTrunk {
        id: TrunkId(voxera_store::new_id()),
        name: new.name,
        kind: new.kind.0.into(),
        host: new.host,
        port: port.unwrap_or(5060),
        transport: new.transport.map_or(TrunkTransport::Udp, |transport| transport.0).into(),
        username,
        password: new.password.as_ref().map(hidden),
        addresses,
        emergency: new.emergency.unwrap_or(true),
        priority: new.priority.unwrap_or(10),
    };
    let made = act.trunks(path.pbx).create(record).await?;
    act.made("trunk.create", made.id, &made).await?;
    let locale = language(&headers).unwrap_or(admin.actor.principal.locale);
    act.created(&Trunk::show(made, &admin.api, locale)).await
}

/// One line.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks/{trunk}", operation_id = "trunks_get", tag = "Trunks",
    params(TrunkPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the state.")),
    responses((status = 200, description = "The line.", body = Trunk)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(
    reader: CustomerReader,
    Url(path): Url<TrunkPath>,
    headers: HeaderMap,
) -> Answer<Json<Trunk>> {
    let mut act = reader.open().await?;
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    let found = act.trunks(path.pbx).get(path.trunk).await?;
    Ok(Json(Trunk::show(found, &reader.api, locale)))
}

/// Change a line.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks/{trunk}", operation_id = "trunks_change", tag = "Trunks",
    params(TrunkPath),
    request_body(content = TrunkChange, example = json!({ "priority": 20, "emergency": false })),
    responses((status = 200, description = "The line as it is now.", body = Trunk),
        (status = 409, description = "Another line has the name (`trunk_name_taken`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<TrunkPath>,
    headers: HeaderMap,
    change: Body<TrunkChange>,
) -> Answer<Json<Trunk>> {
    let change = change.value;
    let addresses = change.addresses.map(|addresses| addresses.0);
    let (username, password) = (change.username.into_option(), change.password.into_option());
    let username = username.map(|name| name.filter(|name| !name.is_empty()));
    let mut wrong = Wrong::default();
    let port = wrong.port(change.port);
    wrong.host(change.host.as_ref());
    wrong.priority(change.priority);
    wrong.addresses(addresses.as_deref());
    let sent = password.as_ref().and_then(Option::as_ref);
    wrong.login(username.as_ref().and_then(Option::as_deref), sent);
    wrong.say()?;
    let mut act = admin.open().await?;
    let before = act.trunks(path.pbx).get(path.trunk).await?;
    let change = voxera_store::TrunkChange {
        name: change.name,
        host: change.host,
        port,
        transport: change.transport.map(|transport| transport.0.into()),
        username,
        password: password.map(|password| password.as_ref().map(hidden)),
        addresses,
        emergency: change.emergency,
        priority: change.priority,
    };
    let after = act.trunks(path.pbx).update(path.trunk, change).await?;
    act.changed("trunk.update", path.trunk, &before, &after).await?;
    act.commit().await?;
    let locale = language(&headers).unwrap_or(admin.actor.principal.locale);
    Ok(Json(Trunk::show(after, &admin.api, locale)))
}

/// Remove a line. Calls that are up on it go on.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/trunks/{trunk}", operation_id = "trunks_delete", tag = "Trunks",
    params(TrunkPath),
    responses((status = 204, description = "Removed.")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<TrunkPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.trunks(path.pbx).get(path.trunk).await?;
    act.trunks(path.pbx).delete(path.trunk).await?;
    act.removed("trunk.delete", path.trunk, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn hidden(secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(secret.expose().to_owned())
}

/// What cannot be accepted of a line.
#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn refuse(&mut self, field: &str, code: &'static str, message: &str) {
        self.0.push(FieldError { field: field.to_owned(), code: code.into(), message: message.to_owned() });
    }

    fn needed(&mut self, field: &str, there: bool) {
        if !there {
            self.refuse(field, "required", "A line that registers needs a user name and a password.");
        }
    }

    fn port(&mut self, port: Option<u32>) -> Option<u16> {
        let port = port?;
        let found = u16::try_from(port).ok().filter(|port| *port > 0);
        if found.is_none() {
            self.refuse("/port", "range", "Write a port from 1 to 65535.");
        }
        found
    }

    fn priority(&mut self, priority: Option<u32>) {
        if priority.is_some_and(|priority| !(1..=100).contains(&priority)) {
            self.refuse("/priority", "range", "Write a number from 1 to 100.");
        }
    }

    /// A host goes into SIP addresses: letters, digits, dots, hyphens, or an IP address.
    fn host(&mut self, host: Option<&String>) {
        let Some(host) = host else { return };
        let name = (1..=253).contains(&host.len())
            && host.split('.').all(|part| {
                (1..=63).contains(&part.len())
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                    && !part.starts_with('-')
                    && !part.ends_with('-')
            });
        if !name && host.parse::<IpAddr>().is_err() {
            self.refuse(
                "/host",
                "host",
                "Write a host name or an IP address, for example sip.operator.example.",
            );
        }
    }

    fn addresses(&mut self, addresses: Option<&[IpAddr]>) {
        if addresses.is_some_and(|addresses| addresses.len() > 50) {
            self.refuse("/addresses", "too_many", "Write at most 50 addresses.");
        }
    }

    /// Both go into SIP headers.
    fn login(&mut self, username: Option<&str>, password: Option<&Secret>) {
        let odd = |text: &str| text.chars().any(char::is_control);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/%@".contains(&byte);
        if username.is_some_and(|name| name.len() > 100 || !name.bytes().all(plain)) {
            self.refuse(
                "/username",
                "username",
                "Write the user name as your operator wrote it, without spaces.",
            );
        }
        if password.is_some_and(|password| odd(password.expose()) || password.expose().len() > 200) {
            self.refuse(
                "/password",
                "password",
                "A password has at most 200 characters, no control characters.",
            );
        }
    }

    fn say(self) -> Answer<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }
}

impl From<TrunkKind> for voxera_store::TrunkKind {
    fn from(kind: TrunkKind) -> Self {
        match kind {
            TrunkKind::Registration => Self::Registration,
            TrunkKind::Address => Self::Address,
        }
    }
}

impl From<TrunkTransport> for voxera_store::TrunkTransport {
    fn from(transport: TrunkTransport) -> Self {
        match transport {
            TrunkTransport::Udp => Self::Udp,
            TrunkTransport::Tcp => Self::Tcp,
        }
    }
}

impl Trunk {
    fn show(trunk: voxera_store::Trunk, api: &Api, locale: Locale) -> Self {
        let line = api.control.lines().get(trunk.id);
        let sv = matches!(locale, Locale::Sv);
        let (state, state_text) = match line {
            LineState::Up if sv => (TrunkState::Up, "Linjen fungerar.".to_owned()),
            LineState::Up => (TrunkState::Up, "The line works.".to_owned()),
            LineState::Down { why } if sv => {
                (TrunkState::Down, format!("Linjen fungerar inte. {}", why.say(locale)))
            }
            LineState::Down { why } => {
                (TrunkState::Down, format!("The line does not work. {}", why.say(locale)))
            }
            LineState::Untried if sv => (TrunkState::Untried, "Linjen har inte prövats än.".to_owned()),
            LineState::Untried => (TrunkState::Untried, "The line was not tried yet.".to_owned()),
        };
        Self {
            id: trunk.id,
            pbx: trunk.pbx,
            name: trunk.name,
            kind: match trunk.kind {
                voxera_store::TrunkKind::Registration => TrunkKind::Registration,
                voxera_store::TrunkKind::Address => TrunkKind::Address,
            },
            host: trunk.host,
            port: trunk.port,
            transport: match trunk.transport {
                voxera_store::TrunkTransport::Tcp => TrunkTransport::Tcp,
                voxera_store::TrunkTransport::Udp | voxera_store::TrunkTransport::Tls => TrunkTransport::Udp,
            },
            username: trunk.username,
            password_set: trunk.has_password,
            addresses: trunk.addresses,
            emergency: trunk.emergency,
            priority: trunk.priority,
            state,
            state_text,
            created_at: trunk.created_at,
            updated_at: trunk.updated_at,
        }
    }
}
