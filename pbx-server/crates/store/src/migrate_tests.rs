//! Against a real database.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;
use std::sync::Mutex;
use tokio::sync::mpsc;
use voxera_testkit::postgres::Database;

/// These, and one more as a later release would bring it.
fn and(list: Migrations, name: &'static str, sql: &'static str) -> Migrations {
    let next = latest(list) + 1;
    list.iter().copied().chain([(next, name, sql)]).collect::<Vec<_>>().leak()
}

/// The next version of a tenant's schema.
fn next() -> Migrations {
    let sql = "create table notes (id uuid primary key); alter table customers add column note text";
    and(TENANT, "notes", sql)
}

/// A later release that also changes the platform.
fn newer() -> Migrations {
    and(PLATFORM, "news", "create table news (x int)")
}

fn latest(list: Migrations) -> i64 {
    list.last().map_or(0, |(version, _, _)| *version)
}

fn owner(database: &Database) -> PgConnectOptions {
    database.url().parse().unwrap()
}

/// Tenants that are in the list and have no schema yet, as an interrupted run leaves them.
async fn tenants(owner: &PgConnectOptions, count: usize) -> Vec<TenantId> {
    let mut sql = owner.connect().await.unwrap();
    let mut ids = Vec::new();
    for n in 0..count {
        let id = TenantId(crate::new_id());
        sqlx::query(
            "insert into platform.tenants (id, slug, name, schema_name, brand_name, accent)
             values ($1, $2, $2, $3, $2, '#0a7d5a')",
        )
        .bind(id.0)
        .bind(format!("tenant-{n}"))
        .bind(schema_of(id))
        .execute(&mut sql)
        .await
        .unwrap();
        ids.push(id);
    }
    ids
}

/// How many tenants' schemas have come to exactly this version.
async fn at_version(owner: &PgConnectOptions, tenants: &[TenantId], version: i64) -> usize {
    let mut sql = owner.connect().await.unwrap();
    let mut up = 0;
    for tenant in tenants {
        let table = format!("{}._sqlx_migrations", schema_of(*tenant));
        let there: bool = sqlx::query_scalar("select to_regclass($1) is not null")
            .bind(&table)
            .fetch_one(&mut sql)
            .await
            .unwrap();
        if there {
            let versions: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
                "select version from {table} where success order by version"
            )))
            .fetch_all(&mut sql)
            .await
            .unwrap();
            up += usize::from(versions == (1..=version).collect::<Vec<_>>());
        }
    }
    up
}

#[tokio::test]
async fn many_tenants_are_brought_up_at_once_and_each_is_told() {
    let database = Database::create().await;
    let owner = owner(&database);
    let ids = tenants(&owner, 12).await;
    let told = Mutex::new(Vec::new());
    let report = run(&owner, &|step| told.lock().unwrap().push(step)).await.unwrap();
    assert_eq!(report, MigrationReport { tenants: 12, failed: Vec::new() });
    assert_eq!(at_version(&owner, &ids, latest(TENANT)).await, 12);
    let told = told.into_inner().unwrap();
    assert_eq!(told[0], MigrationProgress::Platform);
    let mut counted = Vec::new();
    for step in &told[1..] {
        let MigrationProgress::Tenant { tenant, done, total: 12, error: None } = step else {
            panic!("{step:?}")
        };
        assert!(ids.contains(tenant));
        counted.push(*done);
    }
    assert_eq!(counted, (1..=12).collect::<Vec<_>>());
    // A second run finds nothing to do.
    let again = run(&owner, &|_| {}).await.unwrap();
    assert_eq!(again, report);
}

#[tokio::test]
async fn a_run_that_is_cut_off_in_the_middle_is_finished_by_the_next() {
    let database = Database::create().await;
    let owner = owner(&database);
    let ids = tenants(&owner, 24).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let running = tokio::spawn({
        let owner = owner.clone();
        async move { run(&owner, &|step| drop(tell.send(step))).await }
    });
    // When three are done, our side goes away and the database cuts whatever it was doing for it.
    while !matches!(told.recv().await.unwrap(), MigrationProgress::Tenant { done: 3, .. }) {}
    running.abort();
    drop(running.await);
    let mut sql = owner.connect().await.unwrap();
    sql.execute(
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .await
    .unwrap();
    let half = at_version(&owner, &ids, latest(TENANT)).await;
    assert!((3..24).contains(&half), "{half}");
    // Nobody has half a schema: what was cut off is undone.
    let report = run(&owner, &|_| {}).await.unwrap();
    assert_eq!(report, MigrationReport { tenants: 24, failed: Vec::new() });
    assert_eq!(at_version(&owner, &ids, latest(TENANT)).await, 24);
}

#[tokio::test]
async fn two_servers_that_start_at_once_migrate_once() {
    let database = Database::create().await;
    let owner = owner(&database);
    let ids = tenants(&owner, 6).await;
    let (one, two) = tokio::join!(run(&owner, &|_| {}), run(&owner, &|_| {}));
    assert_eq!((one.unwrap().tenants, two.unwrap().tenants), (6, 6));
    assert_eq!(at_version(&owner, &ids, latest(TENANT)).await, 6);
}

#[tokio::test]
async fn an_older_schema_catches_up_and_one_that_fails_stops_no_other() {
    let database = Database::create().await;
    let owner = owner(&database);
    let ids = tenants(&owner, 5).await;
    run(&owner, &|_| {}).await.unwrap();
    // In the second tenant something is in the way.
    let broken = ids[1];
    let mut sql = owner.connect().await.unwrap();
    let in_the_way = format!("create view {}.notes as select 1 as x", schema_of(broken));
    sql.execute(AssertSqlSafe(in_the_way)).await.unwrap();

    let told = Mutex::new(Vec::new());
    let note = |step: MigrationProgress| {
        if let MigrationProgress::Tenant { tenant, error: Some(error), .. } = step {
            told.lock().unwrap().push((tenant, error));
        }
    };
    let report = run_to(&owner, PLATFORM, next(), &note).await.unwrap();
    assert_eq!(report.tenants, 4);
    assert_eq!(report.failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [broken]);
    assert!(report.failed[0].1.contains("notes"), "{report:?}");
    assert_eq!(told.into_inner().unwrap(), report.failed);
    assert_eq!(at_version(&owner, &ids, latest(next())).await, 4);
    // The one that failed is whole, at the version it was.
    assert_eq!(at_version(&owner, &[broken], latest(TENANT)).await, 1);

    let away = format!("drop view {}.notes", schema_of(broken));
    sql.execute(AssertSqlSafe(away)).await.unwrap();
    let report = run_to(&owner, PLATFORM, next(), &|_| {}).await.unwrap();
    assert_eq!(report, MigrationReport { tenants: 5, failed: Vec::new() });
    assert_eq!(at_version(&owner, &ids, latest(next())).await, 5);
    // What a migration adds is the application's to use, like everything before it.
    let usable: bool = sqlx::query_scalar("select has_table_privilege('voxera_app', $1, 'insert')")
        .bind(format!("{}.notes", schema_of(broken)))
        .fetch_one(&mut sql)
        .await
        .unwrap();
    assert!(usable);
}

#[tokio::test]
async fn an_older_server_refuses_a_newer_database() {
    let database = Database::create().await;
    let owner = owner(&database);
    run_to(&owner, newer(), TENANT, &|_| {}).await.unwrap();
    let refused = run(&owner, &|_| {}).await.unwrap_err().to_string();
    assert!(refused.contains(&latest(newer()).to_string()), "{refused}");
    // And it leaves no lock behind.
    run_to(&owner, newer(), TENANT, &|_| {}).await.unwrap();
}

#[tokio::test]
async fn a_schema_whose_tenant_is_gone_is_swept_away_unless_there_is_a_company_in_it() {
    let database = Database::create().await;
    let owner = owner(&database);
    let ids = tenants(&owner, 2).await;
    run(&owner, &|_| {}).await.unwrap();
    let mut sql = owner.connect().await.unwrap();
    let company = format!(
        "insert into {}.customers (id, tenant_id, name) values ('{id}', '{id}', 'Bageriet')",
        schema_of(ids[1]),
        id = ids[1],
    );
    sql.execute(AssertSqlSafe(company)).await.unwrap();
    sql.execute("delete from platform.tenants").await.unwrap();
    run(&owner, &|_| {}).await.unwrap();
    let left: Vec<String> =
        sqlx::query_scalar("select nspname::text from pg_namespace where nspname like 't\\_%'")
            .fetch_all(&mut sql)
            .await
            .unwrap();
    assert_eq!(left, [schema_of(ids[1])]);
}

/// What version 0.2 of the product left in a tenant.
const OLD_ROWS: &str = "
    insert into customers (id, name) values ('00000000-0000-7000-8000-0000000000c1', 'Bageriet');
    insert into pbxs (id, customer_id, name, realm, time_zone) values
        ('00000000-0000-7000-8000-0000000000b1', '00000000-0000-7000-8000-0000000000c1', 'Växel',
         'b.example', 'Europe/Stockholm'),
        ('00000000-0000-7000-8000-0000000000b2', '00000000-0000-7000-8000-0000000000c1', 'Filial',
         'f.example', 'Europe/Stockholm');
    insert into extensions (id, customer_id, pbx_id, number, name, ring_seconds, call_waiting) values
        ('00000000-0000-7000-8000-0000000000e1', '00000000-0000-7000-8000-0000000000c1',
         '00000000-0000-7000-8000-0000000000b1', '1000', 'Anna', 40, false);
    insert into numbers (id, customer_id, e164, pbx_id, extension_id) values
        ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000c1', '+46812345678',
         '00000000-0000-7000-8000-0000000000b1', '00000000-0000-7000-8000-0000000000e1'),
        ('00000000-0000-7000-8000-0000000000a2', '00000000-0000-7000-8000-0000000000c1', '+46812345679',
         '00000000-0000-7000-8000-0000000000b1', null);
    insert into calls (id, customer_id, pbx_id, started_at, ended_at, from_number, to_number, outcome,
        hung_up_by, snapshot_version, trace) values
        ('00000000-0000-7000-8000-0000000000d1', '00000000-0000-7000-8000-0000000000c1',
         '00000000-0000-7000-8000-0000000000b1', now(), now(), '1000', '1001', 'normal', 'caller', 7, '[]');";

#[tokio::test]
async fn companies_of_the_version_before_call_flows_go_on_as_they_were() {
    let database = Database::create().await;
    let owner = owner(&database);
    let tenant = tenants(&owner, 1).await[0];
    run_to(&owner, PLATFORM, &TENANT[..1], &|_| {}).await.unwrap();
    let mut sql = owner.connect().await.unwrap();
    let fill = format!(
        "set search_path to {schema}; set app.tenant = '{tenant}'; {OLD_ROWS}",
        schema = schema_of(tenant)
    );
    sql.execute(AssertSqlSafe(fill)).await.unwrap();
    let report = run(&owner, &|_| {}).await.unwrap();
    assert_eq!(report, MigrationReport { tenants: 1, failed: Vec::new() });

    let config = crate::StoreConfig {
        url: database.url().to_owned(),
        max_connections: 2,
        seal_key: crate::SealKey::generate(),
    };
    let store = crate::Store::connect(&config).await.unwrap();
    let scope = store.tenant_scope(tenant).await.unwrap();
    let mut tx = store.tenant(&scope).await.unwrap();
    let configs = tx.config().all().await.unwrap();
    let snapshot = &configs[0].snapshot;
    let number = |text| voxera_model::PhoneNumber::parse(text).unwrap();
    let anna = &snapshot.extensions[&voxera_model::ExtensionNumber::parse("1000").unwrap()];
    let user = voxera_callflow::User {
        ring_for: voxera_model::Seconds(40),
        call_waiting: false,
        ..voxera_callflow::User::new(Vec::new())
    };
    assert_eq!(anna.user(), Some(&user));
    let to = voxera_callflow::Destination::Extension { extension: anna.id };
    assert_eq!(snapshot.numbers[&number("+46812345678")], to);
    assert_eq!(snapshot.numbers[&number("+46812345679")], voxera_callflow::Destination::Nowhere);
    assert_eq!((snapshot.language, snapshot.premium_allowed), (voxera_model::Locale::Sv, false));
    for config in &configs {
        let routing = tx.flows(config.snapshot.pbx).routing().await.unwrap();
        assert_eq!(routing.published, None);
    }
    let call = tx.calls().list(&crate::Page::all(), &crate::CallFilter::default()).await.unwrap();
    assert_eq!((call.items[0].direction, call.items[0].keys.as_str()), (crate::Direction::Internal, ""));
    // They were promised no limit; new ones have one.
    let customer = snapshot.customer;
    assert_eq!(tx.customers().get(customer).await.unwrap().max_pbxs, None);
    let limit = crate::CustomerChange { max_pbxs: Some(Some(2)), ..crate::CustomerChange::default() };
    tx.customers().update(customer, limit).await.unwrap();
    let third = crate::NewPbx {
        id: voxera_model::PbxId(crate::new_id()),
        customer,
        name: voxera_model::Name::parse("Tredje").unwrap(),
        realm: voxera_model::Realm::parse("t.example").unwrap(),
        time_zone: voxera_model::Zone::stockholm(),
    };
    let full = tx.pbxs().create(third).await;
    assert!(matches!(full, Err(StoreError::Conflict(crate::Constraint::PbxLimit))), "{full:?}");
}
