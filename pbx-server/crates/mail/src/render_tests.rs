#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;
use crate::brand::Brand;
use chrono::{DateTime, TimeDelta};
use voxera_model::{Colour, Email, Name, Role, Zone};

const LINK: &str = "https://voxera.example/verify-email?token=abc-_1";

fn brand() -> Brand {
    Brand {
        name: Name::parse("Nordtel").unwrap(),
        accent: Colour::parse("#1a6b4f").unwrap(),
        support_email: Some(Email::parse("support@nordtel.example").unwrap()),
        locale: Locale::Sv,
        time_zone: Zone::stockholm(),
    }
}

static STOCKHOLM: std::sync::LazyLock<Zone> = std::sync::LazyLock::new(Zone::stockholm);

fn letters() -> [Letter<'static>; 10] {
    let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let address = Some("192.0.2.7".parse().unwrap());
    [
        Letter::Verification { link: LINK },
        Letter::Invitation {
            link: LINK,
            inviter: Some("Anna Öberg"),
            organization: "Åkes Bageri AB",
            role: Role::Manager,
        },
        Letter::PasswordReset { link: LINK },
        Letter::PasswordChanged { at, address },
        Letter::SessionReused { at, address },
        Letter::SecondFactorOn { at, address },
        Letter::SecondFactorOff { at, address },
        Letter::SecondFactorReset { by: "Åke Östlund", at },
        Letter::RecoveryCodes { at, address },
        Letter::Voicemail {
            link: LINK,
            from: Some("Åsa Ek, 070-174 06 05"),
            mailbox: "Anna Åkesson (1000)",
            at,
            zone: &STOCKHOLM,
            seconds: 65,
            attached: true,
        },
    ]
}

#[test]
fn every_letter_reads_in_both_languages() {
    for letter in &letters() {
        for locale in Locale::ALL {
            let mail = render(letter, &brand(), *locale, "Åke Östlund").unwrap();
            insta::assert_snapshot!(
                format!("{}_{locale}", letter.purpose()),
                format!("Subject: {}\n\n{}", mail.subject, mail.text)
            );
            assert!(mail.html.contains("Åke Östlund") && mail.html.contains("Nordtel"));
            assert!(mail.html.contains(&format!("<html lang=\"{locale}\">")));
            assert!(mail.html.contains("#1a6b4f") && mail.html.contains("prefers-color-scheme: dark"));
            assert!(mail.html.contains("mailto:support@nordtel.example"));
            assert!(!mail.html.contains("<script") && !mail.html.contains("<img"), "nothing is loaded");
        }
    }
}

#[test]
fn text_and_html_say_the_same_and_carry_the_link() {
    for letter in &letters()[..3] {
        let mail = render(letter, &brand(), Locale::Sv, "Åke").unwrap();
        assert!(mail.text.contains(LINK), "{}", mail.text);
        assert!(mail.html.contains("verify-email?token=abc-_1"), "{}", mail.html);
    }
}

#[test]
fn html_is_escaped_and_text_is_not() {
    let letter = Letter::Invitation {
        link: LINK,
        inviter: Some("<b>Eve</b> & \"Co\""),
        organization: "Bröd & Kaffe <AB>",
        role: Role::User,
    };
    let mail = render(&letter, &brand(), Locale::En, "<script>alert(1)</script>").unwrap();
    assert!(!mail.html.contains("<script>") && !mail.html.contains("<b>Eve"), "{}", mail.html);
    assert!(
        mail.html.contains("Br&ouml;d") || mail.html.contains("Bröd &amp; Kaffe &lt;AB&gt;"),
        "{}",
        mail.html
    );
    assert!(mail.text.contains("Bröd & Kaffe <AB>"), "{}", mail.text);
    assert_eq!(mail.subject, "Invitation to Bröd & Kaffe <AB>");
}

#[test]
fn a_subject_is_one_line() {
    let letter = Letter::Invitation {
        link: LINK,
        inviter: None,
        organization: "A\r\nBcc: alla@evil.example",
        role: Role::User,
    };
    let mail = render(&letter, &brand(), Locale::Sv, "Åke").unwrap();
    assert!(!mail.subject.contains(['\r', '\n']), "{:?}", mail.subject);
}

#[test]
fn without_a_support_address_the_mail_says_that_nobody_reads_answers() {
    let brand = Brand { support_email: None, ..brand() };
    let mail = render(&Letter::PasswordReset { link: LINK }, &brand, Locale::En, "Anna").unwrap();
    assert!(!mail.html.contains("mailto:"));
    assert!(mail.text.contains("This mail cannot be answered."));
}
