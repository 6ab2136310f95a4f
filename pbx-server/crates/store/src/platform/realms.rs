//! Which PBX owns a SIP realm. Rows come and go with PBXs, by trigger.

use crate::error::Result;
use sqlx::PgConnection;
use uuid::Uuid;
use voxera_model::{CustomerId, PbxId, Realm, TenantId};

/// Whose realm it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealmOwner {
    pub tenant: TenantId,
    pub customer: CustomerId,
    pub pbx: PbxId,
}

/// Realms.
pub struct Realms<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Realms<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// The PBX that owns a realm.
    pub async fn owner(self, realm: &Realm) -> Result<RealmOwner> {
        let (tenant, customer, pbx): (Uuid, Uuid, Uuid) =
            sqlx::query_as("select tenant_id, customer_id, pbx_id from platform.sip_realms where realm = $1")
                .bind(realm.as_str())
                .fetch_one(self.conn)
                .await?;
        Ok(RealmOwner { tenant: TenantId(tenant), customer: CustomerId(customer), pbx: PbxId(pbx) })
    }
}
