//! Rules that never decide a call, and numbers whose own target no call reaches.

use super::cover::{Cover, Empty, Example, TooMuch, Universe};
use super::references::References;
use super::{Finding, Part, Problem, Severity, Spot, Window};
use crate::calendar::Date;
use crate::diff::RuleRef;
use crate::routing::{Condition, Destination, Rule};
use crate::snapshot::Snapshot;
use crate::story::Story;
use std::collections::BTreeSet;
use voxera_model::{Dialled, PhoneNumber};

pub(super) fn check(snapshot: &Snapshot, window: Window, findings: &mut Vec<Finding>) {
    let references = References { snapshot };
    let enabled: Vec<&Rule> = snapshot.rules.iter().filter(|rule| rule.enabled).collect();
    for rule in &enabled {
        let mut add = |severity, problem| {
            let spot = Some(Spot::Rule { rule: rule.id.clone(), name: rule.name.clone() });
            findings.push(Finding { severity, problem, spot, witness: None });
        };
        let play = rule.play.as_ref().and_then(|prompt| references.prompt(prompt));
        let callers = rule.conditions.iter().filter_map(References::condition);
        for problem in references.destination(&rule.to).into_iter().chain(play).chain(callers) {
            add(Severity::Error, problem);
        }
        for condition in &rule.conditions {
            if let Condition::Dialled { numbers } = condition
                && numbers.iter().any(|number| !snapshot.numbers.contains_key(number))
                && numbers.iter().any(|number| snapshot.numbers.contains_key(number))
            {
                add(Severity::Hint, Problem::NumberNotOwn);
            }
        }
    }
    never(snapshot, &enabled, window, findings);
}

fn never(snapshot: &Snapshot, enabled: &[&Rule], window: Window, findings: &mut Vec<Finding>) {
    // Without numbers of its own no call meets a rule: those that the rules name stand in for them.
    let named = enabled.iter().flat_map(|rule| &rule.conditions).filter_map(|condition| match condition {
        Condition::Dialled { numbers } => Some(numbers),
        Condition::Time { .. }
        | Condition::Days { .. }
        | Condition::Dates { .. }
        | Condition::Holidays { .. }
        | Condition::Caller { .. }
        | Condition::CallerWithheld => None,
    });
    let numbers: BTreeSet<PhoneNumber> = if snapshot.numbers.is_empty() {
        named.flatten().cloned().chain(PhoneNumber::parse("+46317380600")).collect()
    } else {
        snapshot.numbers.keys().cloned().collect()
    };
    // After the rules, one list for each number: calls to it that no rule decides.
    let own: Vec<Vec<Condition>> = snapshot
        .numbers
        .keys()
        .map(|number| vec![Condition::Dialled { numbers: BTreeSet::from([number.clone()]) }])
        .collect();
    let lists = enabled.iter().map(|rule| &*rule.conditions).chain(own.iter().map(|list| &**list)).collect();
    let universe = |from: Date, to: Date| Universe {
        from,
        to,
        dialled: numbers.iter().cloned().map(Some).collect(),
        colleagues: snapshot.extensions.keys().collect(),
    };
    let cover = Cover::new(lists, &universe(window.from, window.to));
    let refer = |by: Vec<usize>| -> Vec<RuleRef> {
        by.iter()
            .filter_map(|index| enabled.get(*index))
            .map(|rule| RuleRef { rule: rule.id.clone(), name: rule.name.clone() })
            .collect()
    };
    for (index, rule) in enabled.iter().enumerate() {
        let (problem, witness) = if let Some(empty) = cover.empty(index) {
            let once = || {
                let ever = universe(Date::FIRST, Date::LAST);
                Cover::new(vec![&rule.conditions], &ever).empty(0).is_none()
            };
            if empty == Empty::Days && once() {
                (Problem::DatesPassed, None)
            } else {
                (Problem::NeverHolds { part: empty.part() }, None)
            }
        } else {
            match cover.covered_by(index) {
                Ok(None) => continue,
                Ok(Some(by)) => {
                    (Problem::Shadowed { by: refer(by) }, cover.any(index).and_then(Example::story))
                }
                Err(TooMuch) => (Problem::NotProved, None),
            }
        };
        let severity = if problem == Problem::NotProved { Severity::Hint } else { Severity::Warning };
        findings.push(Finding {
            severity,
            problem,
            spot: Some(Spot::Rule { rule: rule.id.clone(), name: rule.name.clone() }),
            witness,
        });
    }
    for (index, (number, destination)) in snapshot.numbers.iter().enumerate() {
        let list = enabled.len() + index;
        if *destination == Destination::Nowhere {
            continue;
        }
        let Ok(Some(by)) = cover.covered_by(list) else { continue };
        findings.push(Finding {
            severity: Severity::Warning,
            problem: Problem::NumberHidden { by: refer(by) },
            spot: Some(Spot::Number { number: number.clone() }),
            witness: cover.any(list).and_then(Example::story),
        });
    }
}

impl Example {
    fn story(self) -> Option<Story> {
        Some(Story::new(self.from, Dialled::Public(self.dialled?), self.at))
    }
}

impl Empty {
    pub(super) const fn part(self) -> Part {
        match self {
            Self::Days => Part::Days,
            Self::Minutes => Part::Times,
            Self::Dialled => Part::Dialled,
            Self::Caller => Part::Caller,
        }
    }
}
