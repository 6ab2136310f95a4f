//! How long one decision takes, beside reading one fact of the same snapshot.

use crate::series::{Series, alone, heading, line, quantile};
use crate::{Outcome, setting};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;
use voxera_callflow::{Availability, Event, Facts, Peer, step};
use voxera_model::{Dialled, ExtensionNumber};

const ROUNDS: usize = 5;
const DECISIONS: usize = 50_000;

pub fn run() -> Outcome<()> {
    heading("One decision (callflow::step), 200 extensions, all online");
    let snapshot = setting::pbx()?.snapshot;
    let online = Availability { online: 1, ..Availability::default() };
    let extensions: BTreeMap<_, _> = snapshot.extensions.values().map(|e| (e.id, online)).collect();
    let facts = Facts { extensions, ..Facts::default() };
    let from = ExtensionNumber::parse(&setting::number(0)).map_err(|e| e.message)?;
    let dialled = Dialled::parse(&setting::number(setting::PHONES - 1));
    let event = Event::Arrived { from: Peer::Extension(from.clone()), dialled };

    let (mut ours, mut tail, mut baseline) = (Series::default(), Series::default(), Series::default());
    for _ in 0..ROUNDS {
        let mut times = time(|| drop(black_box(step(&snapshot, &facts, None, black_box(&event)))));
        ours.push(quantile(&mut times, 0.5));
        tail.push(quantile(&mut times, 0.99));
        let mut times = time(|| {
            let _ = black_box(snapshot.extensions.get(black_box(&from)));
        });
        baseline.push(quantile(&mut times, 0.5));
    }
    line("median, beside one map look-up", "µs", &ours, &baseline);
    alone("99th percentile", "µs", &tail);
    Ok(())
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
