//! A request that comes twice acts once.

use crate::companies::tenant;
use serde_json::json;
use voxera_model::{AccountId, Email, Locale};
use voxera_store::{Idempotency, NewAccount, Store, StoreError, TenantScope, new_id};
use voxera_testkit::postgres::Database;

async fn account(store: &Store) -> AccountId {
    let mut tx = store.platform().await.unwrap();
    let id = AccountId(new_id());
    let new = NewAccount {
        id,
        email: Email::parse(&format!("{id}@example.com")).unwrap(),
        password_hash: None,
        locale: Locale::Sv,
        verified_at: None,
    };
    tx.accounts().create(new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn begin(store: &Store, scope: &TenantScope, account: AccountId, hash: &[u8]) -> Idempotency {
    let mut tx = store.tenant(scope).await.unwrap();
    let begun = tx.idempotency().begin(account, "k1", "POST /customers", hash).await.unwrap();
    if begun == Idempotency::New {
        tx.idempotency().finish(account, "k1", 201, Some(&json!({ "id": 7 }))).await.unwrap();
        tx.commit().await.unwrap();
    }
    begun
}

#[tokio::test]
async fn the_second_time_gets_the_first_answer() {
    let database = Database::create().await;
    let store = database.store().await;
    let (one, two) = (tenant(&store, "one").await, tenant(&store, "two").await);
    let (anna, bertil) = (account(&store).await, account(&store).await);
    assert_eq!(begin(&store, &one, anna, b"a").await, Idempotency::New);
    let replay = Idempotency::Replay { status: 201, body: Some(json!({ "id": 7 })) };
    assert_eq!(begin(&store, &one, anna, b"a").await, replay);
    // Another body, another place: not the same request. Another account's key is its own.
    assert_eq!(begin(&store, &one, anna, b"b").await, Idempotency::Mismatch);
    assert_eq!(begin(&store, &two, anna, b"a").await, Idempotency::Mismatch);
    assert_eq!(begin(&store, &one, bertil, b"a").await, Idempotency::New);
}

#[tokio::test]
async fn of_two_at_once_one_acts_and_the_other_waits_for_its_answer() {
    let database = Database::create().await;
    let store = database.store().await;
    let one = tenant(&store, "one").await;
    let anna = account(&store).await;
    let (first, second) = tokio::join!(begin(&store, &one, anna, b"a"), begin(&store, &one, anna, b"a"));
    let replay = Idempotency::Replay { status: 201, body: Some(json!({ "id": 7 })) };
    assert!(
        (first == Idempotency::New && second == replay) || (second == Idempotency::New && first == replay),
        "{first:?} {second:?}"
    );
}

#[tokio::test]
async fn one_that_failed_may_be_tried_again() {
    let database = Database::create().await;
    let store = database.store().await;
    let one = tenant(&store, "one").await;
    let anna = account(&store).await;
    let mut tx = store.tenant(&one).await.unwrap();
    assert_eq!(tx.idempotency().begin(anna, "k1", "POST /customers", b"a").await.unwrap(), Idempotency::New);
    drop(tx);
    assert_eq!(begin(&store, &one, anna, b"a").await, Idempotency::New);
    let mut tx = store.tenant(&one).await.unwrap();
    let refused = tx.idempotency().begin(anna, "", "POST /customers", b"a").await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
}
