//! Lines of callers, as the engine meets them: whom each call is to ring, one step after the other.

use crate::rig::{PATIENCE, Rig};
use crate::stage::scenarios;
use chrono::{TimeDelta, Utc};
use std::time::Duration;
use uuid::Uuid;
use voxera_callcontrol::{
    Arrival, ArrivedFrom, Call, Clock, Hand, PbxConfig, PbxView, Registration, Transport,
};
use voxera_callflow::{Action, Event, Kind, Party, Peer, Queue, RingOutcome, RingTarget, Strategy};
use voxera_model::{CallId, Dialled, Engine, ExtensionNumber, PhoneNumber, Seconds, TrunkId};

/// Kundtjänst with Bertil, Cecilia and David.
struct Line {
    rig: Rig,
    hand: Hand,
    view: std::sync::Arc<PbxView>,
}

impl Line {
    async fn open(online: &[&str], change: impl FnOnce(&mut Queue)) -> Self {
        let (clock, hand) = Clock::by_hand(Utc::now());
        let rig = Rig::by(|config| config.clock = clock, |_| {}).await;
        let scenario = scenarios().into_iter().find(|scenario| scenario.name == "a_queue_rings_all").unwrap();
        let mut snapshot = scenario.snapshot;
        let line = snapshot.extensions.get_mut(&number("2000")).unwrap();
        let Kind::Queue(queue) = &mut line.kind else { panic!("it is a queue") };
        queue.max_callers = 200;
        change(queue);
        snapshot.index();
        let realm = snapshot.realm.clone();
        rig.control.directory().replace(PbxConfig {
            snapshot,
            engine: Engine::Embedded,
            devices: Vec::new(),
            trunks: Vec::new(),
        });
        let view = rig.control.directory().pbx(&realm).unwrap();
        let line = Self { rig, hand, view };
        for member in online {
            line.register(member);
        }
        line
    }

    fn register(&self, member: &str) {
        let snapshot = &self.view.snapshot;
        let known = &snapshot.extensions[&number(member)];
        self.rig.control.presence().register(Registration {
            tenant: snapshot.tenant,
            customer: snapshot.customer,
            pbx: snapshot.pbx,
            extension: known.id,
            extension_number: number(member),
            device: known.devices()[0],
            contact: format!("sip:{member}@192.0.2.7"),
            source: "192.0.2.7:5060".parse().unwrap(),
            transport: Transport::Udp,
            user_agent: None,
            registered_at: Utc::now(),
            expires_at: Utc::now() + TimeDelta::hours(1),
        });
    }

    /// Somebody calls; who rings then.
    fn call(&self) -> (Call, Vec<String>) {
        let dialled = Dialled::Public(PhoneNumber::parse("08-123 45 67").unwrap());
        let from = ArrivedFrom::Line { trunk: TrunkId(Uuid::nil()), number: None };
        let arrival = Arrival { call: CallId(Uuid::now_v7()), from, dialled };
        let (call, actions) = self.rig.control.arrive(&self.view, arrival);
        (call, rung(&actions))
    }

    fn waiting(&self) -> usize {
        self.rig.control.queues().list(self.view.snapshot.pbx)[0].waiting.len()
    }
}

fn number(text: &str) -> ExtensionNumber {
    ExtensionNumber::parse(text).unwrap()
}

fn rung(actions: &[Action]) -> Vec<String> {
    let rings = actions.iter().filter_map(|action| match action {
        Action::Ring { targets, .. } => Some(targets),
        _ => None,
    });
    let extension = |target: &RingTarget| match target {
        RingTarget::Extension { number, .. } => number.to_string(),
        RingTarget::Outside { number, .. } => number.to_string(),
    };
    rings.flatten().map(extension).collect()
}

fn answered(call: &Call, by: &str) {
    let actions = call.advance(Event::Answered { by: Peer::Extension(number(by)) });
    assert!(actions.contains(&Action::Bridge), "{actions:?}");
}

/// The call is told to look again, and does.
async fn woken(call: &Call) -> Vec<String> {
    tokio::time::timeout(PATIENCE, call.woken().notified_owned()).await.unwrap();
    rung(&call.advance(Event::Woken))
}

fn missed(call: &Call, outcome: RingOutcome) -> Vec<String> {
    rung(&call.advance(Event::RingEnded { outcome }))
}

fn leaves(call: &Call) {
    drop(call.advance(Event::HungUp { by: Party::Caller }));
}

#[tokio::test]
async fn a_hundred_callers_are_served_in_the_order_in_which_they_came() {
    let line = Line::open(&["1001"], |_| {}).await;
    let calls: Vec<(Call, Vec<String>)> = (0..100).map(|_| line.call()).collect();
    assert_eq!(calls[0].1, ["1001"]);
    assert!(calls[1..].iter().all(|(_, rings)| rings.is_empty()), "one member takes one call");
    assert_eq!(line.waiting(), 100);
    for (nth, (call, _)) in calls.iter().enumerate() {
        if nth > 0 {
            assert_eq!(woken(call).await, ["1001"], "caller {nth}");
        }
        answered(call, "1001");
        assert_eq!(line.waiting(), 99 - nth);
        leaves(call);
    }
}

#[tokio::test]
async fn everyone_who_is_free_rings_at_once_and_the_next_caller_waits() {
    let line = Line::open(&["1001", "1002", "1003"], |_| {}).await;
    let (first, rings) = line.call();
    assert_eq!(rings, ["1001", "1002", "1003"]);
    let (second, rings) = line.call();
    assert!(rings.is_empty(), "{rings:?}");
    answered(&first, "1002");
    assert_eq!(woken(&second).await, ["1001", "1003"]);
}

#[tokio::test]
async fn round_robin_begins_after_the_one_who_was_rung_last() {
    let line = Line::open(&["1001", "1002", "1003"], |queue| queue.strategy = Strategy::RoundRobin).await;
    for member in ["1001", "1002", "1003", "1001"] {
        let (call, rings) = line.call();
        assert_eq!(rings, [member]);
        answered(&call, member);
        leaves(&call);
    }
}

#[tokio::test]
async fn a_member_rests_after_a_call() {
    let line = Line::open(&["1001"], |queue| queue.wrap_up = Seconds(30)).await;
    let (first, _) = line.call();
    answered(&first, "1001");
    leaves(&first);
    let (second, rings) = line.call();
    assert!(rings.is_empty(), "{rings:?}");
    line.hand.advance(Duration::from_secs(31));
    assert_eq!(woken(&second).await, ["1001"]);
}

#[tokio::test]
async fn a_phone_that_dies_while_it_rings_gives_the_call_to_the_next() {
    let line = Line::open(&["1001", "1002"], |queue| queue.strategy = Strategy::RoundRobin).await;
    let (call, rings) = line.call();
    assert_eq!(rings, ["1001"]);
    let dead = line.view.snapshot.extensions[&number("1001")].devices()[0];
    line.rig.control.presence().unregister(line.view.snapshot.pbx, dead, None);
    assert_eq!(missed(&call, RingOutcome::Unreachable), ["1002"]);
    answered(&call, "1002");
}

#[tokio::test]
async fn whoever_leaves_the_line_makes_room_for_those_behind() {
    let line = Line::open(&["1001"], |_| {}).await;
    let (first, rings) = line.call();
    assert_eq!(rings, ["1001"]);
    let (second, _) = line.call();
    let (third, _) = line.call();
    leaves(&second);
    assert_eq!(line.waiting(), 2);
    leaves(&first);
    assert_eq!(woken(&third).await, ["1001"]);
}
