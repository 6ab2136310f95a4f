//! One task per call. It owns its legs, hears everything that happens to them, and does what the
//! core decides; it never decides where a call goes.
//!
//! | module | job |
//! |---|---|
//! | `arrive` | an INVITE that begins a call |
//! | `perform` | what the core decides, done |
//! | `ring`, `fork` | phones and lines that ring |
//! | `answer` | our own answers, and two sides connected |
//! | `hears` | what a caller hears: prompts, music, tones |
//! | `keys` | keys that a caller presses |
//! | `keep` | messages and recordings |
//! | `join`, `summon` | rooms, and listening in; phones that ring so that somebody does |
//! | `inside`, `exchange`, `hold` | requests inside a call; sound described anew |
//! | `refer`, `handover` | transfers, and legs that move from one call to another |
//! | `web`, `doctor` | browsers; whether each side is heard |
//! | `end` | goodbye |
//! | `leg`, `reach`, `send`, `book` | dialogs and transactions |

mod answer;
mod arrive;
mod book;
mod doctor;
mod end;
mod exchange;
mod fork;
mod handover;
mod hears;
mod hold;
mod inside;
mod join;
mod keep;
mod keys;
mod leg;
mod perform;
mod reach;
mod refer;
mod ring;
mod send;
mod sound;
mod summon;
mod web;

pub use arrive::invite;
pub use book::Book;
pub use join::Rooms;
pub use leg::LegId;
pub use send::answer_to as ask_over;

use crate::flow::Flow;
use crate::hub::Hub;
use crate::media::{Bridge, Endpoint, MediaEvent};
use exchange::Exchange;
use fork::Fork;
use handover::{Handed, Handing};
use hears::Hearing;
use keep::Keeping;
use leg::{Leg, Stage};
use refer::Transfer;
use ring::Ringing;
use rsipstack::sip::{Header, Response, Uri};
use rsipstack::transaction::Transaction;
use send::Heard;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use summon::Summoned;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use voxera_callcontrol::{Call, Transport};
use voxera_callflow::{Action, Event, Party};
use voxera_model::{CallId, DeviceId, Name, Realm};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Caller,
    Callee,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }

    /// As the core names it.
    #[must_use]
    pub const fn party(self) -> Party {
        match self {
            Self::Caller => Party::Caller,
            Self::Callee => Party::Callee,
        }
    }
}

/// What can happen to a call.
pub enum Input {
    /// A request inside the dialog of this leg.
    Request(LegId, Box<Transaction>),
    /// About the INVITE of this leg, which called us.
    Invite(LegId, Heard),
    /// An answer of a phone that rings; `None`: no more will come.
    Fork(LegId, Option<Response>),
    /// An answer to an INVITE inside the call, by its number; `None`: no more will come.
    Exchange(u64, Option<Response>),
    /// Whether a phone that has been silent is still there.
    Alive(LegId, bool),
    /// Of the sound of a leg, or of both.
    Media(MediaEvent),
    /// Sounds that were asked for, by the number of the wish.
    Loaded(u64, Vec<Arc<voxera_audio::Pcm>>),
    /// Music for whoever is on hold.
    HoldMusic(LegId, Arc<voxera_audio::Pcm>),
    /// Another call gives one of its legs.
    Handed(Box<Handed>),
    /// What came of a leg that was given away; handed back when it was not taken.
    Given(Option<Box<Handed>>),
    /// Somebody in charge wants it to end.
    Hangup,
    /// This way is gone.
    Gone(Flow),
    /// A page is there by a connection of its own.
    Back(Page, Flow),
}

/// One page of a browser, which has an address that no other has.
#[derive(Debug, Clone)]
pub struct Page {
    pub device: DeviceId,
    pub contact: Uri,
}

/// One call.
struct CallTask {
    hub: Arc<Hub>,
    id: CallId,
    core: Call,
    realm: Realm,
    inbox: UnboundedReceiver<Input>,
    own: UnboundedSender<Input>,
    /// `None`: it went to another call.
    caller: Option<Leg>,
    /// The phone that answered.
    callee: Option<Leg>,
    /// Legs that are still to be told goodbye: they have not acknowledged our answer.
    leaving: Vec<Leg>,
    /// Legs that went to other calls, and may still be spoken of here.
    gone: Vec<(LegId, reach::Reach)>,
    forks: Vec<Fork>,
    ringing: Option<Ringing>,
    /// Our ports towards whoever rings; the phone that answers has them.
    ring_sound: Option<Endpoint>,
    /// While a line is heard that has not answered yet.
    early: Option<Bridge>,
    bridge: Option<Arc<Bridge>>,
    hearing: Hearing,
    keeping: Keeping,
    joined: join::Joined,
    /// Phones ring so that somebody listens in, and how; the core knows nothing of it yet.
    summoned: Option<Summoned>,
    /// The call that is to be listened to.
    listens_to: Option<CallId>,
    handing: Option<Handing>,
    transfer: Option<Transfer>,
    exchange: Option<Exchange>,
    /// Counts the exchanges.
    exchanges: u64,
    timer: Option<(u32, Instant)>,
    probe_at: Option<Instant>,
    /// Shown before the caller's name.
    name_before: Option<Name>,
    codec: Option<String>,
    /// To be told to the core.
    events: VecDeque<Event>,
    /// The core has ended it; what is left is good manners.
    over: bool,
    _seat: book::Seat,
}

/// RFC 4028, with the phone as the one that refreshes.
#[derive(Debug, Clone, Copy)]
pub struct SessionTimer {
    interval: Duration,
    until: Instant,
}

impl SessionTimer {
    fn new(interval: Duration) -> Self {
        Self { interval, until: Instant::now() + interval }
    }

    /// Moves the end on; the fields that say so.
    fn refreshed(&mut self) -> Vec<Header> {
        self.until = Instant::now() + self.interval;
        let seconds = self.interval.as_secs();
        vec![
            crate::wire::field("Session-Expires", format!("{seconds};refresher=uac")),
            crate::wire::field("Require", "timer"),
        ]
    }
}

impl CallTask {
    /// A call with its caller.
    fn new(
        hub: &Arc<Hub>,
        id: CallId,
        core: Call,
        realm: Realm,
        (own, inbox): (UnboundedSender<Input>, UnboundedReceiver<Input>),
        caller: Option<Leg>,
        seat: book::Seat,
    ) -> Self {
        Self {
            hub: Arc::clone(hub),
            id,
            core,
            realm,
            inbox,
            own,
            caller,
            callee: None,
            leaving: Vec::new(),
            gone: Vec::new(),
            forks: Vec::new(),
            ringing: None,
            ring_sound: None,
            early: None,
            bridge: None,
            hearing: Hearing::default(),
            keeping: Keeping::default(),
            joined: join::Joined::default(),
            summoned: None,
            listens_to: None,
            handing: None,
            transfer: None,
            exchange: None,
            exchanges: 0,
            timer: None,
            probe_at: None,
            name_before: None,
            codec: None,
            events: VecDeque::new(),
            over: false,
            _seat: seat,
        }
    }

    async fn run(mut self, first: Vec<Action>) {
        self.perform(first).await;
        self.settle().await;
        let asked = self.core.hangup_asked();
        let mut asks = self.core.asks();
        let stopping = self.hub.stopping.clone();
        let woken = self.core.woken();
        let clock = self.hub.control.clock().clone();
        while !self.is_done() {
            let due = self.due();
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            let decided = self.decided();
            let waits = async {
                match decided {
                    Some(due) => clock.reaches(due).await,
                    None => std::future::pending().await,
                }
            };
            let asking = async {
                match &mut asks {
                    Some(asks) => asks.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(input) = self.inbox.recv() => self.hear(input).await,
                Some(ask) = asking, if !self.over => self.asked(ask).await,
                () = asked.cancelled(), if !self.over => self.end_by_system(),
                () = stopping.cancelled(), if !self.over => self.end_by_system(),
                () = woken.notified(), if !self.over => self.happened(Event::Woken),
                () = wait => self.look(),
                () = waits => self.time_is_up(clock.instant()),
            }
            self.settle().await;
        }
        // What other calls sent at the last moment goes back to them.
        self.inbox.close();
        while let Some(input) = self.inbox.recv().await {
            self.pass_on(input);
        }
    }

    async fn hear(&mut self, input: Input) {
        match input {
            Input::Request(leg, tx) => match self.side_of(leg) {
                Some(side) => self.inside(side, *tx).await,
                None => self.elsewhere(leg, *tx),
            },
            Input::Invite(leg, heard) => self.heard_invite(leg, heard),
            Input::Fork(leg, response) => self.fork_said(leg, response).await,
            Input::Exchange(number, response) => self.exchanged(number, response).await,
            Input::Alive(leg, alive) => {
                if !alive && self.side_of(leg).is_some() {
                    tracing::info!(call = %self.id.0, "a silent phone is gone");
                    self.end_by_system();
                }
            }
            Input::Media(event) => self.media_said(event),
            Input::Loaded(number, sounds) => self.loaded(number, sounds),
            Input::HoldMusic(leg, music) => self.play_hold_music(leg, music),
            Input::Handed(handed) => self.handed(*handed),
            Input::Given(back) => self.given(back),
            Input::Hangup => self.end_by_system(),
            Input::Gone(flow) => {
                self.lose_forks(&flow);
                self.lose_way(&flow);
                let gone = |leg: &&mut Leg| {
                    leg.stage == Stage::Open
                        && leg.flow.is(&flow)
                        && leg.flow.transport != Transport::WebSocket
                };
                if let Some(leg) = self.caller.as_mut().filter(gone) {
                    leg.stage = Stage::Closed;
                    if let Some(responder) = &leg.responder {
                        responder.stop();
                    }
                    self.happened(Event::HungUp { by: Party::Caller });
                }
            }
            Input::Back(page, flow) => self.regain(&page, &flow),
        }
    }

    fn heard_invite(&mut self, id: LegId, heard: Heard) {
        if let Some(at) = self.leaving.iter().position(|leg| leg.id == id) {
            if matches!(heard, Heard::Ack(_) | Heard::End) {
                let leg = self.leaving.swap_remove(at);
                self.say_goodbye(leg);
            }
            return;
        }
        let Some(side) = self.side_of(id) else {
            return self.pass_on(Input::Invite(id, heard));
        };
        let Some(leg) = self.leg(side) else { return };
        match (heard, leg.stage) {
            (Heard::Cancel, Stage::Open) => self.happened(Event::HungUp { by: side.party() }),
            (Heard::Ack(body), Stage::Answered) => {
                leg.stage = Stage::Up;
                self.acknowledged(side, &body);
            }
            // RFC 3261, section 13.3.1.4: an answer that nobody acknowledges ends the call.
            (Heard::End, Stage::Answered) => {
                tracing::info!(call = %self.id.0, "the answer was never acknowledged");
                if let Some(leg) = self.leg(side) {
                    leg.stage = Stage::Up;
                }
                self.end_by_system();
            }
            (Heard::End, Stage::Open) => {
                leg.stage = Stage::Closed;
                self.happened(Event::HungUp { by: side.party() });
            }
            _ => {}
        }
    }

    /// Something for the core to hear.
    fn happened(&mut self, event: Event) {
        if !self.over {
            self.events.push_back(event);
        }
    }

    /// Tells the core what happened, and does what it says, until nothing is left.
    async fn settle(&mut self) {
        while let Some(event) = self.events.pop_front() {
            if self.over {
                self.events.clear();
                return;
            }
            if let Some(summoned) = self.summoned.take() {
                self.summons_heard(summoned, &event).await;
                continue;
            }
            let transferred = matches!(event, Event::Transferred { .. });
            let actions = self.core.advance(event);
            self.perform(actions).await;
            if transferred {
                self.transfer_decided();
            }
        }
    }

    fn end_by_system(&mut self) {
        self.happened(Event::HungUp { by: Party::System });
    }

    /// When something is due that the core decided, by the clock that calls go by.
    fn decided(&self) -> Option<Instant> {
        let ringing = self.ringing.as_ref().map(|ringing| ringing.until);
        let timer = self.timer.filter(|_| !self.over).map(|(_, at)| at);
        [ringing, timer].into_iter().flatten().min()
    }

    fn time_is_up(&mut self, now: Instant) {
        if self.ringing.as_ref().is_some_and(|ringing| ringing.until <= now) {
            self.nobody_picked_up();
        }
        if let Some((timer, _)) = self.timer.filter(|(_, at)| *at <= now) {
            self.timer = None;
            self.happened(Event::Timer { timer });
        }
    }

    /// When something of the protocol is due that nobody will tell.
    fn due(&self) -> Option<Instant> {
        let open = !self.over;
        let up = self.caller.as_ref().filter(|leg| open && leg.stage == Stage::Up);
        let session = up.and_then(|leg| leg.session).map(|session| session.until);
        let probe = self.probe_at.filter(|_| open);
        let forks = self.forks.iter().filter_map(|fork| fork.give_up).min();
        let lost = if open { self.lost_until() } else { self.missed_until() };
        [session, probe, forks, lost].into_iter().flatten().min()
    }

    fn look(&mut self) {
        let now = Instant::now();
        self.let_forks_go(now);
        let silent = self.caller.as_ref().filter(|leg| leg.stage == Stage::Up).and_then(|leg| leg.session);
        if !self.over && silent.is_some_and(|session| session.until <= now) {
            tracing::info!(call = %self.id.0, "the caller's phone no longer says that it is there");
            self.end_by_system();
        }
        if self.over {
            self.give_up_missed(now);
        } else {
            self.look_for_lost(now);
        }
        if !self.over && self.probe_at.is_some_and(|at| at <= now) {
            self.probe(now);
        }
    }

    fn is_done(&self) -> bool {
        self.over
            && self.forks.is_empty()
            && self.leaving.is_empty()
            && self.exchange.is_none()
            && self.handing.is_none()
    }

    fn side_of(&self, id: LegId) -> Option<Side> {
        let is = |leg: &Option<Leg>| leg.as_ref().is_some_and(|leg| leg.id == id);
        if is(&self.caller) {
            Some(Side::Caller)
        } else if is(&self.callee) {
            Some(Side::Callee)
        } else {
            None
        }
    }

    fn leg(&mut self, side: Side) -> Option<&mut Leg> {
        match side {
            Side::Caller => self.caller.as_mut(),
            Side::Callee => self.callee.as_mut(),
        }
    }
}
