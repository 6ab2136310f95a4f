//! What somebody in charge does with a call that is up: sends it on, parks it, listens in.

use crate::customer::live::{emergency, own};
use crate::input::{Body, CallPath, Field, Url, input};
use crate::permit::CustomerAdmin;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use voxera_callcontrol::{AskFault, ListenFault};
use voxera_callflow::{ParkAt, ParkSlot, Party, SendFault};
use voxera_model::{Dialled, ExtensionNumber, Invalid};

/// One side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallSide {
    /// `from`: who called.
    Caller,
    /// `to`: who answered.
    Callee,
}

/// How somebody listens in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListenMode {
    /// Hears both; nobody hears the listener.
    Listen,
    /// Heard by the extension alone.
    Whisper,
    /// Heard by both.
    Join,
}

impl CallSide {
    const fn party(self) -> Party {
        match self {
            Self::Caller => Party::Caller,
            Self::Callee => Party::Callee,
        }
    }
}

impl Field for CallSide {
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid> {
        match String::read(value, from_query)?.as_str() {
            "caller" => Ok(Self::Caller),
            "callee" => Ok(Self::Callee),
            _ => Err(Invalid::new("choice", "One of caller, callee.")),
        }
    }
}

impl Field for ListenMode {
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid> {
        match String::read(value, from_query)?.as_str() {
            "listen" => Ok(Self::Listen),
            "whisper" => Ok(Self::Whisper),
            "join" => Ok(Self::Join),
            _ => Err(Invalid::new("choice", "One of listen, whisper, join.")),
        }
    }
}

input! {
    /// Where one side of a call goes.
    pub struct LiveTransfer {
        /// An extension, or a public number, as people dial it; a slot such as `*5901` parks the call.
        #[schema(example = "1002")]
        pub to: String,
        /// Who goes there; the other side leaves. Without it the caller.
        pub side: Option<CallSide>,
    }
}

input! {
    /// Which side of a call is parked, and where.
    pub struct LivePark {
        /// Who waits there; the other side leaves, and the call goes back to it when nobody takes it.
        /// Without it the caller.
        pub side: Option<CallSide>,
        /// `*5901` to `*5920`. Without it the first that is free.
        #[schema(example = "*5901")]
        pub slot: Option<String>,
    }
}

/// Where a call was parked.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveParked {
    /// Whoever dials this on a phone of the PBX takes the call.
    pub slot: ParkSlot,
}

input! {
    /// Who listens in.
    pub struct LiveListen {
        /// The number of an extension with `may_listen`; its phones ring.
        pub extension: ExtensionNumber,
        /// Can be changed on the phone: `1` listen, `2` whisper, `3` join. Without it `listen`.
        pub mode: Option<ListenMode>,
    }
}

/// Send one side of a call to another number.
///
/// As when a phone sends the other side on: to an extension, an own number, or a number of the public
/// network that the company may call. What cannot be reached is refused, and the call goes on. A caller
/// who talks with nobody yet, in a menu or a queue, can be sent on too.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live/{call}/transfer", operation_id = "live_transfer", tag = "Calls",
    params(CallPath),
    request_body(content = LiveTransfer, example = json!({ "to": "1002", "side": "caller" })),
    responses((status = 202, description = "The number rings; the other side has left."),
        (status = 409, description = "Where the call stands nobody can be sent on (`not_now`), a call is in every parking slot (`no_slot`), or it is an emergency call (`emergency_call`).", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No call can be sent there: `unknown_number`, `already_there`, `premium_blocked`, `no_line` or `slot_taken`, at `/to`.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn transfer(
    admin: CustomerAdmin,
    Url(path): Url<CallPath>,
    body: Body<LiveTransfer>,
) -> Answer<StatusCode> {
    own(&admin, &path)?;
    let LiveTransfer { to, side } = body.value;
    let side = side.unwrap_or(CallSide::Caller);
    let mut act = admin.open().await?;
    let what = json!({ "to": to, "side": side });
    act.changed("call.transfer", path.call, &None::<&Value>, &Some(&what)).await?;
    // Written before, kept after: what was refused did not happen.
    admin.api.control.live().send_on(path.call, side.party(), Dialled::parse(&to)).await.map_err(refused)?;
    act.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

/// Park one side of a call.
///
/// It waits in a slot, with music, until somebody takes it by dialling the slot on any phone of the PBX.
/// When nobody does within two minutes, it rings at whoever left, as a call to that extension. Both must
/// talk, and whoever leaves must be an extension of the PBX. A phone does the same when it sends the
/// other side to a slot, or to `*59` for the first that is free.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live/{call}/park", operation_id = "live_park", tag = "Calls",
    params(CallPath),
    request_body(content = LivePark, example = json!({ "side": "caller" })),
    responses((status = 200, description = "It waits there; the other side has left.", body = LiveParked, example = json!({ "slot": "*5901" })),
        (status = 409, description = "Where the call stands nobody can be parked (`not_now`), a call is in every slot (`no_slot`), or it is an emergency call (`emergency_call`).", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No such slot (`park_slot`), or a call is there already (`slot_taken`), at `/slot`.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn park(
    admin: CustomerAdmin,
    Url(path): Url<CallPath>,
    body: Body<LivePark>,
) -> Answer<Json<LiveParked>> {
    own(&admin, &path)?;
    let LivePark { side, slot } = body.value;
    let side = side.unwrap_or(CallSide::Caller);
    let at = match slot {
        None => ParkAt::AnyFree,
        Some(slot) => ParkAt::Slot(
            ParkSlot::parse(&slot).map_err(|wrong| Problem::field("/slot", wrong.code, wrong.message))?,
        ),
    };
    let mut act = admin.open().await?;
    let what = json!({ "side": side, "slot": at.to_string() });
    act.changed("call.park", path.call, &None::<&Value>, &Some(&what)).await?;
    let slot = admin.api.control.live().park(path.call, side.party(), at).await.map_err(not_parked)?;
    act.commit().await?;
    Ok(Json(LiveParked { slot }))
}

/// The same refusals as of a transfer, but at the field that there is here.
fn not_parked(why: AskFault) -> Problem {
    match why {
        AskFault::Send(SendFault::SlotTaken) => {
            Problem::field("/slot", "slot_taken", "Another call is parked there.")
        }
        AskFault::Send(SendFault::NotNow) => {
            Problem::conflict("not_now", "Only who talks with an extension can be parked.")
        }
        other => refused(other),
    }
}

/// Listen in on a call.
///
/// The phones of the extension ring; whoever picks up hears the call, as with `*88`, and it is kept in
/// the audit log as that is.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/live/{call}/listen", operation_id = "live_listen", tag = "Calls",
    params(CallPath),
    request_body(content = LiveListen, example = json!({ "extension": "1000", "mode": "listen" })),
    responses((status = 202, description = "The phones ring."),
        (status = 409, description = "Nobody talks in this call (`not_talking`), the extension takes part in it (`own_call`), there is no room for one more call (`no_room`), or it is an emergency call (`emergency_call`).", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The extension is none of a person (`unknown_extension`), may not listen (`may_not_listen`) or has no phone online (`offline`), at `/extension`.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn listen(
    admin: CustomerAdmin,
    Url(path): Url<CallPath>,
    body: Body<LiveListen>,
) -> Answer<StatusCode> {
    own(&admin, &path)?;
    let LiveListen { extension, mode } = body.value;
    let mode = mode.unwrap_or(ListenMode::Listen);
    let taken = match mode {
        ListenMode::Listen => voxera_callflow::ListenMode::Listen,
        ListenMode::Whisper => voxera_callflow::ListenMode::Whisper,
        ListenMode::Join => voxera_callflow::ListenMode::Barge,
    };
    let control = &admin.api.control;
    let view = control.directory().by_id(path.pbx).ok_or_else(Problem::not_found)?;
    let by = view.snapshot.extensions.get(&extension).map(|extension| extension.id);
    let by = by.ok_or_else(|| refused(AskFault::Listen(ListenFault::UnknownExtension)))?;
    let mut act = admin.open().await?;
    let what = json!({ "extension": extension, "mode": mode });
    act.changed("call.listen_in", path.call, &None::<&Value>, &Some(&what)).await?;
    control.live().listen(path.call, by, taken).await.map_err(refused)?;
    act.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

fn refused(why: AskFault) -> Problem {
    let to = |code, words: &str| Problem::field("/to", code, words);
    let extension = |code, words: &str| Problem::field("/extension", code, words);
    match why {
        AskFault::NoSuchCall => Problem::not_found(),
        AskFault::Emergency => emergency(),
        AskFault::Send(why) => match why {
            SendFault::UnknownNumber => to("unknown_number", "No call can be sent there."),
            SendFault::AlreadyThere => to("already_there", "That is who talks in this call already."),
            SendFault::Premium => to("premium_blocked", "Premium numbers are blocked."),
            SendFault::NoLine => to("no_line", "No line to the public network works."),
            SendFault::SlotTaken => to("slot_taken", "Another call is parked there."),
            SendFault::NoSlot => Problem::conflict("no_slot", "A call is parked in every slot."),
            SendFault::NotNow => Problem::conflict(
                "not_now",
                "Where the call stands, nobody can be sent on. Try again in a moment.",
            ),
        },
        AskFault::Listen(why) => match why {
            ListenFault::UnknownExtension => extension("unknown_extension", "No person has this extension."),
            ListenFault::MayNot => {
                extension("may_not_listen", "This extension may not listen to the calls of others.")
            }
            ListenFault::Offline => extension("offline", "No phone of this extension is online."),
            ListenFault::OwnCall => Problem::conflict("own_call", "This extension takes part in the call."),
            ListenFault::NotTalking => Problem::conflict("not_talking", "Nobody talks in this call now."),
            ListenFault::Busy => Problem::conflict("no_room", "There is no room for one more call now."),
        },
    }
}
