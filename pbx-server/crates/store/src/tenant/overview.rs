//! How much there is, for dashboards.

use crate::error::Result;
use crate::row::Columns;
use crate::tenant::calls::{self, CallsOfDay};
use crate::tx::TenantTx;
use serde::Serialize;
use voxera_model::Zone;

/// What a scope holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Overview {
    /// Companies in sight: 1 in a customer's scope.
    pub customers: u64,
    /// People of the company; in a tenant's scope its staff and the people of all its companies.
    pub users: u64,
    pub pbxs: u64,
    pub extensions: u64,
    pub devices: u64,
    pub numbers: u64,
    /// The last days, today included.
    pub calls_per_day: Vec<CallsOfDay>,
}

impl TenantTx<'_> {
    /// Counts of this scope, and its calls of the last `days` days (1 to 366) as days go in `zone`.
    pub async fn overview(&mut self, days: u32, zone: &Zone) -> Result<Overview> {
        let row = sqlx::query(
            "select (select count(*) from customers) as customers,
                    (select count(*) from platform.users) as users,
                    (select count(*) from pbxs) as pbxs,
                    (select count(*) from extensions) as extensions,
                    (select count(*) from devices) as devices,
                    (select count(*) from numbers) as numbers",
        )
        .fetch_one(&mut **self.connection())
        .await?;
        Ok(Overview {
            customers: row.unsigned("customers")?,
            users: row.unsigned("users")?,
            pbxs: row.unsigned("pbxs")?,
            extensions: row.unsigned("extensions")?,
            devices: row.unsigned("devices")?,
            numbers: row.unsigned("numbers")?,
            calls_per_day: calls::per_day(self.connection(), days, zone, None).await?,
        })
    }
}
