//! The first page of each portal: how many, how busy.

use crate::permit::PlatformAdmin;
use crate::problem::Answer;
use axum::Json;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use voxera_callcontrol::{CallControl, LiveScope};
use voxera_model::Zone;
use voxera_store::{Page, TenantTx};

/// How many, how busy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    pub counts: Counts,
    /// The last 30 days, the oldest first, none left out.
    pub calls_per_day: Vec<CallsOfDay>,
}

/// How many there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counts {
    /// Only for the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<u64>,
    /// Only for the platform and tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<u64>,
    /// People: of the platform all, of a partner its staff and its companies' people.
    pub users: u64,
    pub pbxs: u64,
    pub extensions: u64,
    /// Phones that can be called now.
    pub phones_online: u64,
    /// Calls that are up now.
    pub live_calls: u64,
}

/// The calls that began on one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallsOfDay {
    /// In the zone of the customer, the tenant or the platform.
    pub date: NaiveDate,
    /// Calls that somebody answered.
    pub answered: u64,
    /// Calls that nobody answered.
    pub missed: u64,
}

/// The whole installation at a glance.
#[utoipa::path(
    get, path = "/api/v1/platform/overview", operation_id = "platform_overview", tag = "Platform",
    responses((status = 200, description = "The overview.", body = Overview)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn get(admin: PlatformAdmin) -> Answer<Json<Overview>> {
    let api = &admin.api;
    let all = api.store.platform_overview(DAYS, &Zone::stockholm()).await?;
    let counts = Counts {
        tenants: Some(all.tenants),
        customers: Some(all.customers),
        users: all.users,
        pbxs: all.pbxs,
        extensions: all.extensions,
        phones_online: api.control.presence().total() as u64,
        live_calls: api.control.live().count(LiveScope::Platform) as u64,
    };
    Ok(Json(Overview {
        counts,
        calls_per_day: all.calls_per_day.into_iter().map(CallsOfDay::show).collect(),
    }))
}

/// How far back the dashboards look.
const DAYS: u32 = 30;

impl Overview {
    /// What one transaction sees: a tenant, or a customer.
    pub(crate) async fn of(
        tx: &mut TenantTx<'static>,
        control: &CallControl,
        zone: &Zone,
        scope: LiveScope,
    ) -> Answer<Self> {
        let seen = tx.overview(DAYS, zone).await?;
        let mut phones_online = 0;
        let mut page = Page::all();
        loop {
            let pbxs = tx.pbxs().list(&page).await?.items;
            let last = pbxs.len() < page.limit as usize;
            phones_online += pbxs.iter().map(|pbx| control.presence().list(pbx.id).len() as u64).sum::<u64>();
            if last {
                break;
            }
            page.offset += page.limit;
        }
        let whole_tenant = matches!(scope, LiveScope::Tenant(_));
        let counts = Counts {
            tenants: None,
            customers: whole_tenant.then_some(seen.customers),
            users: seen.users,
            pbxs: seen.pbxs,
            extensions: seen.extensions,
            phones_online,
            live_calls: control.live().count(scope) as u64,
        };
        Ok(Self { counts, calls_per_day: seen.calls_per_day.into_iter().map(CallsOfDay::show).collect() })
    }
}

impl CallsOfDay {
    fn show(day: voxera_store::CallsOfDay) -> Self {
        Self { date: day.date, answered: day.answered, missed: day.missed }
    }
}
