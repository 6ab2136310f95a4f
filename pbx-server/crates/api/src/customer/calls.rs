//! Calls that are over.

mod csv;

use crate::input::{
    CallPath, Field, Input, Listed, Paging, PbxPath, Query, Reader, Url, language, parameter, sorting,
};
use crate::permit::CustomerReader;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use voxera_callflow::{Cause, Party, TraceEntry};
use voxera_model::{CallId, ExtensionNumber, Invalid, Locale, Name, PbxId};
use voxera_store::{CallFilter, Direction, Page};

sorting!(NewestFirst: "-started_at", "duration", "from", "to", "outcome");

/// Declares the outcomes once: their texts, and the core's cause of each.
macro_rules! outcomes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal),+ $(,)?) => {
        /// Why a call ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Outcome { $($(#[doc = $doc])* $name),+ }

        impl Outcome {
            const ALL: [Self; [$($text),+].len()] = [$(Self::$name),+];

            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }

        impl From<Cause> for Outcome {
            fn from(cause: Cause) -> Self {
                match cause { $(Cause::$name => Self::$name),+ }
            }
        }

        impl From<Outcome> for Cause {
            fn from(outcome: Outcome) -> Self {
                match outcome { $(Outcome::$name => Self::$name),+ }
            }
        }
    };
}

outcomes! {
    /// Someone put the phone down after talking.
    Normal = "normal",
    /// The caller gave up before the answer.
    Cancelled = "cancelled",
    Busy = "busy",
    NoAnswer = "no_answer",
    Declined = "declined",
    /// No phone of the extension was online.
    Offline = "offline",
    UnknownNumber = "unknown_number",
    /// The caller may not.
    NotAllowed = "not_allowed",
    /// No line that could carry the call.
    NoRoute = "no_route",
    /// The caller gave up while waiting in a queue.
    Abandoned = "abandoned",
    /// The caller came to a mailbox.
    Voicemail = "voicemail",
    Fault = "fault",
}

impl PartialSchema for Outcome {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Why a call ended."))
            .enum_values(Some(Self::ALL.map(Self::as_str)))
            .into()
    }
}

impl ToSchema for Outcome {}

impl Field for Outcome {
    fn read(value: Option<&serde_json::Value>, from_query: bool) -> Result<Self, Invalid> {
        let wanted = String::read(value, from_query)?;
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == wanted).ok_or_else(|| {
            Invalid::new("outcome", format!("Choose one of {}.", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

/// Who put the phone down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HungUpBy {
    Caller,
    Callee,
    System,
}

/// Across which border a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// From the public network.
    In,
    /// To the public network.
    Out,
    Internal,
}

impl From<Direction> for CallDirection {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::In => Self::In,
            Direction::Out => Self::Out,
            Direction::Internal => Self::Internal,
        }
    }
}

/// A call that is over.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Call {
    pub id: CallId,
    pub pbx: PbxId,
    /// When the caller dialled.
    pub started_at: DateTime<Utc>,
    /// `None`: nobody answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When the last phone was put down.
    pub ended_at: DateTime<Utc>,
    /// Whole seconds from the first ring to the end.
    pub duration_seconds: u64,
    /// Whole seconds of talk.
    pub talk_seconds: u64,
    pub from: CallParty,
    pub to: CallParty,
    /// `internal`: from extension to extension.
    #[schema(example = "internal")]
    pub direction: CallDirection,
    pub outcome: Outcome,
    pub hung_up_by: HungUpBy,
    /// How the sound was coded; `None`: nobody answered.
    #[schema(example = "PCMA")]
    pub codec: Option<String>,
}

/// One side of a call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallParty {
    /// As dialled or shown.
    #[schema(example = "1001")]
    pub number: String,
    pub name: Option<Name>,
    pub extension: Option<ExtensionNumber>,
}

/// A call that is over, with its sound and its story.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallDetail {
    #[serde(flatten)]
    pub call: Call,
    pub media: Option<CallMedia>,
    /// The version of the PBX that the call was decided on.
    pub snapshot_version: u64,
    /// The keys that the caller pressed in menus.
    pub keys: String,
    /// Every decision, the first first.
    pub trace: Vec<TraceStep>,
}

/// What was measured of a call's sound.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallMedia {
    /// What came from the caller's phone.
    pub caller: Option<LegMedia>,
    /// What came from the phone that answered.
    pub callee: Option<LegMedia>,
}

/// What came from one phone.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct LegMedia {
    /// Packets that arrived.
    pub packets: u64,
    /// Packets missing between the first and the last that arrived.
    pub lost: u64,
    /// Variation of the time between packets at the end of the call, milliseconds (RFC 3550).
    pub jitter_ms: f32,
}

/// One decision, in the language of `Accept-Language`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TraceStep {
    /// Stable, for programs.
    #[schema(example = "extension_dialled")]
    pub code: String,
    /// A sentence for people.
    #[schema(example = "Anna Öberg (1000) dialled Bertil Ek (1001).")]
    pub text: String,
}

/// Which calls.
#[derive(Debug, Clone)]
pub struct CallsQuery {
    pub page: Paging<NewestFirst>,
    pub extension: Option<ExtensionNumber>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub outcome: Option<Outcome>,
    pub direction: Option<Direction>,
}

impl Input for CallsQuery {
    fn read(reader: &mut Reader) -> Option<Self> {
        let page = Paging::read(reader);
        let extension = reader.field("extension");
        let from = reader.field("from");
        let to = reader.field("to");
        let outcome = reader.field("outcome");
        let direction = reader.field::<Option<String>>("direction").and_then(|direction| {
            let found = match direction.as_deref() {
                None => Some(None),
                Some("in") => Some(Some(Direction::In)),
                Some("out") => Some(Some(Direction::Out)),
                Some("internal") => Some(Some(Direction::Internal)),
                Some(_) => None,
            };
            if found.is_none() {
                reader.refuse("direction", "direction", "Choose one of in, out, internal.");
            }
            found
        });
        Some(Self {
            page: page?,
            extension: extension?,
            from: from?,
            to: to?,
            outcome: outcome?,
            direction: direction?,
        })
    }
}

impl IntoParams for CallsQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let time = || {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        };
        let mut all = <Paging<NewestFirst> as IntoParams>::into_params(place);
        all.push(parameter(
            "extension",
            "Only calls from or to this extension.",
            ObjectBuilder::new().schema_type(Type::String),
        ));
        all.push(parameter("from", "Only calls that began at this time or later.", time()));
        all.push(parameter("to", "Only calls that began before this time.", time()));
        let outcomes = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Outcome::ALL.map(Outcome::as_str)));
        all.push(parameter("outcome", "Only calls that ended like this.", outcomes));
        let directions =
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["in", "out", "internal"]));
        all.push(parameter("direction", "Only calls across this border.", directions));
        all
    }
}

/// The calls that are over.
///
/// With `Accept: text/csv` the answer is a file of all calls that match (`limit` and `offset` do not count); cells that a spreadsheet would take for a formula begin with an apostrophe.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/calls", operation_id = "calls_list", tag = "Calls",
    params(PbxPath, CallsQuery),
    responses((status = 200, description = "One page; with `Accept: text/csv` all that match, as a file.", body = Listed<Call>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    Query(query): Query<CallsQuery>,
    headers: HeaderMap,
) -> Answer<Response> {
    let mut act = reader.open().await?;
    act.pbxs().get(path.pbx).await?;
    let filter = CallFilter {
        pbx: Some(path.pbx),
        extensions: query.extension.into_iter().collect(),
        from: query.from,
        to: query.to,
        outcome: query.outcome.map(Into::into),
        answered: None,
        direction: query.direction,
    };
    let page: Page = query.page.into();
    if wants_csv(&headers) {
        drop(act);
        return Ok(csv::file(reader, page, filter));
    }
    let found = act.calls().list(&page, &filter).await?;
    Ok(Json(Listed::of(found, Call::show)).into_response())
}

/// One call, with the story of its decisions.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/calls/{call}", operation_id = "calls_get", tag = "Calls",
    params(CallPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the trace.")),
    responses((status = 200, description = "The call with its story.", body = CallDetail)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(
    reader: CustomerReader,
    Url(path): Url<CallPath>,
    headers: HeaderMap,
) -> Answer<Json<CallDetail>> {
    let mut act = reader.open().await?;
    let record = act.calls().get(path.call).await?;
    if record.pbx != path.pbx {
        return Err(Problem::not_found());
    }
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    let media = record.media.as_ref().map(|media| CallMedia {
        caller: media.caller.as_ref().map(LegMedia::show),
        callee: media.callee.as_ref().map(LegMedia::show),
    });
    let (snapshot_version, trace) = (record.snapshot_version, tell(&record.trace, locale));
    let keys = record.keys.clone();
    Ok(Json(CallDetail { call: Call::show(record), media, snapshot_version, keys, trace }))
}

fn wants_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|kind| kind.split(';').next().unwrap_or_default().trim() == "text/csv")
}

/// Decisions in words.
pub(crate) fn tell(trace: &[TraceEntry], locale: Locale) -> Vec<TraceStep> {
    trace.iter().map(|entry| TraceStep { code: code(entry), text: entry.say(locale) }).collect()
}

/// The stable name of a decision is its tag in the stored form.
fn code(entry: &TraceEntry) -> String {
    let stored = serde_json::to_value(&entry.reason).unwrap_or_default();
    stored["kind"].as_str().unwrap_or("unknown").to_owned()
}

impl Call {
    pub(crate) fn show(record: voxera_store::CallRecord) -> Self {
        let seconds =
            |from: DateTime<Utc>| u64::try_from((record.ended_at - from).num_seconds()).unwrap_or(0);
        Self {
            id: record.id,
            pbx: record.pbx,
            started_at: record.started_at,
            answered_at: record.answered_at,
            ended_at: record.ended_at,
            duration_seconds: seconds(record.started_at),
            talk_seconds: record.answered_at.map_or(0, seconds),
            from: CallParty {
                number: record.from_number,
                name: record.from_name,
                extension: record.from_extension,
            },
            to: CallParty { number: record.to_number, name: record.to_name, extension: record.to_extension },
            direction: record.direction.into(),
            outcome: record.outcome.into(),
            hung_up_by: match record.hung_up_by {
                Party::Caller => HungUpBy::Caller,
                Party::Callee => HungUpBy::Callee,
                Party::System => HungUpBy::System,
            },
            codec: record.codec,
        }
    }
}

impl LegMedia {
    fn show(leg: &voxera_store::LegMedia) -> Self {
        Self { packets: leg.packets, lost: leg.lost, jitter_ms: leg.jitter_ms }
    }
}
