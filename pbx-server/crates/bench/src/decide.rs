//! How long decisions take: one step, whole made-up calls, a line of callers, and what `check` proves.

use crate::series::{Series, alone, heading, line, quantile};
use crate::{Outcome, decide_company as company};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;
use voxera_callflow::{
    Availability, Cursor, Destination, Event, Facts, LocalTime, MemberFacts, Peer, QueueFacts, Snapshot,
    check_from, replay, simulate, step,
};
use voxera_model::{Dialled, ExtensionId, ExtensionNumber};

const ROUNDS: usize = 5;
const DECISIONS: usize = 20_000;
const CALLS: u32 = 10_000;
/// Ten on a Monday morning.
const MORNING: LocalTime = LocalTime { day: 20_605, minute: 600 };

pub fn run() -> Outcome<()> {
    let snapshot = company::company()?;
    heading(&format!("Decisions (callflow), {} rules, a menu of {} nodes", company::RULES, company::NODES));
    one_step(&snapshot)?;
    whole_calls(&snapshot)?;
    in_line(&snapshot)?;
    proofs(&snapshot);
    Ok(())
}

fn facts(snapshot: &Snapshot) -> Facts {
    let online = Availability { online: 1, ..Availability::default() };
    let people = snapshot.extensions.values().filter(|extension| extension.user().is_some());
    Facts { now: MORNING, extensions: people.map(|e| (e.id, online)).collect(), ..Facts::default() }
}

/// A call that no rule takes goes past all of them into the menu.
fn one_step(snapshot: &Snapshot) -> Outcome<()> {
    let facts = facts(snapshot);
    let from = Peer::Outside(Some(company::number("+46855501234")?));
    let dialled = Dialled::Public(company::number("+46317380007")?);
    let event = Event::Arrived { from, dialled };
    let key = ExtensionNumber::parse("1000").map_err(|e| e.message)?;
    let (mut ours, mut tail, mut baseline) = (Series::default(), Series::default(), Series::default());
    for _ in 0..ROUNDS {
        let mut times = time(|| drop(black_box(step(snapshot, &facts, None, black_box(&event)))));
        ours.push(quantile(&mut times, 0.5));
        tail.push(quantile(&mut times, 0.99));
        let mut times = time(|| {
            let _ = black_box(snapshot.extensions.get(black_box(&key)));
        });
        baseline.push(quantile(&mut times, 0.5));
    }
    line("a call past all rules, median", "µs", &ours, &baseline);
    alone("99th percentile", "µs", &tail);
    Ok(())
}

fn whole_calls(snapshot: &Snapshot) -> Outcome<()> {
    let calls = company::month(CALLS)?;
    let mut draft = snapshot.clone();
    draft.rules.truncate(150);
    let (mut made_up, mut replayed) = (Series::default(), Series::default());
    let mut changed = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for call in &calls {
            black_box(simulate(snapshot, &call.story()));
        }
        made_up.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        changed = black_box(replay(snapshot, &draft, &calls)).changed.len();
        replayed.push(start.elapsed().as_secs_f64());
    }
    alone(&format!("{CALLS} made-up calls, whole"), "s", &made_up);
    alone("their replay on a draft", "s", &replayed);
    println!("  ({changed} of them end elsewhere)");
    Ok(())
}

/// Everybody in a full line is woken because something changed.
fn in_line(snapshot: &Snapshot) -> Outcome<()> {
    let queue = ExtensionNumber::parse(company::QUEUE).map_err(|e| e.message)?;
    let id = snapshot.extensions.get(&queue).ok_or("no queue")?.id;
    let from = company::number("+46855501234")?;
    let dialled = company::number("+46317380000")?;
    let mut direct = snapshot.clone();
    direct.rules.clear();
    direct.numbers.insert(dialled.clone(), Destination::Extension { extension: id });
    let mut facts = facts(snapshot);
    for person in facts.extensions.values_mut() {
        (person.calls, person.talking) = (1, 1);
    }
    let arrived = Event::Arrived { from: Peer::Outside(Some(from)), dialled: Dialled::Public(dialled) };
    let mut callers: Vec<(Cursor, Facts)> = Vec::new();
    for ahead in 0..company::CALLERS_IN_LINE {
        facts.queues = BTreeMap::from([(id, line_facts(ahead, &facts.extensions))]);
        let cursor = step(&direct, &facts, None, &arrived).next.ok_or("the call did not wait")?;
        callers.push((cursor, facts.clone()));
    }
    let mut all = Series::default();
    for _ in 0..ROUNDS {
        let mut times: Vec<f64> = (0..200)
            .map(|_| {
                let start = Instant::now();
                for (cursor, facts) in &callers {
                    black_box(step(&direct, facts, Some(cursor), &Event::Woken));
                }
                start.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        all.push(quantile(&mut times, 0.5));
    }
    alone(&format!("{} callers in one queue, all woken", company::CALLERS_IN_LINE), "µs", &all);
    Ok(())
}

fn line_facts(ahead: u16, people: &BTreeMap<ExtensionId, Availability>) -> QueueFacts {
    let history = |nth: u32| MemberFacts { calls: nth, idle: Some(nth * 10), resting: false };
    QueueFacts {
        waiting: company::CALLERS_IN_LINE - 1,
        ahead,
        last: None,
        members: people.keys().zip(0..).map(|(id, nth)| (*id, history(nth))).collect(),
    }
}

fn proofs(snapshot: &Snapshot) {
    let mut checked = Series::default();
    let mut found = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        found = black_box(check_from(snapshot, MORNING.date())).len();
        checked.push(start.elapsed().as_secs_f64() * 1e3);
    }
    alone("check, every rule proved", "ms", &checked);
    println!("  ({found} findings)");
}

fn time(mut work: impl FnMut()) -> Vec<f64> {
    (0..DECISIONS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect()
}
