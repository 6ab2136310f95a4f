//! `*43` and `*44`: whoever tries a phone hears itself, or a tone.

use super::Next;
use super::walk::Walk;
use crate::cursor::{Position, SoundTest, Then};
use crate::reason::Reason;
use crate::sound::Sound;
use crate::step::Action;
use crate::words;

pub(super) fn echo(walk: &mut Walk<'_>) -> Next {
    let from = walk.caller();
    walk.say(Reason::EchoTest { from });
    let welcome = walk.speech(words::echo_welcome(walk.language()));
    walk.play(vec![welcome, Sound::Beep]);
    Next::Wait(Position::Hearing { then: Then::Echo })
}

/// The welcome was heard.
pub(super) fn begin_echo(walk: &mut Walk<'_>) -> Next {
    walk.act(Action::Echo);
    Next::Wait(Position::Testing { test: SoundTest::Echo })
}

pub(super) fn tone(walk: &mut Walk<'_>) -> Next {
    let from = walk.caller();
    walk.say(Reason::ToneTest { from });
    walk.answer();
    walk.act(Action::Tone);
    Next::Wait(Position::Testing { test: SoundTest::Tone })
}
