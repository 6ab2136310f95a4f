//! `voxera freeswitch init`: the settings of a node, from what is configured and what is said.

use crate::cli::NodeOptions;
use crate::config::{Config, Engine};
use crate::doctor::own_address;
use crate::state::{State, StateError};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use url::Url;
use voxera_freeswitch::init::{self, InitError, Made, NodeSettings};

/// Where packages and FreeSWITCH's own build put it.
const PLACES: &[&str] =
    &["/usr/bin/freeswitch", "/usr/local/freeswitch/bin/freeswitch", "/opt/freeswitch/bin/freeswitch"];
/// A call has two.
const MAX_SESSIONS: u32 = 1000;

/// Why there is no node.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error(transparent)]
    Init(#[from] InitError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(
        "the server {0} is another machine's: say its secret with VOXERA_FREESWITCH_SECRET \
         (it is freeswitch.secret in that server's state folder)"
    )]
    Secret(Url),
    #[error("this machine has no address; say one with --sip")]
    NoAddress,
    #[error("cannot make {0} absolute: {1}")]
    Path(PathBuf, std::io::Error),
}

/// Makes or renews a node's folder; answers what to do next.
pub fn make(config: &Config, options: &NodeOptions) -> Result<String, NodeError> {
    let settings = settings(config, options)?;
    let made = init::init(&options.dir, &settings, &secret(config, &settings.server)?)?;
    Ok(told(&made, &settings))
}

/// Said, else as the folder has it, else as configured.
fn settings(config: &Config, options: &NodeOptions) -> Result<NodeSettings, NodeError> {
    let known = init::settings_of(&options.dir)?;
    let mut of = match known {
        Some(known) => known,
        None => fresh(config, options)?,
    };
    let NodeOptions { dir: _, sips_port, external, .. } = options;
    if let Some(name) = &options.name {
        of.name.clone_from(name);
    }
    if let Some(ports) = &options.media_ports {
        of.media_ports = (*ports.range().start(), *ports.range().end());
    }
    if let Some(server) = &options.server {
        of.server = server.clone();
    }
    if !options.server_address.is_empty() {
        of.server_addresses.clone_from(&options.server_address);
    }
    if let Some(program) = &options.program {
        of.program = absolute(program)?;
    }
    of.sip = options.sip.unwrap_or(of.sip);
    of.ws_port = options.ws_port.unwrap_or(of.ws_port);
    of.wss = options.wss.unwrap_or(of.wss);
    of.esl = options.esl.unwrap_or(of.esl);
    of.external = external.or(of.external);
    of.sips_port = sips_port.or(of.sips_port);
    of.max_sessions = options.max_sessions.unwrap_or(of.max_sessions);
    of.media_dir = absolute(&config.library().media_dir)?;
    Ok(of)
}

fn fresh(config: &Config, options: &NodeOptions) -> Result<NodeSettings, NodeError> {
    let ip = match options.sip {
        Some(sip) => sip.ip(),
        None => own_address(config.sip.listen).ok_or(NodeError::NoAddress)?,
    };
    Ok(NodeSettings {
        name: machine_name(),
        sip: SocketAddr::new(ip, config.node_port()),
        external: config.sip.external_address,
        media_ports: media_ports(config),
        wss: SocketAddr::new(ip, 7443),
        ws_port: init::ws_port(),
        sips_port: None,
        esl: SocketAddr::from(([127, 0, 0, 1], 8021)),
        server: local_server(config.freeswitch.listen),
        server_addresses: Vec::new(),
        media_dir: PathBuf::new(),
        program: PathBuf::from(PLACES.iter().find(|place| Path::new(place).exists()).unwrap_or(&PLACES[0])),
        max_sessions: MAX_SESSIONS,
    })
}

/// As configured; beside the engine of this process, which has those, as many after them, or before.
fn media_ports(config: &Config) -> (u16, u16) {
    let ports = config.sip.media_ports.range();
    let (first, last) = (*ports.start(), *ports.end());
    if config.engine != Engine::PerTenant {
        return (first, last);
    }
    let after = || Some((last.checked_add(1)?, last.checked_add(last - first)?.checked_add(1)?));
    let before = || Some((first.checked_sub(last - first)?.checked_sub(1)?, first - 1));
    after().or_else(|| before().filter(|(first, _)| *first >= 1024)).unwrap_or((first, last))
}

/// The listener as this machine reaches it.
fn local_server(listen: SocketAddr) -> Url {
    let address = crate::doors::reachable(listen);
    match Url::parse(&format!("http://{address}")) {
        Ok(url) => url,
        Err(error) => unreachable!("an address is a URL: {address}: {error}"),
    }
}

/// The name of the machine, in letters that a node's name may have.
fn machine_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let first = name.trim().split('.').next().unwrap_or_default().to_ascii_lowercase();
    let plain: String = first.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(63).collect();
    if plain.is_empty() { "node".to_owned() } else { plain }
}

fn absolute(path: &Path) -> Result<PathBuf, NodeError> {
    std::path::absolute(path).map_err(|error| NodeError::Path(path.to_owned(), error))
}

/// The secret of the listener at `server`.
fn secret(config: &Config, server: &Url) -> Result<String, NodeError> {
    if let Some(secret) = &config.freeswitch.secret {
        return Ok(secret.expose().to_owned());
    }
    let state = State::open(&config.state_dir)?;
    let ours = match server.host() {
        Some(url::Host::Ipv4(ip)) => is_here(ip.into(), config),
        Some(url::Host::Ipv6(ip)) => is_here(ip.into(), config),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match state.known_freeswitch_secret()? {
        Some(secret) => Ok(secret),
        None if ours => Ok(state.freeswitch_secret()?),
        None => Err(NodeError::Secret(server.clone())),
    }
}

fn is_here(ip: IpAddr, config: &Config) -> bool {
    ip.is_loopback() || ip == config.freeswitch.listen.ip() || own_address(config.sip.listen) == Some(ip)
}

fn told(made: &Made, settings: &NodeSettings) -> String {
    let dir = made.dir.display();
    let what = if made.written.is_empty() {
        format!("{dir} is as it should be; nothing was written.\n")
    } else {
        format!("Written in {dir}:\n  {}\n", made.written.join("\n  "))
    };
    format!(
        "{what}\nNext:\n  \
         1. Start it:  systemctl enable --now {dir}/voxera-freeswitch.service\n     or here:   {}\n  \
         2. Make it known in the portal (Platform, Media nodes): name {}, address {}, password in {dir}/esl.password\n  \
         3. Look at it: voxera doctor --freeswitch {dir}\n",
        made.command.join(" "),
        settings.name,
        settings.esl,
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command, Freeswitch};
    use crate::config::Sources;
    use clap::Parser;

    fn options(dir: &Path, further: &[&str]) -> NodeOptions {
        let dir = dir.join("node");
        let words = ["voxera", "freeswitch", "init", dir.to_str().unwrap()];
        match Cli::parse_from(words.iter().chain(further)).command {
            Some(Command::Freeswitch { command: Freeswitch::Init(options) }) => *options,
            other => panic!("{other:?}"),
        }
    }

    fn config(dir: &Path, further: &[(&'static str, &str)]) -> Config {
        let mut overrides = vec![
            ("state_dir", dir.join("state").display().to_string()),
            ("sip.listen", "127.0.0.1:5070".to_owned()),
            ("freeswitch.listen", "127.0.0.1:8099".to_owned()),
        ];
        overrides.extend(further.iter().map(|(key, value)| (*key, (*value).to_owned())));
        Sources { overrides, ..Sources::default() }.load().unwrap()
    }

    #[test]
    fn a_node_on_this_machine_needs_no_settings() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), &[]);
        let said = make(&config, &options(dir.path(), &[])).unwrap();
        assert!(said.contains("conf/freeswitch.xml") && said.contains("Next:"), "{said}");
        let known = init::settings_of(&dir.path().join("node")).unwrap().unwrap();
        assert_eq!(known.sip, "127.0.0.1:5070".parse().unwrap());
        assert_eq!(known.server.as_str(), "http://127.0.0.1:8099/");
        let secret = State::open(&config.state_dir).unwrap().known_freeswitch_secret().unwrap().unwrap();
        let seen = init::inspect(&dir.path().join("node"), &secret).unwrap().unwrap();
        assert!(seen.knows_the_secret, "the server reads the same secret");
        assert!(!said.contains(&secret) && !said.contains(&seen.esl_password), "{said}");
    }

    #[test]
    fn a_node_beside_the_engine_of_this_process_takes_another_port() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), &[("engine", "per_tenant")]);
        make(&config, &options(dir.path(), &[])).unwrap();
        let known = init::settings_of(&dir.path().join("node")).unwrap().unwrap();
        assert_eq!(known.sip, "127.0.0.1:5090".parse().unwrap());
        assert_eq!(known.media_ports, (30_000, 39_999));
        let high = [("engine", "per_tenant"), ("sip.media_ports", "60000-65535")];
        assert_eq!(media_ports(&self::config(dir.path(), &high)), (54_464, 59_999));
    }

    #[test]
    fn what_was_said_once_need_not_be_said_again() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), &[]);
        let first = ["--name", "gbg-1", "--sip", "127.0.0.1:5080", "--esl", "127.0.0.1:8031"];
        make(&config, &options(dir.path(), &first)).unwrap();
        let said = make(&config, &options(dir.path(), &[])).unwrap();
        assert!(said.contains("nothing was written") && said.contains("gbg-1"), "{said}");
        make(&config, &options(dir.path(), &["--max-sessions", "200"])).unwrap();
        let known = init::settings_of(&dir.path().join("node")).unwrap().unwrap();
        assert_eq!((known.name.as_str(), known.sip.port(), known.max_sessions), ("gbg-1", 5080, 200));
    }

    #[test]
    fn a_node_of_a_server_elsewhere_is_told_its_secret_and_makes_none_up() {
        let dir = tempfile::tempdir().unwrap();
        let away =
            ["--server", "http://192.0.2.1:8090", "--esl", "192.0.2.10:8021", "--sip", "192.0.2.10:5060"];
        let said = make(&config(dir.path(), &[]), &options(dir.path(), &away)).unwrap_err().to_string();
        assert!(said.contains("VOXERA_FREESWITCH_SECRET"), "{said}");
        assert!(!dir.path().join("node").exists());
        let told = config(dir.path(), &[("freeswitch.secret", "abcdefghijklmnopqrstuvwxyz")]);
        make(&told, &options(dir.path(), &away)).unwrap();
    }
}
