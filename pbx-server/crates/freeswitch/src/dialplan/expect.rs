//! What a script waits for, and the destination under which it asks again.

use serde::{Deserialize, Serialize};
use voxera_callflow::Position;
use voxera_model::Key;

/// What the last script lets a call do, so that its end can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Expect {
    /// Nothing that ends by itself.
    #[default]
    Nothing,
    /// Sounds, heard to their end or cut short by a key.
    Sounds { keys: KeyUse },
    /// A timer, or a key before it.
    Timer { timer: u32 },
    /// Phones or lines that ring.
    Ring,
    /// The caller's message.
    Message,
    /// A queue of `mod_callcenter`; the timer is the core's, for what is due next.
    Queue { timer: u32 },
    /// Music until somebody takes the call that is parked; the timer is the core's.
    Parked { timer: u32 },
    /// A room, another's call, a call that rings elsewhere: over when it could not be joined, or is
    /// over itself.
    Elsewhere,
    /// Goodbye.
    End,
}

/// Which keys cut a sound short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    None,
    /// `#` alone.
    Pound,
    All,
}

impl KeyUse {
    /// The keys that mean something where a call stands.
    #[must_use]
    pub const fn at(position: &Position) -> Self {
        match position {
            Position::Menu { .. }
            | Position::Pin { .. }
            | Position::Messages { .. }
            | Position::Callback { .. } => Self::All,
            Position::Leaving { .. } => Self::Pound,
            Position::Ringing { .. }
            | Position::Connected { .. }
            | Position::Emergency
            | Position::Hearing { .. }
            | Position::Waiting(_)
            | Position::Conference { .. }
            | Position::PickingUp
            | Position::Parked(_)
            | Position::TakingParked { .. }
            | Position::Listening { .. }
            | Position::Testing { .. } => Self::None,
        }
    }
}

/// The destination of our own hunts: nobody can guess it, so nobody dials it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    pub nonce: String,
    pub suffix: Suffix,
}

/// Why it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffix {
    /// The script came to its end.
    Done,
    /// The server's own clock: the timer rang.
    Timer,
    /// Something happened elsewhere; the script is made anew.
    Anew,
    /// A key was pressed while something else went on.
    Key(Key),
}

const PREFIX: &str = "voxera-";

impl Marker {
    /// Reads a destination; `None`: somebody dialled it.
    #[must_use]
    pub fn parse(destination: &str) -> Option<Self> {
        let (nonce, suffix) = destination.strip_prefix(PREFIX)?.split_once('-')?;
        let suffix = match suffix {
            "done" => Suffix::Done,
            "timer" => Suffix::Timer,
            "anew" => Suffix::Anew,
            key => Suffix::Key(Key::parse(key).ok()?),
        };
        let fits = nonce.len() == 32 && nonce.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Self { nonce: nonce.to_owned(), suffix })
    }

    /// As a destination.
    #[must_use]
    pub fn destination(nonce: &str, suffix: Suffix) -> String {
        let suffix = match suffix {
            Suffix::Done => "done".to_owned(),
            Suffix::Timer => "timer".to_owned(),
            Suffix::Anew => "anew".to_owned(),
            Suffix::Key(key) => key.as_char().to_string(),
        };
        format!("{PREFIX}{nonce}-{suffix}")
    }
}
