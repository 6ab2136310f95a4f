//! What holds for every table that there is, found by asking the database: no table can be forgotten.

use crate::companies::{Company, call, company, intruder, name, owner, tenant};
use crate::pbx::fill_pbx;
use chrono::{TimeDelta, Utc};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;
use voxera_model::{AccountId, Email, Locale, NodeId, Role, SessionId, Slug, UserId};
use voxera_store::{
    ActorKind, ExtensionChange, LoginOutcome, NewAccount, NewAudit, NewMail, NewNode, NewOneTimeToken,
    NewSession, NewSigningKey, NewUser, Purpose, Store, TenantScope, new_id,
};
use voxera_testkit::postgres::Database;

/// A table with the columns that say whose a row is.
#[derive(Debug)]
struct Table {
    schema: String,
    name: String,
    has_tenant: bool,
    has_customer: bool,
}

/// Tables that the application adds to, and never changes.
const ADDED_TO: [&str; 2] = ["audit", "flow_versions"];

impl Table {
    /// The column that names the tenant of a row.
    fn tenant_column(&self) -> Option<&'static str> {
        match (self.name.as_str(), self.has_tenant) {
            ("tenants", _) => Some("id"),
            (_, true) => Some("tenant_id"),
            (_, false) => None,
        }
    }

    /// The column that names the customer of a row.
    fn customer_column(&self) -> Option<&'static str> {
        match (self.name.as_str(), self.has_customer) {
            ("customers", _) => Some("id"),
            (_, true) => Some("customer_id"),
            (_, false) => None,
        }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// Two partners; the first has two companies. Every table has rows of each of them.
pub struct World {
    pub database: Database,
    pub store: Store,
    nordtel: TenantScope,
    sydtel: TenantScope,
    /// Of Nordtel.
    bakery: Company,
    /// Of Nordtel too.
    garage: Company,
}

impl World {
    pub async fn create() -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let (nordtel, sydtel) = (tenant(&store, "nordtel").await, tenant(&store, "sydtel").await);
        let bakery = company(&store, &nordtel, 1).await;
        let garage = company(&store, &nordtel, 2).await;
        let ours = company(&store, &sydtel, 3).await;
        for (n, company) in [&bakery, &garage, &ours].into_iter().enumerate() {
            fill(&store, company, n).await;
        }
        Self { database, store, nordtel, sydtel, bakery, garage }
    }

    async fn tables(&self) -> Vec<Table> {
        let mut sql = owner(self.database.url()).await;
        let rows: Vec<(String, String, bool, bool)> = sqlx::query_as(
            "select n.nspname::text as schema, c.relname::text as name,
                 exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
                     as has_tenant,
                 exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'customer_id')
                     as has_customer
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not like 'pg\\_%'
               and n.nspname <> 'information_schema' and c.relname <> '_sqlx_migrations'
             order by 1, 2",
        )
        .fetch_all(&mut sql)
        .await
        .unwrap();
        rows.into_iter()
            .map(|(schema, name, has_tenant, has_customer)| Table { schema, name, has_tenant, has_customer })
            .collect()
    }
}

/// Rows of a company in the tables that [`company`] leaves empty.
async fn fill(store: &Store, company: &Company, n: usize) {
    let mut tx = store.platform().await.unwrap();
    let email = Email::parse(&format!("anna{n}@example.com")).unwrap();
    let account = AccountId(new_id());
    let new = NewAccount {
        id: account,
        email: email.clone(),
        password_hash: None,
        locale: Locale::Sv,
        verified_at: None,
    };
    tx.accounts().create(new).await.unwrap();
    let user = UserId(new_id());
    let new = NewUser {
        id: user,
        account,
        role: Role::CustomerAdmin,
        tenant: Some(company.scope.tenant()),
        customer: Some(company.customer),
        display_name: name("Anna"),
    };
    tx.users().create(new).await.unwrap();
    let soon = Utc::now() + TimeDelta::hours(1);
    let hash = [u8::try_from(n).unwrap(); 32];
    let session = SessionId(new_id());
    let new =
        NewSession { id: session, account, user_agent: None, address: None, token: hash, expires_at: soon };
    tx.sessions().create(new).await.unwrap();
    let new =
        NewOneTimeToken { hash, purpose: Purpose::Invitation, account, user: Some(user), expires_at: soon };
    tx.one_time_tokens().create(new).await.unwrap();
    let new = NewSigningKey {
        kid: format!("key-{n}"),
        private: vec![1, 2, 3].into(),
        public: serde_json::json!({}),
    };
    tx.signing_keys().insert(new).await.unwrap();
    assert!(tx.second_factors().offer(account, &[1; 20], soon).await.unwrap());
    tx.second_factors().set_recovery_codes(account, &[hash]).await.unwrap();
    tx.logins().append(account, LoginOutcome::Ok, None, None).await.unwrap();
    tx.avatars().set(account, &[1]).await.unwrap();
    let new = NewNode {
        id: NodeId(new_id()),
        name: Slug::parse(&format!("fs{n}")).unwrap(),
        host: "fs.example".into(),
        port: 5060,
        control_host: format!("fs{n}.example"),
        control_port: 8021,
        password: String::from("secret").into(),
        weight: 10,
        notes: String::new(),
    };
    tx.nodes().create(new).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.tenant(&company.scope).await.unwrap();
    tx.calls().insert(&[call(company)]).await.unwrap();
    fill_pbx(&mut tx, company).await;
    let [_, bertil] = company.extensions;
    let change = ExtensionChange { user: Some(Some(user)), ..ExtensionChange::default() };
    tx.extensions(company.pbx).update(bertil, change).await.unwrap();
    tx.devices(bertil).create_browser(session, &name("Webbläsare"), soon).await.unwrap();
    tx.idempotency().begin(account, "key", "POST /", b"hash").await.unwrap();
    let new = NewMail {
        id: voxera_model::MailId(new_id()),
        tenant: None,
        to: email,
        subject: "Hej".into(),
        text: "Hej".into(),
        html: "Hej".into(),
        purpose: "invitation".into(),
        state: voxera_store::MailState::Queued,
        attachment: None,
    };
    tx.mails().queue(new).await.unwrap();
    let new = NewAudit {
        tenant: None,
        customer: None,
        actor_account: Some(account),
        actor_kind: ActorKind::User,
        actor_label: "anna".into(),
        action: "test.fill".into(),
        resource_type: "test".into(),
        resource_id: "1".into(),
        before: None,
        after: None,
        address: None,
        request_id: None,
    };
    tx.audit().append(new).await.unwrap();
    tx.commit().await.unwrap();
}

async fn count(sql: &mut PgConnection, query: String) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.clone()))
        .fetch_one(sql)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

async fn enter(sql: &mut PgConnection, scope: TenantScope) {
    let customer = scope.customer().map_or_else(|| "null".to_owned(), |id| format!("'{id}'"));
    let enter = format!("select platform.enter('{}', {customer})", scope.tenant());
    sql.execute(AssertSqlSafe(enter)).await.unwrap();
}

/// Every row of a table, as its owner sees them: what there is to be hidden.
async fn rows(url: &str, table: &Table) -> Vec<serde_json::Value> {
    let mut sql = owner(url).await;
    let all = format!("select to_jsonb(t) from {table} t");
    sqlx::query_scalar(AssertSqlSafe(all)).fetch_all(&mut sql).await.unwrap()
}

#[tokio::test]
async fn without_a_scope_no_table_shows_or_loses_a_row() {
    let world = World::create().await;
    let mut sql = intruder(world.database.url()).await;
    let tables = world.tables().await;
    assert!(tables.len() >= 35, "{tables:?}");
    for table in &tables {
        let there = rows(world.database.url(), table).await;
        assert!(!there.is_empty(), "{table} has no rows to hide: let fill() make some");
        assert_eq!(count(&mut sql, format!("select count(*) from {table}")).await, 0, "{table}");
        let deleted = sql.execute(AssertSqlSafe(format!("delete from {table}"))).await;
        let untouched = deleted.is_ok_and(|done| done.rows_affected() == 0);
        assert!(untouched || ADDED_TO.contains(&table.name.as_str()), "{table}");
        assert_eq!(rows(world.database.url(), table).await.len(), there.len(), "{table}");
    }
}

#[tokio::test]
async fn a_tenant_sees_and_changes_its_own_rows_only_in_every_table() {
    let world = World::create().await;
    let mut sql = intruder(world.database.url()).await;
    let own = world.nordtel.tenant().0;
    for table in &world.tables().await {
        let there = rows(world.database.url(), table).await;
        let mut tx = sql.begin().await.unwrap();
        enter(&mut tx, world.nordtel).await;
        match table.tenant_column() {
            Some(column) => {
                let foreign = format!("select count(*) from {table} where {column} is distinct from '{own}'");
                assert_eq!(count(&mut tx, foreign).await, 0, "{table}");
            }
            // Of accounts those that are its users; of the rest nothing.
            None if table.name == "accounts" => {
                assert_eq!(count(&mut tx, format!("select count(*) from {table}")).await, 2, "{table}");
                let changed = format!("update {table} set locale = 'en'");
                assert_eq!(tx.execute(AssertSqlSafe(changed)).await.unwrap().rows_affected(), 0, "{table}");
            }
            None => assert_eq!(count(&mut tx, format!("select count(*) from {table}")).await, 0, "{table}"),
        }
        drop(tx);

        // Whatever belongs to someone else cannot be written either, not even as it already is.
        let foreign = there.iter().filter(|row| {
            let tenant = table.tenant_column().and_then(|column| row[column].as_str());
            tenant.is_none_or(|tenant| tenant.parse::<Uuid>().unwrap() != own)
        });
        for row in foreign {
            refuses_row(&mut sql, world.nordtel, table, row).await;
        }
    }
}

#[tokio::test]
async fn a_company_sees_and_changes_its_own_rows_only_in_every_table() {
    let world = World::create().await;
    let mut sql = intruder(world.database.url()).await;
    let own = world.bakery.customer.0;
    for table in world.tables().await.iter().filter(|table| table.customer_column().is_some()) {
        let column = table.customer_column().unwrap();
        let there = rows(world.database.url(), table).await;
        let mut tx = sql.begin().await.unwrap();
        enter(&mut tx, world.bakery.scope).await;
        let foreign = format!("select count(*) from {table} where {column} is distinct from '{own}'");
        assert_eq!(count(&mut tx, foreign).await, 0, "{table}");
        drop(tx);
        let neighbours = there
            .iter()
            .filter(|row| row[column].as_str().is_none_or(|id| id.parse::<Uuid>().unwrap() != own))
            .collect::<Vec<_>>();
        // A schema of the other tenant has only strangers, ours has the garage.
        assert!(!neighbours.is_empty(), "{table} has no row of a neighbour");
        for row in neighbours {
            refuses_row(&mut sql, world.bakery.scope, table, row).await;
        }
        // Nor can one's own rows be given away.
        if table.schema != "platform" && table.name != "customers" {
            let mut tx = sql.begin().await.unwrap();
            enter(&mut tx, world.bakery.scope).await;
            let give = format!("update {table} set customer_id = '{}'", world.garage.customer);
            let given = tx.execute(AssertSqlSafe(give)).await;
            assert!(given.is_err() || given.is_ok_and(|done| done.rows_affected() == 0), "{table}");
        }
    }
}

/// Row-level security is asked before any other rule, so that the refusal is its own and tells
/// nothing about what exists.
async fn refuses_row(sql: &mut PgConnection, scope: TenantScope, table: &Table, row: &serde_json::Value) {
    let mut tx = sql.begin().await.unwrap();
    enter(&mut tx, scope).await;
    let insert = format!("insert into {table} select * from jsonb_populate_record(null::{table}, $1)");
    let outcome = sqlx::query(AssertSqlSafe(insert)).bind(row).execute(&mut *tx).await;
    let code = outcome.as_ref().err().and_then(|error| Some(error.as_database_error()?.code()?.into_owned()));
    assert_eq!(code.as_deref(), Some("42501"), "{table} took {row}");
}

#[tokio::test]
async fn every_table_is_under_forced_row_level_security_and_gives_no_more_than_is_needed() {
    let world = World::create().await;
    let mut sql = owner(world.database.url()).await;
    for table in world.tables().await {
        let (forced, owned, much, update, delete): (bool, bool, bool, bool, bool) =
            sqlx::query_as(AssertSqlSafe(format!(
                "select relrowsecurity and relforcerowsecurity, pg_get_userbyid(relowner) = 'voxera_app',
                     has_table_privilege('voxera_app', oid, 'truncate, references, trigger'),
                     has_table_privilege('voxera_app', oid, 'update'),
                     has_table_privilege('voxera_app', oid, 'delete')
                 from pg_class where oid = '{table}'::regclass"
            )))
            .fetch_one(&mut sql)
            .await
            .unwrap();
        assert!(forced, "{table} is not under forced row-level security");
        assert!(!owned, "{table} belongs to the application role");
        assert!(!much, "{table}: the application role may do more than it needs");
        let changes = !ADDED_TO.contains(&table.name.as_str());
        assert_eq!((update, delete), (changes, changes), "{table}");
    }
    // Whoever calls a function of ours does so with powers of his own.
    let lent: Vec<String> = sqlx::query_scalar(
        "select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where p.prosecdef and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'",
    )
    .fetch_all(&mut sql)
    .await
    .unwrap();
    assert!(lent.is_empty(), "{lent:?}");
}

#[tokio::test]
async fn the_application_role_cannot_become_more_than_it_is() {
    let world = World::create().await;
    let mut sql = owner(world.database.url()).await;
    sql.execute("create schema elsewhere; create table elsewhere.secret (x int)").await.unwrap();
    let own = format!("t_{}", world.nordtel.tenant().0.simple());
    let mut sql = intruder(world.database.url()).await;
    for attempt in [
        "set session authorization voxera_owner".to_owned(),
        "alter role voxera_app bypassrls".to_owned(),
        "alter role voxera_app superuser".to_owned(),
        "create role voxera_helper".to_owned(),
        "grant pg_read_all_data to voxera_app".to_owned(),
        "set session_replication_role = replica".to_owned(),
        "alter table platform.users disable row level security".to_owned(),
        "alter table platform.users no force row level security".to_owned(),
        format!("alter table {own}.extensions disable trigger all"),
        format!("drop trigger touch_pbx on {own}.extensions"),
        "drop policy level on platform.users".to_owned(),
        "create policy open on platform.users using (true)".to_owned(),
        "create schema mine".to_owned(),
        "create table public.mine (x int)".to_owned(),
        format!("create table {own}.mine (x int)"),
        "create function platform.mine() returns int language sql as 'select 1'".to_owned(),
        "create or replace function platform.is_platform() returns boolean language sql as 'select true'"
            .to_owned(),
        "select * from platform._sqlx_migrations".to_owned(),
        format!("select * from {own}._sqlx_migrations"),
        "select * from elsewhere.secret".to_owned(),
        "select * from pg_authid".to_owned(),
        "truncate platform.audit".to_owned(),
        "update platform.audit set action = 'nothing'".to_owned(),
        "delete from platform.audit".to_owned(),
        format!("update {own}.flow_versions set comment = 'nothing'"),
        format!("delete from {own}.flow_versions"),
        "select pg_read_file('PG_VERSION')".to_owned(),
        "copy platform.users to program 'cat'".to_owned(),
        "alter system set jit = on".to_owned(),
    ] {
        assert!(sql.execute(AssertSqlSafe(attempt.clone())).await.is_err(), "{attempt}");
    }
    // Against a foreign server the role has no log-in of its own: there connections log in as the
    // owner and set the role, which only SQL from outside this crate could reset.
    if world.store.has_own_login() {
        assert!(sql.execute("set role voxera_owner").await.is_err());
        sql.execute("reset role").await.unwrap();
        let who: String = sqlx::query_scalar("select current_user::text").fetch_one(&mut sql).await.unwrap();
        assert_eq!(who, "voxera_app");
    }
    // The other partner is as it was.
    let mut tx = world.store.tenant(&world.sydtel).await.unwrap();
    assert_eq!(tx.customers().list(&voxera_store::Page::all()).await.unwrap().total, 1);
}
