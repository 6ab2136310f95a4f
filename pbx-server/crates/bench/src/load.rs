//! Calls between pairs of phones, answered and hung up, at a steady rate or one after the other; and
//! what became of them.

use crate::Outcome;
use crate::phones::Phone;
use crate::series::quantile;
use crate::setting::PHONES;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::interval;

/// Calls that were made.
#[derive(Debug, Default)]
pub struct Made {
    pub calls: u32,
    /// Of them, those that were not answered, or not hung up.
    pub failed: u32,
    /// Why one of those failed.
    pub why: Option<String>,
    /// From the first being dialled to the last being hung up.
    pub seconds: f64,
    /// From dialling to answer, in milliseconds; of a call that no phone was free for, from when it was due.
    times: Vec<f64>,
}

impl Made {
    /// The milliseconds from dialling to answer that a share of all calls needed at most.
    pub fn within(&mut self, share: f64) -> f64 {
        quantile(&mut self.times, share)
    }

    /// Those that came about, in a second.
    pub fn rate(&self) -> f64 {
        f64::from(self.calls - self.failed) / self.seconds
    }

    /// Where no call may fail.
    pub fn all_well(self) -> Outcome<Self> {
        match self.why {
            Some(why) => Err(format!("{} of {} calls failed: {why}", self.failed, self.calls).into()),
            None => Ok(self),
        }
    }

    fn count(&mut self, call: Outcome<f64>) {
        self.calls += 1;
        match call {
            Ok(time) => self.times.push(time),
            Err(why) => {
                self.failed += 1;
                self.why = Some(why.to_string());
            }
        }
    }
}

/// Registers every phone. Odd ones answer from now on; the even ones call.
pub async fn register(engine: SocketAddr) -> Outcome<(Vec<Phone>, JoinSet<Outcome<()>>)> {
    let (mut callers, mut answering) = (Vec::new(), JoinSet::new());
    for pair in 0..PHONES / 2 {
        let port = u16::try_from(40_000 + pair * 4)?;
        callers.push(Phone::register(pair * 2, engine, port).await?);
        let phone = Phone::register(pair * 2 + 1, engine, port + 2).await?;
        answering.spawn(phone.serve(|_| {}));
    }
    Ok((callers, answering))
}

/// So many calls a second, for so many seconds.
pub async fn at_rate(callers: &mut Vec<Phone>, rate: u32, seconds: u32) -> Outcome<Made> {
    let mut tick = interval(Duration::from_secs(1) / rate);
    let (mut made, mut running, start) = (Made::default(), JoinSet::new(), Instant::now());
    for n in 0..rate * seconds {
        let due = tick.tick().await.into_std();
        let (caller, from) = match callers.pop() {
            Some(caller) => (caller, Instant::now()),
            None => (finished(&mut running, &mut made).await?, due),
        };
        running.spawn(one_call(caller, n, from));
    }
    while !running.is_empty() {
        callers.push(finished(&mut running, &mut made).await?);
    }
    made.seconds = start.elapsed().as_secs_f64();
    Ok(made)
}

async fn finished(running: &mut JoinSet<(Phone, Outcome<f64>)>, made: &mut Made) -> Outcome<Phone> {
    let (phone, call) = running.join_next().await.ok_or("no call")??;
    made.count(call);
    Ok(phone)
}

/// As many calls as so many phones can make, one after the other.
pub async fn flat_out(callers: &mut Vec<Phone>, phones: usize, seconds: u32) -> Outcome<Made> {
    let (mut made, mut running, start) = (Made::default(), JoinSet::new(), Instant::now());
    let end = start + Duration::from_secs(u64::from(seconds));
    for (n, mut caller) in (0..).zip(callers.split_off(callers.len().saturating_sub(phones))) {
        running.spawn(async move {
            let mut calls = Vec::new();
            while Instant::now() < end {
                let call;
                (caller, call) = one_call(caller, n, Instant::now()).await;
                calls.push(call);
            }
            (caller, calls)
        });
    }
    while let Some(done) = running.join_next().await {
        let (caller, calls) = done?;
        callers.push(caller);
        for call in calls {
            made.count(call);
        }
    }
    made.seconds = start.elapsed().as_secs_f64();
    Ok(made)
}

/// Milliseconds until it is answered; and it is hung up.
async fn one_call(mut caller: Phone, n: u32, from: Instant) -> (Phone, Outcome<f64>) {
    let call = async {
        let dialog = caller.call((n % (PHONES / 2)) * 2 + 1).await?;
        let time = from.elapsed().as_secs_f64() * 1e3;
        caller.hang_up(dialog).await?;
        Ok(time)
    };
    let call = call.await;
    (caller, call)
}
