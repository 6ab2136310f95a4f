//! Why identity said no.

use crate::limits::Wait;
use voxera_model::{Invalid, Role};
use voxera_store::{Constraint, StoreError};

/// The result of everything here.
pub type Result<T, E = IdentityError> = std::result::Result<T, E>;

/// Why not, each with its stable [`IdentityError::code`].
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is no account with this address and password.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// The password is right, but the address is not verified yet.
    #[error("the e-mail address is not verified yet")]
    EmailUnverified,
    /// The password is right, but everywhere the account is a user, it or the place is suspended.
    #[error("suspended")]
    Suspended,
    /// The password is right, but the account is a user nowhere any more.
    #[error("the account belongs nowhere")]
    NoMembership,
    /// Tried too often.
    #[error("too many attempts; wait {retry_after_seconds} s")]
    TooMany {
        /// Whole seconds, at least 1.
        retry_after_seconds: u64,
    },
    /// So many passwords are being checked that this one would wait too long.
    #[error("too busy")]
    Busy,
    /// The refresh token is unknown or expired, or its session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The refresh token was used before, which only a thief or the robbed can do: all of the
    /// session has been ended.
    #[error("the session was ended because its token was used twice")]
    SessionReused,
    /// There is an account with this address already.
    #[error("the e-mail address has an account already")]
    EmailTaken,
    /// The account is a user at this level already.
    #[error("already a user here")]
    AlreadyMember,
    /// The one-time link is unknown, used or expired.
    #[error("the link is not valid any more")]
    LinkInvalid,
    /// The present password, asked for before something is changed, is wrong.
    #[error("the present password is wrong")]
    WrongPassword {
        /// Where it was written: a JSON pointer, e.g. `/password`.
        field: &'static str,
    },
    /// The password is right; the code of the second factor is missing.
    #[error("the second factor is missing")]
    SecondFactorRequired,
    /// The password is right; the code is not, or it was used before.
    #[error("the code of the second factor is wrong")]
    SecondFactorWrong,
    /// There is a second factor already.
    #[error("the second factor is on")]
    SecondFactorOn,
    /// There is no second factor.
    #[error("the second factor is off")]
    SecondFactorOff,
    /// Nothing was offered that could be confirmed, or too long ago.
    #[error("no second factor was offered")]
    SecondFactorNotOffered,
    /// The person also belongs where the one who asks may not act.
    #[error("needs the role {needed}")]
    Forbidden {
        /// The least role that may.
        needed: Role,
    },
    /// A value cannot be accepted.
    #[error("{field}: {invalid}")]
    Invalid {
        /// JSON pointer, e.g. `/password`.
        field: &'static str,
        /// Why.
        invalid: Invalid,
    },
    /// No such user, or not at this level.
    #[error("not found")]
    NotFound,
    /// The database.
    #[error(transparent)]
    Store(StoreError),
    /// Our fault.
    #[error("{0}")]
    Internal(String),
}

impl IdentityError {
    /// Stable, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::EmailUnverified => "email_unverified",
            Self::Suspended => "suspended",
            Self::NoMembership => "no_membership",
            Self::TooMany { .. } => "too_many_attempts",
            Self::Busy => "busy",
            Self::SessionEnded => "session_ended",
            Self::SessionReused => "session_reused",
            Self::EmailTaken => "email_taken",
            Self::AlreadyMember => "already_member",
            Self::LinkInvalid => "link_invalid",
            Self::WrongPassword { .. } => "wrong_password",
            Self::SecondFactorRequired => "second_factor_required",
            Self::SecondFactorWrong => "second_factor_wrong",
            Self::SecondFactorOn => "totp_on",
            Self::SecondFactorOff => "totp_off",
            Self::SecondFactorNotOffered => "totp_not_started",
            Self::Forbidden { .. } => "forbidden",
            Self::Invalid { invalid, .. } => invalid.code,
            Self::NotFound => "not_found",
            Self::Store(_) | Self::Internal(_) => "internal",
        }
    }

    pub(crate) fn invalid(field: &'static str, invalid: Invalid) -> Self {
        Self::Invalid { field, invalid }
    }
}

impl From<Wait> for IdentityError {
    fn from(Wait(retry_after_seconds): Wait) -> Self {
        Self::TooMany { retry_after_seconds }
    }
}

impl From<StoreError> for IdentityError {
    fn from(error: StoreError) -> Self {
        use Constraint::{AlreadyMember, EmailTaken, ParentGone};
        if matches!(error, StoreError::NotFound | StoreError::Conflict(ParentGone)) {
            Self::NotFound
        } else if matches!(error, StoreError::Conflict(EmailTaken)) {
            Self::EmailTaken
        } else if matches!(error, StoreError::Conflict(AlreadyMember)) {
            Self::AlreadyMember
        } else {
            Self::Store(error)
        }
    }
}
