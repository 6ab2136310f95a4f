//! How sound is written in packets.

/// A way to write sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus, as one wide channel.
    Opus,
    /// Whatever else two phones may agree on: passed on, never read. Nobody who speaks it can be
    /// played to, recorded or mixed with others.
    Other {
        /// Hz of its RTP time.
        clock: u32,
    },
}

impl Codec {
    /// By its name and clock (Hz) in a session description.
    #[must_use]
    pub fn named(name: &str, clock: u32) -> Self {
        [("PCMA", Self::Pcma), ("PCMU", Self::Pcmu), ("G722", Self::G722), ("opus", Self::Opus)]
            .into_iter()
            .find_map(|(known, codec)| known.eq_ignore_ascii_case(name).then_some(codec))
            .unwrap_or(Self::Other { clock })
    }

    /// Whether its sound can be read and written here.
    #[must_use]
    pub const fn is_decodable(self) -> bool {
        !matches!(self, Self::Other { .. })
    }

    /// Hz of its RTP time.
    #[must_use]
    pub const fn clock(self) -> u32 {
        match self {
            // G.722 counts as if it were narrow (RFC 3551, section 4.5.2).
            Self::Pcma | Self::Pcmu | Self::G722 => 8000,
            Self::Opus => 48_000,
            Self::Other { clock } => clock,
        }
    }

    /// Samples a second of the sound itself; `Other` counts as the narrow one.
    #[must_use]
    pub const fn rate(self) -> u32 {
        match self {
            Self::G722 | Self::Opus => 16_000,
            Self::Pcma | Self::Pcmu | Self::Other { .. } => 8000,
        }
    }

    /// The codec of a payload number that is the same everywhere (RFC 3551).
    pub(super) const fn of_payload(payload: u8) -> Option<Self> {
        match payload {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            9 => Some(Self::G722),
            _ => None,
        }
    }
}

/// What was agreed with one phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    pub codec: Codec,
    /// The number that packets to this phone carry, 0 to 127.
    pub payload: u8,
    /// The number of its RFC 4733 digits; `None`: it takes none.
    pub telephone_event: Option<u8>,
}
