//! What phones say about their sound (SDP, RFC 8866), taken apart and written anew.
//!
//! Nothing of a phone's description passes as it is: what we know is kept as values, the rest is
//! left out, and the other side gets a description that we wrote, with our address in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

/// Bytes of one description.
const MAX_BYTES: usize = 8 * 1024;
/// Streams (`m=` lines).
const MAX_STREAMS: usize = 8;
/// Formats of one stream.
const MAX_FORMATS: usize = 32;

/// Why a description is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("not a session description")]
    Unreadable,
    #[error("no plain audio stream")]
    NoAudio,
}

/// Which way sound goes, as the sender of the description sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|d| d.as_str() == name)
    }
}

/// One codec as offered: payload type, name, clock rate, parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// 0 to 127.
    pub payload: u8,
    /// E.g. `PCMA`; `None`: neither mapped nor known by its number.
    pub name: Option<String>,
    /// Hz.
    pub clock: u32,
    mapped: Option<String>,
    fmtp: Option<String>,
}

/// The audio stream of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// 0: refused or switched off.
    pub port: u16,
    pub address: Option<IpAddr>,
    pub rtcp_port: Option<u16>,
    pub direction: Direction,
    pub formats: Vec<Format>,
    profile: &'static str,
    ptime: Option<u16>,
    maxptime: Option<u16>,
}

/// A description: one audio stream among others that we do not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sdp {
    pub audio: Audio,
    /// Where the audio stream stands among the streams.
    position: usize,
    /// Kind, transport and first format of every stream, to refuse the others in their place.
    streams: Vec<(String, String, String)>,
}

/// How we describe ourselves to one side; its version grows with every change.
#[derive(Debug, Clone)]
pub struct Described {
    session: u64,
    version: u64,
    last: String,
}

impl Described {
    /// `session`: random, below 2^62.
    #[must_use]
    pub fn new(session: u64) -> Self {
        Self { session: session >> 2, version: 0, last: String::new() }
    }

    /// Writes `sdp` with our own address and ports in place of the phone's.
    pub fn write(&mut self, sdp: &Sdp, address: IpAddr, port: u16) -> String {
        self.finish(sdp.body(address, port, &sdp.streams, sdp.position), address)
    }

    /// Writes an answer: the streams stand as the offer has them.
    pub fn write_answer(&mut self, offer: &Sdp, answer: &Sdp, address: IpAddr, port: u16) -> String {
        self.finish(answer.body(address, port, &offer.streams, offer.position), address)
    }

    fn finish(&mut self, body: String, address: IpAddr) -> String {
        if body != self.last {
            self.version += 1;
            self.last = body;
        }
        let net = net(address);
        format!("v=0\r\no=- {} {} IN {net} {address}\r\n{}", self.session, self.version, self.last)
    }
}

impl Sdp {
    /// Reads a description. The first audio stream with plain RTP is the one that counts.
    pub fn parse(bytes: &[u8]) -> Result<Self, SdpError> {
        if bytes.len() > MAX_BYTES {
            return Err(SdpError::Unreadable);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SdpError::Unreadable)?;
        let mut session = Section::default();
        let mut media: Vec<(Media<'_>, Section<'_>)> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let (kind, value) = line.split_once('=').ok_or(SdpError::Unreadable)?;
            if value.chars().any(char::is_control) || (at == 0) != (kind == "v") {
                return Err(SdpError::Unreadable);
            }
            if kind == "m" {
                if media.len() == MAX_STREAMS {
                    return Err(SdpError::Unreadable);
                }
                media.push((Media::parse(value)?, Section::default()));
                continue;
            }
            let section = media.last_mut().map_or(&mut session, |(_, section)| section);
            match kind {
                "c" => section.address = Some(connection(value)?),
                "a" => section.attributes.push(value.split_once(':').unwrap_or((value, ""))),
                _ => {}
            }
        }
        let carried = |m: &Media<'_>| m.kind == "audio" && profile(m.transport).is_some();
        let position = media
            .iter()
            .position(|(m, _)| carried(m) && m.port != 0)
            .or_else(|| media.iter().position(|(m, _)| carried(m)))
            .ok_or(SdpError::NoAudio)?;
        let audio = audio(&media[position].0, &media[position].1, &session)?;
        let streams = media
            .iter()
            .map(|(m, _)| (m.kind.to_owned(), m.transport.to_owned(), m.formats[0].to_owned()))
            .collect();
        Ok(Self { audio, position, streams })
    }

    fn body(&self, address: IpAddr, port: u16, streams: &[(String, String, String)], at: usize) -> String {
        let net = net(address);
        let mut text = format!("s=-\r\nc=IN {net} {address}\r\nt=0 0\r\n");
        for (index, (kind, transport, format)) in streams.iter().enumerate() {
            if index == at {
                self.audio.write(&mut text, port);
            } else {
                let _ = write!(text, "m={kind} 0 {transport} {format}\r\n");
            }
        }
        text
    }
}

impl Audio {
    /// The first codec that carries speech: the one an answer settles on.
    #[must_use]
    pub fn codec(&self) -> Option<&Format> {
        let speech = |f: &&Format| {
            !f.name
                .as_deref()
                .is_some_and(|n| n.eq_ignore_ascii_case("telephone-event") || n.eq_ignore_ascii_case("CN"))
        };
        self.formats.iter().find(speech)
    }

    /// Whether nobody need hear anything: on hold, in either direction.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.direction != Direction::SendRecv || self.port == 0
    }

    fn write(&self, text: &mut String, port: u16) {
        let port = if self.port == 0 { 0 } else { port };
        let _ = write!(text, "m=audio {port} {}", self.profile);
        for format in &self.formats {
            let _ = write!(text, " {}", format.payload);
        }
        text.push_str("\r\n");
        for format in &self.formats {
            if let Some(mapped) = &format.mapped {
                let _ = write!(text, "a=rtpmap:{} {mapped}\r\n", format.payload);
            }
            if let Some(fmtp) = &format.fmtp {
                let _ = write!(text, "a=fmtp:{} {fmtp}\r\n", format.payload);
            }
        }
        for (name, value) in [("ptime", self.ptime), ("maxptime", self.maxptime)] {
            if let Some(value) = value {
                let _ = write!(text, "a={name}:{value}\r\n");
            }
        }
        if port != 0 {
            let _ = write!(text, "a=rtcp:{}\r\n", port + 1);
        }
        let _ = write!(text, "a={}\r\n", self.direction.as_str());
    }
}

#[derive(Default)]
struct Section<'a> {
    /// `None`: no `c=` line.
    address: Option<Place>,
    attributes: Vec<(&'a str, &'a str)>,
}

/// What a `c=` line names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    At(IpAddr),
    /// A host name, or an address that nobody can send to.
    Nowhere,
}

struct Media<'a> {
    kind: &'a str,
    port: u16,
    transport: &'a str,
    formats: Vec<&'a str>,
}

impl<'a> Media<'a> {
    fn parse(value: &'a str) -> Result<Self, SdpError> {
        let mut words = value.split_ascii_whitespace();
        let mut word = || words.next().ok_or(SdpError::Unreadable);
        let (kind, port, transport) = (word()?, word()?, word()?);
        let port = port.split_once('/').map_or(port, |(port, _)| port);
        let formats: Vec<&str> = words.collect();
        let token = |t: &str| {
            (1..=40).contains(&t.len())
                && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/+*".contains(&b))
        };
        let ok = [kind, transport].into_iter().chain(formats.iter().copied()).all(token)
            && (1..=MAX_FORMATS).contains(&formats.len());
        let port = port.parse().ok().filter(|_| ok).ok_or(SdpError::Unreadable)?;
        Ok(Self { kind, port, transport, formats })
    }
}

fn profile(transport: &str) -> Option<&'static str> {
    match transport {
        "RTP/AVP" => Some("RTP/AVP"),
        "RTP/AVPF" => Some("RTP/AVPF"),
        _ => None,
    }
}

/// `IN IP4 192.0.2.1`; from a host name or the old "hold" address sound is awaited.
fn connection(value: &str) -> Result<Place, SdpError> {
    let mut words = value.split_ascii_whitespace();
    let (Some("IN"), Some("IP4" | "IP6"), Some(address)) = (words.next(), words.next(), words.next()) else {
        return Err(SdpError::Unreadable);
    };
    let address = address.split_once('/').map_or(address, |(address, _ttl)| address);
    let usable = address.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified() && !ip.is_multicast());
    Ok(usable.map_or(Place::Nowhere, Place::At))
}

fn audio(media: &Media<'_>, section: &Section<'_>, session: &Section<'_>) -> Result<Audio, SdpError> {
    let mut maps: BTreeMap<u8, (&str, &str)> = BTreeMap::new();
    let mut fmtps: BTreeMap<u8, &str> = BTreeMap::new();
    let (mut ptime, mut maxptime, mut rtcp_port) = (None, None, None);
    for (name, value) in &section.attributes {
        match *name {
            "rtpmap" => {
                if let Some((payload, map)) = numbered(value)
                    && let Some((codec, _)) = map.split_once('/')
                    && plain(map, "-._/+")
                {
                    maps.insert(payload, (codec, map));
                }
            }
            "fmtp" => {
                if let Some((payload, fmtp)) = numbered(value)
                    && plain(fmtp, " ;=-._/+,:")
                {
                    fmtps.insert(payload, fmtp);
                }
            }
            "ptime" => ptime = value.trim().parse().ok().filter(|ms| (1..=200).contains(ms)),
            "maxptime" => maxptime = value.trim().parse().ok().filter(|ms| (1..=400).contains(ms)),
            "rtcp" => rtcp_port = value.split_ascii_whitespace().next().and_then(|port| port.parse().ok()),
            _ => {}
        }
    }
    let mut formats: Vec<Format> = Vec::with_capacity(media.formats.len());
    for text in &media.formats {
        let payload: u8 = text.parse().ok().filter(|p| *p < 128).ok_or(SdpError::Unreadable)?;
        if formats.iter().any(|f| f.payload == payload) {
            continue;
        }
        let map = maps.get(&payload).copied();
        let clock = map.and_then(|(_, map)| map.split('/').nth(1)).and_then(|hz| hz.parse().ok());
        formats.push(Format {
            payload,
            name: map.map(|(codec, _)| codec).or(known(payload)).map(str::to_owned),
            clock: clock.filter(|hz| (1000..=384_000).contains(hz)).unwrap_or(8000),
            mapped: map.map(|(_, map)| map.to_owned()),
            fmtp: fmtps.get(&payload).map(|fmtp| (*fmtp).to_owned()),
        });
    }
    let way =
        |section: &Section<'_>| section.attributes.iter().rev().find_map(|(name, _)| Direction::parse(name));
    let mut direction = way(section).or_else(|| way(session)).unwrap_or_default();
    let address = match section.address.or(session.address).ok_or(SdpError::Unreadable)? {
        Place::At(ip) => Some(ip),
        Place::Nowhere => None,
    };
    // The hold of RFC 2543: an address that nobody can send to.
    if address.is_none() && direction == Direction::SendRecv && zero_address(section, session) {
        direction = Direction::SendOnly;
    }
    Ok(Audio {
        port: media.port,
        address,
        rtcp_port,
        direction,
        formats,
        profile: profile(media.transport).ok_or(SdpError::NoAudio)?,
        ptime,
        maxptime,
    })
}

/// A `c=` line that named no usable address; host names are so rare that they count as hold too.
fn zero_address(section: &Section<'_>, session: &Section<'_>) -> bool {
    section.address.or(session.address) == Some(Place::Nowhere)
}

fn numbered(value: &str) -> Option<(u8, &str)> {
    let (payload, rest) = value.split_once(' ')?;
    Some((payload.parse().ok().filter(|p| *p < 128)?, rest.trim()))
}

fn plain(text: &str, also: &str) -> bool {
    (1..=255).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

const fn known(payload: u8) -> Option<&'static str> {
    match payload {
        0 => Some("PCMU"),
        3 => Some("GSM"),
        4 => Some("G723"),
        8 => Some("PCMA"),
        9 => Some("G722"),
        13 => Some("CN"),
        15 => Some("G728"),
        18 => Some("G729"),
        _ => None,
    }
}

const fn net(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "IP4",
        IpAddr::V6(_) => "IP6",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFER: &str = "v=0\r\no=alice 1 1 IN IP4 10.0.0.9\r\ns=secret project\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
        a=ice-lite\r\na=group:BUNDLE 0 1\r\nm=video 5000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n\
        m=audio 4000 RTP/AVP 96 8 0 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1; stereo=0\r\n\
        a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n\
        a=candidate:1 1 UDP 1 10.0.0.9 4000 typ host\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n\
        a=rtcp:4001 IN IP4 10.0.0.9\r\na=rtcp-mux\r\na=ssrc:1 cname:x\r\na=sendrecv\r\n";

    fn ours() -> IpAddr {
        "192.0.2.7".parse().unwrap()
    }

    #[test]
    fn codecs_pass_and_everything_of_the_phones_network_stays_behind() {
        let offer = Sdp::parse(OFFER.as_bytes()).unwrap();
        let text = Described::new(40).write(&offer, ours(), 20_000);
        assert_eq!(
            text,
            "v=0\r\no=- 10 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
             m=video 0 RTP/AVP 96\r\nm=audio 20000 RTP/AVP 96 8 0 101\r\na=rtpmap:96 opus/48000/2\r\n\
             a=fmtp:96 useinbandfec=1; stereo=0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
             a=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:20001\r\na=sendrecv\r\n"
        );
        assert_eq!((offer.audio.port, offer.audio.rtcp_port), (4000, Some(4001)));
        assert_eq!(offer.audio.codec().unwrap().name.as_deref(), Some("opus"));
        assert_eq!(Sdp::parse(text.as_bytes()).unwrap().audio.formats, offer.audio.formats);
    }

    #[test]
    fn an_answer_stands_where_the_offer_had_its_audio() {
        let offer = Sdp::parse(OFFER.as_bytes()).unwrap();
        let answer = Sdp::parse(b"v=0\nc=IN IP4 10.0.0.3\nm=audio 7000 RTP/AVP 8\n").unwrap();
        let text = Described::new(0).write_answer(&offer, &answer, ours(), 20_002);
        assert!(text.contains("m=video 0 RTP/AVP 96\r\nm=audio 20002 RTP/AVP 8\r\n"), "{text}");
    }

    #[test]
    fn the_version_grows_only_when_something_changed() {
        let mut described = Described::new(0);
        let mut sdp = Sdp::parse(OFFER.as_bytes()).unwrap();
        let first = described.write(&sdp, ours(), 20_000);
        assert_eq!(described.write(&sdp, ours(), 20_000), first);
        sdp.audio.direction = Direction::SendOnly;
        let held = described.write(&sdp, ours(), 20_000);
        assert!(held.contains("o=- 0 2 ") && held.contains("a=sendonly"), "{held}");
    }

    #[test]
    fn hold_is_understood_in_all_its_spellings() {
        for (from, to, direction) in [
            ("a=sendrecv", "a=sendonly", Direction::SendOnly),
            ("a=sendrecv", "a=inactive", Direction::Inactive),
            ("c=IN IP4 10.0.0.9", "c=IN IP4 0.0.0.0", Direction::SendOnly),
        ] {
            let sdp = Sdp::parse(OFFER.replace(from, to).as_bytes()).unwrap();
            assert_eq!((sdp.audio.direction, sdp.audio.is_held()), (direction, true), "{to}");
        }
        let session = OFFER.replace("a=sendrecv\r\n", "").replace("a=ice-lite", "a=recvonly");
        assert_eq!(Sdp::parse(session.as_bytes()).unwrap().audio.direction, Direction::RecvOnly);
    }

    #[test]
    fn evil_content_is_refused_or_left_out() {
        let line = |bad: &str| OFFER.replace("a=ptime:20", bad);
        for left_out in [
            "a=ptime:999999",
            "a=rtpmap:8 PCMA/8000\u{e5}",
            "a=fmtp:8 $(reboot)",
            "a=fmtp:300 x",
            "a=rtpmap:8",
            "a=tool:evil",
            "b=AS:99999",
            "k=clear:key",
        ] {
            let sdp = Sdp::parse(line(left_out).as_bytes()).unwrap();
            let text = Described::new(0).write(&sdp, ours(), 20_000);
            assert!(!text.contains("999999") && !text.contains('$') && !text.contains("evil"), "{left_out}");
        }
        for refused in [
            "a=x\0y",
            "c=IN IP4",
            "c=OUT IP4 1.2.3.4",
            "m=audio x RTP/AVP 0",
            "m=audio 1 RTP/AVP",
            "nonsense",
        ] {
            assert_eq!(Sdp::parse(line(refused).as_bytes()), Err(SdpError::Unreadable), "{refused}");
        }
        let many = format!("{OFFER}{}", "m=audio 0 RTP/AVP 0\r\n".repeat(9));
        assert_eq!(Sdp::parse(many.as_bytes()), Err(SdpError::Unreadable));
        let srtp = OFFER.replace("4000 RTP/AVP", "4000 RTP/SAVP");
        assert_eq!(Sdp::parse(srtp.as_bytes()), Err(SdpError::NoAudio));
    }

    #[test]
    fn a_browsers_encrypted_sound_is_understood_and_not_carried() {
        for captured in [
            include_str!("../tests/captures/webrtc_offer.sdp"),
            include_str!("../tests/captures/webrtc_answer.sdp"),
        ] {
            assert_eq!(Sdp::parse(captured.as_bytes()), Err(SdpError::NoAudio));
            let plain = captured.replace("UDP/TLS/RTP/SAVPF", "RTP/AVPF");
            let audio = Sdp::parse(plain.as_bytes()).unwrap().audio;
            assert!(audio.port > 0 && audio.codec().is_some(), "{audio:?}");
        }
    }

    #[test]
    fn multicast_and_unspecified_addresses_are_never_sent_to() {
        for address in ["0.0.0.0", "224.0.0.1", "host.example"] {
            let text = OFFER.replace("c=IN IP4 10.0.0.9", &format!("c=IN IP4 {address}"));
            assert_eq!(Sdp::parse(text.as_bytes()).unwrap().audio.address, None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_written_is_read_again(at in 0..OFFER.len(), byte: u8) {
            let mut bytes = OFFER.as_bytes().to_vec();
            bytes[at] = byte;
            if let Ok(sdp) = Sdp::parse(&bytes) {
                let text = Described::new(0).write(&sdp, ours(), 20_000);
                let again = Sdp::parse(text.as_bytes());
                prop_assert_eq!(again.map(|s| s.audio.formats), Ok(sdp.audio.formats), "{}", text);
            }
        }
    }
}
