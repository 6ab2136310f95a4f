//! Sound to bytes and back. The only place that knows the codec libraries.

use super::format::Codec;
use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder as _, Encoder as _};
use opus::{Application, Bitrate, Channels};

/// Bits a second of Opus: wide voice, and repairs of the packet before.
const OPUS_BITRATE: i32 = 28_000;
/// Percent of packets that repairs are made for.
const OPUS_LOSS: i32 = 10;
/// How hard the encoder tries, 0 to 10: a call centre's worth of calls on one machine.
const OPUS_EFFORT: i32 = 5;
/// A packet of Opus is at most this long (RFC 6716, section 3.4).
const OPUS_LONGEST: usize = 1275;
/// Milliseconds of sound in a packet of Opus at most.
const OPUS_LONGEST_MS: usize = 120;

/// Writes one stream; G.722 and Opus remember what they wrote.
#[derive(Debug)]
pub struct Encoder {
    codec: Codec,
    way: Writing,
}

enum Writing {
    Pcma,
    Pcmu,
    G722(Box<G722Encoder>),
    Opus(opus::Encoder),
    Nothing,
}

/// Reads one stream.
#[derive(Debug)]
pub struct Decoder {
    codec: Codec,
    way: Reading,
}

enum Reading {
    Pcma,
    Pcmu,
    G722(Box<G722Decoder>),
    Opus(opus::Decoder),
    Nothing,
}

impl Encoder {
    pub fn new(codec: Codec) -> Self {
        let way = match codec {
            Codec::Pcma => Writing::Pcma,
            Codec::Pcmu => Writing::Pcmu,
            Codec::G722 => Writing::G722(Box::default()),
            Codec::Opus => opus_encoder(codec.rate()).map_or_else(
                |error| {
                    tracing::error!(%error, "no Opus can be written");
                    Writing::Nothing
                },
                Writing::Opus,
            ),
            Codec::Other { .. } => Writing::Nothing,
        };
        Self { codec, way }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Adds the bytes of `samples`, which come at the codec's own rate: 20 ms of them, for Opus.
    pub fn encode(&mut self, samples: &[i16], into: &mut Vec<u8>) {
        let start = into.len();
        into.resize(start + (samples.len() + 1).max(OPUS_LONGEST), 0);
        let place = &mut into[start..];
        let written = match &mut self.way {
            Writing::Pcma => PcmaEncoder::new().encode_into(samples, place).ok(),
            Writing::Pcmu => PcmuEncoder::new().encode_into(samples, place).ok(),
            Writing::G722(encoder) => encoder.encode_into(samples, place).ok(),
            Writing::Opus(encoder) => encoder.encode(samples, &mut place[..OPUS_LONGEST]).ok(),
            Writing::Nothing => None,
        };
        into.truncate(start + written.unwrap_or(0));
    }
}

fn opus_encoder(rate: u32) -> Result<opus::Encoder, opus::Error> {
    let mut encoder = opus::Encoder::new(rate, Channels::Mono, Application::Voip)?;
    encoder.set_bitrate(Bitrate::Bits(OPUS_BITRATE))?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(OPUS_LOSS)?;
    encoder.set_complexity(OPUS_EFFORT)?;
    Ok(encoder)
}

impl Decoder {
    pub fn new(codec: Codec) -> Self {
        let way = match codec {
            Codec::Pcma => Reading::Pcma,
            Codec::Pcmu => Reading::Pcmu,
            Codec::G722 => Reading::G722(Box::default()),
            Codec::Opus => opus::Decoder::new(codec.rate(), Channels::Mono).map_or_else(
                |error| {
                    tracing::error!(%error, "no Opus can be read");
                    Reading::Nothing
                },
                Reading::Opus,
            ),
            Codec::Other { .. } => Reading::Nothing,
        };
        Self { codec, way }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Adds the samples of one packet, at the codec's own rate.
    pub fn decode(&mut self, bytes: &[u8], into: &mut Vec<i16>) {
        let start = into.len();
        let room = match self.way {
            Reading::Opus(_) => millis(self.codec, OPUS_LONGEST_MS),
            _ => bytes.len() * 2,
        };
        into.resize(start + room, 0);
        let place = &mut into[start..];
        let written = match &mut self.way {
            Reading::Pcma => PcmaDecoder::new().decode_into(bytes, place).ok(),
            Reading::Pcmu => PcmuDecoder::new().decode_into(bytes, place).ok(),
            Reading::G722(decoder) => decoder.decode_into(bytes, place).ok(),
            // An empty packet would be taken for a lost one.
            Reading::Opus(decoder) => Some(bytes)
                .filter(|bytes| !bytes.is_empty())
                .and_then(|bytes| decoder.decode(bytes, place, false).ok()),
            Reading::Nothing => None,
        };
        into.truncate(start + written.unwrap_or(0));
    }

    /// Adds about `count` samples in place of a packet that never came, out of what the codec
    /// remembers and of the packet after it, if that is there; `false`: it knows nothing of that.
    pub fn repair(&mut self, count: usize, after: Option<&[u8]>, into: &mut Vec<i16>) -> bool {
        let Reading::Opus(decoder) = &mut self.way else { return false };
        // Opus counts in steps of 2.5 ms.
        let step = millis(self.codec, 5) / 2;
        let room = (count.div_ceil(step) * step).clamp(step, millis(self.codec, OPUS_LONGEST_MS));
        let start = into.len();
        into.resize(start + room, 0);
        let written = match after {
            Some(after) if !after.is_empty() => decoder.decode(after, &mut into[start..], true),
            _ => decoder.decode(&[], &mut into[start..], false),
        };
        into.truncate(start + written.unwrap_or(0));
        into.len() > start
    }
}

/// Samples of one packet, at the codec's own rate; 0 where it cannot be read.
pub fn length(codec: Codec, bytes: &[u8]) -> usize {
    match codec {
        Codec::G722 => bytes.len() * 2,
        Codec::Opus => opus::packet::get_nb_samples(bytes, codec.rate()).unwrap_or(0),
        Codec::Pcma | Codec::Pcmu | Codec::Other { .. } => bytes.len(),
    }
}

fn millis(codec: Codec, millis: usize) -> usize {
    usize::try_from(codec.rate() / 1000).unwrap_or(16) * millis
}

impl std::fmt::Debug for Writing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writing")
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reading")
    }
}
