//! What the store's and the login's refusals mean to those who ask.

use crate::problem::{FieldError, Problem};
use axum::http::StatusCode;
use voxera_identity::IdentityError;
use voxera_store::{Constraint, StoreError};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found(),
            StoreError::Conflict(constraint) => constraint.into(),
            StoreError::UnknownSort { known, .. } => {
                let message = format!("Sort by {}; a leading - turns it round.", known.join(", "));
                Self::bad_query(vec![FieldError { field: "?sort".to_owned(), code: "sort".into(), message }])
            }
            StoreError::Unavailable(why) => {
                tracing::warn!(%why, "the database cannot be reached");
                Self::unavailable()
            }
            StoreError::Sealed | StoreError::Other(_) => {
                tracing::error!(%error, "the store failed");
                Self::internal()
            }
        }
    }
}

impl From<Constraint> for Problem {
    #[expect(clippy::too_many_lines, reason = "one sentence for each rule of the data")]
    fn from(constraint: Constraint) -> Self {
        match constraint {
            Constraint::SlugTaken => {
                Self::taken("/slug", "slug_taken", "Another tenant has this short name. Choose another one.")
            }
            Constraint::HostTaken => {
                Self::taken("/host", "host_taken", "Another tenant is reached by this host name.")
            }
            Constraint::EmailTaken => {
                Self::taken("/email", "email_taken", "There is an account with this e-mail address.")
            }
            Constraint::AlreadyMember => {
                Self::taken("/email", "already_member", "This person is a user here already.")
            }
            Constraint::RoleDoesNotFit => {
                Self::field("/role", "role", "Choose customer_admin, manager or user.")
            }
            Constraint::OrgNumberTaken => Self::taken(
                "/org_number",
                "org_number_taken",
                "Another customer has this organisation number.",
            ),
            Constraint::RealmTaken => {
                Self::taken("/realm", "realm_taken", "Another PBX has this realm. Choose another one.")
            }
            Constraint::ExtensionNumberTaken => Self::taken(
                "/number",
                "extension_number_taken",
                "This PBX has an extension with this number. Choose another one.",
            ),
            Constraint::ExtensionLimit => Self::conflict(
                "extension_limit",
                "This PBX has as many extensions as it may. Raise its limit, or remove one.",
            ),
            Constraint::PbxLimit => Self::conflict(
                "pbx_limit",
                "Your company has as many PBXs as its agreement includes. Ask your partner for more, or \
                 remove one.",
            ),
            Constraint::ExtensionKindIsFixed => Self::field(
                "/settings/kind",
                "kind_stays",
                "An extension stays what it is: make another one, and remove this one.",
            ),
            Constraint::MemberDoesNotFit => Self::field(
                "/settings/members",
                "members",
                "Members are extensions of people in the same PBX, each once, in tier 1 to 9.",
            ),
            Constraint::ExtensionInUse => {
                Self::conflict("extension_in_use", "Something leads to this extension. Change that first.")
            }
            Constraint::FlowNameTaken => {
                Self::taken("/name", "flow_name_taken", "This PBX has a menu with this name.")
            }
            Constraint::FlowChanged => {
                Self::conflict("draft_changed", "Somebody saved this draft meanwhile. Load it again.")
            }
            Constraint::FlowInUse => {
                Self::conflict("flow_in_use", "Something leads to this menu. Change that first.")
            }
            Constraint::FlowKindIsFixed => Self::conflict(
                "flow_is_routing",
                "A PBX has its routing rules once: they are not renamed, copied or removed.",
            ),
            Constraint::AudioNameTaken => {
                Self::taken("/name", "audio_name_taken", "This PBX has a sound with this name.")
            }
            Constraint::AudioInUse => {
                Self::conflict("audio_in_use", "Something plays this sound. Change that first.")
            }
            Constraint::AudioOfSomeoneElse => {
                Self::field("/music", "no_such_sound", "There is no such sound in this PBX.")
            }
            Constraint::CallerIdNotOwn => Self::field(
                "/caller_id",
                "caller_id",
                "Choose a number that belongs to this PBX: no other may be shown to those who are called.",
            ),
            Constraint::TrunkNameTaken => {
                Self::taken("/name", "trunk_name_taken", "This PBX has a line with this name.")
            }
            Constraint::TrunkNeedsLogin => {
                Self::field("/username", "login", "A line that registers needs a user name and a password.")
            }
            Constraint::NumberTaken => {
                Self::taken("/number", "number_taken", "This number is in use already.")
            }
            Constraint::ParentGone => {
                Self::conflict("parent_gone", "What this should belong to was removed a moment ago.")
            }
            Constraint::UserOfSomeoneElse => {
                Self::field("/user", "user", "There is no such user in this company.")
            }
            Constraint::DestinationOfSomeoneElse => Self::field(
                "/destination",
                "destination",
                "Choose something in the PBX that the number belongs to.",
            ),
            Constraint::TenantHasCustomers => Self::conflict(
                "tenant_has_customers",
                "Only a tenant without customers can be removed. Remove them first, or suspend the tenant.",
            ),
            Constraint::CustomerHasPbxs => Self::conflict(
                "customer_has_pbxs",
                "Only a customer without PBXs can be removed. Remove them first, or suspend the customer.",
            ),
            Constraint::TenantIsBuiltin => {
                Self::conflict("tenant_builtin", "The installation's own tenant stays as it is.")
            }
            Constraint::NodeNameTaken => {
                Self::taken("/name", "node_name_taken", "Another node has this name.")
            }
            Constraint::NodeControlTaken => Self::taken(
                "/control_host",
                "node_control_taken",
                "Another node is controlled at this address and port.",
            ),
            Constraint::OutOfRange => Self::field("", "range", "A value is outside its range."),
            Constraint::IdTaken => Self::conflict("id_taken", "Something with this id exists already."),
        }
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let code = error.code();
        match error {
            IdentityError::WrongCredentials => Self::new(
                StatusCode::UNAUTHORIZED,
                code,
                "Not signed in",
                "The e-mail address or the password is wrong.",
            ),
            IdentityError::EmailUnverified => Self::new(
                StatusCode::FORBIDDEN,
                code,
                "Not signed in",
                "The e-mail address is not verified yet. Open the link in the mail, or ask for a new one.",
            ),
            IdentityError::Suspended => Self::new(
                StatusCode::FORBIDDEN,
                code,
                "Not signed in",
                "This account is suspended. Ask whoever runs your company's or your partner's portal.",
            ),
            IdentityError::NoMembership => Self::new(
                StatusCode::FORBIDDEN,
                code,
                "Not signed in",
                "This account does not belong to any company any more. Ask for a new invitation.",
            ),
            IdentityError::TooMany { retry_after_seconds } => Self::too_many(code, retry_after_seconds),
            IdentityError::Busy => Self::too_many(code, 2),
            IdentityError::SessionEnded | IdentityError::SessionReused => Self::new(
                StatusCode::UNAUTHORIZED,
                code,
                "Signed out",
                "The sign-in has ended. Sign in again.",
            ),
            IdentityError::EmailTaken => Constraint::EmailTaken.into(),
            IdentityError::AlreadyMember => Constraint::AlreadyMember.into(),
            IdentityError::LinkInvalid => Self::new(
                StatusCode::GONE,
                code,
                "The link does not work any more",
                "It was used already, or it has expired. Ask for a new one.",
            ),
            IdentityError::WrongPassword { field } => {
                Self::field(field, code, "This is not your present password.")
            }
            IdentityError::SecondFactorRequired => Self::new(
                StatusCode::UNAUTHORIZED,
                code,
                "Not signed in",
                "Write the code of your authenticator app as well, or one of your recovery codes.",
            ),
            IdentityError::SecondFactorWrong => Self::new(
                StatusCode::UNAUTHORIZED,
                code,
                "Not signed in",
                "The code is wrong or was used already. Wait for the next one in your app, and see that \
                 the clock of your phone is right.",
            ),
            IdentityError::SecondFactorOn => {
                Self::conflict(code, "Two-step sign-in is on already. Turn it off first.")
            }
            IdentityError::SecondFactorOff => Self::conflict(code, "Two-step sign-in is not on."),
            IdentityError::SecondFactorNotOffered => Self::conflict(
                code,
                "There is no secret that waits for its first code, or it has waited for more than 15 \
                 minutes. Begin again.",
            ),
            IdentityError::Forbidden { needed } => Self::forbidden(needed),
            IdentityError::Invalid { field, invalid } => Self::field(field, invalid.code, invalid.message),
            IdentityError::NotFound => Self::not_found(),
            IdentityError::Store(store) => store.into(),
            IdentityError::Internal(why) => {
                tracing::error!(%why, "the login failed");
                Self::internal()
            }
        }
    }
}
