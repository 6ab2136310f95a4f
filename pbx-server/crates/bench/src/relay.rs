//! What a relayed call costs: G.711 both ways, beside a bare forwarder of the same packets; and what
//! it holds in memory.

use crate::Outcome;
use crate::phones::Phone;
use crate::process::Measured;
use crate::series::{Series, alone, heading, line};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

const ROUNDS: usize = 5;
const SECONDS: u64 = 4;

pub async fn run() -> Outcome<()> {
    for calls in [50, 100] {
        heading(&format!("{calls} calls up, G.711 both ways"));
        let engine = Measured::role(&["as-engine"]).await?;
        let address: SocketAddr = engine.text("sip")?.parse()?;
        let mut lines = Vec::new();
        let mut answering = JoinSet::new();
        let mut phones = Vec::new();
        for pair in 0..calls {
            let (left, right) =
                (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
            let caller = Phone::register(pair * 2, address, left.local_addr()?.port()).await?;
            let called = Phone::register(pair * 2 + 1, address, right.local_addr()?.port()).await?;
            let heard = Arc::new(AtomicU16::new(0));
            let port = Arc::clone(&heard);
            answering.spawn(called.serve(move |found| port.store(found, Ordering::Release)));
            phones.push((caller, left, right, heard));
        }
        let idle = engine.memory()?;
        let mut dialogs = Vec::new();
        for (pair, (mut caller, left, right, heard)) in (0u32..).zip(phones) {
            let dialog = caller.call(pair * 2 + 1).await?;
            let there = caller.peer.ok_or("no sound offered")?;
            lines.push(Line {
                left,
                right,
                left_to: there,
                right_to: heard.load(Ordering::Acquire),
                right_codec: PCMA,
            });
            dialogs.push((caller, dialog));
        }
        let talk = Talk::start(lines).await?;

        let forwarder = Measured::role(&["as-forwarder"]).await?;
        let mut bare = Vec::new();
        for pair in 0..calls as usize {
            let port = |side: usize| {
                u16::try_from(forwarder.says["ports"][pair][side].as_u64().unwrap_or(0)).unwrap_or(0)
            };
            let (left, right) =
                (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
            bare.push(Line { left, right, left_to: port(0), right_to: port(1), right_codec: PCMA });
        }
        let bare_talk = Talk::start(bare).await?;
        sleep(Duration::from_secs(1)).await;

        let (mut ours, mut baseline, mut arrived) = (Series::default(), Series::default(), Series::default());
        let share =
            |cpu: f64| cpu / f64::from(u32::try_from(SECONDS).unwrap_or(1)) / f64::from(calls) * 100.0;
        for _ in 0..ROUNDS {
            let (before, bare_before) = (engine.cpu()?, forwarder.cpu()?);
            let (sent, received) = talk.counts();
            sleep(Duration::from_secs(SECONDS)).await;
            ours.push(share(engine.cpu()? - before));
            baseline.push(share(forwarder.cpu()? - bare_before));
            let (sent_after, received_after) = talk.counts();
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            arrived.push((received_after - received) as f64 / (sent_after - sent) as f64 * 100.0);
        }
        line("one call, share of a core", "%", &ours, &baseline);
        alone("packets that arrived", "%", &arrived);
        let mut memory = Series::default();
        memory.push((engine.memory()? - idle) / f64::from(calls) / 1024.0);
        alone("memory of one call", "KiB", &memory);
        drop((talk, bare_talk));
        for (mut caller, dialog) in dialogs {
            caller.hang_up(dialog).await?;
        }
    }
    Ok(())
}

/// Payload numbers.
pub const PCMA: u8 = 8;
pub const G722: u8 = 9;

/// Two ends of a call's sound, and where each sends. The left one speaks A-law.
pub struct Line {
    pub left: UdpSocket,
    pub right: UdpSocket,
    pub left_to: u16,
    pub right_to: u16,
    /// Payload number.
    pub right_codec: u8,
}

/// Both ends of every line talk until this is dropped.
pub struct Talk {
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Talk {
    pub async fn start(lines: Vec<Line>) -> Outcome<Self> {
        let mut talk = Self { sent: Arc::default(), received: Arc::default(), tasks: Vec::new() };
        for (n, line) in (0u64..).zip(lines) {
            line.left.connect(("127.0.0.1", line.left_to)).await?;
            line.right.connect(("127.0.0.1", line.right_to)).await?;
            // Spread over the 20 ms, as people who began to talk at any time.
            let shift = Duration::from_micros(n * 7919 % 20_000);
            for (socket, codec) in [(line.left, PCMA), (line.right, line.right_codec)] {
                let socket = Arc::new(socket);
                talk.tasks.push(tokio::spawn(say(Arc::clone(&socket), codec, shift, Arc::clone(&talk.sent))));
                talk.tasks.push(tokio::spawn(hear(socket, Arc::clone(&talk.received))));
            }
        }
        Ok(talk)
    }

    pub fn counts(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.received.load(Ordering::Relaxed))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn say(socket: Arc<UdpSocket>, codec: u8, shift: Duration, sent: Arc<AtomicU64>) {
    sleep(shift).await;
    let mut tick = interval(Duration::from_millis(20));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut packet = [0xd5_u8; 172];
    packet[..2].copy_from_slice(&[0x80, codec]);
    packet[8..12].copy_from_slice(&socket.local_addr().map_or(1, |a| u32::from(a.port())).to_be_bytes());
    for (sequence, time) in (0u16..=u16::MAX).cycle().zip((0u32..).map(|n| n.wrapping_mul(160))) {
        tick.tick().await;
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&time.to_be_bytes());
        if socket.send(&packet).await.is_ok() {
            sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn hear(socket: Arc<UdpSocket>, received: Arc<AtomicU64>) {
    let mut buffer = [0; 2048];
    loop {
        if socket.recv(&mut buffer).await.is_ok() {
            received.fetch_add(1, Ordering::Relaxed);
        }
    }
}
