//! My extensions and my phones.

use crate::customer::devices::Device;
use crate::customer::extensions::Extension;
use crate::permit::Me;
use crate::problem::Answer;
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use voxera_model::{CustomerId, Name, Realm, TenantId};
use voxera_store::{StoreError, TenantScope, UserExtension};

/// An extension of mine.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyExtension {
    pub tenant: TenantId,
    pub customer: CustomerId,
    pub customer_name: Name,
    pub pbx_name: Name,
    pub realm: Realm,
    pub extension: Extension,
    pub devices: Vec<Device>,
}

/// My extensions, one for each membership that has one.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyExtensions {
    pub items: Vec<MyExtension>,
}

/// My extensions with their phones, and which of them are online.
#[utoipa::path(
    get, path = "/api/v1/me/extension", operation_id = "me_extension", tag = "Me",
    responses((status = 200, description = "May be empty.", body = MyExtensions)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn list(me: Me) -> Answer<Json<MyExtensions>> {
    let mut items = Vec::new();
    for (tenant, customer, own) in mine(&me).await? {
        let mut tx = me.api.store.tenant(&own.scope).await?;
        let customer_name = tx.customers().get(customer).await?.name;
        for one in own.extensions {
            let now = me.api.control.presence().availability(one.pbx.id);
            items.push(MyExtension {
                tenant,
                customer,
                customer_name: customer_name.clone(),
                pbx_name: one.pbx.name,
                realm: one.pbx.realm,
                extension: Extension::show(one.extension, &now),
                devices: one.devices.into_iter().map(|device| Device::show(device, &me.api)).collect(),
            });
        }
    }
    Ok(Json(MyExtensions { items }))
}

/// My extensions in one customer.
pub(crate) struct Own {
    pub(crate) scope: TenantScope,
    pub(crate) extensions: Vec<UserExtension>,
}

/// My extensions, customer by customer. A customer that is gone has none.
pub(crate) async fn mine(me: &Me) -> Answer<Vec<(TenantId, CustomerId, Own)>> {
    let mut all = Vec::new();
    for membership in &me.actor.principal.memberships {
        let (Some(tenant), Some(customer)) = (membership.tenant, membership.customer) else { continue };
        let opened = async {
            let scope = me.api.store.tenant_scope(tenant).await?.for_customer(customer);
            let extensions = me.api.store.tenant(&scope).await?.user_extensions(membership.user).await?;
            Ok(Own { scope, extensions })
        };
        match opened.await {
            Ok(own) => all.push((tenant, customer, own)),
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(all)
}
