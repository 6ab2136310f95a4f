//! Descriptions as phones write them.

use super::{Audio, Direction, Format, Sdp, SdpError, WEB};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Bytes of one description.
const MAX_BYTES: usize = 8 * 1024;
/// Streams (`m=` lines).
const MAX_STREAMS: usize = 8;
/// Formats of one stream.
const MAX_FORMATS: usize = 32;

impl Sdp {
    /// Reads a description. The first audio stream that we carry is the one that counts.
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
        WEB => Some(WEB),
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
    // The hold of RFC 2543: an address that nobody can send to. A browser's are elsewhere.
    if address.is_none()
        && media.transport != WEB
        && direction == Direction::SendRecv
        && zero_address(section, session)
    {
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
