//! Frames of ours as a phone takes them.

use super::codec::Encoder;
use super::format::Codec;
use super::out::HEAD;
use super::resample::Resampler;

#[derive(Debug, Default)]
pub struct Voice {
    encoder: Option<Encoder>,
    resampler: Resampler,
    packet: Vec<u8>,
}

impl Voice {
    /// The packet of one frame, whose samples have `rate` Hz.
    pub fn write(&mut self, codec: Codec, head: &[u8; HEAD], rate: u32, sound: &mut Vec<i16>) -> &[u8] {
        let encoder = match &mut self.encoder {
            Some(encoder) if encoder.codec() == codec => encoder,
            other => other.insert(Encoder::new(codec)),
        };
        self.resampler.convert(rate, codec.rate(), sound);
        self.packet.clear();
        self.packet.extend(head);
        encoder.encode(sound, &mut self.packet);
        &self.packet
    }
}
