//! What was agreed about sound, as the media want it.

use crate::media;
use crate::sdp::Format;

/// A codec with the payload numbers of the phone.
pub fn format(codec: &Format, tones: Option<u8>) -> media::Format {
    let name = codec.name.as_deref().unwrap_or_default();
    media::Format {
        codec: media::Codec::named(name, codec.clock),
        payload: codec.payload,
        telephone_event: tones,
    }
}
