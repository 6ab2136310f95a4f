//! Calls that are up.

use crate::customer::calls::{CallParty, Outcome, TraceStep, tell};
use crate::input::{CallPath, PbxPath, Url, language};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_callcontrol::{HangupAnswer, LivePerson, LiveScope};
use voxera_callflow::ParkSlot;
use voxera_model::{CallId, Locale, PbxId};

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiveState {
    Ringing,
    Connected,
    /// In a menu, or hearing a message.
    Menu,
    /// In the line of a queue.
    Waiting,
    /// In a slot, until somebody takes it.
    Parked,
    /// Leaving or listening to messages.
    Voicemail,
    Conference,
    /// Listening in on another call.
    Listening,
    Emergency,
    /// Only in events.
    Ended,
}

/// A call that is up.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LiveCall {
    pub id: CallId,
    pub pbx: PbxId,
    pub from: LiveParty,
    pub to: LiveParty,
    pub state: LiveState,
    /// Only while it is parked.
    pub parked: Option<LiveParking>,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    /// Only when it has ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Only when it has ended.
    pub outcome: Option<Outcome>,
    pub trace: Vec<TraceStep>,
}

/// Where a parked call waits.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LiveParking {
    /// Whoever dials this on a phone of the PBX takes the call.
    pub slot: ParkSlot,
    /// Who waits.
    pub who: CallParty,
    /// Who parked the call. It rings there when nobody takes it within two minutes.
    pub by: CallParty,
    pub since: DateTime<Utc>,
}

/// One side of a call that is up.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LiveParty {
    #[serde(flatten)]
    pub party: CallParty,
    /// Whether anything is heard from this side, as far as it should be. `null`: the call has ended.
    pub sound: Option<LiveSound>,
}

/// Whether one side of a call is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LiveSound {
    Ok,
    /// Nothing comes from it, for two seconds at least.
    Trouble {
        cause: SoundTrouble,
    },
}

/// Why one side of a call is not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SoundTrouble {
    /// No packets, and nothing explains it.
    NothingHeard,
    /// No packets for fifteen seconds from a phone that sends none while nobody speaks: it may be muted.
    Silent,
    /// A browser and the server found no way to each other.
    NoPath,
    /// A phone named an address of its own network, which cannot be reached from here.
    PrivateAddress,
    /// The sound's encryption was not agreed upon, or cannot be read.
    Encryption,
}

/// The calls that are up, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveCalls {
    pub items: Vec<LiveCall>,
}

/// The calls that are up.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live", operation_id = "live_list", tag = "Calls",
    params(PbxPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the trace.")),
    responses((status = 200, description = "All of them.", body = LiveCalls)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    headers: HeaderMap,
) -> Answer<Json<LiveCalls>> {
    reader.open().await?.pbxs().get(path.pbx).await?;
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    let scope = LiveScope::Pbx(reader.tenant, reader.customer, path.pbx);
    let calls = reader.api.control.live().calls(scope);
    Ok(Json(LiveCalls { items: calls.into_iter().map(|call| LiveCall::show(call, locale)).collect() }))
}

/// End a call.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live/{call}/hangup", operation_id = "live_hangup", tag = "Calls",
    params(CallPath),
    responses((status = 202, description = "The phones are told; the call's end arrives as an event."),
        (status = 409, description = "Nobody ends another's emergency call (`emergency_call`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn hangup(admin: CustomerAdmin, Url(path): Url<CallPath>) -> Answer<StatusCode> {
    own(&admin, &path)?;
    let live = admin.api.control.live();
    let mut act = admin.open().await?;
    let none = None::<&serde_json::Value>;
    act.changed("call.hangup", path.call, &none, &none).await?;
    // Written down first: what is done to a call cannot be undone.
    act.commit().await?;
    match live.hangup(path.call) {
        HangupAnswer::Asked => Ok(StatusCode::ACCEPTED),
        HangupAnswer::NoSuchCall => Err(Problem::not_found()),
        HangupAnswer::Emergency => Err(emergency()),
    }
}

/// Whether there is such a call of this company that somebody in charge may touch.
pub(super) fn own(admin: &CustomerAdmin, path: &CallPath) -> Answer<()> {
    let call = admin.api.control.live().call(path.call).ok_or_else(Problem::not_found)?;
    if (call.tenant, call.customer, call.pbx) != (admin.tenant, admin.customer, path.pbx) {
        return Err(Problem::not_found());
    }
    if call.state == voxera_callcontrol::LiveState::Emergency {
        return Err(emergency());
    }
    Ok(())
}

pub(super) fn emergency() -> Problem {
    Problem::conflict("emergency_call", "Nobody ends another's emergency call.")
}

impl LiveCall {
    pub(crate) fn show(call: voxera_callcontrol::LiveCall, locale: Locale) -> Self {
        Self {
            id: call.id,
            pbx: call.pbx,
            from: LiveParty::show(call.from),
            to: LiveParty::show(call.to),
            state: match call.state {
                voxera_callcontrol::LiveState::Ringing => LiveState::Ringing,
                voxera_callcontrol::LiveState::Connected => LiveState::Connected,
                voxera_callcontrol::LiveState::Menu => LiveState::Menu,
                voxera_callcontrol::LiveState::Waiting => LiveState::Waiting,
                voxera_callcontrol::LiveState::Parked => LiveState::Parked,
                voxera_callcontrol::LiveState::Voicemail => LiveState::Voicemail,
                voxera_callcontrol::LiveState::Conference => LiveState::Conference,
                voxera_callcontrol::LiveState::Listening => LiveState::Listening,
                voxera_callcontrol::LiveState::Emergency => LiveState::Emergency,
            },
            parked: call.parked.map(|parked| LiveParking {
                slot: parked.slot,
                who: person(parked.who),
                by: person(parked.by),
                since: parked.since,
            }),
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at: None,
            outcome: None,
            trace: tell(&call.trace, locale),
        }
    }

    pub(crate) fn ended(call: voxera_callcontrol::CallEnded, locale: Locale) -> Self {
        let from =
            CallParty { number: call.from_number, name: call.from_name, extension: call.from_extension };
        Self {
            id: call.id,
            pbx: call.pbx,
            from: LiveParty { party: from, sound: None },
            to: LiveParty {
                party: CallParty { number: call.to_number, name: None, extension: call.to_extension },
                sound: None,
            },
            state: LiveState::Ended,
            parked: None,
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at: Some(call.ended_at),
            outcome: Some(call.outcome.into()),
            trace: tell(&call.trace, locale),
        }
    }
}

fn person(person: LivePerson) -> CallParty {
    CallParty { number: person.number, name: person.name, extension: person.extension }
}

impl LiveParty {
    fn show(party: voxera_callcontrol::LiveParty) -> Self {
        use voxera_callflow::SoundTrouble as Cause;
        let sound = match party.sound {
            voxera_callcontrol::LiveSound::Ok => LiveSound::Ok,
            voxera_callcontrol::LiveSound::Trouble { cause } => LiveSound::Trouble {
                cause: match cause {
                    Cause::NothingHeard => SoundTrouble::NothingHeard,
                    Cause::Silent => SoundTrouble::Silent,
                    Cause::NoPath => SoundTrouble::NoPath,
                    Cause::PrivateAddress => SoundTrouble::PrivateAddress,
                    Cause::Encryption => SoundTrouble::Encryption,
                },
            },
        };
        let party = CallParty { number: party.number, name: party.name, extension: party.extension };
        Self { party, sound: Some(sound) }
    }
}
