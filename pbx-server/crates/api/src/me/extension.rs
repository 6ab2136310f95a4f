//! My extensions and my phones.

use crate::act::Act;
use crate::customer::devices::Device;
use crate::customer::extensions::Extension;
use crate::customer::extensions::settings::{self, MailboxSettings};
use crate::customer::targets::Targets;
use crate::input::{Body, Doc, MyExtensionPath, Url, input};
use crate::permit::Me;
use crate::problem::{Answer, Problem};
use axum::Json;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use voxera_audio::Place;
use voxera_callflow::{Destination, Forwarding, Kind, Mailbox};
use voxera_model::{CustomerId, ExtensionId, Name, PbxId, PhoneNumber, Realm, TenantId};
use voxera_store::{ExtensionChange, StoreError, TenantScope, TenantTx, UserExtension};

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
    /// Whether a browser can be its phone, with the credential of `POST /me/phone`.
    pub browser: bool,
    /// Public numbers that lead straight to it, when no rule decides otherwise.
    pub numbers: Vec<MyNumber>,
}

/// A public number of mine.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyNumber {
    pub number: PhoneNumber,
    /// As people write it.
    #[schema(example = "08-123 45 67")]
    pub national: String,
}

/// My extensions, in all my memberships.
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
            let numbers = numbers(&me, one.pbx.id, one.extension.id);
            items.push(MyExtension {
                tenant,
                customer,
                customer_name: customer_name.clone(),
                pbx_name: one.pbx.name,
                realm: one.pbx.realm,
                extension: Extension::show(one.extension, &now),
                devices: one.devices.into_iter().map(|device| Device::show(device, &me.api)).collect(),
                browser: me.api.takes_browsers(one.pbx.id),
                numbers,
            });
        }
    }
    Ok(Json(MyExtensions { items }))
}

fn numbers(me: &Me, pbx: PbxId, extension: ExtensionId) -> Vec<MyNumber> {
    let Some(view) = me.api.control.directory().by_id(pbx) else { return Vec::new() };
    let straight = Destination::Extension { extension };
    let own = view.snapshot.numbers.iter().filter(|(_, to)| **to == straight);
    own.map(|(number, _)| MyNumber { number: number.clone(), national: number.national() }).collect()
}

input! {
    /// What I change of an extension of mine; absent fields stay.
    pub struct MyExtensionChange {
        /// No call rings.
        pub do_not_disturb: Option<bool>,
        /// Merged into what is there: `null` ends a forwarding.
        #[schema(value_type = Option<Forwarding>)]
        pub forwarding: Option<Doc<Map<String, Value>>>,
        /// My mailbox, when I have one: its greeting, its PIN, and whether I am told of messages by mail:
        /// `{ "greeting": …, "pin": "…", "mail": false }`.
        #[schema(value_type = Option<MailboxSettings>)]
        pub mailbox: Option<Doc<Map<String, Value>>>,
    }
}

/// Change an extension of mine: do not disturb, forwarding, the mailbox's greeting, PIN and mails.
#[utoipa::path(
    patch, path = "/api/v1/me/extensions/{extension}", operation_id = "me_extension_change", tag = "Me",
    params(MyExtensionPath),
    request_body(content = MyExtensionChange, example = json!({ "do_not_disturb": true })),
    responses((status = 200, description = "The extension as it is now.", body = Extension)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn change(
    me: Me,
    Url(path): Url<MyExtensionPath>,
    change: Body<MyExtensionChange>,
) -> Answer<Json<Extension>> {
    let change = change.value;
    let (place, one) = person(&me, path.extension).await?;
    let (pbx, before) = (one.pbx.id, one.extension);
    if change.mailbox.is_some() && mailbox(&before.kind).is_none() {
        return Err(Problem::field("/mailbox", "no_mailbox", NO_MAILBOX));
    }
    let mut wanted = Map::new();
    wanted.extend(change.do_not_disturb.map(|on| ("do_not_disturb".to_owned(), Value::Bool(on))));
    wanted.extend(change.forwarding.map(|Doc(sent)| ("forwarding".to_owned(), Value::Object(sent))));
    wanted.extend(change.mailbox.map(|Doc(sent)| ("mailbox".to_owned(), Value::Object(sent))));
    let at_own_field = |problem: Problem| problem.below("/settings");
    let sent = settings::changed(&before.kind, &wanted).map_err(at_own_field)?;
    let mut act = place.open(&me).await?;
    Targets::of(&sent.kind).check(&mut act, pbx, Some(before.id)).await.map_err(at_own_field)?;
    let change = ExtensionChange { kind: Some(sent.kind), pin: sent.pin, ..ExtensionChange::default() };
    let after = act.extensions(pbx).update(before.id, change).await?;
    act.changed("extension.update", before.id, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Extension::show(after, &me.api.control.presence().availability(pbx))))
}

/// What whoever has no mailbox reads.
pub(crate) const NO_MAILBOX: &str = "This extension has no mailbox. Ask your administrator for one.";

/// The mailbox of a person's extension.
pub(crate) fn mailbox(kind: &Kind) -> Option<&Mailbox> {
    if let Kind::User(user) = kind { user.mailbox.as_ref() } else { None }
}

/// An extension of mine with my phones; anybody else's is not found.
pub(crate) async fn person(me: &Me, extension: ExtensionId) -> Answer<(Mine, UserExtension)> {
    for (tenant, customer, own) in mine(me).await? {
        let one = own.extensions.into_iter().find(|one| one.extension.id == extension);
        if let Some(one) = one.filter(|one| matches!(one.extension.kind, Kind::User(_))) {
            return Ok((Mine { tenant, customer, scope: own.scope }, one));
        }
    }
    Err(Problem::not_found())
}

/// Where something of mine is.
pub(crate) struct Mine {
    pub(crate) tenant: TenantId,
    pub(crate) customer: CustomerId,
    pub(crate) scope: TenantScope,
}

impl Mine {
    /// A transaction that sees that customer.
    pub(crate) async fn open(&self, me: &Me) -> Answer<Act<TenantTx<'static>>> {
        Ok(Act::new(me.api.store.tenant(&self.scope).await?, me.actor.clone()))
    }

    pub(crate) const fn place(&self) -> Place {
        Place { tenant: self.tenant, customer: self.customer }
    }
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
