//! Browsers that are phones, of all tenants. Rows come and go with the tenants' devices, by trigger.

use crate::error::Result;
use sqlx::PgConnection;
use uuid::Uuid;
use voxera_model::DeviceId;

/// Browsers that are phones.
pub struct BrowserPhones<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> BrowserPhones<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Those whose time is over, or whose sign-in has ended. The end of a sign-in removes them at
    /// once; what is left is what was made while it ended.
    pub async fn over(self) -> Result<Vec<DeviceId>> {
        let over: Vec<Uuid> = sqlx::query_scalar(
            "select b.device_id from platform.browser_phones b
             left join platform.sessions s on s.id = b.session_id
             where b.expires_at <= now() or s.id is null or s.revoked_at is not null
             order by b.tenant_id, b.device_id",
        )
        .fetch_all(self.conn)
        .await?;
        Ok(over.into_iter().map(DeviceId).collect())
    }

    /// Removes one, with its device. One that is gone is no error.
    pub async fn remove(self, device: DeviceId) -> Result<()> {
        sqlx::query("select platform.remove_browser_phone($1)").bind(device.0).execute(self.conn).await?;
        Ok(())
    }
}
