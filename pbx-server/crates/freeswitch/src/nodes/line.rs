//! What a node needs before calls can come, and how its lines to the public network are.

use super::node::profile;
use crate::esl::{Command, Connection, EslError, GatewayNews, Word};
use voxera_callcontrol::{CallControl, LineFault, LineState};
use voxera_model::TrunkId;

/// Starts what a node could not start when it booted before this server: the phones' profile and the
/// queues come from us.
pub(super) async fn start(connection: &mut Connection) -> Result<(), EslError> {
    let queues = Word::parse("mod_callcenter").map_err(|_| EslError::Stranger)?;
    let Some(profile) = profile() else { return Ok(()) };
    if connection.api(&Command::HasModule { module: queues.clone() }).await?.trim() == "false" {
        tried(connection.api(&Command::LoadModule { module: queues }).await)?;
    }
    let status = connection.api(&Command::ProfileStatus { profile: profile.clone() }).await;
    let missing = match &status {
        Ok(answer) => answer.contains("Invalid"),
        Err(EslError::Refused(_)) => true,
        Err(_) => false,
    };
    tried(status)?;
    if missing {
        tried(connection.api(&Command::ReloadXml).await)?;
        tried(connection.api(&Command::StartProfile { profile }).await)?;
    }
    music(connection).await
}

/// The music of those who wait, at the rates that calls have.
async fn music(connection: &mut Connection) -> Result<(), EslError> {
    let there = match connection.api(&Command::ShowMusic).await {
        Ok(there) => there,
        Err(EslError::Refused(_)) => String::new(),
        Err(error) => return Err(error),
    };
    let there: Vec<&str> = there.split([',', '\n', ' ']).collect();
    for name in ["voxera", "voxera/16000", "voxera/48000"].into_iter().filter(|name| !there.contains(name)) {
        if let Ok(name) = Word::parse(name) {
            tried(connection.api(&Command::StartMusic { name }).await)?;
        }
    }
    Ok(())
}

/// A refusal is told in the log; the connection is as good as before.
fn tried(outcome: Result<String, EslError>) -> Result<(), EslError> {
    match outcome {
        Ok(_) => Ok(()),
        Err(EslError::Refused(why)) => {
            tracing::warn!(why, "a node cannot start what calls need");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// A line works, or does not.
pub(super) fn take(control: &CallControl, news: &GatewayNews) {
    let Ok(trunk) = news.gateway.parse::<TrunkId>() else { return };
    let down = |why| Some(LineState::Down { why });
    let state = match (news.state.as_str(), news.status) {
        // `NOREG` does not register: whether it works is seen by its answers to OPTIONS.
        ("NOREG", _) if news.answers_pings == Some(false) => down(LineFault::Silent),
        ("REGED" | "NOREG", _) => Some(LineState::Up),
        (_, Some(401 | 403 | 407)) => down(LineFault::Password),
        (_, Some(408 | 503)) => down(LineFault::Silent),
        (_, Some(status @ 400..)) => down(LineFault::Refused { status }),
        ("FAIL_WAIT" | "TIMEOUT" | "DOWN", _) => down(LineFault::Silent),
        // On its way.
        _ => None,
    };
    if let Some(state) = state {
        control.line_is(trunk, state);
    }
}
