//! Keys that a caller presses, and other news of the sound.

use crate::call::CallTask;
use crate::media::MediaEvent;
use voxera_callflow::Event;
use voxera_model::Key;

/// What INFO may carry.
pub const TONES: &[&str] = &["application/dtmf-relay", "application/dtmf", "application/media_control+xml"];

impl CallTask {
    pub(super) fn media_said(&mut self, event: MediaEvent) {
        let own = self.caller.as_ref().and_then(|leg| leg.endpoint.as_ref()).map(crate::media::Endpoint::id);
        match event {
            MediaEvent::Silent(_) => {
                tracing::info!(call = %self.id.0, "no sound from either side");
                metrics::counter!("voxera_sip_media_timeouts_total").increment(1);
                self.end_by_system();
            }
            MediaEvent::Key(_, endpoint, key) if own == Some(endpoint) => self.pressed(key),
            MediaEvent::Played(_, endpoint, played) if own == Some(endpoint) => self.played(played),
            MediaEvent::Recorded(_, endpoint) if own == Some(endpoint) => self.happened(Event::Recorded),
            MediaEvent::RecordingFailed(_, _, why) => self.recording_failed(&why),
            MediaEvent::ListeningEnded(_, endpoint) if own == Some(endpoint) => self.listening_ended(),
            MediaEvent::Trouble(_, endpoint, trouble) => self.heard(endpoint, Some(trouble)),
            MediaEvent::Well(_, endpoint) => self.heard(endpoint, None),
            MediaEvent::Rests(_, endpoint) => self.rests(endpoint),
            MediaEvent::Connected(..)
            | MediaEvent::Key(..)
            | MediaEvent::Played(..)
            | MediaEvent::Recorded(..)
            | MediaEvent::ListeningEnded(..) => {}
        }
    }

    fn pressed(&mut self, key: Key) {
        if self.bridge.is_none() {
            self.happened(Event::Key { key });
        }
    }

    /// A key that came beside the sound. Whether there is one in it.
    pub(super) fn pressed_beside(&mut self, kind: &str, body: &str) -> bool {
        let key = key_of(kind, body);
        if let Some(key) = key {
            self.pressed(key);
        }
        key.is_some()
    }
}

/// `Signal=5` and `Duration=160` on lines of their own, or the key alone.
fn key_of(kind: &str, body: &str) -> Option<Key> {
    let text = match kind {
        "application/dtmf-relay" => body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then_some(value)
        })?,
        "application/dtmf" => body,
        _ => return None,
    };
    match text.trim() {
        "10" => Some(Key::STAR),
        "11" => Some(Key::HASH),
        key => Key::parse(key).ok(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_both_ways_of_writing_them() {
        let relay = |body| key_of("application/dtmf-relay", body);
        let five = Key::parse("5").unwrap();
        assert_eq!(relay("Signal=5\r\nDuration=160\r\n"), Some(five));
        assert_eq!(relay("Duration=160\nsignal = #"), Some(Key::HASH));
        assert_eq!(relay("Signal=10\r\n"), Some(Key::STAR));
        assert_eq!(key_of("application/dtmf", " 5\r\n"), Some(five));
        assert_eq!((relay("Signal=A"), relay("5"), key_of("text/plain", "5")), (None, None, None));
    }
}
