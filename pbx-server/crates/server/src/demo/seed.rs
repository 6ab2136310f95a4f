//! Makes what is missing of the demo.

use super::cast;
use super::reception;
use super::{Demo, DemoError, Phone};
use serde::Serialize;
use std::collections::HashMap;
use voxera_callflow::{Destination, Kind, Mailbox, User};
use voxera_identity::{Identity, SeedUser};
use voxera_model::{
    Colour, CustomerId, Email, ExtensionId, ExtensionNumber, Locale, Name, NumberId, OrgNumber, PbxId,
    PhoneNumber, Realm, Role, Seconds, Slug, TenantId, UserId, Zone,
};
use voxera_store::{
    ActorKind, Extension, Logo, NewAudit, NewCustomer, NewDevice, NewExtension, NewNumber, NewPbx, NewTenant,
    Page, Store, StoreError, TenantScope, new_id,
};

/// More than the demo ever has; a list of it is the whole.
pub(super) const ALL: u32 = 200;

pub async fn everything(
    store: &Store,
    identity: &Identity,
    demo: &mut Demo,
    keep: impl Fn(&Demo) -> Result<(), DemoError>,
) -> Result<(), DemoError> {
    let tenant = partner(store).await?;
    let scope = store.tenant_scope(tenant).await?;
    let (customer, pbx) = company(store, &scope).await?;
    let people = people(identity, &demo.password, tenant, customer).await?;
    let scope = scope.for_customer(customer);
    let extensions = extensions(store, &scope, pbx, &people).await?;
    let led = reception::make(store, &scope, pbx, &extensions).await?;
    numbers(store, &scope, customer, pbx, &led).await?;
    for (number, _) in cast::EXTENSIONS {
        let Some(extension) = extensions.iter().find(|known| known.number.as_str() == *number) else {
            continue;
        };
        phone(store, &scope, extension, demo).await?;
        keep(demo)?;
    }
    Ok(())
}

/// The entry of the audit log for something that nobody but the server made.
pub(super) fn made(kind: &str, id: &impl ToString, what: &impl Serialize) -> NewAudit {
    NewAudit {
        tenant: None,
        customer: None,
        actor_account: None,
        actor_kind: ActorKind::System,
        actor_label: "system".to_owned(),
        action: format!("{kind}.create"),
        resource_type: kind.to_owned(),
        resource_id: id.to_string(),
        before: None,
        after: serde_json::to_value(what).ok(),
        address: None,
        request_id: None,
    }
}

async fn partner(store: &Store) -> Result<TenantId, DemoError> {
    let slug = Slug::parse(cast::PARTNER_SLUG)?;
    let mut tx = store.platform().await?;
    match tx.tenants().by_slug(&slug).await {
        Ok(tenant) => return Ok(tenant.id),
        Err(StoreError::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    let tenant = tx
        .tenants()
        .create(NewTenant {
            id: TenantId(new_id()),
            slug,
            name: Name::parse(cast::PARTNER_NAME)?,
            brand_name: None,
            accent: Colour::parse(cast::PARTNER_COLOUR)?,
            host: None,
            support_email: Some(Email::parse(cast::PARTNER_SUPPORT)?),
            locale: Locale::Sv,
            time_zone: Zone::parse(cast::ZONE)?,
            builtin: false,
        })
        .await?;
    let logo = Logo { bytes: cast::PARTNER_LOGO.to_vec(), content_type: "image/png".into() };
    tx.tenants().set_logo(tenant.id, Some(logo)).await?;
    tx.audit().append(NewAudit { tenant: Some(tenant.id), ..made("tenant", &tenant.id, &tenant) }).await?;
    tx.commit().await?;
    Ok(tenant.id)
}

async fn company(store: &Store, scope: &TenantScope) -> Result<(CustomerId, PbxId), DemoError> {
    let page = Page { limit: ALL, ..Page::default() };
    let mut tx = store.tenant(scope).await?;
    let customers = tx.customers().list(&page).await?.items;
    let name = Name::parse(cast::COMPANY_NAME)?;
    let customer = if let Some(customer) = customers.into_iter().find(|known| known.name == name) {
        customer.id
    } else {
        let new = NewCustomer {
            id: CustomerId(new_id()),
            name,
            org_number: Some(OrgNumber::parse(cast::COMPANY_ORG_NUMBER)?),
            locale: Locale::Sv,
            time_zone: Zone::parse(cast::ZONE)?,
        };
        let customer = tx.customers().create(new).await?;
        let entry = made("customer", &customer.id, &customer);
        tx.audit().append(NewAudit { customer: Some(customer.id), ..entry }).await?;
        customer.id
    };
    let realm = Realm::parse(cast::REALM)?;
    let pbx = if let Some(pbx) =
        tx.pbxs().list(&page).await?.items.into_iter().find(|known| known.realm == realm)
    {
        pbx.id
    } else {
        let new = NewPbx {
            id: PbxId(new_id()),
            customer,
            name: Name::parse(cast::PBX_NAME)?,
            realm,
            time_zone: Zone::parse(cast::ZONE)?,
        };
        let pbx = tx.pbxs().create(new).await?;
        let entry = made("pbx", &pbx.id, &pbx);
        tx.audit().append(NewAudit { customer: Some(customer), ..entry }).await?;
        pbx.id
    };
    tx.commit().await?;
    Ok((customer, pbx))
}

/// The accounts and what they are, by address.
async fn people(
    identity: &Identity,
    password: &str,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<HashMap<&'static str, UserId>, DemoError> {
    let mut people = HashMap::new();
    for login in cast::LOGINS {
        let role: Role = login.role.parse()?;
        let (tenant, customer) = match role {
            Role::PlatformAdmin => (None, None),
            Role::TenantAdmin => (Some(tenant), None),
            Role::CustomerAdmin | Role::Manager | Role::User => (Some(tenant), Some(customer)),
        };
        let user = identity
            .seed_user(SeedUser {
                email: Email::parse(&login.email)?,
                password: password.to_owned(),
                name: Name::parse(&login.name)?,
                locale: Locale::Sv,
                role,
                tenant,
                customer,
            })
            .await?;
        if let std::borrow::Cow::Borrowed(email) = login.email {
            people.insert(email, user);
        }
    }
    Ok(people)
}

async fn extensions(
    store: &Store,
    scope: &TenantScope,
    pbx: PbxId,
    people: &HashMap<&'static str, UserId>,
) -> Result<Vec<Extension>, DemoError> {
    let mut tx = store.tenant(scope).await?;
    let mut extensions = tx.extensions(pbx).list(&Page { limit: ALL, ..Page::default() }).await?.items;
    // A demo whose extensions were changed by hand stays as it is.
    if extensions.is_empty() {
        for (number, email) in cast::EXTENSIONS {
            let name =
                cast::LOGINS.iter().find(|login| login.email == *email).map_or(*email, |login| &login.name);
            let new = NewExtension {
                id: ExtensionId(new_id()),
                number: ExtensionNumber::parse(number)?,
                name: Name::parse(name)?,
                user: people.get(email).copied(),
                kind: Kind::User(person(*number == cast::OFFICE)),
                recording: None,
            };
            let extension = tx.extensions(pbx).create(new).await?;
            tx.audit().append(made("extension", &extension.id, &extension)).await?;
            extensions.push(extension);
        }
        tx.commit().await?;
    }
    Ok(extensions)
}

/// A person who has a mailbox; whoever runs the company may listen in.
fn person(may_listen: bool) -> User {
    let mailbox = Mailbox { greeting: None, pin: None, longest: Seconds(120), mail: true };
    User { mailbox: Some(mailbox), may_listen, ..User::new(Vec::new()) }
}

async fn numbers(
    store: &Store,
    scope: &TenantScope,
    customer: CustomerId,
    pbx: PbxId,
    led: &[Destination; 2],
) -> Result<(), DemoError> {
    let mut tx = store.tenant(scope).await?;
    if tx.numbers().list(&Page { limit: 1, ..Page::default() }).await?.total > 0 {
        return Ok(());
    }
    for ((number, label), destination) in cast::NUMBERS.iter().zip(led) {
        let new = NewNumber {
            id: NumberId(new_id()),
            customer,
            e164: PhoneNumber::parse(number)?,
            pbx: Some(pbx),
            destination: destination.clone(),
            label: Some(Name::parse(label)?),
        };
        let number = tx.numbers().create(new).await?;
        tx.audit().append(made("number", &number.id, &number)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A phone whose secret we know: made, or given a new secret when ours was lost.
async fn phone(
    store: &Store,
    scope: &TenantScope,
    extension: &Extension,
    demo: &mut Demo,
) -> Result<(), DemoError> {
    let name = Name::parse(cast::PHONE_NAME)?;
    let mut tx = store.tenant(scope).await?;
    let devices = tx.devices(extension.id).list(&Page { limit: ALL, ..Page::default() }).await?.items;
    let ours = devices.iter().find(|device| device.name == name);
    let known =
        demo.phones.iter().any(|phone| ours.is_some_and(|device| phone.username == device.id.to_string()));
    if known {
        return Ok(());
    }
    let credential = match ours {
        Some(device) => tx.devices(extension.id).rotate(device.id).await?,
        None => tx.devices(extension.id).create(NewDevice { name }).await?,
    };
    tx.audit().append(made("device", &credential.device.id, &credential.device)).await?;
    demo.phones.retain(|phone| phone.extension != extension.number.as_str());
    demo.phones.push(Phone {
        extension: extension.number.to_string(),
        name: extension.name.to_string(),
        username: credential.device.id.to_string(),
        password: credential.password.to_string(),
        realm: credential.realm.to_string(),
    });
    tx.commit().await?;
    Ok(())
}
