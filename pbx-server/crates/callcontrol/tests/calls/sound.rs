//! Sides of a call that are not heard.

use crate::anna_and_bertil;
use crate::common::{Setup, answered, number};
use voxera_callcontrol::{LiveScope, LiveSound, MediaSummary};
use voxera_callflow::{Action, Event, Party, Peer, Reason, SoundTrouble};
use voxera_model::Dialled;

const NO_PATH: LiveSound = LiveSound::Trouble { cause: SoundTrouble::NoPath };

#[tokio::test]
async fn a_side_that_is_not_heard_is_told_of_once_and_its_trace_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let (call, _) = setup.call("1000", "1001");
    let _ = call.advance(answered("1001"));
    call.sound(Party::Callee, Some(SoundTrouble::NoPath));
    call.sound(Party::Callee, Some(SoundTrouble::NoPath));
    let live = setup.control.live().call(call.id()).unwrap();
    assert_eq!((live.from.sound, live.to.sound), (LiveSound::Ok, NO_PATH));
    call.sound(Party::Callee, None);
    assert_eq!(setup.control.live().call(call.id()).unwrap().to.sound, LiveSound::Ok);
    call.sound(Party::Caller, Some(SoundTrouble::NothingHeard));
    call.rests(Party::Caller);
    call.rests(Party::Caller);
    assert_eq!(setup.control.live().call(call.id()).unwrap().from.sound, LiveSound::Ok);
    // We are always heard.
    call.sound(Party::System, Some(SoundTrouble::Encryption));
    let _ = call.advance(Event::HungUp { by: Party::Caller });
    call.finish(MediaSummary::default());
    let record = crate::ended(&mut feed).await;
    let sound = record.trace.iter().map(|entry| &entry.reason);
    let is = |reason: &&Reason| {
        matches!(reason, Reason::SoundLost { .. } | Reason::SoundBack { .. } | Reason::SoundRests { .. })
    };
    let sound: Vec<_> = sound.filter(is).cloned().collect();
    let (caller, of) = (Party::Caller, Party::Callee);
    let told = [
        Reason::SoundLost { of, why: SoundTrouble::NoPath },
        Reason::SoundBack { of },
        Reason::SoundLost { of: caller, why: SoundTrouble::NothingHeard },
        Reason::SoundRests { of: caller },
    ];
    assert_eq!(sound, told);
}

#[tokio::test]
async fn whoever_takes_a_place_is_heard_until_it_is_told_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let sounds = |call: &voxera_callcontrol::Call| {
        let live = setup.control.live().call(call.id()).unwrap();
        (live.from.sound, live.to.sound)
    };
    let (call, _) = setup.call("1000", "1001");
    let _ = call.advance(answered("1001"));
    call.sound(Party::Caller, Some(SoundTrouble::NoPath));
    let by = Peer::Extension(number("1002"));
    let _ = call.advance(Event::Replaced { party: Party::Caller, by });
    assert_eq!(sounds(&call), (LiveSound::Ok, LiveSound::Ok));
    // Who is sent on becomes the caller, and takes its trouble along.
    call.sound(Party::Callee, Some(SoundTrouble::NoPath));
    let actions = call.advance(Event::Transferred { by: Party::Caller, to: Dialled::parse("1000") });
    assert!(actions.contains(&Action::Release { party: Party::Caller }), "{actions:?}");
    assert_eq!(sounds(&call), (NO_PATH, LiveSound::Ok));
}
