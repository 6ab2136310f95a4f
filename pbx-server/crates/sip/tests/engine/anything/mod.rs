//! Any company and any call: the core tells what must happen, the engine must make it so.
//!
//! A company is made up, somebody calls, and whatever can happen at each moment does: someone answers,
//! nobody does, keys are pressed, time passes, calls are handed over. The core says what comes of it
//! ([`teller`]); then scripted phones do the same to the engine, which must ring the same phones, say
//! the same words and end in the same way, step by step. What went otherwise is printed as a scenario
//! file, to be kept among the golden calls.
//!
//! `VOXERA_CALLS=2000` plays more of them.

mod setup;
mod teller;

use crate::stories;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

/// Calls of one run; the seed is another one each time.
const CALLS: u32 = 48;
/// More events than most calls have.
const EVENTS: usize = 14;

#[test]
fn the_engine_does_to_any_call_what_the_core_decides() {
    let calls = std::env::var("VOXERA_CALLS").ok().and_then(|calls| calls.parse().ok());
    let config = Config {
        cases: calls.unwrap_or(CALLS),
        failure_persistence: None,
        // A call that does not go on is waited for: what fails is shown as it is.
        max_shrink_iters: 0,
        ..Config::default()
    };
    let any_call = (setup::company(), vec(any::<u16>(), 1..EVENTS));
    let played = TestRunner::new(config).run(&any_call, |(company, choices)| {
        let told = teller::tell(&company, &choices);
        let file = told.file(&company);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let went = std::panic::catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(stories::play(told.scenario));
        }));
        went.map_err(|_| TestCaseError::fail(file))
    });
    if let Err(TestError::Fail(file, _)) = played {
        panic!("the engine went another way than the core in:\n\n{file}");
    }
    played.unwrap();
}

/// Made-up calls get everywhere a call can get.
#[test]
fn made_up_calls_get_everywhere() {
    let standings = RefCell::new(BTreeSet::new());
    let any_call = (setup::company(), vec(any::<u16>(), 1..EVENTS));
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&any_call, |(company, choices)| {
            let scenario = teller::tell(&company, &choices).scenario;
            standings
                .borrow_mut()
                .extend(scenario.steps.iter().map(|step| step.then.split(' ').next().unwrap().to_owned()));
            Ok(())
        })
        .unwrap();
    let standings = standings.into_inner();
    for wanted in [
        "callback",
        "conference",
        "connected",
        "emergency",
        "greeting",
        "hearing",
        "leaving",
        "menu",
        "messages",
        "over",
        "pin",
        "ringing",
        "waiting",
    ] {
        assert!(standings.contains(wanted), "no call got to {wanted}: {standings:?}");
    }
}
