//! A baresip without a head: its folder, its settings, its process.

use super::control::Control;
use crate::loopback::own_address;
use crate::tone::Recording;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;

/// A tone lasts this long; a call that lasts longer ends when the tone does.
const TONE_MILLISECONDS: u32 = 300_000;
/// When it ends by itself: a test that is killed cannot end it.
const LIFETIME_SECONDS: &str = "600";
const MODULES: &str = "/usr/lib/baresip/modules";

/// Ends with its phone.
#[derive(Debug)]
pub(super) struct Process {
    /// Before the folder that it writes into: what is declared first is dropped first.
    _child: Child,
    pub(super) folder: TempDir,
    pub(super) address: IpAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Process {
    pub(super) async fn start(tone_hz: u32) -> Result<(Self, Control), String> {
        let folder = tempfile::Builder::new().prefix("voxera-phone-").tempdir().map_err(|e| e.to_string())?;
        let address = own_address();
        write_settings(folder.path(), address, tone_hz).map_err(|error| error.to_string())?;
        // Its output would wait in a buffer until much of it has come together.
        let mut child = Command::new("stdbuf")
            .args(["-oL", "baresip", "-4", "-s", "-t", LIFETIME_SECONDS, "-f"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("stdbuf does not start: {error}"))?;
        let output = child.stdout.take().ok_or("no output")?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let (ready, is_ready) = oneshot::channel();
        tokio::spawn(keep(output, Arc::clone(&log), ready));
        let process = Self { folder, address, log, _child: child };
        if is_ready.await.is_err() {
            return Err(format!(
                "baresip does not start. Install it: apt-get install baresip-core (scripts/setup.sh does).\n{}",
                process.log()
            ));
        }
        let control = Control::connect(SocketAddr::new(address, CONTROL_PORT)).await;
        Ok((process, control.map_err(|error| format!("no line to baresip: {error}"))?))
    }

    /// What it printed, every SIP message included.
    pub(super) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

const CONTROL_PORT: u16 = 15_062;

fn write_settings(folder: &Path, address: IpAddr, tone_hz: u32) -> std::io::Result<()> {
    let tone = folder.join("tone.wav");
    Recording::sine(tone_hz, TONE_MILLISECONDS, 8_000).write(&tone)?;
    std::fs::write(folder.join("accounts"), "")?;
    std::fs::write(folder.join("contacts"), "")?;
    let (here, tone) = (folder.display(), tone.display());
    let mut settings = String::new();
    for (key, value) in [
        ("poll_method", "epoll".to_owned()),
        ("net_interface", address.to_string()),
        ("sip_listen", format!("{address}:{}", super::SIP_PORT)),
        ("ctrl_tcp_listen", format!("{address}:{CONTROL_PORT}")),
        ("module_path", MODULES.to_owned()),
        ("module", "g711.so".to_owned()),
        ("module", "aufile.so".to_owned()),
        ("module", "sndfile.so".to_owned()),
        ("module", "srtp.so".to_owned()),
        ("module_app", "menu.so".to_owned()),
        ("module_app", "ctrl_tcp.so".to_owned()),
        ("module_tmp", "account.so".to_owned()),
        ("audio_source", format!("aufile,{tone}")),
        ("audio_player", "none,none".to_owned()),
        ("audio_alert", "none,none".to_owned()),
        ("snd_path", here.to_string()),
        ("ringback_disabled", "yes".to_owned()),
        ("menu_bell", "no".to_owned()),
        ("statmode_default", "off".to_owned()),
        ("jitter_buffer_delay", "5-10".to_owned()),
        ("call_max_calls", "8".to_owned()),
    ] {
        let _written = writeln!(settings, "{key} {value}");
    }
    std::fs::write(folder.join("config"), settings)
}

/// Keeps what the phone prints, and says when it is up.
async fn keep(output: ChildStdout, log: Arc<Mutex<Vec<String>>>, ready: oneshot::Sender<()>) {
    let mut ready = Some(ready);
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.contains("baresip is ready")
            && let Some(ready) = ready.take()
        {
            // Nobody waits any more when the test has given up.
            let _gone = ready.send(());
        }
        log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
