//! What would happen: one made-up call, and the calls of the past, through what is live or a draft.

use crate::act::Act;
use crate::customer::calls::{TraceStep, tell};
use crate::customer::extensions::ExtensionRef;
use crate::customer::flows::document::{live, with_drafts};
use crate::input::{Body, Doc, PbxPath, Url, input, language};
use crate::permit::CustomerReader;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::HeaderMap;
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use voxera_callflow::{
    Action, Cause, Date, End, Heard, LocalTime, PastCall, Peer, Snapshot, Standing, Story, ToldStep,
};
use voxera_model::{CallId, Dialled, ExtensionId, FlowId, Key, Locale, PbxId, PhoneNumber, Zone};
use voxera_store::{PastCallRecord, TenantTx};

input! {
    /// A call that nobody made.
    pub struct Simulate {
        #[schema(value_type = Story)]
        pub story: Doc<Story>,
        /// Flows whose drafts stand in for what is published.
        #[schema(value_type = Option<Vec<FlowId>>)]
        pub drafts: Option<Doc<Vec<FlowId>>>,
    }
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Simulated {
    pub steps: Vec<SimulatedStep>,
    pub end: End,
    /// A sentence for people.
    #[schema(example = "Samtalet besvaras av Anna Öberg (1000).")]
    pub end_text: String,
    /// Extensions that rang, took the caller in line or into a room, or got a message or a wish to be
    /// called back, in this order.
    pub reached: Vec<ExtensionRef>,
}

/// One step of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimulatedStep {
    /// Milliseconds since the call began, as far as they can be guessed.
    pub millis: u64,
    /// What happened, stable for programs: `arrived`, `key`, `played`, `timer`, …
    #[schema(example = "key")]
    pub event: String,
    /// The key that was pressed.
    pub key: Option<Key>,
    pub hears: Vec<Heard>,
    /// Why, in words.
    pub trace: Vec<TraceStep>,
    /// What an engine is told to do.
    #[schema(value_type = Vec<Object>)]
    pub actions: Vec<Action>,
    /// Where the call then stands: `ringing`, `connected`, `menu`, `waiting`, …; `null`: it is over.
    #[schema(value_type = Option<Object>)]
    pub standing: Option<Standing>,
    /// The node of a menu where it stands.
    pub node: Option<SimulatedNode>,
}

/// A node of a menu.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimulatedNode {
    pub flow: FlowId,
    #[schema(value_type = String)]
    pub node: voxera_callflow::NodeId,
}

input! {
    /// Calls of the past, sent through drafts.
    pub struct Rerun {
        /// Flows whose drafts stand in for what is published.
        #[schema(value_type = Vec<FlowId>)]
        pub drafts: Doc<Vec<FlowId>>,
        /// How far back, 1 to 90 days.
        #[schema(minimum = 1, maximum = 90, default = 30)]
        pub days: Option<u32>,
    }
}

/// What the drafts would change. Nobody knows who would have picked up: whoever is rung first does, on
/// both sides.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reran {
    /// Calls looked at; the newest 10,000 of the time.
    pub calls: u32,
    /// Of these, calls that end where they do today.
    pub same: u32,
    /// At most 1,000 of those that end elsewhere, the newest first.
    pub changed: Vec<RerunCall>,
    /// How many end elsewhere.
    pub changed_total: usize,
    /// Extensions that some of these calls reach today, and none reaches with the drafts.
    pub no_longer_reached: Vec<ExtensionRef>,
}

/// A call that ends elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct RerunCall {
    pub call: CallId,
    pub started_at: DateTime<Utc>,
    pub from: String,
    pub dialled: String,
    pub before: End,
    pub before_text: String,
    pub after: End,
    pub after_text: String,
}

/// What happens if this one calls that number at this time, pressing these keys? Nobody's phone rings.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/simulate", operation_id = "pbxs_simulate", tag = "Flows",
    params(PbxPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the trace.")),
    request_body(content = Simulate, example = json!({ "story": { "from": { "kind": "outside", "number": "+46701234567" }, "dialled": "0812345678", "at": "2026-12-24T10:30", "keys": ["1", "wait"] } })),
    responses((status = 200, description = "Every step, and where it ends.", body = Simulated)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn simulate(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    headers: HeaderMap,
    body: Body<Simulate>,
) -> Answer<Json<Simulated>> {
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    let mut act = reader.open().await?;
    let drafts = body.value.drafts.map(|drafts| drafts.0).unwrap_or_default();
    let (_, snapshot) = both(&mut act, path.pbx, &drafts).await?;
    drop(act);
    let story = body.value.story.0;
    let simulated = tokio::task::spawn_blocking(move || {
        let told = voxera_callflow::simulate(&snapshot, &story);
        Simulated {
            end_text: say(&told.end, &snapshot, locale),
            reached: refs(&told.reached, &snapshot),
            end: told.end,
            steps: told.steps.into_iter().map(|step| SimulatedStep::show(step, locale)).collect(),
        }
    });
    Ok(Json(simulated.await.map_err(|_| Problem::internal())?))
}

/// Send the calls of the last days through drafts: how many would end elsewhere, which, and who would not be reached any more?
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/replay", operation_id = "pbxs_replay", tag = "Flows",
    params(PbxPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the ends.")),
    request_body(content = Rerun, example = json!({ "drafts": [], "days": 30 })),
    responses((status = 200, description = "What would change.", body = Reran)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn replay(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    headers: HeaderMap,
    body: Body<Rerun>,
) -> Answer<Json<Reran>> {
    let days = body.value.days.unwrap_or(30);
    if !(1..=90).contains(&days) {
        return Err(Problem::field("/days", "range", "Write a number from 1 to 90."));
    }
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    let mut act = reader.open().await?;
    let (now, wanted) = both(&mut act, path.pbx, &body.value.drafts.0).await?;
    let since = Utc::now() - TimeDelta::days(i64::from(days));
    let records = act.calls().past(path.pbx, since, CALLS).await?;
    drop(act);
    let reran = tokio::task::spawn_blocking(move || rerun(&now, &wanted, &records, locale));
    Ok(Json(reran.await.map_err(|_| Problem::internal())?))
}

/// What is live, and the same with these drafts. A draft that is not there is said at its field.
async fn both(
    act: &mut Act<TenantTx<'static>>,
    pbx: PbxId,
    drafts: &[FlowId],
) -> Answer<(Snapshot, Snapshot)> {
    let now = live(act, pbx).await?;
    for (at, flow) in drafts.iter().enumerate() {
        match act.flows(pbx).get(*flow).await {
            Ok(_) => {}
            Err(voxera_store::StoreError::NotFound) => {
                let why = "There is no such flow in this PBX.";
                return Err(Problem::field(format!("/drafts/{at}"), "no_such_flow", why));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let wanted = with_drafts(act, pbx, &now, drafts).await?;
    Ok((now, wanted))
}

/// The most calls that are looked at.
const CALLS: u32 = 10_000;
/// The most calls that are listed.
const LISTED: usize = 1_000;

fn rerun(now: &Snapshot, wanted: &Snapshot, records: &[PastCallRecord], locale: Locale) -> Reran {
    let calls: Vec<PastCall> = records.iter().map(|record| past(record, &now.zone)).collect();
    let told = voxera_callflow::replay(now, wanted, &calls);
    let by_id: HashMap<CallId, &PastCallRecord> = records.iter().map(|record| (record.id, record)).collect();
    let changed_total = told.changed.len();
    let changed = told.changed.into_iter().take(LISTED).filter_map(|changed| {
        let record = by_id.get(&changed.id)?;
        Some(RerunCall {
            call: changed.id,
            started_at: record.started_at,
            from: record.from_number.clone(),
            dialled: record.dialled.clone(),
            before_text: say(&changed.before, now, locale),
            before: changed.before,
            after_text: say(&changed.after, wanted, locale),
            after: changed.after,
        })
    });
    Reran {
        changed: changed.collect(),
        changed_total,
        calls: told.calls,
        same: told.same,
        no_longer_reached: refs(&told.no_longer_reached, now),
    }
}

fn past(record: &PastCallRecord, zone: &Zone) -> PastCall {
    let from = match &record.from_extension {
        Some(number) => Peer::Extension(number.clone()),
        None => Peer::Outside(PhoneNumber::parse(&record.from_number).ok()),
    };
    PastCall {
        id: record.id,
        from,
        dialled: Dialled::parse(&record.dialled),
        at: local(record.started_at, zone),
        keys: record.keys.chars().filter_map(Key::new).collect(),
        busy: Vec::new(),
        away: Vec::new(),
    }
}

/// The minute as people in the zone read it.
pub(crate) fn local(at: DateTime<Utc>, zone: &Zone) -> LocalTime {
    let zone: chrono_tz::Tz = zone.as_str().parse().unwrap_or(chrono_tz::UTC);
    let at = at.with_timezone(&zone);
    let day = Date::new(at.year(), at.month(), at.day()).map_or(0, Date::days);
    LocalTime { day, minute: u16::try_from(at.hour() * 60 + at.minute()).unwrap_or(0) }
}

fn refs(ids: &[ExtensionId], snapshot: &Snapshot) -> Vec<ExtensionRef> {
    let found = ids.iter().filter_map(|id| snapshot.extension(*id));
    found
        .map(|(number, extension)| ExtensionRef {
            id: extension.id,
            number: number.clone(),
            name: extension.name.clone(),
        })
        .collect()
}

/// Where a call ended, in a sentence.
fn say(end: &End, snapshot: &Snapshot, locale: Locale) -> String {
    let sv = matches!(locale, Locale::Sv);
    let name = |id: ExtensionId| match snapshot.extension(id) {
        Some((number, extension)) => format!("{} ({number})", extension.name),
        None if sv => "en borttagen anknytning".to_owned(),
        None => "a removed extension".to_owned(),
    };
    let peer = |peer: &Peer| match peer {
        Peer::Extension(number) => match snapshot.extensions.get(number) {
            Some(extension) => format!("{} ({number})", extension.name),
            None => number.to_string(),
        },
        Peer::Outside(Some(number)) => number.national(),
        Peer::Outside(None) if sv => "någon utanför".to_owned(),
        Peer::Outside(None) => "somebody outside".to_owned(),
    };
    match end {
        End::Connected { to } if sv => format!("Samtalet besvaras av {}.", peer(to)),
        End::Connected { to } => format!("The call is answered by {}.", peer(to)),
        End::Emergency if sv => "Samtalet går till 112.".to_owned(),
        End::Emergency => "The call goes to 112.".to_owned(),
        End::Voicemail { mailbox } if sv => format!("Ett meddelande lämnas hos {}.", name(*mailbox)),
        End::Voicemail { mailbox } => format!("A message is left for {}.", name(*mailbox)),
        End::Callback { whom, number } if sv => {
            format!("{} blir uppringd av {}.", number.national(), name(*whom))
        }
        End::Callback { whom, number } => format!("{} is called back by {}.", number.national(), name(*whom)),
        End::Conference { room } if sv => format!("Samtalet är i konferensrummet {}.", name(*room)),
        End::Conference { room } => format!("The call is in the conference room {}.", name(*room)),
        End::Listening { extension } if sv => format!("Hör på samtal hos {}.", name(*extension)),
        End::Listening { extension } => format!("Listens to calls of {}.", name(*extension)),
        End::Waiting { queue } if sv => format!("Samtalet väntar i kön {}.", name(*queue)),
        End::Waiting { queue } => format!("The call waits in the queue {}.", name(*queue)),
        End::HungUp { cause: why } if sv => format!("Samtalet avslutas: {}.", cause(*why, sv)),
        End::HungUp { cause: why } => format!("The call ends: {}.", cause(*why, sv)),
        End::Endless if sv => "Samtalet tar aldrig slut.".to_owned(),
        End::Endless => "The call never ends.".to_owned(),
    }
}

const fn cause(cause: Cause, sv: bool) -> &'static str {
    let (swedish, english) = match cause {
        Cause::Normal => ("någon lade på efter samtalet", "somebody put the phone down"),
        Cause::Cancelled => ("den som ringde lade på", "the caller gave up"),
        Cause::Busy => ("upptaget", "busy"),
        Cause::NoAnswer => ("ingen svarade", "nobody answered"),
        Cause::Declined => ("samtalet avvisades", "it was declined"),
        Cause::Offline => ("ingen telefon är inloggad", "no phone is online"),
        Cause::UnknownNumber => ("numret används inte", "the number is not in use"),
        Cause::NotAllowed => ("det är inte tillåtet", "it is not allowed"),
        Cause::NoRoute => ("det finns ingen linje", "there is no line"),
        Cause::Abandoned => ("den som ringde lade på i kön", "the caller gave up in line"),
        Cause::Voicemail => ("ett meddelande lämnades", "a message was left"),
        Cause::Fault => ("något gick fel", "something went wrong"),
    };
    if sv { swedish } else { english }
}

impl SimulatedStep {
    fn show(step: ToldStep, locale: Locale) -> Self {
        let event = serde_json::to_value(&step.event).unwrap_or_default();
        Self {
            millis: step.clock,
            event: event["kind"].as_str().unwrap_or("unknown").to_owned(),
            key: event["key"].as_str().and_then(|key| Key::parse(key).ok()),
            hears: step.hears,
            trace: tell(&step.trace, locale),
            actions: step.actions,
            standing: step.standing,
            node: step.node.map(|place| SimulatedNode { flow: place.flow, node: place.node }),
        }
    }
}
