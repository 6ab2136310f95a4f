//! One task per call. It owns both sides, hears everything that happens to them, and does what the
//! core decides; it never decides where a call goes.

mod arrive;
mod book;
mod end;
mod inside;
mod leg;
mod ring;
mod send;

pub use arrive::invite;
pub use book::Book;

use crate::flow::Flow;
use crate::hub::Hub;
use crate::media::{Session, Side};
use inside::Exchange;
use leg::Leg;
use ring::{Fork, Ringing};
use rsipstack::sip::{Header, Response};
use rsipstack::transaction::Transaction;
use send::{Heard, Responder};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use voxera_callcontrol::Call;
use voxera_callflow::{Action, Cause, Event, Party, RingTarget};
use voxera_model::{CallId, Realm};

/// What can happen to a call.
pub enum Input {
    /// A request inside the dialog of this side.
    Request(Side, Box<Transaction>),
    /// About the caller's INVITE.
    Caller(Heard),
    /// An answer of a phone that rings, by its place in the list; `None`: no more will come.
    Fork(usize, Option<Response>),
    /// An answer to an INVITE inside the call, by its number; `None`: no more will come.
    Exchange(u64, Option<Response>),
    /// Whether a phone that has been silent is still there.
    Alive(Side, bool),
    /// No sound from either side for too long.
    Silent,
    /// Somebody in charge wants it to end.
    Hangup,
    /// This way is gone.
    Gone(Flow),
}

/// Where the caller's INVITE stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No final answer yet.
    Open,
    /// Answered with 200, which the phone has not acknowledged.
    Answered,
    /// Answered and acknowledged.
    Up,
    /// Nothing more will come of it.
    Closed,
}

/// One call.
struct CallTask {
    hub: Arc<Hub>,
    id: CallId,
    core: Call,
    realm: Realm,
    inbox: UnboundedReceiver<Input>,
    own: UnboundedSender<Input>,
    caller: Leg,
    responder: Responder,
    stage: Stage,
    /// The phone that answered.
    callee: Option<Leg>,
    forks: Vec<Fork>,
    ringing: Option<Ringing>,
    media: Option<Session>,
    exchange: Option<Exchange>,
    /// Counts the exchanges.
    exchanges: u64,
    /// How often the caller's phone promised to say that it is still there.
    session: Option<SessionTimer>,
    probe_at: Option<Instant>,
    codec: Option<String>,
    /// The core has ended it; what is left is good manners.
    over: bool,
    /// The caller is told goodbye as soon as it has acknowledged the answer.
    bye_owed: bool,
    _seat: book::Seat,
}

/// RFC 4028, with the phone as the one that refreshes.
#[derive(Debug, Clone, Copy)]
struct SessionTimer {
    interval: Duration,
    until: Instant,
}

impl SessionTimer {
    fn new(interval: Duration) -> Self {
        Self { interval, until: Instant::now() + interval }
    }

    fn headers(self) -> Vec<Header> {
        let seconds = self.interval.as_secs();
        vec![
            crate::wire::field("Session-Expires", format!("{seconds};refresher=uac")),
            crate::wire::field("Require", "timer"),
        ]
    }
}

impl CallTask {
    async fn run(mut self, first: Vec<Action>) {
        self.perform(first).await;
        let asked = self.core.hangup_asked();
        let stopping = self.hub.stopping.clone();
        while !self.is_done() {
            let due = self.due();
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(input) = self.inbox.recv() => self.hear(input).await,
                () = asked.cancelled(), if !self.over => self.end_by_system().await,
                () = stopping.cancelled(), if !self.over => self.end_by_system().await,
                () = wait => self.look().await,
            }
        }
    }

    async fn hear(&mut self, input: Input) {
        match input {
            Input::Request(side, tx) => self.inside(side, *tx).await,
            Input::Caller(heard) => self.heard_caller(heard).await,
            Input::Fork(index, response) => self.fork_said(index, response).await,
            Input::Exchange(number, response) => self.exchanged(number, response).await,
            Input::Alive(_, true) => {}
            Input::Alive(side, false) => {
                tracing::info!(call = %self.id.0, ?side, "a silent phone is gone");
                self.advance(Event::HungUp { by: Party::System }).await;
            }
            Input::Silent => {
                tracing::info!(call = %self.id.0, "no sound from either side");
                metrics::counter!("voxera_sip_media_timeouts_total").increment(1);
                self.end_by_system().await;
            }
            Input::Hangup => self.end_by_system().await,
            Input::Gone(flow) => {
                self.lose_forks(&flow);
                if self.stage == Stage::Open && self.caller.flow.is(&flow) {
                    self.stage = Stage::Closed;
                    self.advance(Event::HungUp { by: Party::Caller }).await;
                }
            }
        }
    }

    async fn heard_caller(&mut self, heard: Heard) {
        match heard {
            Heard::Cancel if self.stage == Stage::Open => {
                self.advance(Event::HungUp { by: Party::Caller }).await;
            }
            Heard::Ack if self.stage == Stage::Answered => {
                self.stage = Stage::Up;
                self.say_owed_bye();
            }
            // RFC 3261, section 13.3.1.4: an answer that nobody acknowledges ends the call.
            Heard::End if self.stage == Stage::Answered => {
                tracing::info!(call = %self.id.0, "the answer was never acknowledged");
                self.stage = Stage::Up;
                self.say_owed_bye();
                self.advance(Event::HungUp { by: Party::System }).await;
            }
            Heard::End if self.stage == Stage::Open => {
                self.stage = Stage::Closed;
                self.advance(Event::HungUp { by: Party::Caller }).await;
            }
            Heard::Cancel | Heard::Ack | Heard::End => {}
        }
    }

    /// Tells the core, and does what it says.
    async fn advance(&mut self, event: Event) {
        if !self.over {
            let actions = self.core.advance(event);
            // Ringing again from here would need a boxed future; no event leads back to itself twice.
            Box::pin(self.perform(actions)).await;
        }
    }

    async fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Ring { targets, ring_for, hears: _ } => {
                    for target in targets {
                        let RingTarget::Extension { number, name, devices, .. } = target else { continue };
                        self.ring(number, &name, &devices, ring_for).await;
                    }
                }
                Action::Bridge => self.bridge(),
                // The core asks for it only when a line that carries it is configured, and this
                // engine has no lines yet.
                Action::Emergency { .. } => {
                    tracing::error!(call = %self.id.0, "an emergency call found no line");
                    self.advance(Event::HungUp { by: Party::System }).await;
                }
                Action::Hangup { cause } => self.hang_up(cause),
                _ => {}
            }
        }
        if self.core.is_over() && !self.over {
            self.hang_up(Cause::Fault);
        }
    }

    async fn end_by_system(&mut self) {
        self.advance(Event::HungUp { by: Party::System }).await;
    }

    /// When something is due that nobody will tell.
    fn due(&self) -> Option<Instant> {
        let ringing = self.ringing.as_ref().map(|ringing| ringing.until);
        let session = self.session.filter(|_| self.stage == Stage::Up && !self.over).map(|s| s.until);
        let probe = self.probe_at.filter(|_| !self.over);
        let forks = self.forks.iter().filter_map(|fork| fork.give_up).min();
        [ringing, session, probe, forks].into_iter().flatten().min()
    }

    async fn look(&mut self) {
        let now = Instant::now();
        self.let_forks_go(now);
        if self.ringing.as_ref().is_some_and(|ringing| ringing.until <= now) {
            self.nobody_picked_up().await;
        }
        if !self.over && self.stage == Stage::Up && self.session.is_some_and(|s| s.until <= now) {
            tracing::info!(call = %self.id.0, "the caller's phone no longer says that it is there");
            self.end_by_system().await;
        }
        if !self.over && self.probe_at.is_some_and(|at| at <= now) {
            self.probe(now);
        }
    }

    fn is_done(&self) -> bool {
        self.over && self.forks.is_empty() && !self.bye_owed && self.exchange.is_none()
    }

    fn leg(&mut self, side: Side) -> Option<&mut Leg> {
        match side {
            Side::Caller => Some(&mut self.caller),
            Side::Callee => self.callee.as_mut(),
        }
    }
}
