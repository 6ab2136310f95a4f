//! Calls through a real `FreeSWITCH` that asks our server everything, beside the same program, set up
//! the same, that finds people and the way of their calls in files which somebody wrote by hand.
//!
//! `FREESWITCH=/path/to/freeswitch` names the program; without it there is nothing to measure.

mod handwritten;
mod server;

pub use server::server;

use crate::Outcome;
use crate::load::{Made, at_rate, flat_out, register};
use crate::phones::Phone;
use crate::process::{Measured, cpu_of};
use crate::series::{Series, alone, heading, line};
use serde_json::json;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;
use voxera_freeswitch::init::NodeSettings;
use voxera_testkit::PATIENCE;
use voxera_testkit::node::{LOOK, Node};

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
/// Calls a second.
const RATES: &[u32] = &[25, 50, 100, 150, 200, 250, 300, 350, 400];
/// Phones that call one after the other, as fast as they can.
const AT_ONCE: usize = 16;
/// Milliseconds after which whoever was not answered sends again: slower calls feed on themselves.
const SENT_AGAIN: f64 = 500.0;
/// Seconds that the last call may end after it was due to.
const LATE: f64 = 1.0;

/// `only`: this rate alone, once, to see whether it works at all.
pub async fn run(only: Option<&str>) -> Outcome<()> {
    if Node::program().is_none() {
        heading("Calls through FreeSWITCH: skipped, FREESWITCH names none");
        return Ok(());
    }
    let only = only.map(str::parse).transpose()?;
    let (rates, rounds) = only.as_ref().map_or((RATES, ROUNDS), |rate| (std::slice::from_ref(rate), 1));
    let ours = Side::ours().await?;
    let handwritten = Side::handwritten(&ours.node.listener.to_string()).await?;
    let mut sides = [ours, handwritten];
    for side in &mut sides {
        side.ready().await?;
    }
    idle(&sides, rounds).await?;
    let most = rising(&mut sides, rates, rounds).await?;

    heading("The highest of these rates at which every call was answered and hung up in time");
    println!("  {} calls a second, the baseline {}", most[0], most[1]);

    heading(&format!("Calls through FreeSWITCH, {AT_ONCE} phones, one after the other"));
    let mut series = [Series::default(), Series::default()];
    for _ in 0..rounds {
        for (side, series) in sides.iter_mut().zip(&mut series) {
            series.push(flat_out(&mut side.callers, AT_ONCE, SECONDS).await?.rate());
        }
    }
    line("calls a second", "", &series[0], &series[1]);
    Ok(())
}

/// The highest rate that each side carried; 0: none. Whoever does not carry one is not asked for more.
async fn rising(sides: &mut [Side; 2], rates: &[u32], rounds: usize) -> Outcome<[u32; 2]> {
    let (mut most, mut goes_on) = ([0; 2], [true; 2]);
    for &rate in rates {
        heading(&format!("{rate} calls a second through FreeSWITCH that asks us, beside files by hand"));
        let mut measured = [Numbers::default(), Numbers::default()];
        for _ in 0..rounds {
            for ((side, numbers), goes_on) in sides.iter_mut().zip(&mut measured).zip(goes_on) {
                if !goes_on || numbers.missed * 2 > rounds {
                    continue;
                }
                let before = side.cpu()?;
                let made = at_rate(&mut side.callers, rate, SECONDS).await?;
                let well = numbers.push(made, before, side.cpu()?);
                side.forget()?;
                if !well {
                    side.ready().await?;
                }
            }
        }
        Numbers::print(&measured, goes_on);
        for ((most, goes_on), numbers) in most.iter_mut().zip(&mut goes_on).zip(&measured) {
            *goes_on = *goes_on && numbers.missed * 2 < rounds;
            if *goes_on {
                *most = rate;
            }
        }
        if goes_on == [false; 2] {
            break;
        }
    }
    Ok(most)
}

/// What a node costs that carries nothing; it is part of what calls cost.
async fn idle(sides: &[Side; 2], rounds: usize) -> Outcome<()> {
    heading("FreeSWITCH and 200 phones that are registered, and nobody calls");
    let mut series = [Series::default(), Series::default()];
    for _ in 0..rounds {
        let before = [sides[0].cpu()?, sides[1].cpu()?];
        sleep(Duration::from_secs(u64::from(SECONDS))).await;
        for ((side, before), series) in sides.iter().zip(before).zip(&mut series) {
            let after = side.cpu()?;
            let used = after[0] + after[1] - before[0] - before[1];
            series.push(used / f64::from(SECONDS) * 100.0);
        }
    }
    line("share of a core, all", "%", &series[0], &series[1]);
    Ok(())
}

/// What one side showed at one rate.
#[derive(Default)]
struct Numbers {
    median: Series,
    most: Series,
    slowest: Series,
    freeswitch: Series,
    server: Series,
    together: Series,
    failed: Series,
    /// Rounds in which not every call was answered and hung up in time.
    missed: usize,
    why: Option<String>,
}

impl Numbers {
    /// Whether the round was carried.
    fn push(&mut self, mut made: Made, before: [f64; 2], after: [f64; 2]) -> bool {
        let [freeswitch, server] =
            [0, 1].map(|process| (after[process] - before[process]) * 1e3 / f64::from(made.calls));
        self.freeswitch.push(freeswitch);
        self.server.push(server);
        self.together.push(freeswitch + server);
        self.median.push(made.within(0.5));
        self.most.push(made.within(0.95));
        self.slowest.push(made.within(0.99));
        self.failed.push(f64::from(made.failed) / f64::from(made.calls) * 100.0);
        let well =
            made.failed == 0 && made.within(0.99) < SENT_AGAIN && made.seconds < f64::from(SECONDS) + LATE;
        self.missed += usize::from(!well);
        self.why = made.why.or(self.why.take());
        well
    }

    fn print([ours, baseline]: &[Self; 2], measured: [bool; 2]) {
        let rows = [
            ("from dialling to answer, median", &ours.median, &baseline.median),
            ("  95 %", &ours.most, &baseline.most),
            ("  99 %", &ours.slowest, &baseline.slowest),
            ("processor time of a call, all", &ours.together, &baseline.together),
            ("  FreeSWITCH's share", &ours.freeswitch, &baseline.freeswitch),
        ];
        for (what, ours, baseline) in rows {
            match measured {
                [true, true] => line(what, "ms", ours, baseline),
                [true, false] => alone(what, "ms", ours),
                [false, _] => alone(what, "ms, files by hand alone", baseline),
            }
        }
        if measured[0] {
            alone("  our server's share", "ms", &ours.server);
        }
        for (of, numbers) in [("ours", ours), ("the baseline", baseline)] {
            if let Some(why) = &numbers.why {
                alone(&format!("calls of {of} that failed"), &format!("%, as: {why}"), &numbers.failed);
            }
        }
    }
}

/// A node, whom it asks, and its phones.
struct Side {
    node: Node,
    server: Option<Measured>,
    callers: Vec<Phone>,
    _answering: JoinSet<Outcome<()>>,
    _media: TempDir,
}

impl Side {
    /// A node made by `voxera freeswitch init`, which asks our server.
    async fn ours() -> Outcome<Self> {
        let mut server = Measured::talking(&["as-freeswitch-server"]).await?;
        let mut node = Node::planned();
        node.listener = server.text("http")?.parse()?;
        let media = tempfile::tempdir()?;
        let command = init(&node, &media)?;
        node.run(&command);
        node.listens().await;
        let control = node.control();
        let told = json!({ "host": control.ip(), "port": control.port(), "password": node.password() });
        server.tell(&told).await?;
        Self::with(node, Some(server), media).await
    }

    /// The same, with files in the place of the server.
    async fn handwritten(server: &str) -> Outcome<Self> {
        let mut node = Node::planned();
        let media = tempfile::tempdir()?;
        let command = init(&node, &media)?;
        handwritten::write(&node.dir(), server).await?;
        node.run(&command);
        node.listens().await;
        Self::with(node, None, media).await
    }

    async fn with(node: Node, server: Option<Measured>, media: TempDir) -> Outcome<Self> {
        let (callers, answering) = register(node.sip()).await?;
        Ok(Self { node, server, callers, _answering: answering, _media: media })
    }

    /// Until everybody reaches somebody: the server hears of phones by events, and what was too much has
    /// to end first.
    async fn ready(&mut self) -> Outcome<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let made = at_rate(&mut self.callers, 25, 4).await?;
            match made.all_well() {
                Ok(_) => return Ok(()),
                Err(why) if Instant::now() > end => return Err(format!("{why}\n{}", self.node.log()).into()),
                Err(_) => sleep(LOOK).await,
            }
        }
    }

    /// Records that are files fill the disk.
    fn forget(&self) -> Outcome<()> {
        for entry in std::fs::read_dir(self.node.dir().join("cdr"))? {
            std::fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    /// Seconds of processor time so far: of `FreeSWITCH`, and of the server.
    fn cpu(&self) -> Outcome<[f64; 2]> {
        let node = cpu_of(self.node.id().ok_or("FreeSWITCH has ended")?)?;
        Ok([node, self.server.as_ref().map_or(Ok(0.0), Measured::cpu)?])
    }
}

/// Makes the folder. Both sides take as many calls as they can: what a node refuses to protect itself is
/// not what is measured.
fn init(node: &Node, media: &TempDir) -> Outcome<Vec<String>> {
    let settings =
        NodeSettings { media_ports: (20_000, 29_999), max_sessions: 4_000, ..node.settings(media.path()) };
    let command = node.init(&settings);
    let path = node.dir().join("conf/autoload_configs/switch.conf.xml");
    let text = std::fs::read_to_string(&path)?;
    let limited = r#"name="sessions-per-second" value="300""#;
    let free = r#"name="sessions-per-second" value="10000""#;
    if !text.contains(limited) {
        return Err("a node limits its calls in another way than is known here".into());
    }
    std::fs::write(&path, text.replace(limited, free))?;
    Ok(command)
}
