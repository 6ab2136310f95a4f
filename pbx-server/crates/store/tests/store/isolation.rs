//! What is one's own is seen; what is another's does not exist.

use crate::companies::{call, company, intruder, name, tenant};
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::time::Duration;
use voxera_model::{Email, ExtensionNumber, Locale, Role, TenantId, UserId};
use voxera_store::{CallFilter, ExtensionChange, NewUser, Page, StoreError, new_id};
use voxera_testkit::postgres::Database;

#[tokio::test]
async fn companies_of_one_tenant_do_not_see_each_other() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    let (ours, theirs) = (company(&store, &nordtel, 1).await, company(&store, &nordtel, 2).await);

    let mut tx = store.tenant(&ours.scope).await.unwrap();
    tx.calls().insert(&[call(&ours)]).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.tenant(&theirs.scope).await.unwrap();
    let customers = tx.customers().list(&Page::all()).await.unwrap();
    assert_eq!(customers.items.iter().map(|c| c.id).collect::<Vec<_>>(), [theirs.customer]);
    assert_eq!(tx.pbxs().list(&Page::all()).await.unwrap().items[0].id, theirs.pbx);
    assert_eq!(tx.numbers().list(&Page::all()).await.unwrap().total, 1);
    assert_eq!(tx.calls().list(&Page::all(), &CallFilter::default()).await.unwrap().total, 0);
    assert_eq!(tx.config().all().await.unwrap().len(), 1);
    assert!(tx.config().pbx(ours.pbx).await.unwrap().is_none());
    assert!(matches!(tx.customers().get(ours.customer).await, Err(StoreError::NotFound)));
    assert!(matches!(tx.pbxs().get(ours.pbx).await, Err(StoreError::NotFound)));
    assert!(matches!(tx.extensions(ours.pbx).list(&Page::all()).await, Err(StoreError::NotFound)));
    let rename = ExtensionChange { name: Some(name("Kapad")), ..ExtensionChange::default() };
    let update = tx.extensions(ours.pbx).update(ours.extensions[0], rename).await;
    assert!(matches!(update, Err(StoreError::NotFound)));
    assert!(matches!(tx.pbxs().delete(ours.pbx).await, Err(StoreError::NotFound)));
    assert!(matches!(tx.customers().delete(ours.customer).await, Err(StoreError::NotFound)));
    tx.commit().await.unwrap();

    let mut tx = store.tenant(&nordtel).await.unwrap();
    assert_eq!(tx.customers().list(&Page::all()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_scope_that_is_narrowed_twice_or_to_someone_elses_company_opens_nothing() {
    let database = Database::create().await;
    let store = database.store().await;
    let (one, two) = (tenant(&store, "one").await, tenant(&store, "two").await);
    let (ours, theirs) = (company(&store, &one, 1).await, company(&store, &two, 2).await);
    for scope in [
        one.for_customer(theirs.customer),
        ours.scope.for_customer(theirs.customer),
        theirs.scope.for_customer(ours.customer),
    ] {
        assert!(matches!(store.tenant(&scope).await, Err(StoreError::NotFound)));
    }
    let unknown = store.tenant_scope(TenantId(new_id())).await;
    assert!(matches!(unknown, Err(StoreError::NotFound)));
    // A refusal leaves its connection fit for use.
    for _ in 0..20 {
        assert!(store.tenant(&one.for_customer(theirs.customer)).await.is_err());
        store.tenant(&ours.scope).await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_while_a_transaction_opens_leaves_nothing_to_the_next() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    let (ours, theirs) = (company(&store, &nordtel, 1).await, company(&store, &nordtel, 2).await);
    let mut tx = store.platform().await.unwrap();
    let email = Email::parse("ulla@theirs.example").unwrap();
    let account = tx.users().find_or_create_account(&email, Locale::Sv).await.unwrap().account.id;
    let user = NewUser {
        id: UserId(new_id()),
        account,
        role: Role::User,
        tenant: Some(nordtel.tenant()),
        customer: Some(theirs.customer),
        display_name: name("Ulla"),
    };
    tx.users().create(user).await.unwrap();
    tx.commit().await.unwrap();
    for patience in 0..300 {
        // From before anything is sent to after all has come.
        let opening = store.tenant(&ours.scope);
        drop(tokio::time::timeout(Duration::from_micros(patience * 5), opening).await);
        let found = store.platform().await.unwrap().users().memberships(account).await;
        assert_eq!(found.map(|all| all.len()).ok(), Some(1), "after {patience}");
    }
}

#[tokio::test]
async fn sql_of_an_intruder_with_the_application_role_meets_row_level_security() {
    let database = Database::create().await;
    let store = database.store().await;
    let (one, two) = (tenant(&store, "one").await, tenant(&store, "two").await);
    let (ours, theirs) = (company(&store, &one, 1).await, company(&store, &two, 2).await);
    let schema = |tenant: TenantId| format!("t_{}", tenant.0.simple());
    let mut sql = intruder(database.url()).await;

    // As tenant one: the other tenant's schema is empty, and takes nothing.
    let mut tx = sql.begin().await.unwrap();
    tx.execute(AssertSqlSafe(format!("select platform.enter('{}', null)", one.tenant()))).await.unwrap();
    let own: i64 = sqlx::query_scalar("select count(*) from extensions").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(own, 2);
    let foreign = format!("select count(*) from {}.extensions", schema(two.tenant()));
    let foreign: i64 = sqlx::query_scalar(AssertSqlSafe(foreign)).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(foreign, 0);
    let realms: i64 =
        sqlx::query_scalar("select count(*) from platform.sip_realms").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(realms, 1);
    tx.rollback().await.unwrap();

    for attempt in [
        format!(
            "insert into {}.customers (id, tenant_id, name) values (gen_random_uuid(), '{}', 'x')",
            schema(two.tenant()),
            two.tenant()
        ),
        format!("update extensions set customer_id = '{}'", theirs.customer),
        format!(
            "insert into platform.sip_realms values ('x.example', '{}', '{}', gen_random_uuid())",
            two.tenant(),
            theirs.customer
        ),
        "update platform.tenants set slug = 'zwei' where slug = 'two' returning 1/(select 0)".to_owned(),
    ] {
        let mut tx = sql.begin().await.unwrap();
        let enter = format!("select platform.enter('{}', '{}')", one.tenant(), ours.customer);
        tx.execute(AssertSqlSafe(enter)).await.unwrap();
        let outcome = tx.execute(AssertSqlSafe(attempt.clone())).await;
        assert!(outcome.as_ref().map_or(true, |done| done.rows_affected() == 0), "{attempt}");
        drop(tx);
    }
}

#[tokio::test]
async fn the_same_extension_numbers_and_names_live_side_by_side() {
    let database = Database::create().await;
    let store = database.store().await;
    let (one, two) = (tenant(&store, "one").await, tenant(&store, "two").await);
    let companies =
        [company(&store, &one, 1).await, company(&store, &one, 2).await, company(&store, &two, 3).await];
    let all = store.all_configs().await.unwrap();
    assert!(all.failed.is_empty());
    assert_eq!(all.configs.len(), 3);
    for company in &companies {
        let config = all.configs.iter().find(|c| c.snapshot.pbx == company.pbx).unwrap();
        assert_eq!(config.snapshot.tenant, company.scope.tenant());
        let anna = &config.snapshot.extensions[&ExtensionNumber::parse("1000").unwrap()];
        assert_eq!(anna.id, company.extensions[0]);
        assert_eq!(anna.devices().len(), 1);
    }
}

/// On one connection, so that prepared statements meet several schemas.
#[tokio::test]
async fn statements_prepared_for_one_schema_do_not_reach_into_another() {
    let database = Database::create().await;
    let mut config = database.config();
    config.max_connections = 1;
    let store = voxera_store::Store::connect(&config).await.unwrap();
    let (one, two) = (tenant(&store, "one").await, tenant(&store, "two").await);
    let (first, second) = (company(&store, &one, 1).await, company(&store, &two, 2).await);
    for company in [&first, &second, &first, &second, &first, &second, &first] {
        let mut tx = store.tenant(&company.scope).await.unwrap();
        assert_eq!(tx.pbxs().list(&Page::all()).await.unwrap().items[0].id, company.pbx);
        assert_eq!(tx.pbxs().get(company.pbx).await.unwrap().realm, company.realm);
    }
}
