//! A `FreeSWITCH` of our own, in a folder that `voxera freeswitch init` wrote.

use crate::PATIENCE;
use crate::loopback::own_address;
use std::fmt::Display;
use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use voxera_freeswitch::esl::{Command as Order, Connection, Login, Word};
use voxera_freeswitch::init::{self, NodeSettings, PROFILE};

/// What the server and its nodes know each other by.
pub const SECRET: &str = "asecretoftestsonlyanditislongenough";

/// How often it is asked for what it does not tell by itself.
pub const LOOK: Duration = Duration::from_millis(100);

/// A node, and the listener that it asks, each on an address of its own.
#[derive(Debug)]
pub struct Node {
    pub address: IpAddr,
    pub listener: SocketAddr,
    process: Option<Child>,
    folder: TempDir,
    program: PathBuf,
}

impl Node {
    /// The program that `FREESWITCH` names.
    #[must_use]
    pub fn program() -> Option<PathBuf> {
        std::env::var_os("FREESWITCH").map(PathBuf::from)
    }

    /// Addresses, and nothing that runs.
    ///
    /// # Panics
    /// When `FREESWITCH` names no program.
    #[must_use]
    pub fn planned() -> Self {
        let Some(program) = Self::program() else { panic!("FREESWITCH=/path/to/freeswitch") };
        Self {
            address: own_address(),
            listener: SocketAddr::new(own_address(), 8090),
            process: None,
            folder: must("no folder for a node", tempfile::Builder::new().prefix("voxera-node-").tempdir()),
            program,
        }
    }

    /// Where phones register.
    #[must_use]
    pub fn sip(&self) -> SocketAddr {
        SocketAddr::new(self.address, 5060)
    }

    /// Where phones register over TLS, when it speaks that.
    #[must_use]
    pub fn sips(&self) -> SocketAddr {
        SocketAddr::new(self.address, 5061)
    }

    /// Where it takes commands.
    #[must_use]
    pub fn control(&self) -> SocketAddr {
        SocketAddr::new(self.address, 8021)
    }

    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("node")
    }

    /// What the portal's form wants to know.
    ///
    /// # Panics
    /// Before [`Self::init`].
    #[must_use]
    pub fn password(&self) -> String {
        let kept = std::fs::read_to_string(self.dir().join("esl.password"));
        must("no password", kept).trim().to_owned()
    }

    /// What it is made with.
    ///
    /// # Panics
    /// Never: an address and a port are a URL.
    #[must_use]
    pub fn settings(&self, media_dir: &Path) -> NodeSettings {
        NodeSettings {
            name: "test".into(),
            sip: self.sip(),
            external: None,
            media_ports: (20_000, 20_999),
            wss: SocketAddr::new(self.address, 7443),
            ws_port: init::ws_port(),
            sips_port: None,
            esl: self.control(),
            server: must("no URL", format!("http://{}", self.listener).parse()),
            // Where connections within a machine come from, whatever address they go to.
            server_addresses: vec![[127, 0, 0, 1].into()],
            media_dir: media_dir.to_owned(),
            program: self.program.clone(),
            max_sessions: 200,
        }
    }

    /// Writes the folder. What starts `FreeSWITCH` from it.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn init(&self, settings: &NodeSettings) -> Vec<String> {
        must("no node", init::init(&self.dir(), settings, SECRET)).command
    }

    /// Starts `FreeSWITCH`, as the unit would.
    ///
    /// # Panics
    /// When there is no such program.
    pub fn run(&mut self, command: &[String]) {
        let said = File::options().create(true).append(true).open(self.folder.path().join("said"));
        let said = must("nowhere to write", said);
        let [program, arguments @ ..] = command else { panic!("no command") };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        command.stdout(must("nowhere to write", said.try_clone())).stderr(said);
        self.process = Some(must("FreeSWITCH does not start", command.spawn()));
    }

    /// Writes the folder and starts `FreeSWITCH` from it.
    pub fn start(&mut self, media_dir: &Path) {
        let command = self.init(&self.settings(media_dir));
        self.run(&command);
    }

    /// Its process, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().and_then(Child::id)
    }

    /// Until phones can register.
    ///
    /// # Panics
    /// When they never can.
    pub async fn listens(&self) {
        let login = Login::at(self.control(), self.password().into());
        let Ok(profile) = Word::parse(PROFILE) else { panic!("the profile's name is no word") };
        let status = Order::ProfileStatus { profile };
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
    ///
    /// # Panics
    /// When it never does.
    pub async fn answers(&self) {
        let login = Login::at(self.control(), self.password().into());
        let answers = async {
            while Connection::open(&login).await.is_err() {
                tokio::time::sleep(LOOK).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, answers).await.is_ok(), "{}", self.log());
    }

    /// What it answers to a command.
    ///
    /// # Panics
    /// When it refuses, or is not there.
    pub async fn asked(&self, command: &Order) -> String {
        let login = Login::at(self.control(), self.password().into());
        let mut node = must("no connection to the node", Connection::open(&login).await);
        must("the node refuses", node.api(command).await)
    }

    /// `kill -9`, and it is gone.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { panic!("the node does not run") };
        must("it cannot be killed", process.kill().await);
    }

    /// What it wrote down; for a test that fails.
    #[must_use]
    pub fn log(&self) -> String {
        let said = std::fs::read_to_string(self.dir().join("log/freeswitch.log")).unwrap_or_default();
        let lines = said.lines().filter(|line| {
            !line.contains("[NOTICE] switch_loadable_module") && !line.contains("[NOTICE] switch_utils")
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn must<T, E: Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}
