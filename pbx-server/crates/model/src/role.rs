//! Who may do what, in whose language, and whether they still may.

use crate::Invalid;
use serde::{Deserialize, Serialize};

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident, $code:literal, $message:literal { $($(#[doc = $vdoc:literal])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $vdoc])* #[serde(rename = $text)] $variant),+ }
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The text of the API and the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl std::str::FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(Invalid::new($code, $message)) }
            }
        }
        // Not derived: the derive does not see the texts through this macro.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let mut about = String::new();
                $(about.push_str(&format!("- `{}`: {}\n", $text, concat!($($vdoc),*).trim()));)+
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .description(Some(about.trim_end()))
                    .enum_values(Some(Self::ALL.iter().map(|value| value.as_str())))
                    .into()
            }
        }
        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use text_enum;

text_enum!(
    /// What a user may do, and at which level.
    Role, "role", "Choose one of the roles." {
    /// Runs this installation; sees and manages everything.
    PlatformAdmin = "platform_admin",
    /// Runs one partner: its brand, customers and staff.
    TenantAdmin = "tenant_admin",
    /// Runs one company: users, PBXs, extensions, numbers.
    CustomerAdmin = "customer_admin",
    /// Sees a company's calls and extensions, changes no structure.
    Manager = "manager",
    /// Has a phone, and sees what is theirs.
    User = "user",
});

text_enum!(
    /// The languages of the product.
    Locale, "locale", "Choose sv or en." {
    /// Swedish, the default.
    Sv = "sv",
    /// English.
    En = "en",
});

text_enum!(
    /// Whether a tenant, customer or user may act.
    Status, "status", "Choose active or suspended." {
    /// Works.
    Active = "active",
    /// Kept, but nobody signs in and no new call starts, except to 112.
    Suspended = "suspended",
});
