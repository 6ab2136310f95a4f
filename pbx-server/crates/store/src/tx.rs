//! The two kinds of transaction. A transaction that is dropped is undone.

use crate::error::Result;
use crate::migrate;
use crate::platform::accounts::Accounts;
use crate::platform::audit::Audits;
use crate::platform::avatars::Avatars;
use crate::platform::browser_phones::BrowserPhones;
use crate::platform::idempotency::IdempotencyKeys;
use crate::platform::logins::Logins;
use crate::platform::mails::Mails;
use crate::platform::nodes::Nodes;
use crate::platform::one_time_tokens::OneTimeTokens;
use crate::platform::realms::Realms;
use crate::platform::second_factors::SecondFactors;
use crate::platform::sessions::Sessions;
use crate::platform::signing_keys::SigningKeys;
use crate::platform::tenants::Tenants;
use crate::platform::users::Users;
use crate::scope::TenantScope;
use crate::store::Store;
use crate::tenant::audio::AudioFiles;
use crate::tenant::callbacks::Callbacks;
use crate::tenant::calls::Calls;
use crate::tenant::config::Configs;
use crate::tenant::customers::Customers;
use crate::tenant::devices::Devices;
use crate::tenant::extensions::Extensions;
use crate::tenant::flows::Flows;
use crate::tenant::messages::Messages;
use crate::tenant::numbers::Numbers;
use crate::tenant::pbxs::Pbxs;
use crate::tenant::recordings::Recordings;
use crate::tenant::trunks::Trunks;
use sqlx::{Postgres, Transaction};
use voxera_model::{ExtensionId, PbxId, TenantId};

/// A transaction of the platform: sign-in, jobs, platform administrators.
pub struct PlatformTx<'c> {
    tx: Transaction<'c, Postgres>,
    store: Store,
    /// Tenants whose schema goes when this commits.
    gone: Vec<TenantId>,
}

impl<'c> PlatformTx<'c> {
    pub(crate) const fn new(tx: Transaction<'c, Postgres>, store: Store) -> Self {
        Self { tx, store, gone: Vec::new() }
    }

    /// Partners.
    pub fn tenants(&mut self) -> Tenants<'_> {
        Tenants::new(&mut self.tx, Some((&self.store, &mut self.gone)))
    }
    /// Log-ins.
    pub fn accounts(&mut self) -> Accounts<'_> {
        Accounts::new(&mut self.tx)
    }
    /// Memberships: lists the platform's own staff, gets any.
    pub fn users(&mut self) -> Users<'_> {
        Users::platform(&mut self.tx)
    }
    /// Sign-ins and their refresh tokens.
    pub fn sessions(&mut self) -> Sessions<'_> {
        Sessions::new(&mut self.tx)
    }
    /// Second factors and recovery codes.
    pub fn second_factors(&mut self) -> SecondFactors<'_> {
        SecondFactors::new(&mut self.tx, self.store.seal_key())
    }
    /// Attempts to sign in.
    pub fn logins(&mut self) -> Logins<'_> {
        Logins::new(&mut self.tx)
    }
    /// People's pictures.
    pub fn avatars(&mut self) -> Avatars<'_> {
        Avatars::new(&mut self.tx)
    }
    /// Browsers that are phones.
    pub fn browser_phones(&mut self) -> BrowserPhones<'_> {
        BrowserPhones::new(&mut self.tx)
    }
    /// Links in mails that work once.
    pub fn one_time_tokens(&mut self) -> OneTimeTokens<'_> {
        OneTimeTokens::new(&mut self.tx)
    }
    /// What happened anywhere.
    pub fn audit(&mut self) -> Audits<'_> {
        Audits::new(&mut self.tx, None)
    }
    /// The outbox.
    pub fn mails(&mut self) -> Mails<'_> {
        Mails::new(&mut self.tx, None)
    }
    /// Nodes that carry calls.
    pub fn nodes(&mut self) -> Nodes<'_> {
        Nodes::new(&mut self.tx, self.store.seal_key())
    }
    /// Answers to requests that may come twice.
    pub fn idempotency(&mut self) -> IdempotencyKeys<'_> {
        IdempotencyKeys::new(&mut self.tx)
    }
    /// The keys of access tokens.
    pub fn signing_keys(&mut self) -> SigningKeys<'_> {
        SigningKeys::new(&mut self.tx, self.store.seal_key())
    }
    /// Which PBX owns a realm.
    pub fn realms(&mut self) -> Realms<'_> {
        Realms::new(&mut self.tx)
    }

    /// Makes it last.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        for tenant in self.gone {
            self.store.forget(tenant);
            if let Err(error) = migrate::drop_schema(self.store.owner(), tenant).await {
                tracing::error!(%tenant, %error, "a removed tenant's schema is left over");
            }
        }
        Ok(())
    }
}

/// A transaction of one tenant, or of one of its customers: nothing else can be seen or written.
pub struct TenantTx<'c> {
    tx: Transaction<'c, Postgres>,
    scope: TenantScope,
    store: Store,
}

impl<'c> TenantTx<'c> {
    pub(crate) const fn new(tx: Transaction<'c, Postgres>, scope: TenantScope, store: Store) -> Self {
        Self { tx, scope, store }
    }

    /// Whose data this sees.
    #[must_use]
    pub const fn scope(&self) -> &TenantScope {
        &self.scope
    }

    pub(crate) const fn connection(&mut self) -> &mut Transaction<'c, Postgres> {
        &mut self.tx
    }

    /// The tenant itself: its brand and settings.
    pub fn tenants(&mut self) -> Tenants<'_> {
        Tenants::new(&mut self.tx, None)
    }
    /// Companies.
    pub fn customers(&mut self) -> Customers<'_> {
        Customers::new(&mut self.tx)
    }
    /// The people of this scope's own level: the tenant's staff, or the customer's users.
    pub fn users(&mut self) -> Users<'_> {
        Users::tenant(&mut self.tx, self.scope)
    }
    /// Cloud PBXs.
    pub fn pbxs(&mut self) -> Pbxs<'_> {
        Pbxs::new(&mut self.tx)
    }
    /// The extensions of one PBX.
    pub fn extensions(&mut self, pbx: PbxId) -> Extensions<'_> {
        Extensions::new(&mut self.tx, pbx, self.scope.tenant(), self.store.seal_key())
    }
    /// The phones of one extension.
    pub fn devices(&mut self, extension: ExtensionId) -> Devices<'_> {
        Devices::new(&mut self.tx, extension, self.scope.tenant(), self.store.seal_key())
    }
    /// The inventory of public numbers.
    pub fn numbers(&mut self) -> Numbers<'_> {
        Numbers::new(&mut self.tx)
    }
    /// The rules and menus of one PBX.
    pub fn flows(&mut self, pbx: PbxId) -> Flows<'_> {
        Flows::new(&mut self.tx, pbx)
    }
    /// The uploaded sounds of one PBX.
    pub fn audio(&mut self, pbx: PbxId) -> AudioFiles<'_> {
        AudioFiles::new(&mut self.tx, pbx)
    }
    /// The lines of one PBX to the public network.
    pub fn trunks(&mut self, pbx: PbxId) -> Trunks<'_> {
        Trunks::new(&mut self.tx, pbx, self.scope.tenant(), self.store.seal_key())
    }
    /// Messages in the mailboxes of one PBX.
    pub fn messages(&mut self, pbx: PbxId) -> Messages<'_> {
        Messages::new(&mut self.tx, pbx)
    }
    /// Recordings of one PBX's calls.
    pub fn recordings(&mut self, pbx: PbxId) -> Recordings<'_> {
        Recordings::new(&mut self.tx, pbx)
    }
    /// Callers of one PBX who want to be called back.
    pub fn callbacks(&mut self, pbx: PbxId) -> Callbacks<'_> {
        Callbacks::new(&mut self.tx, pbx)
    }
    /// Calls that are over.
    pub fn calls(&mut self) -> Calls<'_> {
        Calls::new(&mut self.tx)
    }
    /// What happened in this scope.
    pub fn audit(&mut self) -> Audits<'_> {
        Audits::new(&mut self.tx, Some(self.scope))
    }
    /// The outbox: a tenant may send, and never read.
    pub fn mails(&mut self) -> Mails<'_> {
        Mails::new(&mut self.tx, Some(self.scope.tenant()))
    }
    /// Answers to requests that may come twice.
    pub fn idempotency(&mut self) -> IdempotencyKeys<'_> {
        IdempotencyKeys::new(&mut self.tx)
    }
    /// PBXs as engines want them.
    pub fn config(&mut self) -> Configs<'_> {
        Configs::new(&mut self.tx, self.scope.tenant(), self.store.seal_key())
    }

    /// Makes it last.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }
}
