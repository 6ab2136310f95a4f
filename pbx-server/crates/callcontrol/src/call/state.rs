//! What is known of a call, step by step.

use super::record;
use crate::live::LiveSound;
use crate::record::Direction;
use chrono::{DateTime, Utc};
use voxera_callflow::{Action, Cause, Cursor, Event, Party, Peer, RingTarget, TraceEntry};
use voxera_model::ExtensionNumber;

#[derive(Debug, Default)]
pub(super) struct State {
    pub cursor: Option<Cursor>,
    pub trace: Vec<TraceEntry>,
    /// The extension that rang last, or answered.
    pub to_extension: Option<ExtensionNumber>,
    /// A line was taken to the public network.
    pub outward: bool,
    pub keys: String,
    pub answered_at: Option<DateTime<Utc>>,
    /// Of the caller, and of whoever answered.
    pub sound: (LiveSound, LiveSound),
    pub ended: Option<Ended>,
    pub recorded: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub at: DateTime<Utc>,
    pub outcome: Cause,
    pub by: Party,
}

impl State {
    /// Notes what a step says of the call as a whole.
    pub fn follow(&mut self, event: &Event, actions: &[Action], now: DateTime<Utc>) {
        if let Event::Replaced { party, .. } = event {
            match party {
                Party::Caller => self.sound.0 = LiveSound::Ok,
                Party::Callee => self.sound.1 = LiveSound::Ok,
                Party::System => {}
            }
        }
        for action in actions {
            match action {
                Action::Ring { targets, .. } => {
                    for target in targets {
                        match target {
                            RingTarget::Extension { number, .. } => self.to_extension = Some(number.clone()),
                            RingTarget::Outside { .. } => self.outward = true,
                        }
                    }
                }
                Action::Emergency { .. } => self.outward = true,
                // Whoever stays is the caller now.
                Action::Release { party } => {
                    let (caller, callee) = std::mem::take(&mut self.sound);
                    self.sound.0 = if *party == Party::Caller { callee } else { caller };
                }
                Action::Bridge => {
                    self.answered_at = self.answered_at.or(Some(now));
                    let (Event::Answered { by } | Event::Replaced { by, .. }) = event else { continue };
                    if let Peer::Extension(number) = by {
                        self.to_extension = Some(number.clone());
                    }
                }
                Action::Answer => self.answered_at = self.answered_at.or(Some(now)),
                Action::Hangup { cause } => {
                    self.ended = Some(Ended { at: now, outcome: *cause, by: record::ended_by(event) });
                }
                _ => {}
            }
        }
    }

    pub fn direction(&self, from: Option<&Peer>) -> Direction {
        match from {
            Some(Peer::Outside(_)) => Direction::In,
            Some(Peer::Extension(_)) | None if self.outward => Direction::Out,
            Some(Peer::Extension(_)) | None => Direction::Internal,
        }
    }
}
