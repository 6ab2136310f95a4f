//! What the core decides, done.

use crate::call::CallTask;
use std::time::Duration;
use voxera_callflow::{Action, Cause};
use voxera_model::Seconds;

/// How long a call for help may ring.
const EMERGENCY_RINGS: Seconds = Seconds(600);

impl CallTask {
    pub(super) async fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Ring { targets, ring_for, hears } => self.ring(targets, ring_for, hears).await,
                Action::StopRinging => self.stop_ringing(None),
                Action::Bridge => self.bridge(),
                Action::Emergency { caller_id } => self.emergency(caller_id).await,
                Action::Answer => self.take_call(),
                Action::Play { sounds } => self.play(sounds),
                Action::Music { audio } => self.music(audio),
                Action::Tone => self.tone(),
                Action::Echo => self.echo(),
                Action::Silence => self.silence(),
                Action::Timer { timer, after } => {
                    self.timer =
                        Some((timer, self.hub.control.clock().instant() + Duration::from_millis(after)));
                }
                Action::Record { longest } => self.record_message(longest),
                Action::KeepMessage { mailbox } => self.keep_message(mailbox).await,
                Action::DropMessage => self.drop_message().await,
                Action::MarkHeard { mailbox, message } => {
                    let control = &self.hub.control;
                    control.mailboxes().mark_heard(self.core.view().snapshot.pbx, mailbox, message);
                }
                Action::DeleteMessage { mailbox, message } => {
                    let control = &self.hub.control;
                    control.mailboxes().delete(self.core.view().snapshot.pbx, mailbox, message);
                }
                Action::Join { room, members: _ } => self.join(room),
                Action::StartRecording { owners } => self.start_recording(owners),
                Action::Listen { extension, mode } => self.listen_in(extension, mode),
                Action::PickUp { call } => self.pick_up(call),
                Action::CallerName { text } => self.name_before = Some(text),
                Action::RequestCallback { whom, number } => self.core.callback(whom, number),
                Action::Release { party } => self.release(party),
                Action::Hangup { cause } => self.hang_up(cause),
            }
        }
        if self.core.is_over() && !self.over {
            self.hang_up(Cause::Fault);
        }
    }

    /// A call for help goes over every line that carries it, one after the other, whatever they seem
    /// to be.
    async fn emergency(&mut self, caller_id: Option<voxera_model::PhoneNumber>) {
        let snapshot = &self.core.view().snapshot;
        let trunks: Vec<_> =
            snapshot.trunks.iter().filter(|line| line.emergency).map(|line| line.id).collect();
        self.ring_emergency(caller_id, trunks, EMERGENCY_RINGS).await;
    }
}
