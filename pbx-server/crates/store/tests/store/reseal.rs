//! Another key for everything that is sealed.

use crate::companies::owner;
use crate::every_table::World;
use sqlx::Executor;
use voxera_model::AccountId;
use voxera_store::{NodeSecret, PbxConfig, Resealed, SealKey, Store, StoreConfig, StoreError};

impl World {
    fn key(&self) -> SealKey {
        self.database.config().seal_key
    }

    async fn with(&self, seal_key: &SealKey) -> Store {
        let config = StoreConfig { seal_key: seal_key.clone(), ..self.database.config() };
        Store::connect(&config).await.unwrap()
    }

    async fn accounts(&self) -> Vec<AccountId> {
        let ids = sqlx::query_scalar("select account_id from platform.totp order by 1");
        let ids: Vec<uuid::Uuid> = ids.fetch_all(&mut owner(self.database.url()).await).await.unwrap();
        ids.into_iter().map(AccountId).collect()
    }
}

/// Every PBX as engines get it, but for its version.
async fn configs(store: &Store) -> Vec<PbxConfig> {
    let all = store.all_configs().await.unwrap();
    assert_eq!(all.failed, []);
    let mut configs = all.configs;
    for config in &mut configs {
        config.snapshot.version = 0;
    }
    configs.sort_by_key(|config| config.snapshot.pbx);
    configs
}

async fn signing(store: &Store) -> voxera_store::Result<usize> {
    Ok(store.platform().await?.signing_keys().all().await?.len())
}

async fn nodes(store: &Store) -> Vec<NodeSecret> {
    store.platform().await.unwrap().nodes().secrets().await.unwrap()
}

#[tokio::test]
async fn what_is_sealed_opens_with_the_new_key_and_no_longer_with_the_old_one() {
    let world = World::create().await;
    let (old, new, before) = (world.key(), SealKey::generate(), configs(&world.store).await);
    let before_nodes = nodes(&world.store).await;
    assert!(before.iter().all(|config| config.devices.len() == 3 && !config.trunks.is_empty()));
    let done = Store::reseal(world.database.url(), std::slice::from_ref(&old), &new).await.unwrap();
    assert_eq!((done.lost(), done.kept >= 3 * (3 + 1 + 1 + 1)), (0, true), "{done:?}");

    let store = world.with(&new).await;
    assert_eq!(configs(&store).await, before);
    assert_eq!(signing(&store).await.unwrap(), 3);
    for account in world.accounts().await {
        let mut tx = store.platform().await.unwrap();
        let factor = tx.second_factors().of(account).await.unwrap().unwrap();
        assert_eq!(factor.secret.as_slice(), [1; 20]);
    }
    assert_eq!(nodes(&store).await, before_nodes);
    assert!(matches!(signing(&world.store).await, Err(StoreError::Sealed)));
    // Begun again after it was done: both keys are tried.
    let again = Store::reseal(world.database.url(), &[old, new.clone()], &new).await.unwrap();
    assert_eq!(again, done);
    assert_eq!(configs(&store).await, before);
}

#[tokio::test]
async fn what_a_lost_key_sealed_is_counted_and_nobodys_second_factor_is_switched_off() {
    let world = World::create().await;
    let new = SealKey::generate();
    let done = Store::reseal(world.database.url(), &[], &new).await.unwrap();
    assert_eq!((done.kept, done.phones, done.second_factors, done.signing_keys), (0, 9, 3, 3), "{done:?}");
    assert_eq!(done.lost(), 9 + 3 + 3 + done.pins + done.lines + done.nodes);
    let store = world.with(&new).await;
    assert_eq!(signing(&store).await.unwrap(), 0);
    for account in world.accounts().await {
        let mut tx = store.platform().await.unwrap();
        let factor = tx.second_factors().of(account).await.unwrap().unwrap();
        assert_ne!(factor.secret.as_slice(), [1; 20]);
        assert_eq!(factor.recovery_codes_left, 1);
    }
    assert_eq!(configs(&store).await.len(), 3);
}

#[tokio::test]
async fn all_is_sealed_anew_or_nothing() {
    let world = World::create().await;
    let (before, mut sql) = (configs(&world.store).await, owner(world.database.url()).await);
    let last: String =
        sqlx::query_scalar("select schema_name from platform.tenants order by id desc limit 1")
            .fetch_one(&mut sql)
            .await
            .unwrap();
    let rename =
        |from: &str, to: &str| sqlx::AssertSqlSafe(format!("alter table {last}.{from} rename to {to}"));
    sql.execute(rename("trunks", "elsewhere")).await.unwrap();
    let new = SealKey::generate();
    assert!(Store::reseal(world.database.url(), &[world.key()], &new).await.is_err());
    sql.execute(rename("elsewhere", "trunks")).await.unwrap();
    assert_eq!(configs(&world.store).await, before);
    assert_eq!(signing(&world.store).await.unwrap(), 3);
}

#[tokio::test]
async fn no_sealed_column_is_forgotten() {
    let world = World::create().await;
    let columns: Vec<String> = sqlx::query_scalar(
        "select distinct table_name || '.' || column_name from information_schema.columns
         where column_name like 'sealed%' order by 1",
    )
    .fetch_all(&mut owner(world.database.url()).await)
    .await
    .unwrap();
    let known = [
        "devices.sealed_secret",
        "extensions.sealed_pin",
        "nodes.sealed_password",
        "signing_keys.sealed_private",
        "totp.sealed_secret",
        "trunks.sealed_password",
    ];
    assert_eq!(columns, known);
    assert_eq!(Resealed::default().lost(), 0);
}
