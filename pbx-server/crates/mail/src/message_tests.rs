#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;
use chrono::{TimeDelta, Utc};
use voxera_model::{Colour, Locale, MailId, Name, Zone};
use voxera_store::MailState;

fn brand() -> Brand {
    Brand {
        name: Name::parse("Åkes Telefoni, Norr").unwrap(),
        accent: Colour::parse("#1a6b4f").unwrap(),
        support_email: Some(Email::parse("support@nordtel.example").unwrap()),
        locale: Locale::Sv,
        time_zone: Zone::stockholm(),
    }
}

fn mail(subject: &str) -> Mail {
    Mail {
        id: MailId(uuid::Uuid::from_u128(7)),
        tenant: None,
        to: Email::parse("anna@akesbageri.example").unwrap(),
        subject: subject.into(),
        text: "Hej Åke!".into(),
        html: "<p>Hej Åke!</p>".into(),
        purpose: "invitation".into(),
        state: MailState::Queued,
        attempts: 0,
        last_error: None,
        created_at: chrono::DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000),
        sent_at: None,
        attachment: None,
    }
}

/// The lines of the head, unfolded.
fn head(mail: &Mail) -> Vec<String> {
    let from = Email::parse("no-reply@voxera.example").unwrap();
    let bytes = message(mail, &from, Some(&brand()), None).unwrap().formatted();
    let text = String::from_utf8(bytes).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_mail_has_sender_answer_address_and_id() {
    let head = head(&mail("Inbjudan"));
    let has = |start: &str| head.iter().any(|line| line.starts_with(start));
    assert!(has("From: =?utf-8?b?"), "{head:?}");
    assert!(head.iter().any(|line| line.ends_with("<no-reply@voxera.example>")), "{head:?}");
    assert!(has("To: anna@akesbageri.example"), "{head:?}");
    assert!(has("Reply-To: support@nordtel.example"), "{head:?}");
    assert!(has("Auto-Submitted: auto-generated"), "{head:?}");
    assert!(has("Message-ID: <00000000-0000-0000-0000-000000000007@voxera.example>"), "{head:?}");
    assert!(head.iter().all(|line| line.is_ascii()), "{head:?}");
}

#[test]
fn a_subject_cannot_begin_another_header() {
    for subject in [
        "Hej\r\nBcc: alla@evil.example",
        "Hej\nBcc: alla@evil.example",
        "Hej\rBcc: alla@evil.example",
        "Hej\r\n\r\nBody",
        "Hej\u{0}\u{85}\u{2028}Bcc: alla@evil.example",
    ] {
        let head = head(&mail(subject));
        assert!(!head.iter().any(|line| line.to_lowercase().starts_with("bcc")), "{head:?}");
        assert_eq!(head.iter().filter(|line| line.starts_with("Subject: ")).count(), 1, "{head:?}");
    }
}

#[test]
fn an_address_cannot_carry_a_header() {
    for text in
        ["anna@bageri.se\r\nBcc: x@evil.example", "anna@bageri.se\n", "<anna@bageri.se>, x@evil.example"]
    {
        let trimmed_is_same = Email::parse(text).is_ok_and(|email| email.as_str() == text.trim());
        assert!(Email::parse(text).is_err() || trimmed_is_same, "{text:?}");
    }
}
