//! A process under measurement.

use crate::Outcome;
use nix::unistd::{SysconfVar, sysconf};
use serde_json::Value;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// This program in another role. Ends with its handle.
pub struct Measured {
    child: Child,
    /// The line that it began with.
    pub says: Value,
}

impl Measured {
    /// Starts a role and waits for its first line.
    pub async fn role(arguments: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments);
        Self::spawn(command).await
    }

    /// The same of a role that is also told something.
    pub async fn talking(arguments: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::piped());
        Self::spawn(command).await
    }

    /// Tells it one line.
    pub async fn tell(&mut self, what: &Value) -> Outcome<()> {
        let input = self.child.stdin.as_mut().ok_or("no input")?;
        input.write_all(format!("{what}\n").as_bytes()).await?;
        Ok(input.flush().await?)
    }

    pub async fn spawn(mut command: Command) -> Outcome<Self> {
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line).await?;
        let says = serde_json::from_str(&line).map_err(|_| format!("did not start: {line:?}"))?;
        Ok(Self { child, says })
    }

    pub fn text(&self, key: &str) -> Outcome<&str> {
        Ok(self.says.get(key).and_then(Value::as_str).ok_or_else(|| format!("no {key}"))?)
    }

    /// Seconds of processor time so far, in user and kernel mode.
    pub fn cpu(&self) -> Outcome<f64> {
        cpu_of(self.id()?)
    }

    /// Bytes resident.
    pub fn memory(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.split_whitespace().next().ok_or("no number")?.parse::<f64>()? * 1024.0)
    }

    fn id(&self) -> Outcome<u32> {
        Ok(self.child.id().ok_or("ended")?)
    }
}

/// Seconds of processor time of a process so far, in user and kernel mode.
pub fn cpu_of(process: u32) -> Outcome<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let rest = stat.rsplit_once(')').ok_or("no stat")?.1;
    let ticks: u64 = rest.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    let second = sysconf(SysconfVar::CLK_TCK)?.ok_or("no tick")?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(ticks as f64 / second as f64)
}
