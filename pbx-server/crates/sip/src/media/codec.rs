//! Sound to bytes and back. The only place that knows the codec library.

use super::format::Codec;
use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder as _, Encoder as _};

/// Writes one stream; G.722 remembers what it wrote.
pub struct Encoder {
    codec: Codec,
    g722: Option<Box<G722Encoder>>,
}

/// Reads one stream.
pub struct Decoder {
    codec: Codec,
    g722: Option<Box<G722Decoder>>,
}

impl Encoder {
    pub fn new(codec: Codec) -> Self {
        Self { codec, g722: (codec == Codec::G722).then(Box::default) }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Adds the bytes of `samples`, which come at the codec's own rate.
    pub fn encode(&mut self, samples: &[i16], into: &mut Vec<u8>) {
        let start = into.len();
        into.resize(start + samples.len() + 1, 0);
        let place = &mut into[start..];
        let written = match (self.codec, &mut self.g722) {
            (Codec::G722, Some(encoder)) => encoder.encode_into(samples, place),
            (Codec::Pcmu, _) => PcmuEncoder::new().encode_into(samples, place),
            (Codec::Pcma, _) => PcmaEncoder::new().encode_into(samples, place),
            (Codec::G722 | Codec::Other { .. }, _) => Ok(0),
        };
        into.truncate(start + written.unwrap_or(0));
    }
}

impl Decoder {
    pub fn new(codec: Codec) -> Self {
        Self { codec, g722: (codec == Codec::G722).then(Box::default) }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Adds the samples of one packet, at the codec's own rate.
    pub fn decode(&mut self, bytes: &[u8], into: &mut Vec<i16>) {
        let start = into.len();
        into.resize(start + bytes.len() * 2, 0);
        let place = &mut into[start..];
        let written = match (self.codec, &mut self.g722) {
            (Codec::G722, Some(decoder)) => decoder.decode_into(bytes, place),
            (Codec::Pcmu, _) => PcmuDecoder::new().decode_into(bytes, place),
            (Codec::Pcma, _) => PcmaDecoder::new().decode_into(bytes, place),
            (Codec::G722 | Codec::Other { .. }, _) => Ok(0),
        };
        into.truncate(start + written.unwrap_or(0));
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoder({:?})", self.codec)
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decoder({:?})", self.codec)
    }
}
