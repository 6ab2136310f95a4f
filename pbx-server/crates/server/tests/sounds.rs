//! What happens to messages and recordings after the call.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use chrono::{TimeDelta, Utc};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use voxera_audio::{Library, LibraryConfig, Place};
use voxera_callcontrol::{CallControl, CallControlConfig};
use voxera_callflow::{Kind, Mailbox, User};
use voxera_mail::{Delivery, Mailer, Outbox, Retry, Security, SmtpConfig};
use voxera_model::{
    AccountId, CallId, Colour, CustomerId, Email, ExtensionId, ExtensionNumber, Locale, MessageId, Name,
    PbxId, Realm, RecordingId, Role, Seconds, Slug, TenantId, UserId, Zone,
};
use voxera_server::retention::{Removed, Retention};
use voxera_server::voicemail::Mails;
use voxera_store::{
    NewAccount, NewCustomer, NewExtension, NewMessage, NewPbx, NewRecording, NewTenant, NewUser, Page,
    RecordingFilter, Store, TenantScope, new_id,
};
use voxera_testkit::postgres::Database;
use voxera_testkit::smtp::SmtpSink;

/// A company in which Anna (1000) has a mailbox and an address.
struct World {
    _database: Database,
    dir: TempDir,
    store: Store,
    library: Library,
    scope: TenantScope,
    place: Place,
    pbx: PbxId,
    anna: ExtensionId,
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

impl World {
    async fn new() -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let dir = tempfile::tempdir().unwrap();
        let library = Library::new(LibraryConfig::new(dir.path().join("media"))).unwrap();
        let (tenant, customer, pbx) = (TenantId(new_id()), CustomerId(new_id()), PbxId(new_id()));
        let (account, user, anna) = (AccountId(new_id()), UserId(new_id()), ExtensionId(new_id()));
        let mut tx = store.platform().await.unwrap();
        let new = NewTenant {
            id: tenant,
            slug: Slug::parse("nordtel").unwrap(),
            name: name("Nordtel"),
            brand_name: None,
            accent: Colour::parse("#0a7d5a").unwrap(),
            host: None,
            support_email: None,
            locale: Locale::Sv,
            time_zone: Zone::stockholm(),
            builtin: false,
        };
        tx.tenants().create(new).await.unwrap();
        tx.commit().await.unwrap();
        let scope = store.tenant_scope(tenant).await.unwrap();
        let mut tx = store.tenant(&scope).await.unwrap();
        let new = NewCustomer {
            id: customer,
            name: name("Åkes Bageri AB"),
            org_number: None,
            locale: Locale::Sv,
            time_zone: Zone::stockholm(),
        };
        tx.customers().create(new).await.unwrap();
        let new = NewPbx {
            id: pbx,
            customer,
            name: name("Bageriet"),
            realm: Realm::parse("akes.pbx.localhost").unwrap(),
            time_zone: Zone::stockholm(),
        };
        tx.pbxs().create(new).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.platform().await.unwrap();
        let email = Email::parse("anna@akesbageri.example").unwrap();
        let new =
            NewAccount { id: account, email, password_hash: None, locale: Locale::Sv, verified_at: None };
        tx.accounts().create(new).await.unwrap();
        let new = NewUser {
            id: user,
            account,
            role: Role::User,
            tenant: Some(tenant),
            customer: Some(customer),
            display_name: name("Anna Åkesson"),
        };
        tx.users().create(new).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.tenant(&scope).await.unwrap();
        let mailbox = Some(Mailbox { greeting: None, pin: None, longest: Seconds(60), mail: true });
        let new = NewExtension {
            id: anna,
            number: ExtensionNumber::parse("1000").unwrap(),
            name: name("Anna Åkesson"),
            user: Some(user),
            kind: Kind::User(User { mailbox, ..User::new(Vec::new()) }),
            recording: None,
        };
        tx.extensions(pbx).create(new).await.unwrap();
        tx.commit().await.unwrap();
        let place = Place { tenant, customer };
        Self { _database: database, dir, store, library, scope, place, pbx, anna }
    }

    /// A message and its file.
    async fn message(&self, from: Option<&str>, sound: &[u8]) -> MessageId {
        let id = MessageId(new_id());
        write(&self.library.message_path(&self.place, id), sound);
        let new = NewMessage {
            id,
            mailbox: self.anna,
            call: Some(CallId(new_id())),
            from_number: from.map(str::to_owned),
            from_name: None,
            from_extension: None,
            received_at: Utc::now(),
            millis: 4200,
            bytes: sound.len() as u64,
            peaks: vec![1, 2, 3],
        };
        let mut tx = self.store.tenant(&self.scope).await.unwrap();
        tx.messages(self.pbx).insert(&new).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn recording(&self, days_ago: i64) -> PathBuf {
        let id = RecordingId(new_id());
        let path = self.library.recording_path(&self.place, id);
        write(&path, b"RIFF");
        let new = NewRecording {
            id,
            call: CallId(new_id()),
            owners: vec![self.anna],
            from_number: None,
            from_name: None,
            from_extension: None,
            to_number: None,
            to_name: None,
            to_extension: None,
            started_at: Utc::now() - TimeDelta::days(days_ago),
            millis: 1000,
            bytes: 4,
            peaks: Vec::new(),
        };
        let mut tx = self.store.tenant(&self.scope).await.unwrap();
        tx.recordings(self.pbx).insert(&new).await.unwrap();
        tx.commit().await.unwrap();
        path
    }

    async fn recordings(&self) -> usize {
        let mut tx = self.store.tenant(&self.scope).await.unwrap();
        tx.recordings(self.pbx).list(&Page::all(), &RecordingFilter::default()).await.unwrap().items.len()
    }

    fn media(&self) -> PathBuf {
        self.dir.path().join("media")
    }

    async fn mails(&self, outbox: &Outbox) -> Mails {
        let control = CallControlConfig::new(self.dir.path().join("calls"));
        Mails {
            store: self.store.clone(),
            control: CallControl::start(control, None).await.unwrap(),
            outbox: outbox.clone(),
            portal: "https://voxera.example/".parse().unwrap(),
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_was_left_comes_by_mail_with_its_sound_and_once() {
    let world = World::new().await;
    let mut server = SmtpSink::start().await;
    let outbox = Outbox::new(Delivery::Smtp);
    let smtp = SmtpConfig {
        host: "127.0.0.1".into(),
        port: Some(server.address().port()),
        security: Security::None,
        user: None,
        password: None,
        from: Email::parse("no-reply@voxera.example").unwrap(),
        timeout_seconds: 30,
    };
    let mailer = Mailer::new(world.store.clone(), outbox.clone(), Some(&smtp), Retry::default()).unwrap();
    tokio::spawn(mailer.with_media(world.media()).run());
    world.message(Some("+46701740605"), b"RIFF and a voice").await;

    // It was left while the server was not running: the job looks at everything when it starts.
    let stop = CancellationToken::new();
    let job = tokio::spawn(world.mails(&outbox).await.run(stop.clone()));
    let mail = server.next().await;
    assert_eq!(mail.to, ["anna@akesbageri.example"]);
    assert_eq!(mail.header("Subject").unwrap(), "Nytt röstmeddelande från 070-174 06 05");
    let text = mail.part("text/plain").unwrap();
    assert!(text.contains("Hej Anna Åkesson!") && text.contains("Anna Åkesson (1000)"), "{text}");
    assert!(text.contains("https://voxera.example/at/nordtel/me/voicemail"), "{text}");
    assert_eq!(mail.part("audio/wav").unwrap(), "RIFF and a voice");
    stop.cancel();
    job.await.unwrap();

    let mails = world.mails(&outbox).await;
    assert_eq!(mails.tell(world.place.tenant).await.unwrap(), 0, "it was told of");
    world.message(None, b"RIFF").await;
    assert_eq!(mails.tell(world.place.tenant).await.unwrap(), 1);
    assert_eq!(server.next().await.header("Subject").unwrap(), "Nytt röstmeddelande från dolt nummer");
    assert!(server.try_next().is_none());
}

#[tokio::test]
async fn recordings_go_with_their_files_when_their_time_is_over_and_so_do_files_without_a_row() {
    let world = World::new().await;
    let (young, old) = (world.recording(89).await, world.recording(91).await);
    let kept = world.message(None, b"RIFF").await;
    let kept = world.library.message_path(&world.place, kept);
    let folder = kept.parent().unwrap();
    let nobodys = folder.join(format!("{}.wav", new_id()));
    let note = folder.join("note.txt");
    write(&nobodys, b"RIFF");
    write(&note, b"not ours");
    let job =
        Retention { store: world.store.clone(), library: world.library.clone(), media_dir: world.media() };
    let now = SystemTime::now();
    assert_eq!(job.look(now).await.unwrap(), Removed { recordings: 1, left_over: 0 });
    assert!(young.exists() && !old.exists());
    assert_eq!(world.recordings().await, 1);
    assert!(nobodys.exists(), "its row may be on its way");

    let later = now + Duration::from_hours(31 * 24);
    assert_eq!(job.look(later).await.unwrap(), Removed { recordings: 0, left_over: 1 });
    assert!(!nobodys.exists() && kept.exists() && young.exists() && note.exists());
    assert_eq!(job.look(later).await.unwrap(), Removed::default());
}
