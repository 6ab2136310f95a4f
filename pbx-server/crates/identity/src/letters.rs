//! Mails that follow from what happens here, written in the transaction of their cause.

use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::profile::Standing;
use voxera_mail::{Brand, Letter};
use voxera_model::{Email, Locale, TenantId};
use voxera_store::PlatformTx;

/// Who gets a mail.
pub(crate) struct Reader<'a> {
    pub(crate) email: &'a Email,
    pub(crate) name: &'a str,
    pub(crate) locale: Locale,
}

/// The tenant's brand; the installation's own where there is no tenant.
pub(crate) async fn brand(tx: &mut PlatformTx<'static>, tenant: Option<TenantId>) -> Result<Brand> {
    let tenant = match tenant {
        Some(id) => tx.tenants().get(id).await?,
        None => tx.tenants().builtin().await?,
    };
    Ok(Brand::from(&tenant))
}

/// Where the links of a mail begin: `/at/<slug>` is the portal's entrance in a partner's brand.
pub(crate) async fn entrance(tx: &mut PlatformTx<'static>, tenant: Option<TenantId>) -> Result<String> {
    let Some(id) = tenant else { return Ok(String::new()) };
    let tenant = tx.tenants().get(id).await?;
    Ok(if tenant.builtin { String::new() } else { format!("/at/{}", tenant.slug) })
}

impl Identity {
    /// Puts a mail into the outbox. It goes when the transaction is committed and
    /// [`voxera_mail::Outbox::wake`] is called.
    pub(crate) async fn write(
        &self,
        tx: &mut PlatformTx<'static>,
        tenant: Option<TenantId>,
        brand: &Brand,
        reader: &Reader<'_>,
        letter: &Letter<'_>,
    ) -> Result<()> {
        let mail = self
            .inner
            .outbox
            .write(letter, brand, tenant, reader.email, reader.name, reader.locale)
            .map_err(|error| IdentityError::Internal(error.to_string()))?;
        tx.mails().queue(mail).await?;
        Ok(())
    }

    /// The same, to a person whom we know.
    pub(crate) async fn write_to(
        &self,
        tx: &mut PlatformTx<'static>,
        standing: &Standing,
        letter: &Letter<'_>,
    ) -> Result<()> {
        let tenant = standing.place().tenant;
        let brand = brand(tx, tenant).await?;
        let name = standing.name();
        let reader = Reader { email: &standing.account.email, name: &name, locale: standing.account.locale };
        self.write(tx, tenant, &brand, &reader, letter).await
    }
}
