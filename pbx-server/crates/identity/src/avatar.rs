//! A person's own picture.

use crate::audit;
use crate::authz::Principal;
use crate::caller::Caller;
use crate::error::Result;
use crate::identity::Identity;
use crate::profile::Standing;

impl Identity {
    /// My picture, PNG. `NotFound`: there is none.
    pub async fn avatar(&self, principal: &Principal) -> Result<Vec<u8>> {
        Ok(self.inner.store.platform().await?.avatars().get(principal.account).await?)
    }

    /// Puts a picture of mine in place, or takes it away (`NotFound`: there is none). PNG, at most
    /// 512 KiB.
    pub async fn set_avatar(
        &self,
        caller: &Caller,
        principal: &Principal,
        picture: Option<&[u8]>,
    ) -> Result<()> {
        let mut tx = self.inner.store.platform().await?;
        let action = if let Some(picture) = picture {
            tx.avatars().set(principal.account, picture).await?;
            "account.set_avatar"
        } else {
            tx.avatars().remove(principal.account).await?;
            "account.remove_avatar"
        };
        let account = tx.accounts().get(principal.account).await?;
        let standing = Standing::load(&mut tx, account).await?;
        let about = ("account", principal.account.to_string());
        tx.audit()
            .append(audit::entry(caller, principal, standing.place(), action, about, None, None))
            .await?;
        Ok(tx.commit().await?)
    }
}
