//! A FreeSWITCH of our own, in a folder that `voxera freeswitch init` wrote.

use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use voxera_freeswitch::esl::{Command as Order, Connection, Login, Word};
use voxera_freeswitch::init::{self, NodeSettings, PROFILE};
use voxera_testkit::PATIENCE;
use voxera_testkit::loopback::own_address;

pub const SECRET: &str = "asecretoftestsonlyanditislongenough";

/// How often it is asked for what it does not tell by itself.
pub const LOOK: Duration = Duration::from_millis(100);

/// A node, and the listener that it asks, each on an address of its own.
pub struct Node {
    pub address: IpAddr,
    pub listener: SocketAddr,
    process: Option<Child>,
    folder: TempDir,
    program: PathBuf,
}

impl Node {
    /// Addresses, and nothing that runs.
    pub fn planned() -> Self {
        let program = std::env::var_os("FREESWITCH").expect("FREESWITCH=/path/to/freeswitch");
        Self {
            address: own_address(),
            listener: SocketAddr::new(own_address(), 8090),
            process: None,
            folder: tempfile::Builder::new().prefix("voxera-node-").tempdir().unwrap(),
            program: program.into(),
        }
    }

    /// Where phones register.
    pub fn sip(&self) -> SocketAddr {
        SocketAddr::new(self.address, 5060)
    }

    /// Where it takes commands.
    pub fn control(&self) -> SocketAddr {
        SocketAddr::new(self.address, 8021)
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("node")
    }

    /// What the portal's form wants to know.
    pub fn password(&self) -> String {
        std::fs::read_to_string(self.dir().join("esl.password")).unwrap().trim().to_owned()
    }

    /// Writes the folder and starts FreeSWITCH from it, as the unit would.
    pub fn start(&mut self, media_dir: &Path) {
        let settings = NodeSettings {
            name: "test".into(),
            sip: self.sip(),
            external: None,
            media_ports: (20_000, 20_999),
            wss: SocketAddr::new(self.address, 7443),
            sips_port: None,
            esl: self.control(),
            server: format!("http://{}", self.listener).parse().unwrap(),
            // Where connections within a machine come from, whatever address they go to.
            server_addresses: vec![[127, 0, 0, 1].into()],
            media_dir: media_dir.to_owned(),
            program: self.program.clone(),
            max_sessions: 200,
        };
        let made = init::init(&self.dir(), &settings, SECRET).unwrap();
        let said = File::options().create(true).append(true).open(self.folder.path().join("said")).unwrap();
        let [program, arguments @ ..] = &made.command[..] else { panic!("no command") };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        command.stdout(said.try_clone().unwrap()).stderr(said);
        self.process = Some(command.spawn().unwrap());
    }

    /// Until phones can register.
    pub async fn listens(&self) {
        let login = Login::at(self.control(), self.password().into());
        let status = Order::ProfileStatus { profile: Word::parse(PROFILE).unwrap() };
        let listens = async {
            loop {
                if let Ok(mut node) = Connection::open(&login).await
                    && node.api(&status).await.is_ok_and(|said| said.contains("BIND-URL"))
                {
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, listens).await.is_ok(), "{}", self.log());
    }

    /// Until it takes commands, with or without a server.
    pub async fn answers(&self) {
        let login = Login::at(self.control(), self.password().into());
        let answers = async {
            while Connection::open(&login).await.is_err() {
                tokio::time::sleep(LOOK).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, answers).await.is_ok(), "{}", self.log());
    }

    /// `kill -9`, and it is gone.
    pub async fn kill(&mut self) {
        self.process.take().unwrap().kill().await.unwrap();
    }

    /// What it wrote down; for a test that fails.
    pub fn log(&self) -> String {
        let said = std::fs::read_to_string(self.dir().join("log/freeswitch.log")).unwrap_or_default();
        let lines = said.lines().filter(|line| {
            !line.contains("[NOTICE] switch_loadable_module") && !line.contains("[NOTICE] switch_utils")
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
