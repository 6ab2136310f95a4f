//! The only crate with SQL: platform schema, one schema per tenant, typed tenancy.
//!
//! A query without a tenant does not compile. There is no way to the pool:
//! ```compile_fail,E0616
//! async fn raw(store: voxera_store::Store) {
//!     let _ = &store.inner;
//! }
//! ```
//! A scope cannot be made by hand:
//! ```compile_fail,E0451
//! fn forge(tenant: voxera_model::TenantId) -> voxera_store::TenantScope {
//!     voxera_store::TenantScope { tenant, customer: None, nothing: false }
//! }
//! ```
//! ```compile_fail,E0624
//! fn forge(tenant: voxera_model::TenantId) -> voxera_store::TenantScope {
//!     voxera_store::TenantScope::new(tenant)
//! }
//! ```
//! A tenant's transaction wants a scope; an id will not do:
//! ```compile_fail,E0308
//! async fn open(store: voxera_store::Store, tenant: voxera_model::TenantId) {
//!     let _ = store.tenant(&tenant).await;
//! }
//! ```
//! A scope narrows to a customer, and there is no way back:
//! ```compile_fail,E0599
//! fn widen(scope: voxera_store::TenantScope) -> voxera_store::TenantScope {
//!     scope.for_all_customers()
//! }
//! ```
//! And a platform's transaction has no tenant's tables:
//! ```compile_fail,E0599
//! async fn peek(store: voxera_store::Store) {
//!     let mut tx = store.platform().await.unwrap();
//!     tx.customers();
//! }
//! ```
//! What does compile:
//! ```no_run
//! # async fn f(store: voxera_store::Store, tenant: voxera_model::TenantId) -> voxera_store::Result<()> {
//! let scope = store.tenant_scope(tenant).await?;
//! let mut tx = store.tenant(&scope).await?;
//! let customers = tx.customers().list(&voxera_store::Page::default()).await?;
//! # Ok(()) }
//! ```

mod changes;
pub mod embedded;
mod error;
mod inspect;
mod migrate;
mod page;
mod platform;
mod reseal;
mod row;
mod scope;
pub mod seal;
mod store;
mod tenant;
mod tx;

pub use changes::{Change, ConfigChanges};
pub use error::{Constraint, Result, StoreError};
pub use inspect::Inspection;
pub use migrate::{MigrationProgress, MigrationReport, schema_fingerprint};
pub use page::{Listed, Page, Sort};
pub use platform::accounts::{Account, Accounts, Found, NewAccount};
pub use platform::audit::{ActorKind, AuditEntry, AuditFilter, Audits, NewAudit};
pub use platform::avatars::Avatars;
pub use platform::browser_phones::BrowserPhones;
pub use platform::idempotency::{Idempotency, IdempotencyKeys};
pub use platform::logins::{Login, LoginOutcome, Logins};
pub use platform::mails::{Mail, MailFilter, MailState, Mails, NewMail};
pub use platform::nodes::{NewNode, Node, NodeChange, NodeSecret, Nodes};
pub use platform::one_time_tokens::{NewOneTimeToken, OneTimeToken, OneTimeTokens, Purpose};
pub use platform::overview::PlatformOverview;
pub use platform::realms::{RealmOwner, Realms};
pub use platform::second_factors::{SecondFactor, SecondFactors};
pub use platform::sessions::{NewSession, Rotation, Session, Sessions, TokenHash};
pub use platform::signing_keys::{NewSigningKey, SigningKey, SigningKeys};
pub use platform::tenants::{Logo, NewTenant, Tenant, TenantChange, Tenants};
pub use platform::users::{
    Membership, MembershipCustomer, MembershipTenant, NewUser, User, UserChange, Users,
};
pub use reseal::Resealed;
pub use scope::TenantScope;
pub use seal::SealKey;
pub use store::{Store, StoreConfig};
pub use tenant::audio::{AudioFile, AudioFiles, AudioPurpose, AudioState, Converted, NewAudio};
pub use tenant::callbacks::{Callback, CallbackFilter, Callbacks, NewCallback};
pub use tenant::calls::{
    CallFilter, CallRecord, Calls, CallsOfDay, Direction, Inserted, LegMedia, Media, PastCallRecord, Today,
};
pub use tenant::config::{AllConfigs, Configs, DeviceSecret, PbxConfig, TrunkSecret};
pub use tenant::customers::{Customer, CustomerChange, Customers, NewCustomer};
pub use tenant::devices::{Device, DeviceCredential, DeviceKind, Devices, NewDevice};
pub use tenant::extensions::{
    Extension, ExtensionChange, ExtensionFilter, ExtensionOfUser, Extensions, NewExtension, UserExtension,
};
pub use tenant::flows::{Author, Flow, FlowDocument, FlowDraft, FlowKind, FlowVersion, Flows, NewFlow};
pub use tenant::message_mails::{MailboxOwner, UnmailedMessage};
pub use tenant::messages::{Added, MailboxCounts, Message, MessageFilter, Messages, NewMessage};
pub use tenant::numbers::{NewNumber, Number, NumberChange, Numbers};
pub use tenant::overview::Overview;
pub use tenant::pbxs::{NewPbx, Pbx, PbxChange, Pbxs};
pub use tenant::recordings::{ExpiredRecording, NewRecording, Recording, RecordingFilter, Recordings};
pub use tenant::references::{Usage, Wanted};
pub use tenant::trunks::{NewTrunk, Trunk, TrunkChange, TrunkKind, TrunkTransport, Trunks};
pub use tx::{PlatformTx, TenantTx};

/// A new id: UUID version 7, so that ids grow with time.
#[must_use]
pub fn new_id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}
