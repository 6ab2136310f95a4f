//! The mail server that mails are handed to.

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use voxera_model::Email;

/// How the connection to the mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the start; port 465.
    Tls,
    /// `STARTTLS`, and nothing is said without it; port 587.
    #[default]
    StartTls,
    /// In the clear; port 25. Only to a mail server on this machine or a private network, and
    /// never with a password except to this machine.
    None,
}

impl Security {
    /// The port of this kind of connection.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// A password that `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SmtpPassword(String);

impl From<String> for SmtpPassword {
    fn from(password: String) -> Self {
        Self(password)
    }
}

impl fmt::Debug for SmtpPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpPassword(…)")
    }
}

/// The mail server, as the configuration file names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Name or address of the mail server.
    pub host: String,
    /// `None`: what belongs to `security`.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is kept private.
    #[serde(default)]
    pub security: Security,
    /// `None`: no log-in.
    #[serde(default)]
    pub user: Option<String>,
    /// Goes with `user`.
    #[serde(default)]
    pub password: Option<SmtpPassword>,
    /// The sender's address. Shown with the tenant's name; answers go to the tenant's support.
    pub from: Email,
    /// Seconds for one exchange with the server, 1 to 300.
    #[serde(default = "thirty")]
    pub timeout_seconds: u32,
}

const fn thirty() -> u32 {
    30
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// Half a log-in.
    #[error("the mail server's user and password go together: give both or neither")]
    HalfLogin,
    /// The password would be readable on the network.
    #[error("a mail password is not sent in the clear: choose security = \"starttls\" or \"tls\"")]
    PasswordInTheClear,
    /// The host is none.
    #[error("the mail server's name cannot be used: {0}")]
    Host(String),
}

pub(crate) type Transport = AsyncSmtpTransport<Tokio1Executor>;

impl SmtpConfig {
    pub(crate) fn transport(&self) -> Result<Transport, SmtpError> {
        let tls =
            || TlsParameters::new(self.host.clone()).map_err(|error| SmtpError::Host(error.to_string()));
        let mut builder = Transport::builder_dangerous(self.host.as_str())
            .port(self.port.unwrap_or(self.security.port()))
            .timeout(Some(Duration::from_secs(u64::from(self.timeout_seconds.clamp(1, 300)))))
            .tls(match self.security {
                Security::Tls => Tls::Wrapper(tls()?),
                Security::StartTls => Tls::Required(tls()?),
                Security::None => Tls::None,
            });
        match (&self.user, &self.password) {
            (Some(_), Some(_)) if self.security == Security::None && !self.is_this_machine() => {
                return Err(SmtpError::PasswordInTheClear);
            }
            (Some(user), Some(password)) => {
                builder = builder.credentials(Credentials::new(user.clone(), password.0.clone()));
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => return Err(SmtpError::HalfLogin),
        }
        Ok(builder.build())
    }

    fn is_this_machine(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn config(host: &str, security: Security) -> SmtpConfig {
        SmtpConfig {
            host: host.into(),
            port: None,
            security,
            user: Some("voxera".into()),
            password: Some(SmtpPassword::from("hemligt".to_owned())),
            from: Email::parse("no-reply@voxera.example").unwrap(),
            timeout_seconds: 30,
        }
    }

    #[test]
    fn a_password_never_goes_in_the_clear_over_a_network() {
        let refused = |config: SmtpConfig| config.transport().err();
        assert_eq!(refused(config("mail.example", Security::None)), Some(SmtpError::PasswordInTheClear));
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(refused(config(host, Security::None)), None, "{host}");
        }
        for security in [Security::Tls, Security::StartTls] {
            assert_eq!(refused(config("mail.example", security)), None);
        }
        let half = SmtpConfig { password: None, ..config("mail.example", Security::Tls) };
        assert_eq!(refused(half), Some(SmtpError::HalfLogin));
    }

    #[test]
    fn the_password_is_not_printed() {
        assert!(!format!("{:?}", config("mail.example", Security::Tls)).contains("hemligt"));
    }
}
