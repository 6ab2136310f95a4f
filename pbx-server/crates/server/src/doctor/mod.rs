//! `voxera doctor`: looks at the machine and the configuration, and names the cure of each fault.

mod database;
mod freeswitch;
mod machine;
mod network;
mod sound;

use crate::config::Config;
pub use network::{mail_port, own_address};
use serde::Serialize;
use std::io::IsTerminal;
use std::path::Path;

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Good,
    /// Works, but will hurt.
    Warning,
    /// Does not work.
    Fault,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable: `clock`, `ports`, `database` …
    pub check: &'static str,
    pub health: Health,
    /// What is there, in a sentence.
    pub says: String,
    /// What to do; always there when the health is not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

impl Finding {
    fn good(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, health: Health::Good, says: says.into(), cure: None }
    }
    fn warning(check: &'static str, says: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, health: Health::Warning, says: says.into(), cure: Some(cure.into()) }
    }
    fn fault(check: &'static str, says: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, health: Health::Fault, says: says.into(), cure: Some(cure.into()) }
    }
}

/// Looks at everything, and at a FreeSWITCH node's folder where one is named. Changes nothing; takes
/// at most some seconds.
pub async fn examine(config: &Config, node: Option<&Path>) -> Vec<Finding> {
    let running = machine::runs_here(&config.state_dir);
    let mut findings = vec![
        machine::state_folder(&config.state_dir),
        machine::disk(&config.state_dir),
        machine::seal_key(&config.state_dir),
        machine::user(),
        machine::file_limit(machine::open_files()),
        machine::clock().await,
        machine::portal(),
    ];
    findings.push(database::examine(config, running).await);
    findings.extend(network::ports(config, running));
    findings.push(network::media(&config.sip.media_ports.range(), network::ephemeral_ports()));
    findings.push(network::external_address(config.sip.listen, config.sip.external_address));
    findings.push(network::public_url(&config.public_url(), config.listen));
    findings.extend(sound::tools(config).await);
    findings.push(network::mail(&config.mail).await);
    findings.extend(freeswitch::examine(config, node, running).await);
    findings
}

/// For people: a line for each finding, its cure below it.
#[must_use]
pub fn report(findings: &[Finding]) -> String {
    let colour = std::io::stdout().is_terminal();
    let line = |text: String, finding: &Finding| {
        let (sign, paint) = match finding.health {
            Health::Good => ("ok     ", "\x1b[32m"),
            Health::Warning => ("warning", "\x1b[33m"),
            Health::Fault => ("FAULT  ", "\x1b[31m"),
        };
        let sign = if colour { format!("{paint}{sign}\x1b[0m") } else { sign.to_owned() };
        let cure = finding.cure.as_ref().map(|cure| format!("         {:<17} -> {cure}\n", ""));
        text + &format!("{sign}  {:<17} {}\n{}", finding.check, finding.says, cure.unwrap_or_default())
    };
    let text = findings.iter().fold(String::new(), line);
    let count = |health| findings.iter().filter(|finding| finding.health == health).count();
    let (faults, warnings) = (count(Health::Fault), count(Health::Warning));
    let verdict = match (faults, warnings) {
        (0, 0) => "Everything is in order.\n".to_owned(),
        (0, warnings) => format!("It will run. Warnings: {warnings}.\n"),
        (faults, warnings) => format!("Faults: {faults}. Warnings: {warnings}.\n"),
    };
    text + &verdict
}

/// Whether nothing stands in the way of a start.
#[must_use]
pub fn is_fit(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.health != Health::Fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_names_the_cure_and_counts() {
        let findings = [
            Finding::good("clock", "The clock is set by the network."),
            Finding::warning("file_limit", "1024 files may be open.", "Set LimitNOFILE=65536."),
            Finding::fault("disk", "No space is left.", "Make room."),
        ];
        let report = report(&findings);
        assert!(
            report.contains("-> Set LimitNOFILE=65536.") && report.contains("Faults: 1. Warnings: 1."),
            "{report}"
        );
        assert!(!is_fit(&findings) && is_fit(&findings[..2]));
    }
}
