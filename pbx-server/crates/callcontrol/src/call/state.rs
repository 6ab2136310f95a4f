//! What is known of a call, step by step.

use super::record;
use crate::live::LiveSound;
use crate::record::{Direction, Noted};
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
    /// Of a call that outlived us: what was noted of it, and where its engine kept that it stands. What
    /// the engine kept is of its last order to the call; that two talk since is in the note alone.
    pub fn resumed(noted: Option<Noted>, kept: Cursor, told: usize, started_at: DateTime<Utc>) -> Self {
        let Some(Noted { record, cursor }) = noted else {
            let answered_at = kept.journey.answered.then_some(started_at);
            return Self { answered_at, cursor: Some(kept), ..Self::default() };
        };
        let newer = cursor.filter(|cursor| cursor.other().is_some() && record.trace.len() >= told);
        let cursor = newer.unwrap_or(kept);
        Self {
            answered_at: record.answered_at.or(cursor.journey.answered.then_some(started_at)),
            cursor: Some(cursor),
            trace: record.trace,
            to_extension: record.to_extension,
            outward: record.direction == Direction::Out,
            keys: record.keys,
            ..Self::default()
        }
    }

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
