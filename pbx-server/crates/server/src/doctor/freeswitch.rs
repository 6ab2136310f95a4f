//! A FreeSWITCH node: its folder, the program, and whether the two ends reach each other.

use super::Finding;
use crate::config::{Config, Engine};
use crate::state::State;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command as Process;
use voxera_freeswitch::esl::{Command, Connection, EslError, Login, Word};
use voxera_freeswitch::init::{self, Inspection, MODULES, NodeSettings};

const PATIENCE: Duration = Duration::from_secs(5);
/// The first version whose behaviour ours is made for; see docs/freeswitch.md.
const OLDEST: (u32, u32) = (1, 10);

/// What is to say of the engine, and of a node's folder where one is named.
pub async fn examine(config: &Config, dir: Option<&Path>, running: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.engine.has_nodes() {
        findings.push(super::network::listener(config, running));
    }
    let Some(dir) = dir else { return findings };
    let secret = match &config.freeswitch.secret {
        Some(secret) => Some(secret.expose().to_owned()),
        None if config.state_dir.is_dir() => State::open(&config.state_dir)
            .ok()
            .and_then(|state| state.known_freeswitch_secret().ok().flatten()),
        None => None,
    };
    match init::inspect(dir, secret.as_deref().unwrap_or_default()) {
        Err(error) => findings.push(Finding::fault("node_folder", format!("{error}."), "Correct it by hand")),
        Ok(None) => findings.push(Finding::fault(
            "node_folder",
            format!("There is no node in {}.", dir.display()),
            format!("voxera freeswitch init {}", dir.display()),
        )),
        Ok(Some(found)) => {
            findings.push(folder(dir, &found));
            findings.push(shared_secret(dir, &found, secret.is_some()));
            findings.extend(beside(config, dir, &found.settings));
            findings.push(program(&found.settings).await);
            findings.push(asks(&found.settings).await);
            findings.extend(commands(dir, &found).await);
        }
    }
    findings
}

fn folder(dir: &Path, found: &Inspection) -> Finding {
    let check = "node_folder";
    let shown = dir.display();
    if let Some(open) = found.open.first() {
        return Finding::fault(
            check,
            format!("{} can be read by others; passwords are in it.", open.display()),
            format!("chmod -R go= {shown}"),
        );
    }
    if !found.changed.is_empty() {
        return Finding::warning(
            check,
            format!("Changed by hand or missing: {}.", found.changed.join(", ")),
            format!("Move them away, then: voxera freeswitch init {shown}"),
        );
    }
    Finding::good(check, format!("{shown} is as it was written, and only its owner can read it."))
}

fn shared_secret(dir: &Path, found: &Inspection, known: bool) -> Finding {
    let check = "node_secret";
    match (found.knows_the_secret, known) {
        (true, true) => Finding::good(check, "The node and this server have the same secret."),
        (_, false) => Finding::warning(
            check,
            "The server's secret is not known here, so it cannot be compared.",
            "Run this where the server runs, or with VOXERA_FREESWITCH_SECRET",
        ),
        (false, true) => Finding::fault(
            check,
            "The node asks with another secret than this server's: it is refused.",
            format!("voxera freeswitch init {0}, then restart the node", dir.display()),
        ),
    }
}

/// Whether a node of this machine and the engine of this process want the same ports.
fn beside(config: &Config, dir: &Path, settings: &NodeSettings) -> Option<Finding> {
    let check = "node_beside";
    if config.engine != Engine::PerTenant {
        return None;
    }
    let (own, node) = (config.sip.listen, settings.sip);
    let cure =
        |option: &str| format!("voxera freeswitch init {} {option}, then restart the node", dir.display());
    let one_address = own.ip() == node.ip() || own.ip().is_unspecified();
    if own.port() == node.port() && one_address {
        let found = format!("The node and this server both want {node} for phones.");
        return Some(Finding::fault(
            check,
            found,
            cure(&format!("--sip {}:{}", node.ip(), config.node_port())),
        ));
    }
    let (first, last) = settings.media_ports;
    let ours = config.sip.media_ports.range();
    if *ours.start() <= last && first <= *ours.end() {
        let found = format!("The node's ports for sound, {first}-{last}, overlap this server's.");
        return Some(Finding::warning(check, found, cure("--media-ports …")));
    }
    Some(Finding::good(check, "The node and this server have ports of their own."))
}

async fn program(settings: &NodeSettings) -> Finding {
    let check = "node_program";
    let shown = settings.program.display();
    let cure = "Install FreeSWITCH (docs/freeswitch.md), or name it: voxera freeswitch init … --program FILE";
    let asked = Process::new(&settings.program).arg("-version").kill_on_drop(true).output();
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(output)) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            version(check, said.lines().next().unwrap_or_default().trim())
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::fault(check, format!("There is no {shown}."), cure)
        }
        _ => Finding::fault(check, format!("{shown} does not say its version."), cure),
    }
}

/// `FreeSWITCH version: 1.11.1-release …`.
fn version(check: &'static str, said: &str) -> Finding {
    let number = said.split(|c: char| !c.is_ascii_digit() && c != '.').find(|word| word.contains('.'));
    let mut parts = number.unwrap_or_default().split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST => {
            Finding::good(check, format!("{said}."))
        }
        _ => Finding::warning(
            check,
            format!("{said}: older than this was made for, or unknown."),
            format!("Install {}.{} or newer", OLDEST.0, OLDEST.1),
        ),
    }
}

/// The way from the node to the server.
async fn asks(settings: &NodeSettings) -> Finding {
    let check = "node_asks";
    let server = &settings.server;
    let host = server.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = server.port_or_known_default().unwrap_or(80);
    match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Finding::good(check, format!("{server} can be reached from here.")),
        _ => Finding::fault(
            check,
            format!("{server} cannot be reached from here: phones of this node cannot register or call."),
            "Start the server with engine = \"freeswitch\"; look at freeswitch.listen and at firewalls",
        ),
    }
}

/// The way from the server to the node, and what runs there.
async fn commands(dir: &Path, found: &Inspection) -> Vec<Finding> {
    let check = "node_commands";
    let address = found.settings.esl;
    let login = Login::at(address, found.esl_password.clone().into());
    let start = || format!("systemctl enable --now {}/voxera-freeswitch.service", dir.display());
    let fault = |says: String, cure: String| vec![Finding::fault(check, says, cure)];
    let mut node = match Connection::open(&login).await {
        Ok(node) => node,
        Err(EslError::Password) => {
            return fault(
                format!(
                    "{address} refuses the password: another FreeSWITCH runs there, or this one since before."
                ),
                "Restart the node".into(),
            );
        }
        Err(EslError::Address) => {
            return fault(
                format!("{address} takes no commands from this machine."),
                "Right when the server runs elsewhere; else voxera freeswitch init … --server-address".into(),
            );
        }
        Err(error) => return fault(format!("{address}: {error}."), start()),
    };
    let mut findings = vec![Finding::good(check, format!("{address} takes commands."))];
    let mut missing = Vec::new();
    for module in MODULES.iter().chain(&["mod_json_cdr", "mod_xml_curl"]) {
        let Ok(word) = Word::parse(module) else { continue };
        if node.api(&Command::HasModule { module: word }).await.ok().is_none_or(|said| said.trim() != "true")
        {
            missing.push(*module);
        }
    }
    findings.push(if missing.is_empty() {
        Finding::good("node_modules", "Everything that is needed is loaded.")
    } else {
        Finding::fault(
            "node_modules",
            format!("Not loaded: {}.", missing.join(", ")),
            "Install them (packages are named freeswitch-mod-…), then restart the node",
        )
    });
    let Ok(profile) = Word::parse(init::PROFILE) else { return findings };
    let status = node.api(&Command::ProfileStatus { profile }).await;
    if let Ok(said) = &status
        && said.contains("BIND-URL")
    {
        findings.push(browsers(dir, &found.settings, said).await);
        findings.extend(encrypted(dir, &found.settings).await);
    }
    findings.push(match status {
        Ok(said) if said.contains("BIND-URL") => {
            Finding::good("node_phones", format!("Phones can register at {}.", found.settings.sip))
        }
        _ => Finding::fault(
            "node_phones",
            format!("Nothing listens for phones at {}.", found.settings.sip),
            "Register the node in the portal (Platform, Media nodes) with the server running; then look at its log",
        ),
    });
    findings
}

/// The way of the portal's phones.
async fn browsers(dir: &Path, settings: &NodeSettings, status: &str) -> Finding {
    let check = "node_browsers";
    let address = std::net::SocketAddr::new(settings.esl.ip(), settings.ws_port);
    if !status.lines().any(|line| line.starts_with("WS-BIND-URL")) {
        return Finding::fault(
            check,
            "The node takes no browsers: the portal has no phone of its own.",
            format!("voxera freeswitch init {}, then restart the node", dir.display()),
        );
    }
    match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
        Ok(Ok(_)) => Finding::good(check, format!("The portal's phones are taken at {address}.")),
        _ => Finding::fault(
            check,
            format!("Nothing takes the portal's phones at {address}."),
            "Another program has the port, or the node has not been restarted: choose one with --ws-port",
        ),
    }
}

/// SIP over TLS, where it is to be spoken.
async fn encrypted(dir: &Path, settings: &NodeSettings) -> Option<Finding> {
    let check = "node_sips";
    let address = std::net::SocketAddr::new(settings.sip.ip(), settings.sips_port?);
    let certificate = dir.join("tls/agent.pem");
    let shown = certificate.display();
    let cure = "Its private key and its certificate go into it, and what signed that into tls/cafile.pem; then \
                restart the node (docs/freeswitch.md)";
    let connected = tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await;
    if !matches!(connected, Ok(Ok(_))) {
        let says = format!("Nothing speaks TLS with phones at {address}.");
        return Some(Finding::fault(check, says, "Restart the node; then look at its log"));
    }
    Some(match std::fs::read_to_string(&certificate) {
        Ok(text) if text.contains("BEGIN CERTIFICATE") && text.contains("PRIVATE KEY") => {
            Finding::good(check, format!("Phones can register over TLS at {address}."))
        }
        Ok(_) => Finding::fault(
            check,
            format!("{shown} lacks a certificate or its key: no phone is let in."),
            cure,
        ),
        Err(_) => Finding::warning(
            check,
            format!("There is no {shown}: FreeSWITCH shows a certificate of its own, which phones refuse."),
            cure,
        ),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::super::Health;
    use super::*;
    use crate::config::Sources;

    fn config(state: &Path) -> Config {
        let overrides = vec![("state_dir", state.display().to_string())];
        Sources { overrides, ..Sources::default() }.load().unwrap()
    }

    fn health(findings: &[Finding], check: &str) -> Health {
        findings.iter().find(|finding| finding.check == check).unwrap().health
    }

    #[tokio::test]
    async fn a_node_without_a_program_or_a_server_is_told_what_it_lacks() {
        let dir = tempfile::tempdir().unwrap();
        let (state, node) = (dir.path().join("state"), dir.path().join("node"));
        let config = config(&state);
        let found = examine(&config, Some(&node), false).await;
        assert_eq!(health(&found, "node_folder"), Health::Fault);
        assert!(found[0].cure.as_ref().unwrap().starts_with("voxera freeswitch init "));

        let secret = State::open(&state).unwrap().freeswitch_secret().unwrap();
        let settings = NodeSettings {
            name: "node".into(),
            sip: "127.0.0.1:5060".parse().unwrap(),
            external: None,
            media_ports: (20_000, 20_999),
            wss: "127.0.0.1:7443".parse().unwrap(),
            ws_port: init::ws_port(),
            sips_port: None,
            // Nobody listens at the lowest port.
            esl: "127.0.0.1:1".parse().unwrap(),
            server: "http://127.0.0.1:1".parse().unwrap(),
            server_addresses: Vec::new(),
            media_dir: state.join("media"),
            program: dir.path().join("freeswitch"),
            max_sessions: 100,
        };
        init::init(&node, &settings, &secret).unwrap();
        let found = examine(&config, Some(&node), false).await;
        for (check, expected) in [
            ("node_folder", Health::Good),
            ("node_secret", Health::Good),
            ("node_program", Health::Fault),
            ("node_asks", Health::Fault),
            ("node_commands", Health::Fault),
        ] {
            assert_eq!(health(&found, check), expected, "{check}: {found:?}");
        }
        assert!(!found.iter().any(|finding| finding.check == "node_beside"), "nothing is beside it");
        let both = |listen: &str, ports: &str| {
            let said = [("engine", "per_tenant"), ("sip.listen", listen), ("sip.media_ports", ports)];
            let mut overrides = vec![("state_dir", state.display().to_string())];
            overrides.extend(said.map(|(key, value)| (key, value.to_owned())));
            let config = Sources { overrides, ..Sources::default() }.load().unwrap();
            beside(&config, &node, &settings).unwrap().health
        };
        assert_eq!(both("0.0.0.0:5060", "21000-29999"), Health::Fault);
        assert_eq!(both("127.0.0.1:5061", "20900-29999"), Health::Warning);
        assert_eq!(both("127.0.0.1:5061", "21000-29999"), Health::Good);
        init::init(&node, &settings, "anothersecretanothersecret").unwrap();
        std::fs::write(node.join("conf/vars.xml"), "").unwrap();
        let found = examine(&config, Some(&node), false).await;
        assert_eq!(health(&found, "node_secret"), Health::Fault);
        assert_eq!(health(&found, "node_folder"), Health::Warning);
    }

    #[test]
    fn an_old_version_is_named() {
        let good = version("v", "FreeSWITCH version: 1.11.1-release~64bit (-release 64bit)");
        assert_eq!(good.health, Health::Good, "{good:?}");
        assert_eq!(version("v", "FreeSWITCH version: 1.6.20 (64bit)").health, Health::Warning);
        assert_eq!(version("v", "").health, Health::Warning);
    }
}
