//! Public numbers.

use crate::act::Act;
use crate::customer::targets::Targets;
use crate::input::{Body, Change, CustomerPath, Doc, Listed, NumberPath, Paging, Query, Url, input, sorting};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_callflow::Destination;
use voxera_model::{ExtensionId, ExtensionNumber, Name, NumberId, PbxId, PhoneNumber};
use voxera_store::{Constraint, TenantTx};

sorting!(ByNumber: "e164", "label", "pbx", "created_at");

/// A public number.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the contract's names: a number has a number")]
pub struct Number {
    pub id: NumberId,
    pub number: PhoneNumber,
    /// As people write it: `08-123 45 67`.
    #[schema(example = "08-123 45 67")]
    pub national: String,
    pub label: Option<Name>,
    /// The PBX that it belongs to.
    pub pbx: Option<PbxId>,
    pub pbx_name: Option<Name>,
    /// Where it leads when no rule decides.
    pub destination: Destination,
    /// What that is called: the extension's or the menu's name.
    pub destination_name: Option<Name>,
    /// The extension that it leads to, or whose mailbox.
    pub extension: Option<ExtensionId>,
    pub extension_number: Option<ExtensionNumber>,
    pub created_at: DateTime<Utc>,
}

input! {
    /// A number that the company has.
    pub struct NewNumber {
        pub number: PhoneNumber,
        pub label: Option<Name>,
        pub pbx: Option<PbxId>,
        /// In that PBX. Without it nowhere.
        #[schema(value_type = Option<Destination>)]
        pub destination: Option<Doc<Destination>>,
    }
}

input! {
    /// What changes of a number; absent fields stay, `null` empties.
    pub struct NumberChange {
        #[schema(value_type = Option<Name>)]
        pub label: Change<Name>,
        /// Another PBX, or none: the number then leads nowhere, unless `destination` says where.
        #[schema(value_type = Option<PbxId>)]
        pub pbx: Change<PbxId>,
        #[schema(value_type = Option<Destination>)]
        pub destination: Option<Doc<Destination>>,
    }
}

/// The company's numbers.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/numbers", operation_id = "numbers_list", tag = "Numbers",
    params(CustomerPath, Paging<ByNumber>),
    responses((status = 200, description = "One page.", body = Listed<Number>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Query(page): Query<Paging<ByNumber>>,
) -> Answer<Json<Listed<Number>>> {
    let mut act = reader.open().await?;
    let found = act.numbers().list(&page.into()).await?;
    Ok(Json(Listed::of(found, Number::show)))
}

/// Add a number. 409 `number_taken`.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/numbers", operation_id = "numbers_create", tag = "Numbers",
    params(CustomerPath),
    request_body(content = NewNumber, example = json!({ "number": "+46812345678", "label": "Växeln" })),
    responses((status = 201, description = "Added.", body = Number),
        (status = 409, description = "Somebody of the installation has the number (`number_taken`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: CustomerAdmin, new: Body<NewNumber>) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let record = voxera_store::NewNumber {
        id: NumberId(voxera_store::new_id()),
        customer: admin.customer,
        e164: new.number,
        pbx: new.pbx,
        destination: leads(&mut act, new.pbx, new.destination).await?.unwrap_or(Destination::Nowhere),
        label: new.label,
    };
    let made = act.numbers().create(record).await?;
    act.made("number.create", made.id, &made).await?;
    act.created(&Number::show(made)).await
}

/// One number.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/numbers/{number}", operation_id = "numbers_get", tag = "Numbers",
    params(NumberPath),
    responses((status = 200, description = "The number.", body = Number)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(reader: CustomerReader, Url(path): Url<NumberPath>) -> Answer<Json<Number>> {
    let mut act = reader.open().await?;
    Ok(Json(Number::show(act.numbers().get(path.number).await?)))
}

/// Name a number, or point it elsewhere.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/numbers/{number}", operation_id = "numbers_change", tag = "Numbers",
    params(NumberPath),
    request_body = NumberChange,
    responses((status = 200, description = "The number as it is now.", body = Number)),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<NumberPath>,
    change: Body<NumberChange>,
) -> Answer<Json<Number>> {
    let change = change.value;
    let mut act = admin.open().await?;
    let before = act.numbers().get(path.number).await?;
    let pbx = change.pbx.into_option();
    let in_pbx = pbx.unwrap_or(before.pbx);
    let change = voxera_store::NumberChange {
        destination: leads(&mut act, in_pbx, change.destination).await?,
        pbx,
        label: change.label.into_option(),
    };
    let after = act.numbers().update(path.number, change).await?;
    act.changed("number.update", path.number, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Number::show(after)))
}

/// Remove a number.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/numbers/{number}", operation_id = "numbers_delete", tag = "Numbers",
    params(NumberPath),
    responses((status = 204, description = "Removed.")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<NumberPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.numbers().get(path.number).await?;
    act.numbers().delete(path.number).await?;
    act.removed("number.delete", path.number, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a number is to lead, in its PBX.
async fn leads(
    act: &mut Act<TenantTx<'static>>,
    pbx: Option<PbxId>,
    to: Option<Doc<Destination>>,
) -> Answer<Option<Destination>> {
    let Some(Doc(to)) = to else { return Ok(None) };
    if let Some(pbx) = pbx {
        let mut targets = Targets::default();
        targets.destination("/destination", Some(&to));
        targets.check(act, pbx, None).await?;
    } else if to != Destination::Nowhere {
        return Err(Constraint::DestinationOfSomeoneElse.into());
    }
    Ok(Some(to))
}

impl Number {
    fn show(number: voxera_store::Number) -> Self {
        Self {
            id: number.id,
            national: number.e164.national(),
            number: number.e164,
            label: number.label,
            pbx: number.pbx,
            pbx_name: number.pbx_name,
            destination: number.destination,
            destination_name: number.destination_name,
            extension: number.extension,
            extension_number: number.extension_number,
            created_at: number.created_at,
        }
    }
}
