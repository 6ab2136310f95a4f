//! Whatever is set up and whatever happens: an answer, an end, and help.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use uuid::Uuid;
use voxera_callflow::{
    Action, Availability, Cause, Cursor, Destination, Event, Extension, Facts, LocalTime, Party, Position,
    Reason, RingOutcome, Snapshot, Step, check, step,
};
use voxera_model::{
    CustomerId, DeviceId, Dialled, ExtensionId, ExtensionNumber, Locale, Name, PbxId, PhoneNumber, Realm,
    Seconds, Status, TenantId, Zone,
};

/// Few numbers, so that they meet; the ones that look like help among them.
fn number() -> impl Strategy<Value = ExtensionNumber> {
    prop::sample::select(vec!["10", "1000", "1001", "1002", "9112", "911999", "999112", "1177"]).prop_map(
        |text| ExtensionNumber::parse(text).unwrap_or_else(|_| ExtensionNumber::parse("20").unwrap()),
    )
}

fn public() -> impl Strategy<Value = PhoneNumber> {
    prop::sample::select(vec!["+4681234567", "+46701740605", "+4711211211", "+46112112112"])
        .prop_map(|text| PhoneNumber::parse(text).unwrap())
}

fn id() -> impl Strategy<Value = Uuid> {
    (0_u128..6).prop_map(Uuid::from_u128)
}

fn extension() -> impl Strategy<Value = Extension> {
    (id(), any::<u32>(), any::<bool>(), vec(id().prop_map(DeviceId), 0..3)).prop_map(
        |(id, ring_for, call_waiting, devices)| Extension {
            id: ExtensionId(id),
            name: Name::parse("Anna").unwrap(),
            ring_for: Seconds(ring_for),
            call_waiting,
            devices,
        },
    )
}

prop_compose! {
    fn snapshot()(
        version in 0_u64..3,
        suspended in any::<bool>(),
        extensions in btree_map(number(), extension(), 0..6),
        numbers in btree_map(
            public(),
            prop_oneof![
                Just(Destination::Nowhere),
                number().prop_map(|number| Destination::Extension { number }),
            ],
            0..4,
        ),
    ) -> Snapshot {
        Snapshot {
            version,
            tenant: TenantId(Uuid::nil()),
            customer: CustomerId(Uuid::nil()),
            pbx: PbxId(Uuid::nil()),
            name: Name::parse("PBX").unwrap(),
            realm: Realm::parse("a.example").unwrap(),
            zone: Zone::stockholm(),
            status: if suspended { Status::Suspended } else { Status::Active },
            extensions,
            numbers,
        }
    }
}

prop_compose! {
    fn facts()(
        extensions in btree_map(
            id().prop_map(ExtensionId),
            (any::<u16>(), any::<u16>()).prop_map(|(online, calls)| Availability { online, calls }),
            0..6,
        ),
        day in any::<i32>(),
        minute in any::<u16>(),
        draw in any::<u32>(),
        emergency_line in any::<bool>(),
    ) -> Facts {
        Facts { now: LocalTime { day, minute }, extensions, draw, emergency_line }
    }
}

fn dialled() -> impl Strategy<Value = Dialled> {
    prop_oneof![
        Just(Dialled::Emergency),
        number().prop_map(Dialled::Extension),
        public().prop_map(Dialled::Public),
        "[0-9*#]{2,10}".prop_map(Dialled::Code),
        any::<String>().prop_map(Dialled::Unknown),
        any::<String>().prop_map(|text| Dialled::parse(&text)),
    ]
}

fn party() -> impl Strategy<Value = Party> {
    prop::sample::select(vec![Party::Caller, Party::Callee, Party::System])
}

fn event() -> impl Strategy<Value = Event> {
    let outcomes =
        vec![RingOutcome::NoAnswer, RingOutcome::Busy, RingOutcome::Declined, RingOutcome::Unreachable];
    prop_oneof![
        (number(), dialled()).prop_map(|(from, dialled)| Event::Arrived { from, dialled }),
        prop::sample::select(outcomes).prop_map(|outcome| Event::RingEnded { outcome }),
        number().prop_map(|by| Event::Answered { by }),
        party().prop_map(|by| Event::HungUp { by }),
    ]
}

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        number().prop_map(|extension| Position::Ringing { extension }),
        number().prop_map(|extension| Position::Connected { extension }),
        Just(Position::Emergency),
    ]
}

fn cursor() -> impl Strategy<Value = Option<Cursor>> {
    let some = (0_u64..3, number(), position()).prop_map(|(snapshot, from, position)| Cursor {
        snapshot,
        from,
        position,
    });
    prop::option::of(some)
}

/// A step that an engine can carry out: it ends with a hang-up, or it goes on without one.
fn is_sound(step: &Step) -> bool {
    let hangups = step.actions.iter().filter(|action| matches!(action, Action::Hangup { .. })).count();
    let ends = step.next.is_none();
    !step.trace.is_empty()
        && hangups == usize::from(ends)
        && (!ends || matches!(step.actions.last(), Some(Action::Hangup { .. })))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_position_answers_every_event(
        snapshot in snapshot(), facts in facts(), cursor in cursor(), event in event(),
    ) {
        let step = step(&snapshot, &facts, cursor.as_ref(), &event);
        prop_assert!(is_sound(&step), "{step:?}");
        for entry in &step.trace {
            for locale in Locale::ALL {
                prop_assert!(entry.say(*locale).len() > 3);
            }
        }
    }

    #[test]
    fn a_call_never_outlives_three_events_that_move_it(
        snapshot in snapshot(), facts in facts(), from in number(), dialled in dialled(),
        events in vec(event(), 0..20), last in party(),
    ) {
        let mut moves = 0;
        let mut cursor: Option<Cursor> = None;
        let arrived = Event::Arrived { from, dialled };
        for event in std::iter::once(&arrived).chain(&events).chain([&Event::HungUp { by: last }]) {
            let step = step(&snapshot, &facts, cursor.as_ref(), event);
            let moved = step.next.as_ref().map(|next| &next.position)
                != cursor.as_ref().map(|cursor| &cursor.position);
            moves += usize::from(moved);
            cursor = step.next;
            if cursor.is_none() {
                break;
            }
        }
        // Arrive, answer, hang up; and a hang-up ends whatever is up.
        prop_assert!(cursor.is_none());
        prop_assert!(moves <= 3, "{moves}");
    }

    #[test]
    fn nothing_that_can_be_set_up_stands_before_112(
        snapshot in snapshot(), mut facts in facts(), from in number(),
        dialled in prop::sample::select(vec![
            "112", "0112", "00112", "+46112", "0046112", "1 1 2", "911", "urn:service:sos",
        ]),
    ) {
        facts.emergency_line = true;
        let event = Event::Arrived { from, dialled: Dialled::parse(dialled) };
        let step = step(&snapshot, &facts, None, &event);
        prop_assert_eq!(step.actions, vec![Action::Emergency]);
        prop_assert_eq!(step.next.unwrap().position, Position::Emergency);
    }

    #[test]
    fn without_a_line_112_ends_with_a_plain_word_and_rings_nobody(
        snapshot in snapshot(), mut facts in facts(), from in number(),
    ) {
        facts.emergency_line = false;
        let step = step(&snapshot, &facts, None, &Event::Arrived { from, dialled: Dialled::Emergency });
        prop_assert_eq!(step.actions, vec![Action::Hangup { cause: Cause::NoRoute }]);
        prop_assert_eq!(&step.trace.last().unwrap().reason, &Reason::EmergencyWithoutLine);
    }

    #[test]
    fn a_step_and_its_cursor_survive_being_stored(
        snapshot in snapshot(), facts in facts(), cursor in cursor(), event in event(),
    ) {
        let step = step(&snapshot, &facts, cursor.as_ref(), &event);
        let stored = serde_json::to_string(&step).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Step>(&stored).unwrap(), &step);
        let stored = serde_json::to_string(&snapshot).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Snapshot>(&stored).unwrap(), &snapshot);
    }

    #[test]
    fn only_phones_of_the_dialled_extension_ring_and_only_when_one_is_online(
        snapshot in snapshot(), facts in facts(), from in number(), dialled in dialled(),
    ) {
        let step = step(&snapshot, &facts, None, &Event::Arrived { from: from.clone(), dialled });
        for action in &step.actions {
            if let Action::Ring { extension, number, devices, ring_for, .. } = action {
                let found = &snapshot.extensions[number];
                prop_assert!(number != &from && snapshot.status == Status::Active);
                prop_assert_eq!((extension, devices), (&found.id, &found.devices));
                prop_assert!((5..=120).contains(&ring_for.0));
                prop_assert!(facts.extensions[extension].online > 0);
            }
        }
    }

    #[test]
    fn check_has_words_for_everything_and_the_worst_comes_first(snapshot in snapshot()) {
        let findings = check(&snapshot);
        prop_assert!(findings.is_sorted_by_key(|finding| finding.severity));
        for finding in &findings {
            for locale in Locale::ALL {
                prop_assert!(finding.say(*locale).ends_with('.'));
            }
        }
    }
}
