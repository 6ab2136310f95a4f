//! The database's process, held by a thread of its own.

use super::EmbeddedError;
use super::folder::Folder;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// Ends the program with us. Part of util-linux, which every Debian has.
const SETPRIV: &str = "/usr/bin/setpriv";
/// A fast stop writes a checkpoint first; after this long it is cut short, and the next start recovers.
const STOP_LIMIT: Duration = Duration::from_mins(1);
/// A log that has grown past this is begun anew.
const LOG_BYTES: u64 = 10 << 20;

#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    log: PathBuf,
    /// Where this run's part of the log begins.
    log_from: u64,
    ended: watch::Receiver<bool>,
}

impl Process {
    pub(super) fn start(
        binaries: &Path,
        folder: &Folder,
        socket: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, EmbeddedError> {
        let log = folder.log();
        let fresh = fs::metadata(&log).is_ok_and(|meta| meta.len() > LOG_BYTES);
        if fresh {
            fs::remove_file(&log).map_err(EmbeddedError::io(&log))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&log)
            .map_err(EmbeddedError::io(&log))?;
        let log_from = file.metadata().map_err(EmbeddedError::io(&log))?.len();

        let program = binaries.join("postgres");
        let mut command = if Path::new(SETPRIV).is_file() {
            let mut command = folder.user().command(Path::new(SETPRIV));
            command.args(["--pdeathsig", "INT", "--"]).arg(&program);
            command
        } else {
            folder.user().command(&program)
        };
        command.arg("-D").arg(folder.path());
        let mut socket_setting = std::ffi::OsString::from("unix_socket_directories=");
        socket_setting.push(socket);
        command.arg("-c").arg(socket_setting);
        for (name, value) in [
            ("listen_addresses", ""),
            ("port", "5432"),
            ("unix_socket_permissions", "0700"),
            ("max_connections", "100"),
            ("max_locks_per_transaction", "256"),
            ("shared_buffers", "64MB"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("logging_collector", "off"),
            // Our statements are short; and a hardened unit lets nobody make code at run time.
            ("jit", "off"),
        ]
        .iter()
        .chain(settings)
        {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let errors = file.try_clone().map_err(EmbeddedError::io(&log))?;
        command.stdout(file).stderr(errors);
        // A signal from the terminal is for us; we then stop the database in our own order.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);

        // The kernel's promise is about the thread that starts the process, so that thread stays
        // until the end.
        let (tell_pid, pid) = std::sync::mpsc::sync_channel(1);
        let (tell_end, ended) = watch::channel(false);
        std::thread::Builder::new()
            .name("voxera-postgres".into())
            .spawn(move || {
                match command.spawn() {
                    Ok(mut child) => {
                        drop(tell_pid.send(Ok(child.id())));
                        match child.wait() {
                            Ok(status) => tracing::debug!(%status, "the database has ended"),
                            Err(error) => tracing::error!(%error, "the database cannot be waited for"),
                        }
                    }
                    Err(error) => drop(tell_pid.send(Err(error))),
                }
                let _ = tell_end.send(true);
            })
            .map_err(EmbeddedError::io(&program))?;
        let id = pid
            .recv()
            .unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()))
            .map_err(EmbeddedError::io(&program))?;
        let id = i32::try_from(id).map_err(|_| EmbeddedError::Failed {
            what: "starting postgres",
            output: "its process id is too large".into(),
        })?;
        Ok(Self { pid: Pid::from_raw(id), log, log_from, ended })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    pub(super) fn is_running(&self) -> bool {
        !*self.ended.borrow()
    }

    pub(super) async fn ended(&mut self) {
        drop(self.ended.wait_for(|ended| *ended).await);
    }

    pub(super) async fn stop(&mut self) -> Result<(), EmbeddedError> {
        for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
            self.signal(signal);
            if tokio::time::timeout(STOP_LIMIT, self.ended()).await.is_ok() {
                return Ok(());
            }
        }
        Err(EmbeddedError::Failed { what: "stopping postgres", output: "it does not end".into() })
    }

    /// What the database said before it ended.
    pub(super) fn failure(&self) -> EmbeddedError {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let own = bytes.get(usize::try_from(self.log_from).unwrap_or_default()..).unwrap_or_default();
        let text = String::from_utf8_lossy(own);
        let lines: Vec<&str> = text.lines().collect();
        let output = lines[lines.len().saturating_sub(5)..].join("; ");
        EmbeddedError::Failed { what: "starting postgres", output }
    }

    fn signal(&self, signal: Signal) {
        if self.is_running() {
            let _ = kill(self.pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::SIGINT);
    }
}
