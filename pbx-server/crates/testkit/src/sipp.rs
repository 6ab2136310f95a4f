//! `SIPp`: many phones at once, or one that does what no phone's buttons can.
//!
//! What it does is in `pbx-server/scenarios/sipp/*.xml`, which also say what they need.

use crate::PATIENCE;
use crate::loopback::own_address;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How often it is looked whether its port is open.
const LOOK: Duration = Duration::from_millis(10);
/// How much longer a call is than what is said in it, in milliseconds: on a busy machine `SIPp` begins
/// to speak late, and its echo is late as well.
const LINGERS: u32 = 3_000;
/// Bytes of A-law in a second.
const A_LAW: u32 = 8_000;
/// What a telephone hears as silence, in A-law.
const SILENCE: u8 = 0xd5;

/// A place with a port: where `SIPp` calls from, or is called at.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub address: IpAddr,
    pub port: u16,
}

impl Place {
    /// One that nobody else has.
    #[must_use]
    pub fn free() -> Self {
        Self { address: own_address(), port: 15_060 }
    }
}

/// Who calls or registers.
#[derive(Debug, Clone)]
pub struct User {
    pub name: String,
    pub password: String,
    pub realm: String,
}

/// A `SIPp` that runs; it is stopped when it is dropped.
#[derive(Debug)]
pub struct Sipp {
    name: &'static str,
    child: Child,
    folder: TempDir,
}

impl Sipp {
    /// Registers these phones, one after the other, at a place.
    ///
    /// # Panics
    /// When one is refused.
    pub async fn register(place: Place, server: SocketAddr, users: &[User]) {
        let realm = users.first().map(|user| user.realm.clone()).unwrap_or_default();
        let count = users.len().to_string();
        let more = ["-s", &realm, "-auth_uri", &realm, "-m", &count, "-l", "1"];
        Self::start("register", place, Some(server), users, &more).done().await;
    }

    /// Calls a number so many times, so many a second; each call says this much and hangs up a while
    /// later; users take turns.
    ///
    /// # Panics
    /// When `SIPp` is not installed.
    #[must_use]
    pub fn call(
        place: Place,
        server: SocketAddr,
        users: &[User],
        number: &str,
        (calls, rate): (u32, u32),
        milliseconds: u32,
    ) -> Self {
        let realm = users.first().map(|user| user.realm.clone()).unwrap_or_default();
        let uri = format!("{number}@{realm}");
        let (calls, rate) = (calls.to_string(), rate.to_string());
        let length = (milliseconds + LINGERS).to_string();
        let more = ["-s", number, "-auth_uri", &uri, "-m", &calls, "-l", &calls, "-r", &rate, "-d", &length];
        Self::start_saying(milliseconds, "call", place, Some(server), users, &more)
    }

    /// Answers so many calls at a place and sends back what it hears.
    ///
    /// # Panics
    /// When `SIPp` is not installed.
    pub async fn answer(place: Place, calls: u32) -> Self {
        let sipp = Self::start("answer", place, None, &[], &["-m", &calls.to_string(), "-rtp_echo"]);
        sipp.listening(place).await;
        sipp
    }

    /// Declines a call at a place.
    ///
    /// # Panics
    /// When `SIPp` is not installed.
    pub async fn decline(place: Place) -> Self {
        let sipp = Self::start("decline", place, None, &[], &["-m", "1"]);
        sipp.listening(place).await;
        sipp
    }

    fn start(
        name: &'static str,
        place: Place,
        server: Option<SocketAddr>,
        users: &[User],
        more: &[&str],
    ) -> Self {
        Self::start_saying(0, name, place, server, users, more)
    }

    fn start_saying(
        milliseconds: u32,
        name: &'static str,
        place: Place,
        server: Option<SocketAddr>,
        users: &[User],
        more: &[&str],
    ) -> Self {
        match Self::try_start(milliseconds, name, place, server, users, more) {
            Ok(sipp) => sipp,
            Err(error) => panic!(
                "sipp does not start: {error}. Install it: apt-get install sip-tester (scripts/setup.sh does)"
            ),
        }
    }

    fn try_start(
        milliseconds: u32,
        name: &'static str,
        place: Place,
        server: Option<SocketAddr>,
        users: &[User],
        more: &[&str],
    ) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("voxera-sipp-").tempdir()?;
        let bytes = usize::try_from(milliseconds * A_LAW / 1000).unwrap_or_default();
        std::fs::write(folder.path().join("said.alaw"), vec![SILENCE; bytes])?;
        let address = place.address.to_string();
        let mut command = Command::new("sipp");
        command
            .current_dir(folder.path())
            .env("TERM", "dumb")
            .arg("-sf")
            .arg(scenario(name))
            .args(["-i", &address, "-mi", &address, "-ci", &address, "-bind_local"])
            .args(["-p", &place.port.to_string(), "-mp", "16000", "-cp", "18888"])
            .args(["-nostdin", "-timeout", &PATIENCE.as_secs().to_string(), "-timeout_error"])
            .args(["-trace_err", "-error_file", "errors.log"])
            .args(more);
        if !users.is_empty() {
            let mut lines = "SEQUENTIAL\n".to_owned();
            for User { name, password, realm } in users {
                let _written =
                    writeln!(lines, "{name};[authentication username={name} password={password}];{realm}");
            }
            std::fs::write(folder.path().join("users.csv"), lines)?;
            command.args(["-inf", "users.csv"]);
        }
        if let Some(server) = server {
            command.arg(server.to_string());
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { name, child, folder })
    }

    /// Until all its calls are over.
    ///
    /// # Panics
    /// When one of them did not go as its scenario says.
    pub async fn done(mut self) {
        let ended = self.child.wait().await;
        let went_well = ended.as_ref().is_ok_and(std::process::ExitStatus::success);
        assert!(went_well, "sipp's \"{}\" failed ({ended:?}):\n{}", self.name, self.errors());
    }
}

impl Sipp {
    /// Until the place's port is open.
    async fn listening(&self, place: Place) {
        let IpAddr::V4(address) = place.address else { panic!("SIPp is used over IPv4") };
        let row = format!(" {:08X}:{:04X} ", u32::from_ne_bytes(address.octets()), place.port);
        let mut look = tokio::time::interval(LOOK);
        let open = async {
            while !std::fs::read_to_string("/proc/net/udp").is_ok_and(|table| table.contains(&row)) {
                look.tick().await;
            }
        };
        let opened = tokio::time::timeout(PATIENCE, open).await.is_ok();
        assert!(opened, "sipp does not listen at {}:{}:\n{}", place.address, place.port, self.errors());
    }

    fn errors(&self) -> String {
        let read = |name| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        (read("complaints") + &read("errors.log")).chars().take(6_000).collect()
    }
}

fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/sipp").join(name).with_extension("xml")
}
