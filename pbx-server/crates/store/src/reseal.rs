//! Everything that is sealed, sealed anew: the installation gets another key.

use crate::error::Result;
use crate::migrate::LOCK;
use crate::platform::{nodes, second_factors, signing_keys};
use crate::row::Columns;
use crate::seal::SealKey;
use crate::store::{Store, options};
use crate::tenant::{devices, kinds, trunks};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use uuid::Uuid;
use voxera_model::{AccountId, DeviceId, ExtensionId, NodeId, TenantId, TrunkId};

/// What came of [`Store::reseal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealed {
    /// Values that are under the new key.
    pub kept: usize,
    /// Values that no key opened, by what they were for.
    pub phones: usize,
    pub pins: usize,
    pub lines: usize,
    pub nodes: usize,
    pub second_factors: usize,
    pub signing_keys: usize,
}

impl Resealed {
    /// Values that no key opened.
    #[must_use]
    pub const fn lost(&self) -> usize {
        self.phones + self.pins + self.lines + self.nodes + self.second_factors + self.signing_keys
    }
}

/// A table's sealed column: its name, the column of the row's id, and what the value is bound to.
struct Place {
    table: &'static str,
    id: &'static str,
    column: &'static str,
    aad: fn(TenantId, Uuid) -> Vec<u8>,
}

const PHONES: Place = Place {
    table: "devices",
    id: "id",
    column: "sealed_secret",
    aad: |tenant, id| devices::aad(tenant, DeviceId(id)),
};
const PINS: Place = Place {
    table: "extensions",
    id: "id",
    column: "sealed_pin",
    aad: |tenant, id| kinds::aad(tenant, ExtensionId(id)),
};
const LINES: Place = Place {
    table: "trunks",
    id: "id",
    column: "sealed_password",
    aad: |tenant, id| trunks::aad(tenant, TrunkId(id)),
};
const SECOND_FACTORS: Place = Place {
    table: "platform.totp",
    id: "account_id",
    column: "sealed_secret",
    aad: |_, id| second_factors::aad(AccountId(id)),
};
const NODES: Place = Place {
    table: "platform.nodes",
    id: "id",
    column: "sealed_password",
    aad: |_, id| nodes::aad(NodeId(id)),
};

impl Store {
    /// Opens every sealed value with whichever of `from` fits, and seals it with `to`: all of them, or
    /// none. Nobody else may use the database meanwhile but to read.
    ///
    /// What none of them opens is lost. A signing key goes, and everybody's access token with it. A
    /// second factor gets a secret that nobody has: recovery codes still open it, and whoever may can
    /// reset it. Phones, PINs, lines and nodes stay as they are, to be given new secrets.
    pub async fn reseal(url: &str, from: &[SealKey], to: &SealKey) -> Result<Resealed> {
        let mut conn = options(url)?.connect().await?;
        let mut done = Resealed::default();
        let mut tx = conn.begin().await?;
        sqlx::query("select pg_advisory_xact_lock($1), set_config('app.scope', 'platform', true)")
            .bind(LOCK)
            .execute(&mut *tx)
            .await?;
        let tenants: Vec<Uuid> =
            sqlx::query_scalar("select id from platform.tenants order by id").fetch_all(&mut *tx).await?;
        signing(&mut tx, from, to, &mut done).await?;
        // None of a tenant's.
        done.nodes = values(&mut tx, &NODES, TenantId(Uuid::nil()), (from, to), &mut done).await?.len();
        let lost = values(&mut tx, &SECOND_FACTORS, TenantId(Uuid::nil()), (from, to), &mut done).await?;
        for account in &lost {
            let nobodys: [u8; 20] = rand::random();
            let sealed = to.seal(&second_factors::aad(AccountId(*account)), &nobodys)?;
            sqlx::query("update platform.totp set sealed_secret = $2 where account_id = $1")
                .bind(account)
                .bind(sealed)
                .execute(&mut *tx)
                .await?;
        }
        done.second_factors = lost.len();
        for id in tenants {
            let tenant = TenantId(id);
            sqlx::query("select platform.enter($1, null)").bind(id).execute(&mut *tx).await?;
            let phones = values(&mut tx, &PHONES, tenant, (from, to), &mut done).await?;
            let pins = values(&mut tx, &PINS, tenant, (from, to), &mut done).await?;
            let lines = values(&mut tx, &LINES, tenant, (from, to), &mut done).await?;
            done.phones += phones.len();
            done.pins += pins.len();
            done.lines += lines.len();
        }
        tx.commit().await?;
        conn.close().await?;
        Ok(done)
    }
}

/// Seals the values of one place anew; those that are lost.
async fn values(
    conn: &mut PgConnection,
    place: &Place,
    tenant: TenantId,
    (from, to): (&[SealKey], &SealKey),
    done: &mut Resealed,
) -> Result<Vec<Uuid>> {
    let Place { table, id, column, aad } = place;
    let select = format!("select {id} as id, {column} as sealed from {table} where {column} is not null");
    let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&mut *conn).await?;
    let mut lost = Vec::new();
    for row in rows {
        let (of, sealed): (Uuid, Vec<u8>) = (row.raw("id")?, row.raw("sealed")?);
        let aad = aad(tenant, of);
        let Some(plain) = from.iter().find_map(|key| key.open(&aad, &sealed).ok()) else {
            lost.push(of);
            continue;
        };
        sqlx::query(AssertSqlSafe(format!("update {table} set {column} = $2 where {id} = $1")))
            .bind(of)
            .bind(to.seal(&aad, &plain)?)
            .execute(&mut *conn)
            .await?;
        done.kept += 1;
    }
    Ok(lost)
}

async fn signing(conn: &mut PgConnection, from: &[SealKey], to: &SealKey, done: &mut Resealed) -> Result<()> {
    let rows =
        sqlx::query("select kid, sealed_private from platform.signing_keys").fetch_all(&mut *conn).await?;
    for row in rows {
        let (kid, sealed): (String, Vec<u8>) = (row.raw("kid")?, row.raw("sealed_private")?);
        let aad = signing_keys::aad(&kid);
        if let Some(plain) = from.iter().find_map(|key| key.open(&aad, &sealed).ok()) {
            sqlx::query("update platform.signing_keys set sealed_private = $2 where kid = $1")
                .bind(kid)
                .bind(to.seal(&aad, &plain)?)
                .execute(&mut *conn)
                .await?;
            done.kept += 1;
        } else {
            sqlx::query("delete from platform.signing_keys where kid = $1")
                .bind(kid)
                .execute(&mut *conn)
                .await?;
            done.signing_keys += 1;
        }
    }
    Ok(())
}
