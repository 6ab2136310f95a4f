//! The product as a process of its own.

use crate::PATIENCE;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::process::Command;

/// Until the log is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Child {
    pub(super) http: SocketAddr,
    pub(super) phones: SocketAddr,
    process: tokio::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts it, and waits until it says that it is ready, as a service manager does.
    pub(super) async fn start(binary: &Path, settings: &[(&'static str, String)], state: &Path) -> Self {
        match Self::try_start(binary, settings, state).await {
            Ok(child) => child,
            Err(error) => panic!("{} does not start: {error}\n{}", binary.display(), logged(&log(state))),
        }
    }

    async fn try_start(
        binary: &Path,
        settings: &[(&'static str, String)],
        state: &Path,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let notify = state.with_extension("notify");
        drop(std::fs::remove_file(&notify));
        let said = UnixDatagram::bind(&notify)?;
        let log = log(state);
        let output = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(binary);
        command.arg("serve").env_clear().env("NOTIFY_SOCKET", &notify).kill_on_drop(true);
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        for (key, value) in settings {
            command.env(format!("VOXERA_{}", key.replace('.', "_").to_uppercase()), value);
        }
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut process = command.spawn()?;

        let mut buffer = [0; 1024];
        let size = tokio::select! {
            size = said.recv(&mut buffer) => size?,
            ended = process.wait() => return Err(format!("it ended: {}", ended?).into()),
            () = tokio::time::sleep(PATIENCE) => return Err("it is not ready".into()),
        };
        let ready = String::from_utf8_lossy(&buffer[..size]).into_owned();
        let address = |name: &str| {
            let rest = ready.split_once(&format!("{name} ")).map(|(_, rest)| rest);
            let text = rest.and_then(|rest| rest.split([',', '\n']).next());
            text.unwrap_or_default().parse().map_err(|_| format!("it says {ready:?}"))
        };
        Ok(Self { http: address("HTTP")?, phones: address("phones")?, process, log })
    }

    fn signal(&self, signal: Signal) {
        let pid = self.process.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid
            && let Err(error) = kill(Pid::from_raw(pid), signal)
        {
            panic!("the product cannot be signalled: {error}");
        }
    }

    /// Asks it to stop, and waits until it has.
    pub(super) async fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        let Ok(ended) = tokio::time::timeout(PATIENCE, self.process.wait()).await else {
            panic!("the product does not stop\n{}", logged(&self.log));
        };
        match ended {
            Ok(status) => assert!(status.success(), "stopped with {status}\n{}", logged(&self.log)),
            Err(error) => panic!("the product is lost: {error}"),
        }
    }

    /// `kill -9`, and waits until it is gone.
    pub(super) async fn kill(mut self) {
        if let Err(error) = self.process.kill().await {
            panic!("the product cannot be killed: {error}");
        }
    }
}

/// The log, once it has this.
pub(super) async fn said(state: &Path, wanted: &str) -> String {
    let said = async {
        loop {
            let said = logged(&log(state));
            if said.contains(wanted) {
                return said;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let Ok(said) = tokio::time::timeout(PATIENCE, said).await else {
        panic!("it does not say {wanted:?}\n{}", logged(&log(state)));
    };
    said
}

fn log(state: &Path) -> PathBuf {
    state.with_extension("log")
}

fn logged(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}
