//! How much the installation holds, for the platform's dashboard.

use crate::error::{Result, StoreError};
use crate::store::Store;
use crate::tenant::calls::CallsOfDay;
use crate::tenant::overview::Overview;
use serde::Serialize;
use std::collections::BTreeMap;
use voxera_model::Zone;

/// What the installation holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PlatformOverview {
    pub tenants: u64,
    pub customers: u64,
    /// Memberships, the platform's own staff included.
    pub users: u64,
    pub pbxs: u64,
    pub extensions: u64,
    pub devices: u64,
    pub numbers: u64,
    /// The last days, today included.
    pub calls_per_day: Vec<CallsOfDay>,
}

impl Store {
    /// Adds up all tenants, one after the other: some milliseconds for each. A tenant that cannot
    /// be read is left out, and said in the log.
    pub async fn platform_overview(&self, days: u32, zone: &Zone) -> Result<PlatformOverview> {
        let mut sum = PlatformOverview::default();
        let mut tx = self.platform().await?;
        let tenants = tx.tenants().ids().await?;
        sum.users = tx.users().count_all().await?;
        drop(tx);
        sum.tenants = tenants.len() as u64;
        let mut per_day: BTreeMap<_, CallsOfDay> = BTreeMap::new();
        for id in tenants {
            let one = match self.overview_of(id, days, zone).await {
                Ok(one) => one,
                Err(StoreError::NotFound) => continue,
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(tenant = %id, %error, "a tenant cannot be counted");
                    continue;
                }
            };
            sum.customers += one.customers;
            sum.pbxs += one.pbxs;
            sum.extensions += one.extensions;
            sum.devices += one.devices;
            sum.numbers += one.numbers;
            for day in one.calls_per_day {
                let total = per_day.entry(day.date).or_insert(CallsOfDay { answered: 0, missed: 0, ..day });
                total.answered += day.answered;
                total.missed += day.missed;
            }
        }
        sum.calls_per_day = per_day.into_values().collect();
        Ok(sum)
    }

    async fn overview_of(&self, tenant: voxera_model::TenantId, days: u32, zone: &Zone) -> Result<Overview> {
        let scope = self.tenant_scope(tenant).await?;
        self.tenant(&scope).await?.overview(days, zone).await
    }
}
