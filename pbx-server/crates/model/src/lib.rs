//! Names and values of the product: parsed once at the edge, valid ever after.
//!
//! Nothing here reads a clock, a random source, a file or a socket. An id is made elsewhere and
//! handed in; every text type has one `parse` that either returns a valid value or says, in a
//! sentence for people, what is wrong.

mod address;
mod company;
mod engine;
mod ids;
mod keys;
mod number;
mod quantity;
mod role;
mod text;

pub use address::{Email, Realm, Slug};
pub use company::OrgNumber;
pub use engine::Engine;
pub use ids::{
    AccountId, AgentId, AudioId, AuditId, CallId, CallbackId, CustomerId, DeviceId, ExtensionId, FlowId,
    MailId, MessageId, NodeId, NumberId, PbxId, RecordingId, SessionId, TenantId, TrunkId, UserId,
};
pub use keys::{Key, Pin};
pub use number::{Dialled, ExtensionNumber, PhoneNumber};
pub use quantity::{Ore, Seconds};
pub use role::{Locale, Role, Status};
pub use text::{Colour, Name, Zone};

/// Why a text is not a value: a stable code for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// Stable, `snake_case`, e.g. `extension_number`.
    pub code: &'static str,
    /// One English sentence that says what to write instead.
    pub message: String,
}

impl Invalid {
    /// A refusal with its stable code and its sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Gives a validated text type its serde, `Display`, `FromStr` and `AsRef<str>`, all through `parse`.
macro_rules! parsed_text {
    ($name:ident) => {
        impl $name {
            /// The text as it was accepted, in its normal form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::Invalid;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}
pub(crate) use parsed_text;
