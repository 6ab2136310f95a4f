//! Companies to test with.

use chrono::{TimeDelta, Utc};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};
use voxera_callflow::{Destination, Kind, User};
use voxera_model::{
    Colour, CustomerId, ExtensionId, ExtensionNumber, Locale, Name, PbxId, PhoneNumber, Realm, Slug,
    TenantId, Zone,
};
use voxera_store::{
    CallRecord, Constraint, Direction, NewCustomer, NewDevice, NewExtension, NewNumber, NewPbx, NewTenant,
    Store, TenantScope, new_id,
};

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn new_tenant(slug: &str) -> NewTenant {
    NewTenant {
        id: TenantId(new_id()),
        slug: Slug::parse(slug).unwrap(),
        name: name(slug),
        brand_name: None,
        accent: Colour::parse("#0a7d5a").unwrap(),
        host: None,
        support_email: None,
        locale: Locale::Sv,
        time_zone: Zone::stockholm(),
        builtin: false,
    }
}

pub async fn tenant(store: &Store, slug: &str) -> TenantScope {
    let mut tx = store.platform().await.unwrap();
    let tenant = tx.tenants().create(new_tenant(slug)).await.unwrap();
    tx.commit().await.unwrap();
    store.tenant_scope(tenant.id).await.unwrap()
}

/// The rule that refused it.
pub fn conflict<T: std::fmt::Debug>(outcome: voxera_store::Result<T>) -> Constraint {
    match outcome {
        Err(voxera_store::StoreError::Conflict(constraint)) => constraint,
        other => panic!("{other:?}"),
    }
}

/// A person's extension to be.
pub fn extension(number: &str, person: &str) -> NewExtension {
    NewExtension {
        id: ExtensionId(new_id()),
        number: ExtensionNumber::parse(number).unwrap(),
        name: name(person),
        user: None,
        kind: Kind::User(User::new(Vec::new())),
        recording: None,
    }
}

/// A customer with a PBX, extensions 1000 and 1001 with a phone each, and a number that leads to
/// 1000. The same numbers in every company; realm and public number by `n`.
#[derive(Debug, Clone)]
pub struct Company {
    pub scope: TenantScope,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub extensions: [ExtensionId; 2],
    pub realm: Realm,
}

pub async fn company(store: &Store, tenant: &TenantScope, n: u32) -> Company {
    let customer = CustomerId(new_id());
    let pbx = PbxId(new_id());
    let mut tx = store.tenant(tenant).await.unwrap();
    let new = NewCustomer {
        id: customer,
        name: name(&format!("Bageri {n}")),
        org_number: None,
        locale: Locale::Sv,
        time_zone: Zone::stockholm(),
    };
    tx.customers().create(new).await.unwrap();
    let realm = Realm::parse(&format!("c{n}.pbx.example")).unwrap();
    let (time_zone, pbx_name) = (Zone::stockholm(), name("Växel"));
    tx.pbxs()
        .create(NewPbx { id: pbx, customer, name: pbx_name, realm: realm.clone(), time_zone })
        .await
        .unwrap();
    let mut extensions = Vec::new();
    for (number, person) in [("1000", "Anna Åkesson"), ("1001", "Bertil Öberg")] {
        let id = tx.extensions(pbx).create(extension(number, person)).await.unwrap().id;
        tx.devices(id).create(NewDevice { name: name("Telefon") }).await.unwrap();
        extensions.push(id);
    }
    let number = NewNumber {
        id: voxera_model::NumberId(new_id()),
        customer,
        e164: PhoneNumber::parse(&format!("+468{:07}", 1_000_000 + n)).unwrap(),
        pbx: Some(pbx),
        destination: Destination::Extension { extension: extensions[0] },
        label: Some(name("Växelnummer")),
    };
    tx.numbers().create(number).await.unwrap();
    tx.commit().await.unwrap();
    Company {
        scope: tenant.for_customer(customer),
        customer,
        pbx,
        extensions: extensions.try_into().unwrap(),
        realm,
    }
}

pub fn call(company: &Company) -> CallRecord {
    let now = Utc::now();
    CallRecord {
        id: voxera_model::CallId(new_id()),
        customer: company.customer,
        pbx: company.pbx,
        started_at: now - TimeDelta::seconds(30),
        answered_at: Some(now - TimeDelta::seconds(20)),
        ended_at: now,
        from_number: "1000".into(),
        from_name: Some(name("Anna Åkesson")),
        from_extension: Some(ExtensionNumber::parse("1000").unwrap()),
        to_number: "1001".into(),
        to_name: Some(name("Bertil Berg")),
        to_extension: Some(ExtensionNumber::parse("1001").unwrap()),
        outcome: voxera_callflow::Cause::Normal,
        hung_up_by: voxera_callflow::Party::Caller,
        codec: Some("PCMA".into()),
        media: None,
        snapshot_version: 7,
        trace: Vec::new(),
        direction: Direction::In,
        keys: "12".into(),
    }
}

/// A connection of one's own as the application role, for attempts that the store does not offer.
pub async fn intruder(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    if let Ok(connection) = options.username("voxera_app").connect().await {
        return connection;
    }
    // On a server that is not ours it has no log-in.
    let mut connection = owner(url).await;
    connection.execute("set role voxera_app").await.unwrap();
    connection
}

/// A connection as the owner.
pub async fn owner(url: &str) -> PgConnection {
    url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
}
