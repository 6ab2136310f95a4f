//! The command line.

use crate::config::{Config, ConfigError, Overrides, PortRange, Sources};
use clap::{Args, Parser, Subcommand};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use url::Url;

/// Business telephony and voice AI behind one portal.
#[derive(Debug, Parser)]
#[command(name = "voxera", version, about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub settings: Settings,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command understands; beats the environment, which beats the file.
#[derive(Debug, Default, Args)]
pub struct Settings {
    /// The configuration; default: /etc/voxera/voxera.toml when it exists.
    #[arg(long, global = true, value_name = "FILE", env = "VOXERA_CONFIG")]
    pub config: Option<PathBuf>,
    /// The folder of everything that is kept.
    #[arg(long, global = true, value_name = "FOLDER")]
    state_dir: Option<String>,
    /// Address and port of the portal and the API.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// How people reach the portal.
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Address and port for phones.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    sip_listen: Option<String>,
    /// A `PostgreSQL` to use in the place of our own.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// error, warn, info, debug, trace.
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the product (what happens without a command, too).
    Serve(Serve),
    /// Bring the database up to this version, and stop.
    Migrate,
    /// Look at this machine and name the cure of each fault; fails when there is one.
    Doctor {
        /// For programs.
        #[arg(long)]
        json: bool,
        /// A folder of `voxera freeswitch init`, and the `FreeSWITCH` that runs from it, as well.
        #[arg(long, value_name = "FOLDER")]
        freeswitch: Option<PathBuf>,
    },
    /// Make the demo's partner, company, people and phones, and show the logins.
    Demo,
    /// A `FreeSWITCH` that carries calls (engine = "freeswitch").
    Freeswitch {
        #[command(subcommand)]
        command: Freeswitch,
    },
    /// Accounts that run the installation.
    Admin {
        #[command(subcommand)]
        command: Admin,
    },
    /// Print what holds: file, environment and command line together, without secrets.
    Config {
        /// Explain every key in the place of it.
        #[arg(long)]
        keys: bool,
    },
    /// Print the contract of the API (contracts/openapi.yaml).
    Openapi,
    /// Replace seal.key, and seal everything anew. What only a lost one opens is lost: every phone
    /// then needs a new password.
    NewSealKey,
    /// Print the version.
    Version,
}

#[derive(Debug, Default, Args)]
pub struct Serve {
    /// Make the demo as well.
    #[arg(long)]
    pub demo: bool,
    /// Take the next free port where one is taken.
    #[arg(long)]
    pub next_free_ports: bool,
}

#[derive(Debug, Subcommand)]
pub enum Freeswitch {
    /// Write the configuration of a node, or renew it; see docs/freeswitch.md.
    Init(Box<NodeOptions>),
}

/// What differs between nodes. What is not said stays as it was in the folder.
#[derive(Debug, Args)]
pub struct NodeOptions {
    /// The node's folder; made when it is missing.
    #[arg(value_name = "FOLDER")]
    pub dir: PathBuf,
    /// The node's name in the portal and in logs; default: this machine's.
    #[arg(long)]
    pub name: Option<String>,
    /// Where phones send SIP; default: `sip.listen`.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub sip: Option<SocketAddr>,
    /// What phones are told behind address translation; default: `sip.external_address`.
    #[arg(long, value_name = "ADDRESS")]
    pub external: Option<IpAddr>,
    /// UDP ports for sound; default: `sip.media_ports`.
    #[arg(long, value_name = "FIRST-LAST")]
    pub media_ports: Option<PortRange>,
    /// Where the portal's phones are brought, at the address of `--esl`; default: 5066.
    #[arg(long, value_name = "PORT")]
    pub ws_port: Option<u16>,
    /// Where phones in browsers of other makes connect; default: port 7443 of the address for SIP.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub wss: Option<SocketAddr>,
    /// SIP over TLS as well; it needs a certificate in tls/agent.pem of the folder.
    #[arg(long, value_name = "PORT")]
    pub sips_port: Option<u16>,
    /// Where `FreeSWITCH` takes commands; default: 127.0.0.1:8021.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub esl: Option<SocketAddr>,
    /// Voxera as this node reaches it; default: http, at `freeswitch.listen`.
    #[arg(long, value_name = "URL")]
    pub server: Option<Url>,
    /// From where Voxera sends commands; default: the address of the server.
    #[arg(long, value_name = "ADDRESS")]
    pub server_address: Vec<IpAddr>,
    /// `FreeSWITCH` itself; default: where packages and its own build put it.
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Channels at once: two for each call.
    #[arg(long)]
    pub max_sessions: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Print a link with which this person becomes an administrator of the installation.
    Create {
        email: String,
        /// How the person is called; default: the address.
        #[arg(long)]
        name: Option<String>,
    },
    /// Turn this person's two-step sign-in off: app and recovery codes are lost. A mail tells them.
    ResetTwoStep { email: String },
}

impl Settings {
    /// The configuration, from all its places.
    pub fn load(&self) -> Result<Config, ConfigError> {
        self.sources(Vec::new()).load()
    }

    /// The same with further settings that beat everything.
    #[must_use]
    pub fn sources(&self, further: Overrides) -> Sources {
        let given = [
            ("state_dir", &self.state_dir),
            ("listen", &self.listen),
            ("public_url", &self.public_url),
            ("sip.listen", &self.sip_listen),
            ("database.url", &self.database_url),
            ("log.level", &self.log_level),
        ];
        let mut overrides: Overrides =
            given.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))).collect();
        overrides.extend(further);
        let environment =
            std::env::vars().filter(|(name, _)| name.starts_with("VOXERA_") || name == "DATABASE_URL");
        Sources { file: self.config.clone(), environment: environment.collect(), overrides }
    }
}
