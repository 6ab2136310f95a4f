//! Real phones: Debian's baresip, without a head, playing a tone and recording what it hears.
//!
//! Everything is waited for by the phone's own events, and ends in a panic that shows them and
//! the SIP messages when it does not come.

mod control;
mod process;

use crate::PATIENCE;
use crate::tone::Recording;
use control::Control;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use process::Process;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

/// Where every phone listens, on an address of its own: not 5060, which a server of this machine may
/// have taken on all addresses.
const SIP_PORT: u16 = 15_060;
/// How often a phone is asked for what it does not tell by itself.
const LOOK: Duration = Duration::from_millis(20);
/// How much of the SIP messages is shown when something does not come.
const SHOWN_LINES: usize = 150;

/// How a phone talks to its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    #[default]
    Udp,
    Tcp,
    /// With whoever is there: this version of baresip looks at no certificate.
    Tls,
}

/// Whose phone it is.
#[derive(Debug, Clone)]
pub struct Account {
    /// The server. None: the phone stands alone and is called at [`Phone::uri`].
    pub server: Option<SocketAddr>,
    /// What is behind the @.
    pub realm: String,
    pub user: String,
    pub password: String,
}

/// A phone to start.
#[derive(Debug, Clone)]
pub struct PhoneConfig {
    pub account: Account,
    pub wire: Wire,
    /// The name it shows to others.
    pub display: String,
    /// What it plays into a call; 0: it is silent.
    pub tone_hz: u32,
    /// Answers at once.
    pub auto_answer: bool,
    /// In this order of preference.
    pub codecs: &'static str,
    /// How long a registration it asks for, in seconds.
    pub register_seconds: u32,
    /// Its sound is encrypted (SDES), or there is no call.
    pub encrypts: bool,
}

impl PhoneConfig {
    /// A phone of a server's, over UDP.
    #[must_use]
    pub fn of(server: SocketAddr, realm: &str, user: &str, password: &str) -> Self {
        let account = Account {
            server: Some(server),
            realm: realm.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
        };
        Self {
            account,
            wire: Wire::Udp,
            display: String::new(),
            tone_hz: 0,
            auto_answer: false,
            codecs: "PCMA,PCMU",
            register_seconds: 300,
            encrypts: false,
        }
    }

    /// A phone without a server.
    #[must_use]
    pub fn alone(user: &str) -> Self {
        let nowhere = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0);
        let mut config = Self::of(nowhere, "127.0.0.1", user, "");
        config.account.server = None;
        config
    }

    /// The same phone, playing this tone.
    #[must_use]
    pub fn playing(mut self, hz: u32) -> Self {
        self.tone_hz = hz;
        self
    }

    /// The same phone, over this wire.
    #[must_use]
    pub fn over(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// The same phone, whose sound must be encrypted.
    #[must_use]
    pub fn encrypting(mut self) -> Self {
        self.encrypts = true;
        self
    }

    /// The same phone, showing this name.
    #[must_use]
    pub fn named(mut self, display: &str) -> Self {
        display.clone_into(&mut self.display);
        self
    }

    /// The same phone, answering at once.
    #[must_use]
    pub fn answering(mut self) -> Self {
        self.auto_answer = true;
        self
    }

    /// The same phone, with these codecs only.
    #[must_use]
    pub fn speaking(mut self, codecs: &'static str) -> Self {
        self.codecs = codecs;
        self
    }

    fn line(&self) -> String {
        let Account { server, realm, user, password } = &self.account;
        let transport = match self.wire {
            Wire::Udp => "udp",
            Wire::Tcp => "tcp",
            Wire::Tls => "tls",
        };
        let encrypts = if self.encrypts { ";mediaenc=srtp-mand" } else { "" };
        let answer = if self.auto_answer { "auto" } else { "manual" };
        let line = format!(
            "\"{}\" <sip:{user}@{realm};transport={transport}>;answermode={answer};audio_codecs={}{encrypts}",
            self.display, self.codecs
        );
        let Some(server) = server else { return format!("{line};regint=0") };
        // Not the quotes last: the phone takes a command that begins and ends with one for quoted.
        format!(
            "{line};auth_user={user};auth_pass={password};outbound=\"sip:{server};transport={transport}\";regint={}",
            self.register_seconds
        )
    }
}

/// What a phone says has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// As baresip names it: `REGISTER_OK`, `CALL_ESTABLISHED`.
    pub kind: String,
    /// Who is at the other end, as a SIP address.
    pub peer: String,
    /// The name that the other end shows.
    pub peer_name: String,
    /// The phone's name for the call.
    pub call: String,
    /// Why: `486 Busy Here`.
    pub detail: String,
}

impl Event {
    fn read(message: &Value) -> Self {
        let text = |key| message.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            kind: text("type"),
            peer: text("peeruri"),
            peer_name: text("peerdisplayname"),
            call: text("id"),
            detail: text("param"),
        }
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.kind, self.peer, self.detail)
    }
}

/// A running phone; it is switched off when it is dropped.
#[derive(Debug)]
pub struct Phone {
    control: Control,
    process: Process,
    config: PhoneConfig,
}

impl Phone {
    /// Switches one on. It registers at once, if it has a server.
    ///
    /// # Panics
    /// When baresip is not installed or does not start.
    pub async fn start(config: PhoneConfig) -> Self {
        let started = patiently(Process::start(config.tone_hz)).await;
        let (process, control) = match started {
            Some(Ok(started)) => started,
            Some(Err(why)) => panic!("no phone for this test: {why}"),
            None => panic!("no phone for this test: baresip does not come up"),
        };
        let phone = Self { control, process, config };
        // The account is added now that we listen: no event is missed.
        phone.command("uanew", Some(&phone.config.line())).await;
        let address = format!("sip:{}@{}", phone.config.account.user, phone.config.account.realm);
        phone.command("uafind", Some(&address)).await;
        phone
    }

    /// Where it can be called without a server.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("sip:{}@{}:{SIP_PORT}", self.config.account.user, self.process.address)
    }

    /// The address of loopback that is this phone's own.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.process.address
    }

    /// Until the server has taken its registration.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn registered(&self) {
        let event = self.event("REGISTER_OK or REGISTER_FAIL", |event| {
            event.kind == "REGISTER_OK" || event.kind == "REGISTER_FAIL"
        });
        let event = event.await;
        assert_eq!(event.kind, "REGISTER_OK", "{}", self.story(&event.to_string()));
    }

    /// Until the server has refused its registration: why.
    pub async fn refused(&self) -> String {
        self.one("REGISTER_FAIL").await.detail
    }

    /// Calls a number, or a SIP address.
    pub async fn dial(&self, to: &str) {
        self.command("dial", Some(to)).await;
    }

    /// Until it rings at the other end.
    pub async fn ringing(&self) {
        self.one("CALL_RINGING").await;
    }

    /// Until somebody calls.
    pub async fn called(&self) -> Event {
        self.one("CALL_INCOMING").await
    }

    /// Answers; another call is held meanwhile.
    pub async fn answer(&self) {
        self.command("accept", None).await;
    }

    /// Until the two can talk.
    pub async fn established(&self) {
        self.one("CALL_ESTABLISHED").await;
    }

    /// Hangs up, gives up, or declines.
    pub async fn hang_up(&self) {
        self.command("hangup", None).await;
    }

    /// Until a call has ended: why.
    pub async fn closed(&self) -> String {
        self.one("CALL_CLOSED").await.detail
    }

    /// Puts the call on hold; [`Self::log`] has the messages.
    pub async fn hold(&self) {
        self.command("hold", None).await;
    }

    /// Takes the call back from hold.
    pub async fn resume(&self) {
        self.command("resume", None).await;
    }

    /// Until the other side has offered sound: at the start of its call, at hold, at taking back.
    pub async fn offered(&self) {
        self.sound("offer").await;
    }

    /// Until the other side has agreed to what this phone offered.
    pub async fn agreed(&self) {
        self.sound("answer").await;
    }

    async fn sound(&self, what: &str) {
        let fits = |event: &Event| event.kind == "CALL_REMOTE_SDP" && event.detail == what;
        self.event(&format!("CALL_REMOTE_SDP {what}"), fits).await;
    }

    /// Connects the others of two calls: of the one that an event told of, which is held, and of the call
    /// that this phone made last, to this number.
    ///
    /// # Panics
    /// When nobody has answered to the latter.
    pub async fn connect_the_others(&self, held: &Event, number: &str) {
        let log = self.log();
        let answer = log.rsplit("SIP/2.0 200 ").find(|text| {
            field(text, "CSeq").is_some_and(|of| of.ends_with(" INVITE"))
                && field(text, "To").is_some_and(|to| to.contains(&format!("sip:{number}@")))
        });
        let Some(answer) = answer else {
            panic!("{}", self.story("nobody answered that could be connected"))
        };
        let tag = |name| {
            let value = field(answer, name).unwrap_or_default();
            value.split("tag=").nth(1).unwrap_or_default().split(';').next().unwrap_or_default()
        };
        let replaces = [
            field(answer, "Call-ID").unwrap_or_default(),
            "%3Bto-tag%3D",
            tag("To"),
            "%3Bfrom-tag%3D",
            tag("From"),
        ];
        self.select(held).await;
        let to = format!("<sip:{number}@{}?Replaces={}>", self.config.account.realm, replaces.concat());
        self.command("transfer", Some(&to)).await;
    }

    /// Makes the call that an event told of the current one.
    pub async fn select(&self, call: &Event) {
        self.command("callfind", Some(&call.call)).await;
    }

    /// Takes its registration back.
    pub async fn unregister(&self) {
        let address = format!("sip:{}@{}", self.config.account.user, self.config.account.realm);
        self.command("uadel", Some(&address)).await;
    }

    /// Any of baresip's commands.
    ///
    /// # Panics
    /// When the phone refuses.
    pub async fn command(&self, name: &str, parameters: Option<&str>) -> String {
        let said = patiently(self.control.command(name, parameters)).await;
        match said {
            Some(Ok(said)) => said,
            Some(Err(why)) => panic!("{}", self.story(&format!("the phone refuses {name}: {why}"))),
            None => panic!("{}", self.story(&format!("the phone does not answer to {name}"))),
        }
    }

    /// The next event of this kind that nobody waited for before.
    pub async fn one(&self, kind: &str) -> Event {
        self.event(kind, |event| event.kind == kind).await
    }

    /// The next event that fits.
    ///
    /// # Panics
    /// When it does not come, with all that came instead.
    pub async fn event(&self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        match patiently(self.control.event(fits)).await {
            Some(Some(event)) => event,
            Some(None) => panic!("{}", self.story(&format!("the phone ended before {what}"))),
            None => panic!("{}", self.story(&format!("waited in vain for {what}"))),
        }
    }

    /// What it has heard in its latest call so far; none: nothing.
    #[must_use]
    pub fn heard(&self) -> Option<Recording> {
        Recording::read(&self.recording()?).ok()
    }

    /// Until it has heard this much more in its latest call, and only that. Not after a hold: this
    /// version of baresip stops recording then; see [`Self::receives`].
    ///
    /// # Panics
    /// When no sound comes.
    pub async fn hears(&self, milliseconds: u32) -> Recording {
        let before = self.heard().map_or(0, |recording| recording.milliseconds());
        let wanted = before + u64::from(milliseconds);
        match patiently(self.hears_until(wanted)).await {
            Some(Ok(recording)) => recording.last(milliseconds),
            Some(Err(error)) => panic!("the phone's recording cannot be read: {error}"),
            None => panic!("{}", self.story("waited in vain for sound")),
        }
    }

    /// Until this many more packets of sound have come in.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn receives(&self, packets: u64) {
        let wanted = self.received().await + packets;
        let came = patiently(async {
            let mut look = tokio::time::interval(LOOK);
            while self.received().await < wanted {
                look.tick().await;
            }
        });
        assert!(came.await.is_some(), "{}", self.story("waited in vain for packets"));
    }

    /// How many packets of sound have come in in the current call.
    pub async fn received(&self) -> u64 {
        let said = self.command("audio_debug", None).await;
        let digits = said.split("rcvd=").nth(1).and_then(|rest| rest.split_whitespace().next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    async fn hears_until(&self, milliseconds: u64) -> std::io::Result<Recording> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        inotify.add_watch(self.process.folder.path(), AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE)?;
        // A descriptor like any other: it becomes readable when a file of the folder has grown.
        let mut news = vec![0; 4096];
        let mut written = Receiver::from_owned_fd_unchecked(OwnedFd::from(inotify))?;
        loop {
            if let Some(recording) = self.heard()
                && recording.milliseconds() >= milliseconds
            {
                return Ok(recording);
            }
            // What was written does not matter, only that it was.
            let _bytes = written.read(&mut news).await?;
        }
    }

    /// The file of the latest call.
    fn recording(&self) -> Option<PathBuf> {
        let files = std::fs::read_dir(self.process.folder.path()).ok()?;
        let heard = files.filter_map(Result::ok).filter(|file| {
            file.file_name()
                .to_str()
                .is_some_and(|name| name.starts_with("dump-") && name.ends_with("-dec.wav"))
        });
        // The name holds the time of the call's start.
        heard.map(|file| file.path()).max()
    }

    /// All that it printed: every SIP message that came and went.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    fn story(&self, what: &str) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
        format!(
            "{what}\n  phone: {}\n  events so far:\n    {}\n  its last messages:\n{}",
            self.config.display,
            self.control.history().join("\n    "),
            shown.join("\n")
        )
    }
}

/// The value of a field of a message that begins here.
fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let fields = message.lines().take_while(|line| !line.trim().is_empty());
    let mut found = fields.filter_map(|line| line.split_once(':'));
    found.find(|(field, _)| field.trim() == name).map(|(_, value)| value.trim())
}

async fn patiently<T>(what: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, what).await.ok()
}
