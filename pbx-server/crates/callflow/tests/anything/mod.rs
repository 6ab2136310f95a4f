//! Snapshots, facts and events of every shape: few ids and numbers, so that they meet.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;
use voxera_callflow::{
    Availability, Branch, Condition, Conference, Cursor, Destination, Event, Extension, Facts, Features,
    Forwarding, HuntGroup, Ivr, IvrSettings, Kind, LocalTime, Mailbox, Member, MemberFacts, MessageFacts,
    Node, NodeId, NodeKind, ParkSlot, ParkedCall, Party, Peer, Prompt, PublishedIvr, Queue, QueueFacts,
    RecordingPolicy, RingOutcome, RingingCall, Rule, RuleId, Snapshot, SpokenText, Strategy as Order,
    TimeOfDay, Trunk, User,
};
use voxera_model::{
    AgentId, AudioId, CallId, CustomerId, DeviceId, Dialled, ExtensionId, ExtensionNumber, FlowId, Key,
    Locale, MessageId, Name, PbxId, PhoneNumber, Pin, Realm, Seconds, Status, TenantId, TrunkId,
};

/// The ones that look like help among them.
pub fn number() -> impl Strategy<Value = ExtensionNumber> {
    prop::sample::select(vec!["10", "1000", "1001", "1002", "1177", "8000", "81000", "9112"])
        .prop_map(|text| ExtensionNumber::parse(text).unwrap())
}

pub fn public() -> impl Strategy<Value = PhoneNumber> {
    prop::sample::select(vec![
        "+4681234567",
        "+46701740605",
        "+4711211211",
        "+46112112112",
        "+46900123456",
        "+46991234567",
    ])
    .prop_map(|text| PhoneNumber::parse(text).unwrap())
}

fn id() -> impl Strategy<Value = Uuid> {
    (0_u128..8).prop_map(Uuid::from_u128)
}

fn extension_id() -> impl Strategy<Value = ExtensionId> {
    id().prop_map(ExtensionId)
}

fn flow_id() -> impl Strategy<Value = FlowId> {
    (0_u128..3).prop_map(|id| FlowId(Uuid::from_u128(id)))
}

fn node_id() -> impl Strategy<Value = NodeId> {
    prop::sample::select(vec!["a", "b", "c", "d", "e"]).prop_map(|text| NodeId::parse(text).unwrap())
}

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select("0123456789*#".chars().collect::<Vec<_>>()).prop_map(|key| Key::new(key).unwrap())
}

/// Any length, but mostly one that makes sense.
fn seconds() -> impl Strategy<Value = Seconds> {
    prop_oneof![4 => 0_u32..60, 1 => any::<u32>()].prop_map(Seconds)
}

fn pin() -> impl Strategy<Value = Option<Pin>> {
    option::of(Just(Pin::parse("4711").unwrap()))
}

fn prompt() -> impl Strategy<Value = Prompt> {
    prop_oneof![
        id().prop_map(|id| Prompt::Audio { audio: AudioId(id) }),
        Just(Prompt::Speech { text: SpokenText::parse("Välkommen.").unwrap() }),
    ]
}

fn destination() -> impl Strategy<Value = Destination> {
    prop_oneof![
        1 => Just(Destination::Nowhere),
        6 => extension_id().prop_map(|extension| Destination::Extension { extension }),
        3 => flow_id().prop_map(|flow| Destination::Ivr { flow }),
        2 => extension_id().prop_map(|mailbox| Destination::Voicemail { mailbox }),
        2 => public().prop_map(|number| Destination::Outside { number }),
        1 => Just(Destination::Hangup),
    ]
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    vec(
        (extension_id(), any::<u8>()).prop_map(|(extension, tier)| Member { extension, tier: tier % 4 }),
        0..5,
    )
}

fn order() -> impl Strategy<Value = Order> {
    prop::sample::select(vec![
        Order::RingAll,
        Order::Sequential,
        Order::RoundRobin,
        Order::LongestIdle,
        Order::LeastCalls,
    ])
}

fn person() -> impl Strategy<Value = Kind> {
    let forwarding = (
        option::weighted(0.2, destination()),
        option::of(destination()),
        option::of(destination()),
        option::of(destination()),
    )
        .prop_map(|(always, busy, no_answer, offline)| Forwarding { always, busy, no_answer, offline });
    let mailbox = (option::of(prompt()), pin(), seconds()).prop_map(|(greeting, pin, longest)| Mailbox {
        greeting,
        pin,
        longest,
        mail: true,
    });
    (
        vec(id().prop_map(DeviceId), 0..3),
        seconds(),
        any::<[bool; 3]>(),
        forwarding,
        option::of(mailbox),
        option::of(public()),
    )
        .prop_map(
            |(devices, ring_for, [call_waiting, may_listen, quiet], forwarding, mailbox, caller_id)| {
                Kind::User(User {
                    devices,
                    ring_for,
                    call_waiting,
                    do_not_disturb: quiet && may_listen,
                    forwarding,
                    mailbox,
                    caller_id,
                    may_listen,
                })
            },
        )
}

fn queue() -> impl Strategy<Value = Kind> {
    (
        (members(), order(), seconds(), seconds(), seconds()),
        (
            0_u16..5,
            option::of(prompt()),
            option::of(id().prop_map(AudioId)),
            option::of(seconds()),
            option::of(destination()),
        ),
    )
        .prop_map(
            |(
                (members, strategy, ring_for, wrap_up, max_wait),
                (max_callers, greeting, music, announce_every, overflow),
            )| {
                Kind::Queue(Queue {
                    members,
                    strategy,
                    ring_for,
                    wrap_up,
                    max_wait,
                    max_callers,
                    greeting,
                    music,
                    announce_every,
                    overflow,
                })
            },
        )
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => person(),
        2 => queue(),
        2 => (members(), order(), seconds(), option::of(destination())).prop_map(
            |(members, strategy, ring_for, failed)| Kind::HuntGroup(HuntGroup { members, strategy, ring_for, failed })
        ),
        2 => flow_id().prop_map(|flow| Kind::Ivr { flow }),
        1 => (pin(), 0_u16..4).prop_map(|(pin, max_members)| Kind::Conference(Conference { pin, max_members })),
        1 => extension_id().prop_map(|mailbox| Kind::Voicemail { mailbox }),
        1 => public().prop_map(|number| Kind::External { number }),
    ]
}

fn extension() -> impl Strategy<Value = Extension> {
    let recording = option::of(option::of(prompt()).prop_map(|notice| RecordingPolicy { notice }));
    (id(), kind(), recording).prop_map(|(id, kind, recording)| Extension {
        id: ExtensionId(id),
        name: Name::parse("Anna").unwrap(),
        kind,
        recording,
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let time = || (0_u16..=1440).prop_map(|minute| TimeOfDay::new(minute).unwrap());
    prop_oneof![
        (time(), time()).prop_map(|(from, to)| Condition::Time { from, to }),
        Just(Condition::CallerWithheld),
        public().prop_map(|number| Condition::Dialled { numbers: [number].into() }),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    (any::<bool>(), vec(condition(), 0..2), option::of(prompt()), destination()).prop_map(
        |(enabled, conditions, play, to)| Rule {
            id: RuleId::parse("rule").unwrap(),
            name: Name::parse("Kväll").unwrap(),
            priority: 1,
            enabled,
            conditions,
            play,
            to,
        },
    )
}

fn node_kind() -> impl Strategy<Value = NodeKind> {
    let next = || option::weighted(0.9, node_id());
    prop_oneof![
        4 => (prompt(), btree_map(key(), node_id(), 0..4), option::of(seconds()), option::of(any::<u8>()), next(), next(), any::<bool>())
            .prop_map(|(prompt, keys, timeout, retries, on_timeout, on_invalid, dial_extension)| NodeKind::Menu {
                prompt, keys, timeout, retries, on_timeout, on_invalid, dial_extension,
            }),
        2 => (prompt(), any::<u8>(), any::<bool>(), next())
            .prop_map(|(prompt, times, notice, next)| NodeKind::Message { prompt, times, notice, next }),
        3 => (destination(), next()).prop_map(|(to, failed)| NodeKind::Transfer { to, failed }),
        1 => extension_id().prop_map(|mailbox| NodeKind::Voicemail { mailbox }),
        2 => (extension_id(), next()).prop_map(|(queue, overflow)| NodeKind::Queue { queue, overflow }),
        2 => (vec((vec(condition(), 0..2), next()).prop_map(|(conditions, next)| Branch { conditions, next }), 0..3), next())
            .prop_map(|(branches, otherwise)| NodeKind::Condition { branches, otherwise }),
        1 => extension_id().prop_map(|room| NodeKind::Conference { room }),
        2 => (extension_id(), next()).prop_map(|(whom, next)| NodeKind::Callback { whom, next }),
        1 => next().prop_map(|next| NodeKind::CallerName { text: Name::parse("Support").unwrap(), next }),
        1 => next().prop_map(|unavailable| NodeKind::Agent { agent: AgentId(Uuid::nil()), unavailable }),
        1 => option::of(prompt()).prop_map(|prompt| NodeKind::Hangup { prompt }),
    ]
}

fn menu() -> impl Strategy<Value = PublishedIvr> {
    let node = node_kind().prop_map(|step| Node { name: Name::parse("Steg").unwrap(), x: 0, y: 0, step });
    (
        btree_map(node_id(), node, 0..5),
        option::weighted(0.9, node_id()),
        seconds(),
        0_u8..4,
        option::of(prompt()),
    )
        .prop_map(|(nodes, entry, timeout, retries, invalid)| PublishedIvr {
            name: Name::parse("Huvudmeny").unwrap(),
            version: 1,
            ivr: Ivr {
                settings: IvrSettings { language: Locale::En, timeout, retries, invalid },
                entry,
                nodes,
            },
        })
}

prop_compose! {
    pub fn snapshot()(
        version in 0_u64..3,
        suspended in prop::bool::weighted(0.05),
        features in prop_oneof![8 => Just([true; 5]), 1 => any::<[bool; 5]>()],
        extensions in btree_map(number(), extension(), 0..8),
        numbers in btree_map(public(), destination(), 0..4),
        rules in vec(rule(), 0..3),
        ivrs in btree_map(flow_id(), menu(), 0..3),
        trunks in vec(any::<bool>(), 0..2),
        caller_id in option::of(public()),
        premium_allowed in any::<bool>(),
    ) -> Snapshot {
        let [queues, hunt_groups, voicemail, conferencing, recording] = features;
        let trunk = |(nth, emergency): (u128, bool)| Trunk {
            id: TrunkId(Uuid::from_u128(nth)), name: Name::parse("Telia").unwrap(), emergency,
        };
        let mut snapshot = Snapshot {
            version,
            status: if suspended { Status::Suspended } else { Status::Active },
            features: Features { queues, hunt_groups, voicemail, conferencing, recording },
            extensions,
            numbers,
            rules,
            ivrs,
            trunks: (0..).zip(trunks).map(trunk).collect(),
            caller_id,
            premium_allowed,
            ..Snapshot::new(
                TenantId(Uuid::nil()), CustomerId(Uuid::nil()), PbxId(Uuid::nil()),
                Name::parse("PBX").unwrap(), Realm::parse("a.example").unwrap(),
            )
        };
        snapshot.index();
        snapshot
    }
}

fn availability() -> impl Strategy<Value = Availability> {
    (0_u16..3, prop_oneof![3 => Just(0_u16), 1 => any::<u16>()], 0_u16..2)
        .prop_map(|(online, calls, talking)| Availability { online, calls, talking })
}

fn queue_facts() -> impl Strategy<Value = QueueFacts> {
    let history = (any::<u32>(), option::of(any::<u32>()), prop::bool::weighted(0.2))
        .prop_map(|(calls, idle, resting)| MemberFacts { calls, idle, resting });
    (
        0_u16..4,
        prop_oneof![3 => Just(0_u16), 1 => any::<u16>()],
        option::of(extension_id()),
        btree_map(extension_id(), history, 0..4),
    )
        .prop_map(|(waiting, ahead, last, members)| QueueFacts { waiting, ahead, last, members })
}

fn messages() -> impl Strategy<Value = Vec<MessageFacts>> {
    let message = (id(), any::<bool>(), option::of(Just("070-174 06 05".to_owned())), 0_i32..30_000)
        .prop_map(|(id, heard, from, day)| MessageFacts {
            message: MessageId(id),
            heard,
            from,
            received: LocalTime { day, minute: 600 },
        });
    vec(message, 0..4)
}

prop_compose! {
    pub fn facts()(
        extensions in btree_map(extension_id(), availability(), 3..8),
        queues in btree_map(extension_id(), queue_facts(), 0..5),
        mailboxes in btree_map(extension_id(), messages(), 0..5),
        ringing in vec((id().prop_map(CallId), number()), 0..3),
        parked in vec((0_usize..4, id().prop_map(CallId)), 0..3),
        rooms in btree_map(extension_id(), 0_u16..5, 0..3),
        lines in vec(id().prop_map(TrunkId), 0..3),
        clock in prop_oneof![0_u64..200_000, any::<u64>()],
        day in any::<i32>(),
        minute in any::<u16>(),
        draw in any::<u32>(),
        engine_rings_members in any::<bool>(),
    ) -> Facts {
        let ringing = ringing.into_iter().map(|(call, extension)| RingingCall { call, extension }).collect();
        let slot = |nth| ParkSlot::all().nth(nth).unwrap();
        let parked = parked.into_iter().map(|(nth, call)| ParkedCall { slot: slot(nth), call }).collect();
        let queues: BTreeMap<_, _> = queues;
        Facts {
            now: LocalTime { day, minute }, clock, extensions, queues, mailboxes, ringing, parked, rooms, lines,
            draw,
            engine_rings_members,
        }
    }
}

pub fn dialled() -> impl Strategy<Value = Dialled> {
    prop_oneof![
        1 => Just(Dialled::Emergency),
        8 => number().prop_map(Dialled::Extension),
        8 => public().prop_map(Dialled::Public),
        2 => (prop::sample::select(vec!["*97", "*98", "*8", "*88"]), option::of(number())).prop_map(
            |(code, number)| Dialled::Code(number.map_or_else(|| code.to_owned(), |number| format!("{code}{number}")))
        ),
        2 => prop::sample::select(vec!["*59", "*5901", "*5902", "*5921"]).prop_map(|code| Dialled::Code(code.into())),
        1 => "[0-9*#]{2,10}".prop_map(Dialled::Code),
        1 => any::<String>().prop_map(Dialled::Unknown),
    ]
}

pub fn from() -> impl Strategy<Value = Peer> {
    prop_oneof![
        3 => number().prop_map(Peer::Extension),
        3 => public().prop_map(|number| Peer::Outside(Some(number))),
        1 => Just(Peer::Outside(None)),
    ]
}

fn party() -> impl Strategy<Value = Party> {
    prop::sample::select(vec![Party::Caller, Party::Callee, Party::System])
}

pub fn event() -> impl Strategy<Value = Event> {
    let outcomes = vec![
        RingOutcome::NoAnswer,
        RingOutcome::Busy,
        RingOutcome::Declined,
        RingOutcome::Unreachable,
        RingOutcome::Incompatible,
    ];
    prop_oneof![
        1 => (from(), dialled()).prop_map(|(from, dialled)| Event::Arrived { from, dialled }),
        6 => prop::sample::select(outcomes).prop_map(|outcome| Event::RingEnded { outcome }),
        4 => from().prop_map(|by| Event::Answered { by }),
        1 => party().prop_map(|by| Event::HungUp { by }),
        12 => Just(Event::Played),
        12 => key().prop_map(|key| Event::Key { key }),
        8 => (0_u32..6).prop_map(|timer| Event::Timer { timer }),
        3 => Just(Event::Recorded),
        3 => Just(Event::Woken),
        2 => (party(), dialled()).prop_map(|(by, to)| Event::Transferred { by, to }),
        2 => (party(), dialled()).prop_map(|(party, to)| Event::Sent { party, to }),
        1 => (party(), from()).prop_map(|(party, by)| Event::Replaced { party, by }),
        1 => Just(Event::GivenAway),
        2 => Just(Event::Failed),
    ]
}

/// The same kind of event as it fits where the call stands: the timer that was set, one of those who
/// ring. `None`: it cannot.
pub fn lived(
    cursor: &Cursor,
    timer: Option<u32>,
    event: &Event,
    which: prop::sample::Index,
) -> Option<Event> {
    match event {
        Event::Timer { .. } => {
            timer.filter(|timer| *timer == cursor.journey.timer).map(|timer| Event::Timer { timer })
        }
        // Nobody is at the other end yet, who could hang up, be replaced, or be given away.
        Event::HungUp { by: Party::Callee } | Event::Replaced { .. } | Event::GivenAway
            if cursor.other().is_none() =>
        {
            None
        }
        Event::Key { .. } => Some(match which.index(3) {
            0 => Event::Key { key: Key::HASH },
            _ => event.clone(),
        }),
        _ => Some(event.clone()),
    }
}
