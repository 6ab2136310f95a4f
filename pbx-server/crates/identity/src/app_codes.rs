//! Codes of authenticator apps (RFC 6238): SHA-1, six digits, a step of 30 seconds, as every app
//! has them.

use crate::error::{IdentityError, Result};
use chrono::{DateTime, Utc};
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

/// Bytes of a secret: as many as SHA-1 gives.
const BYTES: usize = 20;
/// Steps that the two clocks may be apart, either way.
const SKEW: u16 = 1;

/// A new secret.
pub(crate) fn generate() -> Zeroizing<[u8; BYTES]> {
    Zeroizing::new(rand::random())
}

/// The step whose code this is, if the clocks are at most one step apart. Spaces, which apps show
/// between the digits, are left out.
pub(crate) fn step_of(secret: &[u8], sent: &str, now: DateTime<Utc>) -> Result<Option<u64>> {
    let digits: Zeroizing<String> = Zeroizing::new(sent.chars().filter(|c| !c.is_whitespace()).collect());
    let now = u64::try_from(now.timestamp()).unwrap_or(0);
    Ok(app(secret, None)?.check(&digits, now))
}

/// The secret as people type it and as apps read it from a picture.
pub(crate) struct Shown {
    /// Base32.
    pub(crate) secret: Zeroizing<String>,
    /// `otpauth://totp/…`.
    pub(crate) uri: Zeroizing<String>,
}

/// Shows a secret; `issuer` and `account` are what the app writes beside its code.
pub(crate) fn show(secret: &[u8], issuer: &str, account: &str) -> Result<Shown> {
    // The label's own separator.
    let issuer = issuer.replace(':', " ");
    let app = app(secret, Some((&issuer, account)))?;
    let uri = app.to_url().map_err(|error| IdentityError::Internal(error.to_string()))?;
    Ok(Shown { secret: Zeroizing::new(app.secret().to_base32()), uri: Zeroizing::new(uri) })
}

fn app(secret: &[u8], label: Option<(&str, &str)>) -> Result<Totp> {
    let mut builder = Builder::new().with_skew(SKEW).with_secret(secret.to_vec());
    if let Some((issuer, account)) = label {
        builder = builder.with_issuer(Some(issuer)).with_account_name(account);
    }
    builder.build().map_err(|error| IdentityError::Internal(error.to_string()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    /// The key of RFC 6238, appendix B.
    const KEY: &[u8; 20] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(step_of(KEY, code, at(seconds)).unwrap(), Some(step), "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_not_two() {
        let now = 1_111_111_109;
        for (off, taken) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let found = step_of(KEY, "081804", at(now + off)).unwrap();
            assert_eq!(found, taken.then_some(37_037_036), "{off} s");
        }
    }

    #[test]
    fn a_code_may_be_written_as_the_app_shows_it_and_nothing_else_is_one() {
        let now = at(1_111_111_109);
        assert!(step_of(KEY, " 081 804 ", now).unwrap().is_some());
        for wrong in ["", "81804", "0081804", "+81804", "081805", "08180å", "०८१८०४"] {
            assert_eq!(step_of(KEY, wrong, now).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_the_secret_the_issuer_and_the_account() {
        let shown = show(KEY, "Nordtel: växel", "anna@akesbageri.example").unwrap();
        assert_eq!(shown.secret.as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let read = Totp::from_url(shown.uri.as_str()).unwrap();
        assert_eq!(read.issuer(), Some("Nordtel  växel"));
        assert_eq!(read.account_name(), "anna@akesbageri.example");
        assert_eq!(read.secret().as_bytes(), KEY);
    }

    #[test]
    fn no_two_secrets_are_alike() {
        assert_ne!(generate(), generate());
    }
}
