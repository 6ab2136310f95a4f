//! What is acceptable as a password: long enough, and not the first thing that is tried.

use voxera_model::{Email, Invalid};

/// What everybody tries first, of ten characters and more; compared in lower case and without
/// what is put at the end to satisfy a rule.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "lösenord",
    "losenord",
    "hejsan",
    "välkommen",
    "valkommen",
    "welcome",
    "qwerty",
    "qwertyuiop",
    "qwertyuiopå",
    "asdfghjkl",
    "asdfghjklö",
    "zxcvbnm",
    "1q2w3e4r5t",
    "1q2w3e4r",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "q1w2e3r4t5",
    "qazwsxedc",
    "administrator",
    "administratör",
    "admin",
    "letmein",
    "iloveyou",
    "jagälskardig",
    "football",
    "fotboll",
    "baseball",
    "sommar",
    "vinter",
    "hösten",
    "våren",
    "summer",
    "winter",
    "autumn",
    "spring",
    "stockholm",
    "göteborg",
    "goteborg",
    "malmö",
    "sverige",
    "sweden",
    "company",
    "företag",
    "changeme",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "dragon",
    "monkey",
    "master",
    "starwars",
    "whatever",
    "trustno1",
    "voxera",
    "telefon",
    "telephone",
    "abcdefghij",
    "abcdefgh",
    "abc",
    "test",
    "testtest",
    "demo",
    "secret",
    "hemligt",
    "hemlig",
    "default",
    "login",
    "guest",
];

/// Shortest password, in characters.
pub(crate) const MIN: usize = 10;
/// Longest password, in characters: hashing a megabyte serves nobody.
pub(crate) const MAX: usize = 200;

/// Accepts a password, or says what to write instead.
pub(crate) fn check(password: &str, email: &Email) -> Result<(), Invalid> {
    let length = password.chars().count();
    if length < MIN {
        return Err(Invalid::new("password_too_short", format!("Write at least {MIN} characters.")));
    }
    if length > MAX {
        return Err(Invalid::new("password_too_long", format!("Write at most {MAX} characters.")));
    }
    let lower = password.to_lowercase();
    let (local, domain) = email.as_str().split_once('@').unwrap_or((email.as_str(), ""));
    if lower == email.as_str() || lower == domain || (local.len() >= 4 && bare(&lower) == bare(local)) {
        return Err(Invalid::new("password_is_email", "Write something else than your e-mail address."));
    }
    if is_run(&lower) || COMMON.contains(&bare(&lower)) || COMMON.contains(&lower.as_str()) {
        return Err(Invalid::new(
            "password_too_common",
            "That password is among the first that are tried: write another, for example a few words.",
        ));
    }
    Ok(())
}

/// Without the digits and signs at either end: `summer2026!` is `summer`.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

/// One character again and again, or a run up or down: `1234567890`, `aaaaaaaaaa`, `0987654321`.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps: Vec<i64> = codes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let odd_ones = |step: i64| steps.iter().filter(|s| **s != step).count();
    [0, 1, -1].into_iter().any(|step| odd_ones(step) <= 1)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_with_the_reason() {
        let email = Email::parse("anna.oberg@akesbageri.example").unwrap();
        for (password, code) in [
            ("", "password_too_short"),
            ("kort", "password_too_short"),
            ("niotecken", "password_too_short"),
            (&"x".repeat(201), "password_too_long"),
            ("Anna.Oberg@akesbageri.example", "password_is_email"),
            ("akesbageri.example", "password_is_email"),
            ("anna.oberg2026", "password_is_email"),
            ("Password123", "password_too_common"),
            ("Sommar2026!", "password_too_common"),
            ("LÖSENORD12", "password_too_common"),
            ("1q2w3e4r5t", "password_too_common"),
            ("1234567890", "password_too_common"),
            ("0987654321", "password_too_common"),
            ("aaaaaaaaaaaa", "password_too_common"),
        ] {
            assert_eq!(check(password, &email).unwrap_err().code, code, "{password}");
        }
    }

    #[test]
    fn a_few_words_are_accepted_in_any_script() {
        let email = Email::parse("anna@akesbageri.example").unwrap();
        for password in ["tio tecken", "bullar och kaffe", "åäöåäöåäöå!", "корова и молоко", "W8-ghtj-33kq"]
        {
            assert_eq!(check(password, &email), Ok(()), "{password}");
        }
    }
}
