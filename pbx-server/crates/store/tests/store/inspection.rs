//! What `voxera doctor` is told of a database.

use crate::companies::owner;
use sqlx::Executor;
use voxera_store::{Inspection, StoreError};
use voxera_testkit::postgres::Database;

#[tokio::test]
async fn a_database_says_what_it_is_and_what_we_may_do_there() {
    let database = Database::create().await;
    let seen = Inspection::of(database.url()).await.unwrap();
    assert!(seen.version >= 15, "{seen:?}");
    assert!(seen.creates_schemas && seen.creates_roles && seen.has_role && seen.is_member, "{seen:?}");
    assert!(!seen.role_is_strong, "{seen:?}");
    // A role with powers of its own would pass row-level security. Roles belong to the whole server,
    // so this is tried only on one of our own.
    if !database.store().await.has_own_login() {
        return;
    }
    let mut sql = owner(database.url()).await;
    sql.execute("alter role voxera_app createrole").await.unwrap();
    let strong = Inspection::of(database.url()).await;
    let migrated = voxera_store::Store::migrate(database.url(), |_| {}).await;
    sql.execute("alter role voxera_app nocreaterole").await.unwrap();
    assert!(strong.unwrap().role_is_strong);
    let Err(StoreError::Unavailable(why)) = migrated else { panic!("{migrated:?}") };
    assert!(why.contains("take them away"), "{why}");
    voxera_store::Store::migrate(database.url(), |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable() {
    let nowhere = "postgres://nobody@127.0.0.1:1/voxera";
    assert!(matches!(Inspection::of(nowhere).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(Inspection::of("nonsense").await, Err(StoreError::Unavailable(_))));
}
