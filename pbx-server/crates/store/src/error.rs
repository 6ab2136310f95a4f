//! What can go wrong between us and the database.

/// The result of everything here.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not exist, or it belongs to someone else.
    #[error("not found")]
    NotFound,
    /// A rule of the data forbids it.
    #[error("conflict: {0:?}")]
    Conflict(Constraint),
    /// A list cannot be sorted that way.
    #[error("cannot sort by {key:?}; choose one of {}", known.join(", "))]
    UnknownSort { key: String, known: &'static [&'static str] },
    /// The database cannot be reached now; the same call may work later.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// A sealed value does not open: another key, another row, or damage.
    #[error("a sealed value cannot be opened with this key")]
    Sealed,
    /// The database refused in a way that we did not foresee.
    #[error("the database refused: {0}")]
    Other(sqlx::Error),
}

/// A rule of the data, by what it means to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// Another tenant has this short name.
    SlugTaken,
    /// Another tenant is reached by this host name.
    HostTaken,
    /// There is an account with this e-mail address.
    EmailTaken,
    /// The account already is a user here.
    AlreadyMember,
    /// The role belongs to another level than this one.
    RoleDoesNotFit,
    /// Another customer of this tenant has this organisation number.
    OrgNumberTaken,
    /// Another PBX owns this realm.
    RealmTaken,
    /// This PBX has an extension with this number.
    ExtensionNumberTaken,
    /// The PBX has as many extensions as it may.
    ExtensionLimit,
    /// The company has as many PBXs as it may.
    PbxLimit,
    /// An extension stays what it was made as.
    ExtensionKindIsFixed,
    /// A menu, a rule, a number or another extension leads to this extension.
    ExtensionInUse,
    /// Members of groups and queues are people of the same PBX, each once, tier 1 to 9.
    MemberDoesNotFit,
    /// The PBX has a menu with this name.
    FlowNameTaken,
    /// Somebody saved the draft after the version that this change was made on.
    FlowChanged,
    /// A menu, a rule, a number or an extension leads to this menu.
    FlowInUse,
    /// The rules of a PBX are neither renamed nor removed, and a document of the other kind is not theirs.
    FlowKindIsFixed,
    /// The PBX has a sound with this name.
    AudioNameTaken,
    /// A menu, a rule, an extension or the PBX plays this sound.
    AudioInUse,
    /// The sound is none of this PBX's.
    AudioOfSomeoneElse,
    /// Only an own number of the PBX can be shown to those who are called.
    CallerIdNotOwn,
    /// The PBX has a line with this name.
    TrunkNameTaken,
    /// A line that registers needs a user name and a password.
    TrunkNeedsLogin,
    /// The number is in the inventory already, perhaps of someone else.
    NumberTaken,
    /// The tenant, customer or PBX that this should belong to is gone.
    ParentGone,
    /// The user is none of this customer's.
    UserOfSomeoneElse,
    /// The PBX or extension is none of this customer's, or the extension is in another PBX.
    DestinationOfSomeoneElse,
    /// A tenant goes only when it has no customers.
    TenantHasCustomers,
    /// A company goes only when it has no PBXs.
    CustomerHasPbxs,
    /// The installation's own tenant stays.
    TenantIsBuiltin,
    /// Another node has this name.
    NodeNameTaken,
    /// Another node is controlled at this address.
    NodeControlTaken,
    /// A value outside its range.
    OutOfRange,
    /// Something with this id exists already.
    IdTaken,
}

impl Constraint {
    fn of(name: &str, code: &str) -> Option<Self> {
        Some(match name {
            "node_name_key" => Self::NodeNameTaken,
            "node_control_key" => Self::NodeControlTaken,
            "tenant_slug_key" => Self::SlugTaken,
            "tenant_host_key" => Self::HostTaken,
            "account_email_key" => Self::EmailTaken,
            "user_membership_key" => Self::AlreadyMember,
            "user_role_fits_level" => Self::RoleDoesNotFit,
            "customer_org_number_key" => Self::OrgNumberTaken,
            "sip_realm_key" => Self::RealmTaken,
            "extension_number_key" => Self::ExtensionNumberTaken,
            "flow_name_key" => Self::FlowNameTaken,
            "audio_name_key" => Self::AudioNameTaken,
            "pbx_music_fkey" => Self::AudioOfSomeoneElse,
            "trunk_name_key" => Self::TrunkNameTaken,
            "trunk_needs_login" => Self::TrunkNeedsLogin,
            "extension_members_pkey" | "member_tier" | "member_extension_fkey" => Self::MemberDoesNotFit,
            "number_key" | "numbers_e164_key" => Self::NumberTaken,
            "number_pbx_fkey"
            | "number_extension_fkey"
            | "number_extension_needs_pbx"
            | "number_destination_needs_pbx" => Self::DestinationOfSomeoneElse,
            _ => match code {
                "23503" => Self::ParentGone,
                "23505" => Self::IdTaken,
                "23514" => Self::OutOfRange,
                _ => return None,
            },
        })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::RowNotFound = error {
            return Self::NotFound;
        }
        if let sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) = error
        {
            return Self::Unavailable(error.to_string());
        }
        let Some(database) = error.as_database_error() else { return Self::Other(error) };
        let code = database.code().unwrap_or_default().into_owned();
        // 08: connection; 53: out of resources; 57P: shut down or starting up.
        if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") {
            return Self::Unavailable(error.to_string());
        }
        // P0002 is raised by platform.enter().
        if code == "P0002" {
            return Self::NotFound;
        }
        match database.constraint().and_then(|name| Constraint::of(name, &code)) {
            Some(constraint) => Self::Conflict(constraint),
            None => Self::Other(error),
        }
    }
}
