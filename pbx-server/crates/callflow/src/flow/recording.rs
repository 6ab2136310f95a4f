//! That calls are recorded, and that callers know.

use super::Next;
use super::walk::Walk;
use crate::cursor::{Position, Then};
use crate::event::Peer;
use crate::extension::RecordingPolicy;
use crate::reason::Reason;
use crate::step::Action;
use voxera_model::ExtensionId;

/// The notice that a caller must hear before these extensions are rung, then `at` is visited again.
/// `None`: nothing to say.
pub(super) fn notice(walk: &mut Walk<'_>, at: ExtensionId, of: &[ExtensionId]) -> Option<Next> {
    if walk.journey.noticed || !walk.snapshot.features.recording {
        return None;
    }
    let snapshot = walk.snapshot;
    let (id, prompt) = of.iter().find_map(|id| {
        let (_, extension) = snapshot.extension(*id)?;
        Some((*id, extension.recording.as_ref()?.notice.as_ref()?))
    })?;
    walk.journey.noticed = true;
    let of = walk.who(id);
    walk.say(Reason::RecordingNotice { of });
    let sound = walk.prompt(prompt);
    walk.play(vec![sound]);
    // The same place again is no step further.
    walk.journey.hops = walk.journey.hops.saturating_sub(1);
    Some(Next::Wait(Position::Hearing { then: Then::Extension { extension: at } }))
}

/// Says on whose behalf the call is recorded when one of these answers: of these, and of the caller's
/// own extension.
pub(super) fn start(walk: &mut Walk<'_>, of: &[ExtensionId]) {
    let snapshot = walk.snapshot;
    let mut owners: Vec<ExtensionId> = Vec::new();
    if snapshot.features.recording {
        let calling = walk.calling().map(|extension| extension.id);
        for id in calling.iter().chain(of) {
            let recorded = snapshot.extension(*id).is_some_and(|(_, found)| found.recording.is_some());
            if recorded && !owners.contains(id) {
                owners.push(*id);
            }
        }
    }
    if owners == walk.journey.recording {
        return;
    }
    if !owners.is_empty() {
        let whom = owners.iter().map(|id| walk.who(*id)).collect();
        walk.say(Reason::RecordingStarts { owners: whom });
    }
    walk.journey.recording.clone_from(&owners);
    walk.act(Action::StartRecording { owners });
}

/// The same when somebody takes a call that was not sent there: not on behalf of one whose notice was
/// never heard.
pub(super) fn start_for_taker(walk: &mut Walk<'_>, by: &Peer) {
    let snapshot = walk.snapshot;
    let taker = match by {
        Peer::Extension(number) => snapshot.extensions.get(number),
        Peer::Outside(_) => None,
    };
    let silent = |policy: &RecordingPolicy| policy.notice.is_none();
    let may = taker.filter(|taker| walk.journey.noticed || taker.recording.as_ref().is_none_or(silent));
    start(walk, may.map(|taker| taker.id).as_slice());
}
