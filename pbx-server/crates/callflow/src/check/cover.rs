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
use crate::matching::{Meant, digits, hold};
use crate::routing::{CallerMatch, Condition};
use std::collections::{BTreeSet, HashSet};
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
        Self { lists, days, minutes, dialled, callers }
    }

    /// Why a list never holds; `None`: it does at times.
    pub(super) fn empty(&self, list: usize) -> Option<Empty> {
        if !self.days.iter().any(|class| class.hold.has(list)) {
            Some(Empty::Days)
        } else if !self.minutes.iter().any(|class| class.hold.has(list)) {
            Some(Empty::Minutes)
        } else if !self.dialled.iter().any(|class| class.hold.has(list)) {
            Some(Empty::Dialled)
        } else if self.caller(list, &[]) == Ok(None) {
            Some(Empty::Caller)
        } else {
            None
        }
    }

    /// A call for which this list holds. `None`: there is none.
    pub(super) fn any(&self, list: usize) -> Option<Example> {
        self.left_over(list, &[]).ok().flatten()
    }

    /// Of the lists before this one some that together take all of its calls, none of which can be left
    /// out. `None`: it decides some calls.
    ///
    /// They are found by their calls: as long as some call is left over, the list that takes it is one
    /// of them; and when nobody takes it, this list does.
    pub(super) fn covered_by(&self, list: usize) -> Result<Option<Vec<usize>>, TooMuch> {
        let mut cover: Vec<usize> = Vec::new();
        while let Some(call) = self.left_over(list, &cover)? {
            let holds =
                |other: &&[Condition]| hold(other, call.at, &call.from, call.dialled.as_ref()).is_ok();
            match self.lists.iter().take(list).position(holds) {
                Some(taker) => cover.push(taker),
                None => return Ok(None),
            }
        }
        for one in &cover {
            if self.left_over(list, &[*one])?.is_none() {
                return Ok(Some(vec![*one]));
            }
        }
        for at in (0..cover.len()).rev() {
            let mut fewer = cover.clone();
            fewer.remove(at);
            if self.left_over(list, &fewer)?.is_none() {
                cover = fewer;
            }
        }
        cover.sort_unstable();
        Ok(Some(cover))
    }

    /// A call for which this list holds, and none of `others`. `None`: there is none.
    fn left_over(&self, list: usize, others: &[usize]) -> Result<Option<Example>, TooMuch> {
        if others.len() > OTHERS {
            return Err(TooMuch);
        }
        let days = fewest(masks(&self.days, list, others));
        let dialled = fewest(masks(&self.dialled, list, others));
        let minutes = fewest(masks(&self.minutes, list, others));
        let pairs = fewest(product(&days, &dialled)?);
        for (mask, ((day, number), minute)) in fewest(product(&pairs, &minutes)?) {
            let alive: Vec<usize> = others
                .iter()
                .enumerate()
                .filter(|(bit, _)| mask >> bit & 1 == 1)
                .map(|(_, other)| *other)
                .collect();
            if let Some(from) = self.caller(list, &alive)? {
                let at = LocalTime { day: day.days(), minute: *minute };
                return Ok(Some(Example { at, dialled: number.clone(), from }));
            }
        }
        Ok(None)
    }

    /// A caller for whom this list holds and none of `others`.
    fn caller(&self, list: usize, others: &[usize]) -> Result<Option<Peer>, TooMuch> {
        let is_left =
            |class: &&Class<Peer>| class.hold.has(list) && !others.iter().any(|other| class.hold.has(*other));
        if let Some(example) = self.callers.iter().find(is_left) {
            return Ok(Some(example.member.clone()));
        }
        // Callers who hide their number, and colleagues, are all among the examples.
        let Some(own) = self.lists.get(list) else { return Ok(None) };
        let others: Vec<&[Condition]> = others.iter().filter_map(|at| self.lists.get(*at).copied()).collect();
        Ok(callers::find(own, &others)?.map(|number| Peer::Outside(Some(number))))
    }
}

/// Which of the others hold together with a list, one bit each, and for what.
type Masked<T> = (u128, T);

/// Others that are looked at together, at most.
const OTHERS: usize = 128;
/// Combinations that are looked at, at most, before a proof is given up.
const COMBINATIONS: usize = 1 << 20;

/// A proof would take too long. Nothing is claimed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

fn masks<'c, T>(classes: &'c [Class<T>], list: usize, others: &[usize]) -> Vec<Masked<&'c T>> {
    let own = classes.iter().filter(|class| class.hold.has(list));
    own.map(|class| {
        let held = others.iter().enumerate().filter(|(_, other)| class.hold.has(**other));
        (held.fold(0, |mask, (bit, _)| mask | 1 << bit), &class.member)
    })
    .collect()
}

fn product<A: Copy, B: Copy>(a: &[Masked<A>], b: &[Masked<B>]) -> Result<Vec<Masked<(A, B)>>, TooMuch> {
    if a.len().saturating_mul(b.len()) > COMBINATIONS {
        return Err(TooMuch);
    }
    Ok(a.iter().flat_map(|(left, x)| b.iter().map(move |(right, y)| (left & right, (*x, *y)))).collect())
}

/// Only those for which no other holds fewer: when nothing is left over there, nothing is elsewhere.
fn fewest<T>(mut masked: Vec<Masked<T>>) -> Vec<Masked<T>> {
    masked.sort_by_key(|(mask, _)| (mask.count_ones(), *mask));
    masked.dedup_by_key(|(mask, _)| *mask);
    let mut least: Vec<Masked<T>> = Vec::new();
    for (mask, member) in masked {
        // Beyond some hundreds the search for less costs more than it saves.
        let more = |(known, _): &Masked<T>| known & mask == *known;
        if !least.iter().take(512).any(more) {
            least.push((mask, member));
        }
    }
    least
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
