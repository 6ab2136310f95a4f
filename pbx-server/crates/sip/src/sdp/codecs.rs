//! What we speak ourselves: offers and answers of our own.

use super::{Audio, Direction, Format, Sdp};

/// What we decode and encode: name, payload number in our own offers, clock in Hz. The first is asked
/// for first.
const OURS: [(&str, u8, u32); 4] =
    [("PCMA", 8, 8000), ("PCMU", 0, 8000), ("G722", 9, 8000), ("opus", 111, 48_000)];
/// The same for those who talk with a browser: what sounds best is asked for first.
const WIDE: [usize; 4] = [3, 2, 0, 1];
/// The payload number of tones in our own offers.
const TONES: u8 = 101;

impl Format {
    /// Whether we decode and encode it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        OURS.iter().any(|(name, _, clock)| self.is(name) && self.clock == *clock)
    }

    /// Whether it carries this codec.
    #[must_use]
    pub fn is(&self, codec: &str) -> bool {
        self.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(codec))
    }

    /// Whether both carry the same codec, whatever its number.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let named = self.name.is_some() || self.payload == other.payload;
        let name = other.name.as_deref().map_or(self.name.is_none(), |name| self.is(name));
        named && name && self.clock == other.clock
    }

    /// Whether by this codec a phone may send nothing while nobody speaks (RFC 3389; RFC 4856 for
    /// those where it is so unless somebody says otherwise; RFC 7587).
    fn pauses(&self) -> bool {
        let says = |what: &str| {
            let fmtp = self.fmtp.as_deref().unwrap_or_default();
            fmtp.split(';').any(|part| part.trim().eq_ignore_ascii_case(what))
        };
        self.is("CN")
            || self.is("G729") && !says("annexb=no")
            || self.is("G723") && !says("annexa=no")
            || self.is("opus") && says("usedtx=1")
    }

    /// RFC 4733, at the clock of telephones.
    fn is_tones(&self) -> bool {
        self.is("telephone-event") && self.clock == 8000
    }

    fn ours(name: &str, payload: u8, clock: u32) -> Self {
        let opus = name == "opus";
        let mapped = Some(format!("{name}/{clock}{}", if opus { "/2" } else { "" }));
        let fmtp = opus.then(|| "useinbandfec=1".to_owned());
        Self { payload, name: Some(name.to_owned()), clock, mapped, fmtp }
    }

    fn tones(payload: u8) -> Self {
        Self { fmtp: Some("0-15".to_owned()), ..Self::ours("telephone-event", payload, 8000) }
    }
}

impl Direction {
    /// What we answer: a phone that only sends is listened to.
    #[must_use]
    pub const fn answered(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }
}

impl Audio {
    /// The payload number of tones, where they go beside the sound.
    #[must_use]
    pub fn tones(&self) -> Option<u8> {
        self.formats.iter().find(|format| format.is_tones()).map(|format| format.payload)
    }

    /// The first codec that we speak; `preferred` when it is among them. Opus, which costs the most,
    /// comes last.
    #[must_use]
    pub fn ours(&self, preferred: Option<&str>) -> Option<&Format> {
        let mut ours = self.formats.iter().filter(|format| format.is_ours());
        let wanted = preferred.and_then(|codec| ours.clone().find(|format| format.is(codec)));
        wanted.or_else(|| ours.clone().find(|format| !format.is("opus"))).or_else(|| ours.next())
    }

    /// Whether a phone that speaks `codec` may send nothing while nobody speaks: comfort noise is
    /// agreed on, or part of the codec.
    #[must_use]
    pub fn pauses(&self, codec: &Format) -> bool {
        let own = |format: &&Format| format.is("CN") || format.is_same(codec);
        self.formats.iter().filter(own).any(Format::pauses)
    }

    /// Whether the phone lets the other side wait: it listens to nobody.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.port == 0 || matches!(self.direction, Direction::SendOnly | Direction::Inactive)
    }
}

impl Sdp {
    /// Our own offer: every codec that we speak, `preferred` first; Opus only to whoever is to talk
    /// with somebody who speaks it.
    #[must_use]
    pub fn offer(preferred: Option<&str>) -> Self {
        let is_preferred =
            |name: &str| preferred.is_some_and(|preferred| preferred.eq_ignore_ascii_case(name));
        let ours = if is_preferred("opus") {
            WIDE.map(|at| OURS[at]).to_vec()
        } else {
            let mut ours = OURS[..3].to_vec();
            ours.sort_by_key(|(name, _, _)| !is_preferred(name));
            ours
        };
        let formats = ours.into_iter().map(|(name, payload, clock)| Format::ours(name, payload, clock));
        Self::plain(formats.chain([Format::tones(TONES)]).collect(), Direction::SendRecv)
    }

    /// Our own answer to this offer, with one codec and its tones: `preferred` when it is among them,
    /// whether we speak it or not, else one that we speak. `None`: we share none.
    #[must_use]
    pub fn answer(&self, preferred: Option<&str>) -> Option<Self> {
        let formats = &self.audio.formats;
        let wanted = preferred.and_then(|codec| formats.iter().find(|format| format.is(codec)));
        let codec = wanted.or_else(|| self.audio.ours(None))?.clone();
        let tones = |clock| formats.iter().find(|f| f.is("telephone-event") && f.clock == clock);
        let tones = tones(codec.clock).or_else(|| tones(8000));
        let formats = [Some(codec), tones.cloned()].into_iter().flatten().collect();
        let mut answer = Self::plain(formats, self.audio.direction.answered());
        answer.audio.profile = self.audio.profile;
        if self.audio.port == 0 {
            answer.audio.port = 0;
        }
        Some(answer)
    }

    /// The same description with the codecs that we speak only. `None`: there is none among them.
    #[must_use]
    pub fn narrowed(&self) -> Option<Self> {
        self.audio.ours(None)?;
        let mut narrowed = self.clone();
        narrowed.audio.formats.retain(|format| format.is_ours() || format.is_tones());
        narrowed.audio.direction = Direction::SendRecv;
        Some(narrowed)
    }

    /// An offer of one of its codecs and its tones. `None`: it has no such codec.
    #[must_use]
    pub fn only(&self, codec: &str) -> Option<Self> {
        let mut only = self.clone();
        only.audio.formats.retain(|format| format.is(codec) || format.is_tones());
        only.audio.direction = Direction::SendRecv;
        only.audio.formats.iter().any(|format| format.is(codec)).then_some(only)
    }

    fn plain(formats: Vec<Format>, direction: Direction) -> Self {
        let first = formats.first().map_or_else(|| "0".to_owned(), |format| format.payload.to_string());
        Self {
            audio: Audio {
                // Any but 0: the port itself is filled in when it is written.
                port: 9,
                address: None,
                rtcp_port: None,
                direction,
                formats,
                profile: "RTP/AVP",
                ptime: Some(20),
                maxptime: None,
            },
            position: 0,
            streams: vec![("audio".to_owned(), "RTP/AVP".to_owned(), first)],
        }
    }
}
