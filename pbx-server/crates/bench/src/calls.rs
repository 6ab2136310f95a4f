//! Calls set up, answered and hung up: how many a second, and what one costs.
//!
//! The baseline is a process that passes on as many datagrams, one by one, and does nothing else.

use crate::phones::Phone;
use crate::process::Measured;
use crate::series::{Series, alone, heading, line, quantile};
use crate::setting::PHONES;
use crate::{Outcome, setting};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;
/// Datagrams through the engine for one call: INVITE, 401, ACK, INVITE, 100, 180, 200, ACK, BYE, 200
/// with the caller, INVITE, 180, 200, ACK, BYE, 200 with the called phone. Half come, half go.
const PASSED_ON: u32 = 8;

pub async fn run() -> Outcome<()> {
    let engine = Measured::role(&["as-engine"]).await?;
    let address: SocketAddr = engine.text("sip")?.parse()?;
    let mut callers = Vec::new();
    let mut answering = JoinSet::new();
    for pair in 0..setting::PHONES / 2 {
        let port = u16::try_from(40_000 + pair * 4)?;
        callers.push(Phone::register(pair * 2, address, port).await?);
        let phone = Phone::register(pair * 2 + 1, address, port + 2).await?;
        answering.spawn(phone.serve(|_| {}));
    }

    let forwarder = Measured::role(&["as-forwarder"]).await?;
    for rate in [50, 100, 200] {
        heading(&format!("{rate} calls a second: authenticated, answered, hung up, recorded"));
        let (mut ours, mut baseline, mut setup) = (Series::default(), Series::default(), Series::default());
        for _ in 0..ROUNDS {
            let before = engine.cpu()?;
            let (calls, mut times);
            (callers, calls, times) = at_rate(callers, rate).await?;
            ours.push((engine.cpu()? - before) * 1e3 / f64::from(calls));
            setup.push(quantile(&mut times, 0.95));
            let before = forwarder.cpu()?;
            let sent = forward(&forwarder, rate * PASSED_ON).await?;
            baseline.push((forwarder.cpu()? - before) * 1e3 / f64::from(sent) * f64::from(PASSED_ON));
        }
        line("processor time of one call", "ms", &ours, &baseline);
        alone("from dialling to answer, 95 %", "ms", &setup);
    }

    heading(&format!("As many calls as {} phones can make, one after the other", PHONES / 2));
    let mut rate = Series::default();
    for _ in 0..ROUNDS {
        let calls;
        (callers, calls) = flat_out(callers).await?;
        rate.push(f64::from(calls) / f64::from(SECONDS));
    }
    alone("calls a second (load included)", "", &rate);
    Ok(())
}

/// Calls at a steady rate; how many, and milliseconds from dialling to answer.
async fn at_rate(mut callers: Vec<Phone>, rate: u32) -> Outcome<(Vec<Phone>, u32, Vec<f64>)> {
    let mut tick = interval(Duration::from_secs(1) / rate);
    let mut running = JoinSet::new();
    let mut times = Vec::new();
    for n in 0..rate * SECONDS {
        tick.tick().await;
        let caller = match callers.pop() {
            Some(caller) => caller,
            None => finished(&mut running, &mut times).await?,
        };
        running.spawn(one_call(caller, n));
    }
    while !running.is_empty() {
        callers.push(finished(&mut running, &mut times).await?);
    }
    Ok((callers, rate * SECONDS, times))
}

async fn finished(running: &mut JoinSet<Outcome<(Phone, f64)>>, times: &mut Vec<f64>) -> Outcome<Phone> {
    let (phone, time) = running.join_next().await.ok_or("no call")???;
    times.push(time);
    Ok(phone)
}

async fn one_call(mut caller: Phone, n: u32) -> Outcome<(Phone, f64)> {
    let start = Instant::now();
    let dialog = caller.call((n % (PHONES / 2)) * 2 + 1).await?;
    let time = start.elapsed().as_secs_f64() * 1e3;
    caller.hang_up(dialog).await?;
    Ok((caller, time))
}

async fn flat_out(callers: Vec<Phone>) -> Outcome<(Vec<Phone>, u32)> {
    let end = Instant::now() + Duration::from_secs(u64::from(SECONDS));
    let mut running = JoinSet::new();
    for (n, mut caller) in (0u32..).zip(callers) {
        running.spawn(async move {
            let mut calls = 0;
            while Instant::now() < end {
                (caller, _) = one_call(caller, n).await?;
                calls += 1;
            }
            Outcome::Ok((caller, calls))
        });
    }
    let (mut callers, mut calls) = (Vec::new(), 0);
    while let Some(done) = running.join_next().await {
        let (caller, made) = done??;
        callers.push(caller);
        calls += made;
    }
    Ok((callers, calls))
}

/// Datagrams of a SIP message's size through the bare forwarder at a steady rate; how many.
async fn forward(forwarder: &Measured, rate: u32) -> Outcome<u32> {
    let ports = forwarder.says["ports"][0].as_array().ok_or("no ports")?;
    let port = |side: usize| u16::try_from(ports[side].as_u64().unwrap_or(0)).unwrap_or(0);
    let (left, right) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    left.connect(("127.0.0.1", port(0))).await?;
    right.connect(("127.0.0.1", port(1))).await?;
    let message = [b'x'; 700];
    right.send(&message).await?;
    left.send(&message).await?;
    sleep(Duration::from_millis(50)).await;
    let mut tick = interval(Duration::from_secs(1) / rate);
    for _ in 0..rate * SECONDS {
        tick.tick().await;
        left.send(&message).await?;
    }
    Ok(rate * SECONDS)
}
