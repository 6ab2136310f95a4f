//! What somebody in charge does with a call that is up: sends it on, listens in.

use crate::customer::live::{emergency, own};
use crate::input::{Body, CallPath, Field, Url, input};
use crate::permit::CustomerAdmin;
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use voxera_callcontrol::{AskFault, ListenFault};
use voxera_callflow::{Party, SendFault};
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
        /// An extension, or a public number, as people dial it.
        #[schema(example = "1002")]
        pub to: String,
        /// Who goes there; the other side leaves. Without it the caller.
        pub side: Option<CallSide>,
    }
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
        (status = 409, description = "Where the call stands nobody can be sent on (`not_now`), or it is an emergency call (`emergency_call`).", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No call can be sent there: `unknown_number`, `already_there`, `premium_blocked` or `no_line`, at `/to`.", body = Problem, content_type = "application/problem+json")),
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
    let party = match side {
        CallSide::Caller => Party::Caller,
        CallSide::Callee => Party::Callee,
    };
    let mut act = admin.open().await?;
    let what = json!({ "to": to, "side": side });
    act.changed("call.transfer", path.call, &None::<&Value>, &Some(&what)).await?;
    // Written before, kept after: what was refused did not happen.
    admin.api.control.live().send_on(path.call, party, Dialled::parse(&to)).await.map_err(refused)?;
    act.commit().await?;
    Ok(StatusCode::ACCEPTED)
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
