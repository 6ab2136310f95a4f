//! Companies of a partner.

use crate::access;
use crate::input::{Body, Change, CustomerPath, Listed, Paging, Query, TenantPath, Url, input, sorting};
use crate::permit::{CustomerReader, TenantAdmin};
use crate::problem::{Answer, FieldError, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_model::{CustomerId, Locale, Name, OrgNumber, Status, TenantId, Zone};

sorting!(ByName: "name", "org_number", "status", "created_at");

/// A company.
#[derive(Debug, Serialize, ToSchema)]
pub struct Customer {
    pub id: CustomerId,
    pub tenant: TenantId,
    pub name: Name,
    pub org_number: Option<OrgNumber>,
    pub status: Status,
    pub locale: Locale,
    pub time_zone: Zone,
    /// How many voice agents it may have.
    pub max_agents: u32,
    /// How many language-model tokens it may use in a month.
    pub monthly_tokens: u32,
    /// How many PBXs it may have; `null`: as many as it likes.
    pub max_pbxs: Option<u32>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

input! {
    /// A new company.
    pub struct NewCustomer {
        pub name: Name,
        pub org_number: Option<OrgNumber>,
        /// Without it the tenant's.
        pub locale: Option<Locale>,
        /// Without it the tenant's.
        pub time_zone: Option<Zone>,
    }
}

input! {
    /// What changes of a company; absent fields stay.
    pub struct CustomerChange {
        pub name: Option<Name>,
        /// `null` takes it away.
        #[schema(value_type = Option<String>)]
        pub org_number: Change<OrgNumber>,
        pub locale: Option<Locale>,
        pub time_zone: Option<Zone>,
        /// 0 to 1000.
        #[schema(maximum = 1000)]
        pub max_agents: Option<u32>,
        /// 0 to 1000000000.
        #[schema(maximum = 1_000_000_000)]
        pub monthly_tokens: Option<u32>,
        /// 0 to 1000; `null`: as many as it likes. Those that are there stay.
        #[schema(value_type = Option<u32>, maximum = 1000)]
        pub max_pbxs: Change<u32>,
    }
}

/// The partner's customers.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers", operation_id = "customers_list", tag = "Customers",
    params(TenantPath, Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<Customer>)),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn list(admin: TenantAdmin, Query(page): Query<Paging<ByName>>) -> Answer<Json<Listed<Customer>>> {
    let mut act = admin.open().await?;
    let found = act.customers().list(&page.into()).await?;
    Ok(Json(Listed::of(found, |customer| Customer::show(customer, admin.tenant))))
}

/// Add a customer.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers", operation_id = "customers_create", tag = "Customers",
    params(TenantPath), request_body(content = NewCustomer, example = json!({ "name": "Åkes Bageri AB", "org_number": "556036-0793" })),
    responses((status = 201, description = "Made.", body = Customer),
        (status = 409, description = "Another customer has the organisation number (`org_number_taken`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("tenant_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: TenantAdmin, new: Body<NewCustomer>) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let tenant = act.tenants().get(admin.tenant).await?;
    let record = voxera_store::NewCustomer {
        id: CustomerId(voxera_store::new_id()),
        name: new.name,
        org_number: new.org_number,
        locale: new.locale.unwrap_or(tenant.locale),
        time_zone: new.time_zone.unwrap_or(tenant.time_zone),
    };
    let made = act.customers().create(record).await?;
    act.made("customer.create", made.id, &made).await?;
    act.created(&Customer::show(made, admin.tenant)).await
}

/// One customer.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}", operation_id = "customers_get", tag = "Customers",
    params(CustomerPath),
    responses((status = 200, description = "The customer.", body = Customer)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(reader: CustomerReader) -> Answer<Json<Customer>> {
    let mut act = reader.open().await?;
    let found = act.customers().get(reader.customer).await?;
    Ok(Json(Customer::show(found, reader.tenant)))
}

/// Change a customer.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}", operation_id = "customers_change", tag = "Customers",
    params(CustomerPath), request_body = CustomerChange,
    responses((status = 200, description = "The customer as it is now.", body = Customer),
        (status = 409, description = "The organisation number is taken.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn change(
    admin: TenantAdmin,
    Url(path): Url<CustomerPath>,
    change: Body<CustomerChange>,
) -> Answer<Json<Customer>> {
    let change = change.value;
    let max_agents = at_most("/max_agents", change.max_agents, 1000);
    let monthly_tokens = at_most("/monthly_tokens", change.monthly_tokens, 1_000_000_000);
    let (max_agents, monthly_tokens) = both(max_agents, monthly_tokens)?;
    let max_pbxs = change.max_pbxs.into_option();
    at_most("/max_pbxs", max_pbxs.flatten(), 1000).map_err(|refused| Problem::invalid(vec![refused]))?;
    let mut act = admin.open().await?;
    let before = act.customers().get(path.customer).await?;
    let change = voxera_store::CustomerChange {
        name: change.name,
        org_number: change.org_number.into_option(),
        status: None,
        locale: change.locale,
        time_zone: change.time_zone,
        max_agents,
        monthly_tokens,
        max_pbxs,
    };
    let after = act.customers().update(path.customer, change).await?;
    act.changed("customer.update", path.customer, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Customer::show(after, admin.tenant)))
}

/// Remove a customer that has no PBXs.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}", operation_id = "customers_delete", tag = "Customers",
    params(CustomerPath),
    responses((status = 204, description = "Removed, with its users."),
        (status = 409, description = "It has PBXs (`customer_has_pbxs`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn delete(admin: TenantAdmin, Url(path): Url<CustomerPath>) -> Answer<StatusCode> {
    let accounts = access::of_customer(&admin.api, admin.tenant, path.customer).await?;
    let mut act = admin.open().await?;
    let before = act.customers().get(path.customer).await?;
    act.customers().delete_empty(path.customer).await?;
    act.removed("customer.delete", path.customer, &before).await?;
    act.commit().await?;
    access::end(&admin.api, accounts);
    Ok(StatusCode::NO_CONTENT)
}

/// Suspend a customer: nobody of it signs in, and no new call starts, except to 112.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/suspend", operation_id = "customers_suspend", tag = "Customers",
    params(CustomerPath),
    responses((status = 200, description = "The customer as it is now.", body = Customer)),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn suspend(admin: TenantAdmin, Url(path): Url<CustomerPath>) -> Answer<Json<Customer>> {
    let shown = set_status(&admin, path.customer, Status::Suspended).await?;
    access::end(&admin.api, access::of_customer(&admin.api, admin.tenant, path.customer).await?);
    Ok(shown)
}

/// Let a suspended customer work again.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/activate", operation_id = "customers_activate", tag = "Customers",
    params(CustomerPath),
    responses((status = 200, description = "The customer as it is now.", body = Customer)),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn activate(admin: TenantAdmin, Url(path): Url<CustomerPath>) -> Answer<Json<Customer>> {
    set_status(&admin, path.customer, Status::Active).await
}

async fn set_status(admin: &TenantAdmin, customer: CustomerId, status: Status) -> Answer<Json<Customer>> {
    let mut act = admin.open().await?;
    let before = act.customers().get(customer).await?;
    let after = act.customers().set_status(customer, status).await?;
    let action = match status {
        Status::Active => "customer.activate",
        Status::Suspended => "customer.suspend",
    };
    act.changed(action, customer, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Customer::show(after, admin.tenant)))
}

fn at_most(field: &str, value: Option<u32>, most: u32) -> Result<Option<u32>, FieldError> {
    match value {
        Some(value) if value > most => Err(FieldError {
            field: field.to_owned(),
            code: "range".into(),
            message: format!("Write a whole number from 0 to {most}."),
        }),
        other => Ok(other),
    }
}

fn both<A, B>(a: Result<A, FieldError>, b: Result<B, FieldError>) -> Answer<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(Problem::invalid([a.err(), b.err()].into_iter().flatten().collect())),
    }
}

impl Customer {
    fn show(customer: voxera_store::Customer, tenant: TenantId) -> Self {
        Self {
            id: customer.id,
            tenant,
            name: customer.name,
            org_number: customer.org_number,
            status: customer.status,
            locale: customer.locale,
            time_zone: customer.time_zone,
            max_agents: customer.max_agents,
            monthly_tokens: customer.monthly_tokens,
            max_pbxs: customer.max_pbxs,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        }
    }
}
