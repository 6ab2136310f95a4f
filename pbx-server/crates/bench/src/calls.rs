//! Calls set up, answered and hung up: how many a second, and what one costs.
//!
//! The baseline is a process that passes on as many datagrams, one by one, and does nothing else.

use crate::Outcome;
use crate::load::{at_rate, flat_out, register};
use crate::process::Measured;
use crate::series::{Series, alone, heading, line};
use crate::setting::PHONES;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{interval, sleep};

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;
/// Datagrams through the engine for one call: INVITE, 401, ACK, INVITE, 100, 180, 200, ACK, BYE, 200
/// with the caller, INVITE, 180, 200, ACK, BYE, 200 with the called phone. Half come, half go.
const PASSED_ON: u32 = 8;

/// How the time until a call is answered is told.
const SHARES: [(&str, f64); 3] =
    [("from dialling to answer, median", 0.5), ("  95 %", 0.95), ("  99 %", 0.99)];

pub async fn run() -> Outcome<()> {
    let engine = Measured::role(&["as-engine"]).await?;
    let address: SocketAddr = engine.text("sip")?.parse()?;
    let (mut callers, _answering) = register(address).await?;
    let forwarder = Measured::role(&["as-forwarder"]).await?;
    for rate in [50, 100, 200] {
        heading(&format!("{rate} calls a second: authenticated, answered, hung up, recorded"));
        let (mut ours, mut baseline) = (Series::default(), Series::default());
        let mut answered = SHARES.map(|_| Series::default());
        for _ in 0..ROUNDS {
            let before = engine.cpu()?;
            let mut made = at_rate(&mut callers, rate, SECONDS).await?.all_well()?;
            ours.push((engine.cpu()? - before) * 1e3 / f64::from(made.calls));
            for (series, (_, share)) in answered.iter_mut().zip(SHARES) {
                series.push(made.within(share));
            }
            let before = forwarder.cpu()?;
            let sent = forward(&forwarder, rate * PASSED_ON).await?;
            baseline.push((forwarder.cpu()? - before) * 1e3 / f64::from(sent) * f64::from(PASSED_ON));
        }
        line("processor time of one call", "ms", &ours, &baseline);
        for (series, (what, _)) in answered.iter().zip(SHARES) {
            alone(what, "ms", series);
        }
    }

    heading(&format!("As many calls as {} phones can make, one after the other", PHONES / 2));
    let mut rate = Series::default();
    for _ in 0..ROUNDS {
        rate.push(flat_out(&mut callers, usize::MAX, SECONDS).await?.all_well()?.rate());
    }
    alone("calls a second (load included)", "", &rate);
    Ok(())
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
