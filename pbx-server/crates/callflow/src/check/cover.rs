//! Which of several lists of conditions decide calls, and which never do, decided exactly.
//!
//! Conditions are looked at in order, the first that hold decide. Each list is a product of days,
//! minutes, called numbers and callers, so a list never decides when its product lies in the union
//! of those before it. Days, minutes and called numbers are partitioned into classes that no
//! condition tells apart; callers are tried by examples first, and where no example is left over,
//! by [`callers::find`].

use super::bits::Bits;
use super::callers;
use crate::calendar::{Date, LocalTime, Weekday};
use crate::event::Peer;
use crate::holidays::{HolidayKind, holiday};
use crate::matching::{Meant, digits};
use crate::routing::{CallerMatch, Condition};
use std::collections::{BTreeSet, HashMap, HashSet};
use voxera_model::{ExtensionNumber, PhoneNumber};

/// A moment and a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    pub(super) at: LocalTime,
    pub(super) dialled: Option<PhoneNumber>,
    pub(super) from: Peer,
}

/// Why a list of conditions never holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Empty {
    Days,
    Minutes,
    Dialled,
    Caller,
}

/// Members of one class, which lists of conditions hold for it.
struct Class<T> {
    member: T,
    hold: Bits,
}

/// Everything that lists of conditions can tell apart.
pub(super) struct Cover<'a> {
    lists: Vec<&'a [Condition]>,
    days: Vec<Class<Date>>,
    minutes: Vec<Class<u16>>,
    dialled: Vec<Class<Option<PhoneNumber>>>,
    callers: Vec<Class<Peer>>,
    over: Vec<Over>,
}

/// Lists that hold whenever a list does, as far as minutes, called numbers or callers go.
struct Over {
    minutes: Bits,
    dialled: Bits,
    callers: Bits,
}

/// Who may call whom, and when.
pub(super) struct Universe<'a> {
    pub(super) from: Date,
    pub(super) to: Date,
    /// `None`: calls that came by an extension's number.
    pub(super) dialled: Vec<Option<PhoneNumber>>,
    pub(super) colleagues: Vec<&'a ExtensionNumber>,
}

impl<'a> Cover<'a> {
    pub(super) fn new(lists: Vec<&'a [Condition]>, universe: &Universe<'_>) -> Self {
        let conditions: Vec<&Condition> = lists.iter().flat_map(|list| list.iter()).collect();
        let count = lists.len();
        let only = |keep: fn(&Condition) -> bool| -> Vec<Vec<&Condition>> {
            lists.iter().map(|list| list.iter().filter(|condition| keep(condition)).collect()).collect()
        };
        let of_days = only(|condition| {
            matches!(condition, Condition::Days { .. } | Condition::Dates { .. } | Condition::Holidays { .. })
        });
        let of_minutes = only(|condition| matches!(condition, Condition::Time { .. }));
        let of_dialled = only(|condition| matches!(condition, Condition::Dialled { .. }));
        let of_callers =
            only(|condition| matches!(condition, Condition::Caller { .. } | Condition::CallerWithheld));
        let nobody = Peer::Outside(None);
        let hold_for = |parts: &[Vec<&Condition>], at: LocalTime, from: &Peer, to: Option<&PhoneNumber>| {
            Bits::of(count, |list| {
                parts.get(list).is_some_and(|part| part.iter().all(|one| one.holds(at, from, to).is_ok()))
            })
        };
        let days = distinct(days(&conditions, universe.from, universe.to), |date| {
            hold_for(&of_days, LocalTime { day: date.days(), minute: 0 }, &nobody, None)
        });
        let minutes = distinct(minutes(&conditions), |minute| {
            hold_for(&of_minutes, LocalTime { day: 0, minute: *minute }, &nobody, None)
        });
        let dialled = distinct(universe.dialled.iter().cloned(), |number| {
            hold_for(&of_dialled, LocalTime::default(), &nobody, number.as_ref())
        });
        let callers = distinct(examples(&conditions, &universe.colleagues), |from| {
            hold_for(&of_callers, LocalTime::default(), from, None)
        });
        let callers_over = |list: usize| {
            Bits::of(count, |other| match (of_callers.get(other), of_callers.get(list)) {
                (Some(other), Some(own)) => other.iter().all(|one| own.contains(one)),
                (None, _) | (_, None) => false,
            })
        };
        let over = (0..count).map(|list| Over {
            minutes: over(count, list, &minutes),
            dialled: over(count, list, &dialled),
            callers: callers_over(list),
        });
        Self { over: over.collect(), lists, days, minutes, dialled, callers }
    }

    /// No lists.
    pub(super) fn nothing(&self) -> Bits {
        Bits::none(self.lists.len())
    }

    /// Why a list never holds; `None`: it does at times.
    pub(super) fn empty(&self, list: usize) -> Option<Empty> {
        if !self.days.iter().any(|class| class.hold.has(list)) {
            Some(Empty::Days)
        } else if !self.minutes.iter().any(|class| class.hold.has(list)) {
            Some(Empty::Minutes)
        } else if !self.dialled.iter().any(|class| class.hold.has(list)) {
            Some(Empty::Dialled)
        } else if self.caller(list, &self.nothing()).is_none() {
            Some(Empty::Caller)
        } else {
            None
        }
    }

    /// A call for which this list holds, and none of `others`. `None`: there is none.
    pub(super) fn left_over(&self, list: usize, others: &Bits) -> Option<Example> {
        let mut search = Search { cover: self, list, covered: HashSet::new(), callers: HashMap::new() };
        search.days(others)
    }

    /// Of lists before this one the fewest (none of them can be left out) that together take all of
    /// its calls. `None`: it decides some calls.
    pub(super) fn covered_by(&self, list: usize) -> Option<Vec<usize>> {
        let mut cover = Bits::of(self.lists.len(), |other| other < list && self.share_calls(list, other));
        if self.left_over(list, &cover).is_some() {
            return None;
        }
        // The first that does it alone says most; else whichever can be left out goes, the last first.
        let one = cover.iter().find(|other| {
            let mut alone = self.nothing();
            alone.set(*other, true);
            self.left_over(list, &alone).is_none()
        });
        if let Some(one) = one {
            return Some(vec![one]);
        }
        let mut candidates: Vec<usize> = cover.iter().collect();
        candidates.reverse();
        for other in candidates {
            cover.set(other, false);
            if self.left_over(list, &cover).is_some() {
                cover.set(other, true);
            }
        }
        Some(cover.iter().collect())
    }

    /// Whether days, minutes and called numbers leave calls for which both hold.
    fn share_calls(&self, one: usize, other: usize) -> bool {
        fn both<T>(classes: &[Class<T>], one: usize, other: usize) -> bool {
            classes.iter().any(|class| class.hold.has(one) && class.hold.has(other))
        }
        both(&self.days, one, other) && both(&self.minutes, one, other) && both(&self.dialled, one, other)
    }

    /// A caller for whom this list holds and none of `others`.
    fn caller(&self, list: usize, others: &Bits) -> Option<Peer> {
        let example = self.callers.iter().find(|class| class.hold.has(list) && !class.hold.meets(others));
        if let Some(example) = example {
            return Some(example.member.clone());
        }
        // Callers who hide their number, and colleagues, are all among the examples.
        let others: Vec<&[Condition]> = others.iter().filter_map(|at| self.lists.get(at).copied()).collect();
        callers::find(self.lists.get(list)?, &others).map(|number| Peer::Outside(Some(number)))
    }
}

/// The search for a call that is left over.
struct Search<'a> {
    cover: &'a Cover<'a>,
    list: usize,
    /// Others that leave nothing over of this list, before minutes are chosen: with the called number
    /// chosen or not.
    covered: HashSet<(bool, Bits)>,
    callers: HashMap<Bits, Option<Peer>>,
}

impl Search<'_> {
    fn days(&mut self, others: &Bits) -> Option<Example> {
        let (cover, list) = (self.cover, self.list);
        for class in cover.days.iter().filter(|class| class.hold.has(list)) {
            let others = others.and(&class.hold);
            if self.covered.contains(&(false, others.clone())) {
                continue;
            }
            if let Some(found) = self.dialled(&others, class.member) {
                return Some(found);
            }
            self.covered.insert((false, others));
        }
        None
    }

    fn dialled(&mut self, others: &Bits, date: Date) -> Option<Example> {
        let (cover, list) = (self.cover, self.list);
        let one = cover.over.get(list)?;
        if others.and(&one.minutes).and(&one.callers).meets(&one.dialled) {
            return None;
        }
        for class in cover.dialled.iter().filter(|class| class.hold.has(list)) {
            let others = others.and(&class.hold);
            if self.covered.contains(&(true, others.clone())) {
                continue;
            }
            let one_does_it = others.and(&one.minutes).meets(&one.callers);
            if !one_does_it && let Some((minute, from)) = self.minutes(&others) {
                let at = LocalTime { day: date.days(), minute };
                return Some(Example { at, dialled: class.member.clone(), from });
            }
            self.covered.insert((true, others));
        }
        None
    }

    fn minutes(&mut self, others: &Bits) -> Option<(u16, Peer)> {
        let (cover, list) = (self.cover, self.list);
        let one = cover.over.get(list)?;
        for class in cover.minutes.iter().filter(|class| class.hold.has(list)) {
            let others = others.and(&class.hold);
            if others.meets(&one.callers) {
                continue;
            }
            let from = self.callers.entry(others).or_insert_with_key(|others| cover.caller(list, others));
            if let Some(from) = from {
                return Some((class.member, from.clone()));
            }
        }
        None
    }
}

/// Lists that hold in every class in which this one does.
fn over<T>(count: usize, list: usize, classes: &[Class<T>]) -> Bits {
    let own = classes.iter().filter(|class| class.hold.has(list));
    own.fold(Bits::of(count, |_| true), |over, class| over.and(&class.hold))
}

/// One member of each class: those that the same lists hold for.
fn distinct<T>(members: impl IntoIterator<Item = T>, hold: impl Fn(&T) -> Bits) -> Vec<Class<T>> {
    let mut seen = HashSet::new();
    let mut classes = Vec::new();
    for member in members {
        let hold = hold(&member);
        if seen.insert(hold.clone()) {
            classes.push(Class { member, hold });
        }
    }
    classes
}

/// The first of all days that these conditions cannot tell apart.
fn days(conditions: &[&Condition], from: Date, to: Date) -> Vec<Date> {
    let mut cuts = BTreeSet::new();
    let (mut weekdays, mut holidays) = (false, false);
    for condition in conditions {
        match condition {
            Condition::Days { .. } => weekdays = true,
            Condition::Holidays { .. } => holidays = true,
            Condition::Dates { ranges } => {
                for range in ranges {
                    cuts.insert(range.from.days());
                    cuts.insert(range.to.days().saturating_add(1));
                }
            }
            Condition::Time { .. }
            | Condition::Caller { .. }
            | Condition::CallerWithheld
            | Condition::Dialled { .. } => {}
        }
    }
    let cuts: Vec<i32> = cuts.into_iter().collect();
    // All sorts of days between two cuts, of which squeeze days are Fridays; then nothing new comes.
    let sorts = match (weekdays, holidays) {
        (true, true) => 7 * 4 + 1,
        (true, false) => 7,
        (false, true) => 5,
        (false, false) => 1,
    };
    let mut days = Vec::new();
    let mut seen: BTreeSet<(Option<Weekday>, Option<HolidayKind>)> = BTreeSet::new();
    let mut day = from.days();
    let mut next = cuts.partition_point(|cut| *cut <= day);
    while day <= to.days() {
        let date = LocalTime { day, minute: 0 }.date();
        let kind = if holidays { holiday(date).map(|holiday| holiday.kind) } else { None };
        if seen.insert((weekdays.then(|| date.weekday()), kind)) {
            days.push(date);
        }
        day += 1;
        match cuts.get(next) {
            Some(cut) if *cut == day || seen.len() == sorts => {
                day = *cut;
                next += 1;
                seen.clear();
            }
            None if seen.len() == sorts => break,
            Some(_) | None => {}
        }
    }
    days
}

/// The first of all minutes that these conditions cannot tell apart.
pub(super) fn minutes(conditions: &[&Condition]) -> Vec<u16> {
    let mut cuts = BTreeSet::from([0]);
    for condition in conditions {
        if let Condition::Time { from, to } = condition {
            cuts.insert(from.minute() % 1440);
            cuts.insert(to.minute() % 1440);
        }
    }
    cuts.into_iter().collect()
}

/// Callers of every sort that the conditions speak of, and those that none speaks of. All callers who
/// hide their number, and all colleagues.
fn examples(conditions: &[&Condition], colleagues: &[&ExtensionNumber]) -> Vec<Peer> {
    // Numbers that are kept free for films and examples (PTS), and one from abroad.
    let mut numbers: Vec<String> =
        ["+46701740605", "+46317380600", "+46855501234", "+4721234567"].map(str::to_owned).into();
    for condition in conditions {
        let Condition::Caller { how, number } = condition else { continue };
        let written = |digits: &mut dyn Iterator<Item = u8>| digits.map(char::from).collect::<String>();
        let begin = match (how, Meant::by(number)) {
            (CallerMatch::Contains, _) => {
                format!("+4670{}", written(&mut digits(number.trim_start_matches('+'))))
            }
            (_, Meant::International(rest)) => format!("+{}", written(&mut digits(rest))),
            (_, Meant::National(rest)) => format!("+46{}", written(&mut digits(rest))),
            (_, Meant::Extension(_) | Meant::Nobody) => continue,
        };
        for ending in ["", "1", "740605", "7406055", "1740605", "31740605"] {
            numbers.push(format!("{begin}{ending}"));
        }
    }
    let shown = numbers.iter().filter_map(|number| PhoneNumber::parse(number).ok());
    let mut peers: Vec<Peer> = shown.map(|number| Peer::Outside(Some(number))).collect();
    peers.push(Peer::Outside(None));
    peers.extend(colleagues.iter().map(|number| Peer::Extension((*number).clone())));
    peers
}
