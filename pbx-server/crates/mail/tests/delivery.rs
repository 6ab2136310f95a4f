//! Mails on their way: into the outbox with their cause, to a mail server that may say no.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::time::Duration;
use voxera_mail::{Brand, Delivery, Letter, Mailer, Outbox, Retry, Security, Sent, SmtpConfig, SmtpPassword};
use voxera_model::{Colour, Email, Locale, MailId, Name, Role, Slug, TenantId, Zone};
use voxera_store::{Mail, MailState, NewTenant, Store, new_id};
use voxera_testkit::postgres::Database;
use voxera_testkit::smtp::{Answer, SmtpSink};

const LINK: &str = "https://voxera.example/reset-password?token=abc-_1";

struct World {
    database: Database,
    store: Store,
    outbox: Outbox,
    nordtel: TenantId,
    brand: Brand,
}

impl World {
    async fn create() -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let mut tx = store.platform().await.unwrap();
        let new = NewTenant {
            id: TenantId(new_id()),
            slug: Slug::parse("nordtel").unwrap(),
            name: Name::parse("Nordtel AB").unwrap(),
            brand_name: Some(Name::parse("Nordtel Växel").unwrap()),
            accent: Colour::parse("#0a7d5a").unwrap(),
            host: None,
            support_email: Some(Email::parse("support@nordtel.example").unwrap()),
            locale: Locale::Sv,
            time_zone: Zone::stockholm(),
            builtin: false,
        };
        let tenant = tx.tenants().create(new).await.unwrap();
        tx.commit().await.unwrap();
        let outbox = Outbox::new(Delivery::Smtp);
        Self { database, store, outbox, nordtel: tenant.id, brand: Brand::from(&tenant) }
    }

    async fn write(&self, to: &str) -> MailId {
        self.write_in(to, Locale::Sv).await
    }

    async fn write_in(&self, to: &str, locale: Locale) -> MailId {
        let letter = Letter::PasswordReset { link: LINK };
        let to = Email::parse(to).unwrap();
        let mail = self.outbox.write(&letter, &self.brand, Some(self.nordtel), &to, "Åke", locale).unwrap();
        let mut tx = self.store.platform().await.unwrap();
        let id = tx.mails().queue(mail).await.unwrap();
        tx.commit().await.unwrap();
        self.outbox.wake();
        id
    }

    async fn mail(&self, id: MailId) -> Mail {
        self.store.platform().await.unwrap().mails().get(id).await.unwrap()
    }

    fn mailer(&self, config: &SmtpConfig) -> Mailer {
        Mailer::new(self.store.clone(), self.outbox.clone(), Some(config), Retry::default()).unwrap()
    }
}

fn config(port: u16, security: Security) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".into(),
        port: Some(port),
        security,
        user: None,
        password: None,
        from: Email::parse("no-reply@voxera.example").unwrap(),
        timeout_seconds: 30,
    }
}

#[tokio::test]
async fn a_mail_goes_out_in_the_brand_and_language_of_its_reader() {
    let world = World::create().await;
    let mut server = SmtpSink::start().await;
    let login = SmtpConfig {
        user: Some("voxera".into()),
        password: Some(SmtpPassword::from("hemligt".to_owned())),
        ..config(server.address().port(), Security::None)
    };
    let mailer = world.mailer(&login);
    let id = world.write("ake@akesbageri.example").await;
    assert_eq!(mailer.send_next().await.unwrap(), Sent::Taken);
    let sent = server.next().await;
    assert_eq!(
        (sent.from.as_str(), sent.to.as_slice()),
        ("no-reply@voxera.example", &["ake@akesbageri.example".to_owned()][..])
    );
    assert_eq!(sent.header("From").unwrap(), "Nordtel Växel <no-reply@voxera.example>");
    assert_eq!(sent.header("Reply-To").unwrap(), "support@nordtel.example");
    assert_eq!(sent.header("Subject").unwrap(), "Välj ett nytt lösenord");
    assert_eq!(sent.header("Message-ID").unwrap(), format!("<{id}@voxera.example>"));
    assert_eq!(sent.header("Auto-Submitted").unwrap(), "auto-generated");
    let text = sent.part("text/plain").unwrap();
    assert!(text.contains("Hej Åke!") && text.contains(LINK) && text.contains("Nordtel Växel"), "{text}");
    let html = sent.part("text/html").unwrap();
    assert!(html.contains("#0a7d5a") && html.contains("Nordtel Växel"), "{html}");
    assert!(sent.login.is_some());

    world.write_in("john@akesbageri.example", Locale::En).await;
    assert_eq!(mailer.send_next().await.unwrap(), Sent::Taken);
    assert_eq!(server.next().await.header("Subject").unwrap(), "Choose a new password");
    assert_eq!(mailer.send_next().await.unwrap(), Sent::Nothing);
    let kept = world.mail(id).await;
    assert_eq!((kept.state, kept.attempts), (MailState::Sent, 1));
    assert!(kept.sent_at.is_some() && kept.last_error.is_none());
}

#[tokio::test]
async fn no_name_or_address_begins_a_header_of_its_own() {
    let world = World::create().await;
    let mut server = SmtpSink::start().await;
    let mailer = world.mailer(&config(server.address().port(), Security::None));
    // What the model refuses never gets this far; what it takes is one line, whatever it says.
    for address in
        ["a@b.example\r\nBcc: evil@evil.example", "a@b.example, evil@evil.example", "<a@b.example>"]
    {
        assert!(Email::parse(address).is_err(), "{address}");
    }
    let organization = Name::parse("Bageri\r\nBcc: evil@evil.example").unwrap();
    let letter = Letter::Invitation {
        link: LINK,
        inviter: Some("Eve\r\nBcc: evil@evil.example\r\n\r\n.\r\nMAIL FROM:<evil@evil.example>"),
        organization: organization.as_str(),
        role: Role::User,
    };
    let to = Email::parse("ake@akesbageri.example").unwrap();
    let brand =
        Brand { name: Name::parse("Nordtel, Bcc: evil@evil.example;").unwrap(), ..world.brand.clone() };
    let mut mail =
        world.outbox.write(&letter, &brand, None, &to, "Åke\r\nCc: x@evil.example", Locale::Sv).unwrap();
    // Nor does a row that somebody changed.
    mail.subject = "Hej\r\nBcc: evil@evil.example\r\n\r\nHej".into();
    let mut tx = world.store.platform().await.unwrap();
    tx.mails().queue(mail).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(mailer.send_next().await.unwrap(), Sent::Taken);
    let sent = server.next().await;
    assert_eq!(sent.to, ["ake@akesbageri.example"]);
    for header in ["Bcc", "Cc"] {
        assert_eq!(sent.header(header), None, "{}", sent.data);
    }
    assert_eq!(sent.header("To").unwrap(), "ake@akesbageri.example");
    assert!(server.try_next().is_none());
}

#[tokio::test]
async fn a_dead_mail_server_is_tried_again_until_it_is_back() {
    let world = World::create().await;
    let server = SmtpSink::start().await;
    let port = server.address().port();
    let mailer = world.mailer(&config(port, Security::None));
    server.set_answer(Answer::HangUp);
    let id = world.write("ake@akesbageri.example").await;
    assert_eq!(mailer.send_next().await.unwrap(), Sent::Later);
    server.stop().await;
    // It is not asked without pause.
    assert_eq!(mailer.send_next().await.unwrap(), Sent::Nothing);
    for _ in 0..2 {
        world.database.let_pass(Duration::from_secs(3601)).await;
        assert_eq!(mailer.send_next().await.unwrap(), Sent::Later);
    }
    let waiting = world.mail(id).await;
    assert_eq!((waiting.state, waiting.attempts), (MailState::Queued, 3));
    assert!(waiting.last_error.is_some());

    let mut server = SmtpSink::start_on(port).await;
    world.database.let_pass(Duration::from_secs(3601)).await;
    assert_eq!(mailer.send_next().await.unwrap(), Sent::Taken);
    assert_eq!(server.next().await.header("Message-ID").unwrap(), format!("<{id}@voxera.example>"));
    let sent = world.mail(id).await;
    assert_eq!((sent.state, sent.attempts, sent.last_error), (MailState::Sent, 4, None));
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_to_a_server_that_cannot_starttls() {
    let world = World::create().await;
    let mut server = SmtpSink::start().await;
    let mailer = world.mailer(&config(server.address().port(), Security::StartTls));
    let id = world.write("ake@akesbageri.example").await;
    for answer in [Answer::Take, Answer::RefuseStartTls] {
        server.set_answer(answer);
        assert_eq!(mailer.send_next().await.unwrap(), Sent::Later, "{answer:?}");
        world.database.let_pass(Duration::from_secs(3601)).await;
    }
    assert!(server.try_next().is_none());
    let waiting = world.mail(id).await;
    assert_eq!((waiting.state, waiting.attempts), (MailState::Queued, 2));
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_and_one_for_good_is_given_up() {
    let world = World::create().await;
    let server = SmtpSink::start().await;
    let login = SmtpConfig {
        user: Some("voxera".into()),
        password: Some(SmtpPassword::from("hemligt".to_owned())),
        ..config(server.address().port(), Security::None)
    };
    let mailer = world.mailer(&login);
    for (answer, sent, state) in [
        (Answer::RefuseRecipient(451), Sent::Later, MailState::Queued),
        (Answer::RefuseRecipient(550), Sent::GivenUp, MailState::Failed),
        // Our password is wrong: that is not the mail's fault.
        (Answer::RefuseLogin, Sent::Later, MailState::Queued),
    ] {
        server.set_answer(answer);
        let id = world.write("ake@akesbageri.example").await;
        assert_eq!(mailer.send_next().await.unwrap(), sent, "{answer:?}");
        let mail = world.mail(id).await;
        assert_eq!(mail.state, state, "{answer:?}");
        let error = mail.last_error.unwrap();
        assert!(!error.contains("hemligt") && !error.contains(LINK), "{error}");
    }
}

#[tokio::test]
async fn a_mail_that_never_goes_is_given_up_in_the_end() {
    let world = World::create().await;
    let server = SmtpSink::start().await;
    server.set_answer(Answer::RefuseRecipient(451));
    let retry = Retry { attempts: 3, ..Retry::default() };
    let config = config(server.address().port(), Security::None);
    let mailer = Mailer::new(world.store.clone(), world.outbox.clone(), Some(&config), retry).unwrap();
    let id = world.write("ake@akesbageri.example").await;
    for expected in [Sent::Later, Sent::Later, Sent::GivenUp, Sent::Nothing] {
        assert_eq!(mailer.send_next().await.unwrap(), expected);
        world.database.let_pass(Duration::from_secs(3601)).await;
    }
    assert_eq!(world.mail(id).await.state, MailState::Failed);
}

#[tokio::test]
async fn the_job_sends_as_soon_as_something_is_written() {
    let world = World::create().await;
    let mut server = SmtpSink::start().await;
    let job = tokio::spawn(world.mailer(&config(server.address().port(), Security::None)).run());
    for to in ["ake@akesbageri.example", "eva@akesbageri.example"] {
        world.write(to).await;
        assert_eq!(server.next().await.to, [to]);
    }
    job.abort();
}

#[tokio::test]
async fn two_servers_do_not_send_a_mail_twice() {
    let world = World::create().await;
    let mut server = SmtpSink::start().await;
    let config = config(server.address().port(), Security::None);
    let (one, two) = (world.mailer(&config), world.mailer(&config));
    for to in ["a@akesbageri.example", "b@akesbageri.example", "c@akesbageri.example"] {
        world.write(to).await;
    }
    let drain = async |mailer: &Mailer| {
        let mut taken = 0;
        while mailer.send_next().await.unwrap() == Sent::Taken {
            taken += 1;
        }
        taken
    };
    let (first, second) = tokio::join!(drain(&one), drain(&two));
    // One that finds all that is left in the other's hands may stop early.
    assert_eq!(first + second, 3);
    let mut to = Vec::new();
    while let Some(mail) = server.try_next() {
        to.extend(mail.to);
    }
    to.sort();
    assert_eq!(to, ["a@akesbageri.example", "b@akesbageri.example", "c@akesbageri.example"]);
}

#[tokio::test]
async fn without_a_mail_server_mails_stay_where_the_portal_shows_them() {
    let world = World::create().await;
    let outbox = Outbox::new(Delivery::Mailbox);
    let to = Email::parse("ake@akesbageri.example").unwrap();
    let letter = Letter::PasswordReset { link: LINK };
    let mail = outbox.write(&letter, &world.brand, Some(world.nordtel), &to, "Åke", Locale::Sv).unwrap();
    let mut tx = world.store.platform().await.unwrap();
    let id = tx.mails().queue(mail).await.unwrap();
    tx.commit().await.unwrap();
    let mailer = Mailer::new(world.store.clone(), outbox, None, Retry::default()).unwrap();
    assert_eq!(mailer.send_next().await.unwrap(), Sent::Nothing);
    assert_eq!(world.mail(id).await.state, MailState::Mailbox);
}

#[tokio::test]
async fn the_sound_of_a_message_goes_with_the_mail_and_nothing_else_of_the_machine_does() {
    let world = World::create().await;
    let mut server = SmtpSink::start().await;
    let media = std::env::temp_dir().join(format!("voxera-mail-{}", new_id()));
    std::fs::create_dir_all(media.join("below/messages")).unwrap();
    let sound: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    std::fs::write(media.join("below/messages/1.wav"), &sound).unwrap();
    let secret = media.with_extension("secret");
    std::fs::write(&secret, b"secret").unwrap();
    let outside = format!("below/../../{}", secret.file_name().unwrap().to_str().unwrap());
    let mailer = world.mailer(&config(server.address().port(), Security::None)).with_media(&media);
    let zone = Zone::stockholm();
    let letter = Letter::Voicemail {
        link: "https://voxera.example/me/voicemail",
        from: Some("Åsa Ek, 070-174 06 05"),
        mailbox: "Anna Åkesson (1000)",
        at: chrono::DateTime::UNIX_EPOCH,
        zone: &zone,
        seconds: 65,
        attached: true,
    };
    let to = Email::parse("anna@akesbageri.example").unwrap();
    let gone = "below/messages/2.wav".to_owned();
    for (attachment, arrives) in [("below/messages/1.wav".to_owned(), true), (gone, false), (outside, false)]
    {
        let nordtel = Some(world.nordtel);
        let mut mail = world.outbox.write(&letter, &world.brand, nordtel, &to, "Anna", Locale::Sv).unwrap();
        mail.attachment = Some(attachment.clone());
        let mut tx = world.store.platform().await.unwrap();
        tx.mails().queue(mail).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(mailer.send_next().await.unwrap(), Sent::Taken, "{attachment}");
        let sent = server.next().await;
        assert_eq!(sent.header("Subject").unwrap(), "Nytt röstmeddelande från Åsa Ek, 070-174 06 05");
        let text = sent.part("text/plain").unwrap();
        assert!(text.contains("1:05") && text.contains("/me/voicemail"), "{text}");
        let attached = sent.data.split_once("Content-Type: audio/wav").map(|(_, part)| part.to_owned());
        assert_eq!(attached.is_some(), arrives, "{attachment}");
        if let Some(part) = attached {
            assert!(sent.data.contains("Content-Disposition: attachment; filename="), "{}", sent.data);
            let (_, body) = part.split_once("\r\n\r\n").unwrap();
            let (body, _) = body.split_once("\r\n--").unwrap();
            assert_eq!(decoded(body), sound);
        }
    }
    std::fs::remove_dir_all(&media).unwrap();
    std::fs::remove_file(&secret).unwrap();
}

/// Base64 with line ends.
fn decoded(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> =
        text.bytes().filter(|byte| byte.is_ascii_graphic() && *byte != b'=').map(value).collect();
    let bits =
        digits.iter().flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1)).collect::<Vec<_>>();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}
