//! Whether anybody in the public network can call as some conditions say and as others do not,
//! decided exactly: all numbers are walked digit by digit through the conditions at once.

use super::cover::TooMuch;
use crate::matching::{Meant, can_be_contained, digits};
use crate::routing::{CallerMatch, Condition};
use std::collections::HashSet;
use voxera_model::PhoneNumber;

/// What one condition demands of a shown number.
enum Demand {
    /// Nobody outside with a shown number meets it.
    Impossible,
    /// These digits, from the country code on; `whole`: and no more.
    Begins { digits: Vec<u8>, whole: bool },
    /// These characters, anywhere.
    Contains(Needle),
}

/// A word to look for (Knuth, Morris, Pratt).
struct Needle {
    text: Vec<u8>,
    /// For each length of what was found so far, the longest shorter beginning that it ends with.
    back: Vec<u8>,
}

impl Needle {
    fn new(text: Vec<u8>) -> Self {
        let mut back = vec![0_u8; text.len() + 1];
        let mut length = 0_u8;
        for at in 1..text.len() {
            while length > 0 && text.get(usize::from(length)) != text.get(at) {
                length = back.get(usize::from(length)).copied().unwrap_or_default();
            }
            if text.get(usize::from(length)) == text.get(at) {
                length += 1;
            }
            if let Some(entry) = back.get_mut(at + 1) {
                *entry = length;
            }
        }
        Self { text, back }
    }

    /// How much of the word was found after one more character.
    fn after(&self, mut found: u8, character: u8) -> u8 {
        if usize::from(found) == self.text.len() {
            return found;
        }
        while found > 0 && self.text.get(usize::from(found)) != Some(&character) {
            found = self.back.get(usize::from(found)).copied().unwrap_or_default();
        }
        found + u8::from(self.text.get(usize::from(found)) == Some(&character))
    }
}

impl Demand {
    /// `None`: the condition does not speak of callers.
    fn of(condition: &Condition) -> Option<Self> {
        match condition {
            Condition::CallerWithheld => Some(Self::Impossible),
            Condition::Caller { how: CallerMatch::Contains, number } => {
                let text: Vec<u8> = digits(number).collect();
                // More than any number has.
                let fits = can_be_contained(number) && text.len() <= 16;
                Some(if fits { Self::Contains(Needle::new(text)) } else { Self::Impossible })
            }
            Condition::Caller { how, number } => {
                let whole = *how == CallerMatch::Matches;
                Some(match Meant::by(number) {
                    Meant::International(rest) => Self::Begins { digits: digits(rest).collect(), whole },
                    Meant::National(rest) => {
                        Self::Begins { digits: b"46".iter().copied().chain(digits(rest)).collect(), whole }
                    }
                    Meant::Extension(_) | Meant::Nobody => Self::Impossible,
                })
            }
            Condition::Time { .. }
            | Condition::Days { .. }
            | Condition::Dates { .. }
            | Condition::Holidays { .. }
            | Condition::Dialled { .. } => None,
        }
    }
}

/// What has become of a demand after some digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Fate {
    /// Can no longer be met.
    Lost,
    /// So many digits agree.
    Agrees(u8),
    /// Met, whatever follows.
    Met,
    /// How much of the word was found in the international and in the national way to write it.
    Found(u8, Option<u8>),
}

/// One rule's demands, all to be met.
struct Party {
    demands: Vec<Demand>,
}

impl Party {
    /// `None`: no shown number meets all of them.
    fn of(conditions: &[Condition]) -> Option<Self> {
        let demands: Vec<Demand> = conditions.iter().filter_map(Demand::of).collect();
        let possible = demands.iter().all(|demand| !matches!(demand, Demand::Impossible));
        possible.then_some(Self { demands })
    }
}

/// The demands of one party on the way.
type Fates = Vec<Fate>;

/// Finds a shown number that meets all conditions on callers in `wanted`, and for each of `others`
/// fails one. `None`: there is none.
pub(super) fn find(wanted: &[Condition], others: &[&[Condition]]) -> Result<Option<PhoneNumber>, TooMuch> {
    let Some(wanted) = Party::of(wanted) else { return Ok(None) };
    let others: Vec<Party> = others.iter().filter_map(|conditions| Party::of(conditions)).collect();
    if others.iter().any(|party| party.demands.is_empty()) {
        return Ok(None);
    }
    let begin = |party: &Party| -> Fates {
        let fate = |demand: &Demand| match demand {
            Demand::Impossible => Fate::Lost,
            Demand::Begins { digits, whole } if digits.is_empty() && !whole => Fate::Met,
            Demand::Begins { .. } => Fate::Agrees(0),
            Demand::Contains(needle) => Fate::Found(needle.after(0, b'+'), None),
        };
        party.demands.iter().map(fate).collect()
    };
    let mut search = Search { wanted: &wanted, others: &others, seen: HashSet::new(), number: Vec::new() };
    let begin = State { wanted: begin(&wanted), others: others.iter().map(begin).collect() };
    if !search.walk(&begin)? {
        return Ok(None);
    }
    let digits: String = search.number.iter().map(|digit| char::from(*digit)).collect();
    Ok(PhoneNumber::parse(&format!("+{digits}")).ok())
}

/// Beginnings of numbers that are looked at, at most, before a proof is given up.
const BEGINNINGS: usize = 20_000;

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    wanted: Fates,
    /// In the order of the parties; empty: this party can no longer be met.
    others: Vec<Fates>,
}

struct Search<'a> {
    wanted: &'a Party,
    others: &'a [Party],
    seen: HashSet<(usize, u8, State)>,
    number: Vec<u8>,
}

impl Search<'_> {
    /// Whether a number that begins with `self.number`, after which the demands stand as in `state`,
    /// does it; `self.number` is then that number.
    fn walk(&mut self, state: &State) -> Result<bool, TooMuch> {
        if self.is_number() && self.does(state) {
            return Ok(true);
        }
        if self.number.len() == 15 {
            return Ok(false);
        }
        // Only the first digits decide which further ones make a number.
        let country = match self.number[..] {
            [] | [b'4', b'6'] => 0,
            [b'4'] => 1,
            [b'4', b'6', ..] => 2,
            [..] => 3,
        };
        if !self.seen.insert((self.number.len(), country, state.clone())) {
            return Ok(false);
        }
        if self.seen.len() > BEGINNINGS {
            return Err(TooMuch);
        }
        for digit in b'0'..=b'9' {
            if digit == b'0' && matches!(self.number[..], [] | [b'4', b'6']) {
                continue;
            }
            let Some(next) = self.after(state, digit) else { continue };
            self.number.push(digit);
            if self.walk(&next)? {
                return Ok(true);
            }
            self.number.pop();
        }
        Ok(false)
    }

    /// As [`PhoneNumber::parse`] has it.
    fn is_number(&self) -> bool {
        let least = if self.number.starts_with(b"46") { 8 } else { 7 };
        (least..=15).contains(&self.number.len())
    }

    fn does(&self, state: &State) -> bool {
        let met = |party: &Party, fates: &Fates| {
            fates.len() == party.demands.len()
                && party.demands.iter().zip(fates).all(|(demand, fate)| match (demand, fate) {
                    (_, Fate::Met) => true,
                    (Demand::Begins { digits, .. }, Fate::Agrees(agrees)) => {
                        usize::from(*agrees) == digits.len()
                    }
                    (_, Fate::Lost | Fate::Found(..) | Fate::Agrees(_)) => false,
                })
        };
        met(self.wanted, &state.wanted)
            && !self.others.iter().zip(&state.others).any(|(party, fates)| met(party, fates))
    }

    /// The state after one more digit. `None`: nothing that begins so can do it.
    fn after(&self, state: &State, digit: u8) -> Option<State> {
        let wanted = self.party_after(self.wanted, &state.wanted, digit);
        if wanted.contains(&Fate::Lost) {
            return None;
        }
        let mut others = Vec::with_capacity(state.others.len());
        for (party, fates) in self.others.iter().zip(&state.others) {
            let fates = self.party_after(party, fates, digit);
            if !fates.is_empty() && fates.iter().all(|fate| *fate == Fate::Met) {
                return None;
            }
            others.push(if fates.contains(&Fate::Lost) { Vec::new() } else { fates });
        }
        Some(State { wanted, others })
    }

    fn party_after(&self, party: &Party, fates: &Fates, digit: u8) -> Fates {
        let step = |(demand, fate): (&Demand, &Fate)| match (demand, *fate) {
            (Demand::Begins { digits, whole }, Fate::Agrees(agrees)) => {
                match digits.get(usize::from(agrees)) {
                    Some(wanted) if *wanted == digit => {
                        if !whole && usize::from(agrees) + 1 == digits.len() {
                            Fate::Met
                        } else {
                            Fate::Agrees(agrees + 1)
                        }
                    }
                    Some(_) | None => Fate::Lost,
                }
            }
            (Demand::Contains(needle), Fate::Found(abroad, home)) => {
                let abroad = needle.after(abroad, digit);
                let home = match home {
                    Some(found) => Some(needle.after(found, digit)),
                    // The next digit is the first after the country code: written with a 0 before it.
                    None if self.number[..] == *b"4" && digit == b'6' => Some(needle.after(0, b'0')),
                    None => None,
                };
                let whole = |found: u8| usize::from(found) == needle.text.len();
                if whole(abroad) || home.is_some_and(whole) { Fate::Met } else { Fate::Found(abroad, home) }
            }
            (_, fate) => fate,
        };
        party.demands.iter().zip(fates).map(step).collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn caller(how: CallerMatch, number: &str) -> Condition {
        Condition::Caller { how, number: number.to_owned() }
    }

    fn found(wanted: &[Condition], others: &[&[Condition]]) -> Option<PhoneNumber> {
        find(wanted, others).unwrap()
    }

    fn starts(number: &str) -> Condition {
        caller(CallerMatch::StartsWith, number)
    }

    #[test]
    fn ten_digits_cover_what_comes_before_them() {
        let all: Vec<Condition> = (0..=9).map(|digit| starts(&format!("+4670{digit}"))).collect();
        let slices = |conditions: &[Condition]| -> Vec<Vec<Condition>> {
            conditions.iter().map(|condition| vec![condition.clone()]).collect()
        };
        let behind = |conditions: &[Condition]| {
            let parties = slices(conditions);
            let parties: Vec<&[Condition]> = parties.iter().map(Vec::as_slice).collect();
            found(&[starts("070")], &parties)
        };
        assert_eq!(behind(&all), None);
        let witness = behind(&all[..9]).unwrap();
        assert!(witness.as_str().starts_with("+46709"), "{witness}");
    }

    #[test]
    fn a_number_cannot_begin_with_what_no_number_begins_with() {
        assert_eq!(found(&[starts("+460")], &[]), None);
        assert_eq!(found(&[caller(CallerMatch::Matches, "+46701")], &[]), None, "too short");
        assert_eq!(found(&[starts("+1234567890123456")], &[]), None, "too long");
        assert_eq!(found(&[caller(CallerMatch::Contains, "+460")], &[]), None);
        assert!(found(&[starts("+46")], &[]).is_some());
        assert!(found(&[], &[]).is_some());
    }

    #[test]
    fn every_swedish_number_has_a_zero_when_written_at_home() {
        let zero: &[Condition] = &[caller(CallerMatch::Contains, "0")];
        assert_eq!(found(&[starts("+46")], &[zero]), None);
        let abroad = found(&[starts("+47")], &[zero]).unwrap();
        assert!(!abroad.as_str().contains('0'));
    }

    #[test]
    fn demands_of_one_rule_must_all_be_met_and_of_another_one_may_fail() {
        let both = [caller(CallerMatch::Contains, "123"), caller(CallerMatch::Contains, "987")];
        let number = found(&both, &[]).unwrap();
        assert!(number.as_str().contains("123") && number.as_str().contains("987"), "{number}");
        assert_eq!(found(&both, &[&both[..1]]), None);
        assert!(found(&both[..1], &[&both]).is_some());
        assert_eq!(found(&[starts("070"), starts("08")], &[]), None);
    }
}
