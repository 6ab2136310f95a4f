//! Cloud PBXs.

use crate::error::{Constraint, Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, document, integer};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;
use voxera_callflow::Features;
use voxera_model::{AudioId, CustomerId, Locale, Name, PbxId, PhoneNumber, Realm, Zone};

/// A cloud PBX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pbx {
    pub id: PbxId,
    pub customer: CustomerId,
    pub name: Name,
    pub description: Option<String>,
    /// Fixed when the PBX is made: every phone's secret is bound to it.
    pub realm: Realm,
    pub time_zone: Zone,
    /// In which the PBX itself speaks to callers.
    pub language: Locale,
    pub features: Features,
    /// Extensions at most; `None`: as many as it likes.
    pub max_extensions: Option<u32>,
    /// An own number, shown to those who are called; `None`: the lowest.
    pub caller_id: Option<PhoneNumber>,
    /// For callers on hold; `None`: the built-in.
    pub music: Option<AudioId>,
    /// Whether calls to premium numbers may be made.
    pub premium_allowed: bool,
    /// How long recordings are kept, 1 to 3,650 days.
    pub recording_days: u32,
    /// Grows with every change that calls can notice.
    pub version: u64,
    pub extensions: u64,
    pub devices: u64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A PBX to be.
#[derive(Debug, Clone)]
pub struct NewPbx {
    pub id: PbxId,
    pub customer: CustomerId,
    pub name: Name,
    pub realm: Realm,
    pub time_zone: Zone,
}

/// What is to change; `None` stays, `Some(None)` is cleared.
#[derive(Debug, Clone, Default)]
pub struct PbxChange {
    pub name: Option<Name>,
    pub description: Option<Option<String>>,
    pub time_zone: Option<Zone>,
    pub language: Option<Locale>,
    pub features: Option<Features>,
    pub max_extensions: Option<Option<u32>>,
    pub caller_id: Option<Option<PhoneNumber>>,
    pub music: Option<Option<AudioId>>,
    pub premium_allowed: Option<bool>,
    pub recording_days: Option<u32>,
}

const LIST: List = List {
    select: "p.id, p.customer_id, p.name, p.description, p.realm, p.time_zone, p.language, p.features, \
             p.max_extensions, p.caller_id, p.music_audio_id, p.premium_allowed, p.recording_days, p.version, \
             (select count(*) from extensions e where e.pbx_id = p.id) as extensions, \
             (select count(*) from devices d where d.pbx_id = p.id) as devices, p.created_at, p.updated_at \
             from pbxs p",
    sorts: &[
        ("name", "lower(p.name collate \"sv-x-icu\")"),
        ("realm", "p.realm"),
        ("created_at", "p.created_at"),
        ("updated_at", "p.updated_at"),
    ],
    keys: &["name", "realm", "created_at", "updated_at"],
    newest_first: false,
    tie: "p.id",
    search: &["p.name", "p.realm", "p.description"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Pbx {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: PbxId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            name: row.parsed("name")?,
            realm: row.parsed("realm")?,
            description: row.raw("description")?,
            time_zone: row.parsed("time_zone")?,
            language: row.parsed("language")?,
            features: row.json("features")?,
            max_extensions: row.maybe_whole("max_extensions")?,
            caller_id: row.maybe("caller_id")?,
            music: row.raw::<Option<Uuid>>("music_audio_id")?.map(AudioId),
            premium_allowed: row.raw("premium_allowed")?,
            recording_days: row.whole("recording_days")?,
            version: row.unsigned("version")?,
            extensions: row.unsigned("extensions")?,
            devices: row.unsigned("devices")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// PBXs, as far as the transaction sees them.
pub struct Pbxs<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Pbxs<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Sorts: `name`, `realm`, `created_at`, `updated_at`. Searches name, realm and description.
    pub async fn list(self, page: &Page) -> Result<Listed<Pbx>> {
        LIST.fetch(self.conn, page, |_| {}).await
    }

    /// By id.
    pub async fn get(self, id: PbxId) -> Result<Pbx> {
        get(self.conn, id).await
    }

    /// Speaks its company's language. Conflicts: `RealmTaken` (also by another tenant), `PbxLimit`,
    /// `ParentGone`.
    pub async fn create(self, new: NewPbx) -> Result<Pbx> {
        // Held to the end, so that two at once do not both become the last one that is allowed.
        let full: Option<bool> = sqlx::query_scalar(
            "select (select count(*) from pbxs p where p.customer_id = customers.id) >= max_pbxs is true
             from customers where id = $1 for update",
        )
        .bind(new.customer.0)
        .fetch_optional(&mut *self.conn)
        .await?;
        if full == Some(true) {
            return Err(StoreError::Conflict(Constraint::PbxLimit));
        }
        sqlx::query(
            "insert into pbxs (id, customer_id, name, realm, time_zone, language)
             values ($1, $2, $3, $4, $5,
                 coalesce((select c.locale from customers c where c.id = $2), 'sv'))",
        )
        .bind(new.id.0)
        .bind(new.customer.0)
        .bind(new.name.as_str())
        .bind(new.realm.as_str())
        .bind(new.time_zone.as_str())
        .execute(&mut *self.conn)
        .await?;
        get(self.conn, new.id).await
    }

    /// Changes what is given. Conflicts: `CallerIdNotOwn`, `AudioOfSomeoneElse`, `OutOfRange`.
    pub async fn update(self, id: PbxId, change: PbxChange) -> Result<Pbx> {
        let caller_id = change.caller_id.as_ref().and_then(Option::as_ref).map(PhoneNumber::as_str);
        if let Some(number) = caller_id {
            let own: Option<i32> =
                sqlx::query_scalar("select 1 from numbers where e164 = $1 and pbx_id = $2 for key share")
                    .bind(number)
                    .bind(id.0)
                    .fetch_optional(&mut *self.conn)
                    .await?;
            if own.is_none() {
                return Err(StoreError::Conflict(Constraint::CallerIdNotOwn));
            }
        }
        let done = sqlx::query(
            "update pbxs set
                 name = coalesce($2, name), time_zone = coalesce($3, time_zone),
                 description = case when $4 then $5 else description end,
                 language = coalesce($6, language), features = coalesce($7, features),
                 max_extensions = case when $8 then $9 else max_extensions end,
                 caller_id = case when $10 then $11 else caller_id end,
                 music_audio_id = case when $12 then $13 else music_audio_id end,
                 premium_allowed = coalesce($14, premium_allowed),
                 recording_days = coalesce($15, recording_days)
             where id = $1",
        )
        .bind(id.0)
        .bind(change.name.as_ref().map(Name::as_str))
        .bind(change.time_zone.as_ref().map(Zone::as_str))
        .bind(change.description.is_some())
        .bind(change.description.flatten())
        .bind(change.language.map(Locale::as_str))
        .bind(change.features.as_ref().map(document).transpose()?)
        .bind(change.max_extensions.is_some())
        .bind(change.max_extensions.flatten().map(integer))
        .bind(change.caller_id.is_some())
        .bind(caller_id)
        .bind(change.music.is_some())
        .bind(change.music.flatten().map(|id| id.0))
        .bind(change.premium_allowed)
        .bind(change.recording_days.map(integer))
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        get(self.conn, id).await
    }

    /// Removes a PBX with its extensions, phones, flows, sounds, lines, messages and recordings. Its
    /// numbers lead nowhere then, and its calls stay on record.
    pub async fn delete(self, id: PbxId) -> Result<()> {
        let done = sqlx::query("delete from pbxs where id = $1").bind(id.0).execute(self.conn).await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

async fn get(conn: &mut PgConnection, id: PbxId) -> Result<Pbx> {
    let mut query = sqlx::QueryBuilder::new("select ");
    query.push(LIST.select).push(" where p.id = ").push_bind(id.0);
    Ok(query.build_query_as().fetch_one(conn).await?)
}

/// A list of what one PBX has. An empty one may be of no PBX at all: `NotFound` then.
pub(crate) async fn list_in<R>(
    conn: &mut PgConnection,
    pbx: PbxId,
    list: &List,
    page: &Page,
    only: impl Fn(&mut QueryBuilder<Postgres>),
) -> Result<Listed<R>>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let listed = list.fetch(&mut *conn, page, only).await?;
    if listed.total == 0 {
        Pbxs::new(conn).get(pbx).await?;
    }
    Ok(listed)
}
