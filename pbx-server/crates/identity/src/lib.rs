//! Accounts, passwords, tokens, sessions, invitations, permissions: the built-in login.
//!
//! There is one way in: e-mail address and password, or a one-time link that was sent to the
//! address. There is no master password, no debug header, no role that is assumed. What a request
//! may do is decided by [`Principal`], which only [`Identity::verify`] makes.
//!
//! Secrets: passwords are kept as argon2id, refresh tokens and one-time links as SHA-256, signing
//! keys sealed. None is logged, and none is in the audit log.

mod access;
mod app_codes;
mod audit;
mod authz;
mod avatar;
mod caller;
mod change_password;
mod clock;
mod error;
mod identity;
mod invite;
mod keys;
mod letters;
mod limits;
mod links;
mod password;
mod profile;
mod recovery;
mod register;
mod second_factor;
mod secret;
mod seed;
mod session;
mod sign_ins;

pub use access::TokenRefused;
pub use authz::{Denied, Grant, Level, Membership, Principal};
pub use caller::Caller;
pub use clock::Clock;
pub use error::{IdentityError, Result};
pub use identity::{Identity, IdentityConfig};
pub use invite::{Acceptance, Invitation, NewMember};
pub use limits::{Limits, Rate};
pub use profile::{MembershipDetail, Profile, ProfileChange};
pub use register::Registration;
pub use second_factor::{Offer, Security};
pub use secret::Secret;
pub use seed::SeedUser;
pub use session::SignedIn;
pub use sign_ins::SignIn;
