//! How long one decision takes: `cargo run --release -p voxera-callflow --example step_time`.
//!
//! A PBX of 300 extensions, all online, and 200 numbers. Prints nanoseconds: median and 99th
//! percentile of a decision, and beside them the same for reading one fact, as a measure of what
//! the clock and the machine cost.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;
use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Event, step};
use voxera_model::{Dialled, ExtensionNumber};

const ROUNDS: usize = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = "story = \"\"\nsteps = []\n".to_owned();
    for n in 2000..2300 {
        writeln!(text, "[extensions.{n}]\nname = \"Person {n}\"\nonline = 1")?;
    }
    writeln!(text, "[numbers]")?;
    for n in 0..200 {
        writeln!(text, "\"08-123 4{n:03}\" = \"{}\"", 2000 + n)?;
    }
    let scenario = Scenario::parse("bench", &text)?;
    let from = ExtensionNumber::parse("2000")?;
    for dialled in ["2299", "08-123 4199", "112", "0701740605"] {
        let event = Event::Arrived { from: from.clone(), dialled: Dialled::parse(dialled) };
        let decide = || drop(black_box(step(&scenario.snapshot, &scenario.facts, None, black_box(&event))));
        report(dialled, decide);
    }
    report("nothing", || {
        let _ = black_box(scenario.snapshot.extensions.get(black_box(&from)));
    });
    Ok(())
}

fn report(what: &str, mut work: impl FnMut()) {
    let mut times: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    println!("{what:>12}: median {} ns, p99 {} ns", times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
}
