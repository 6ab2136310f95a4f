//! `*88`: an administrator listens in, whispers, or joins a call.

use super::Next;
use super::walk::Walk;
use crate::cursor::Position;
use crate::event::Event;
use crate::reason::Reason;
use crate::step::{Action, Cause, ListenMode};
use voxera_model::{ExtensionId, ExtensionNumber};

pub(super) fn begin(walk: &mut Walk<'_>, number: &ExtensionNumber) -> Next {
    let from = walk.caller();
    let may = walk.calling().and_then(|extension| extension.user()).is_some_and(|user| user.may_listen);
    if !may {
        walk.say(Reason::MayNotListen { from });
        return Next::End(Cause::NotAllowed);
    }
    let to = walk.number(number);
    let extension = walk.snapshot.extensions.get(number).filter(|extension| extension.user().is_some());
    let Some(id) = extension.map(|extension| extension.id).filter(|id| !walk.is_caller(*id)) else {
        walk.say(Reason::NotTalking { to });
        return Next::End(Cause::NoAnswer);
    };
    if walk.available(id).talking == 0 {
        walk.say(Reason::NotTalking { to });
        return Next::End(Cause::NoAnswer);
    }
    listen(walk, id, ListenMode::Listen)
}

pub(super) fn happened(
    walk: &mut Walk<'_>,
    id: ExtensionId,
    mode: ListenMode,
    event: &Event,
) -> Option<Next> {
    match event {
        Event::Key { key } => {
            let chosen = match key.as_char() {
                '1' => ListenMode::Listen,
                '2' => ListenMode::Whisper,
                '3' => ListenMode::Barge,
                _ => return None,
            };
            (chosen != mode).then(|| listen(walk, id, chosen))
        }
        Event::Failed => {
            walk.say(Reason::ListeningEnded);
            Some(Next::End(Cause::Normal))
        }
        _ => None,
    }
}

fn listen(walk: &mut Walk<'_>, id: ExtensionId, mode: ListenMode) -> Next {
    let (from, to) = (walk.caller(), walk.who(id));
    walk.say(Reason::ListensIn { from, to, mode });
    walk.answer();
    walk.act(Action::Listen { extension: id, mode });
    Next::Wait(Position::Listening { extension: id, mode })
}
