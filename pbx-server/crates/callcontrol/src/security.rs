//! What an attacker does, kept without letting the attacker decide how much is kept.

use std::net::SocketAddr;
use voxera_model::{DeviceId, Realm};

/// One refused attempt, as an engine saw it.
#[derive(Debug, Clone)]
pub struct SecurityEvent {
    pub kind: SecurityKind,
    /// The realm that was asked for, when it is a well-formed one. Known realms give the audit its
    /// tenant and customer; others are kept for the platform only.
    pub realm: Option<Realm>,
    /// Where the packet came from.
    pub source: SocketAddr,
    /// The device whose credential was used or claimed, when it is a known one.
    pub device: Option<DeviceId>,
}

/// What was tried. The text form is stable: it is the action of the audit entry, after `sip.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecurityKind {
    /// A known device with a wrong password.
    BadPassword,
    /// A user name that is no device of the realm.
    UnknownDevice,
    /// An extension number used as a user name.
    ExtensionAsUser,
    /// A realm that no PBX here has.
    UnknownRealm,
    /// A nonce that was never issued, or was used before.
    ReplayedNonce,
    /// A digest made for another address.
    WrongDigestUri,
    /// Registering for somebody else's address.
    ForeignAddress,
    /// Calling under somebody else's name.
    ForgedCaller,
    /// Credentials of one PBX used in another.
    CrossRealm,
    /// More requests than one source may send.
    Flood,
    /// A request that cannot be read.
    Malformed,
}

impl SecurityKind {
    /// The stable text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadPassword => "bad_password",
            Self::UnknownDevice => "unknown_device",
            Self::ExtensionAsUser => "extension_as_user",
            Self::UnknownRealm => "unknown_realm",
            Self::ReplayedNonce => "replayed_nonce",
            Self::WrongDigestUri => "wrong_digest_uri",
            Self::ForeignAddress => "foreign_address",
            Self::ForgedCaller => "forged_caller",
            Self::CrossRealm => "cross_realm",
            Self::Flood => "flood",
            Self::Malformed => "malformed",
        }
    }
}
