//! Calls that are over.

use crate::error::Result;
use crate::page::{List, Listed, Page};
use crate::row::{Columns, word};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use std::collections::HashSet;
use uuid::Uuid;
use voxera_callflow::{Cause, Party, TraceEntry};
use voxera_model::{CallId, CustomerId, ExtensionNumber, Name, PbxId, Zone};

/// A call that is over. Written once, never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    pub id: CallId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub started_at: DateTime<Utc>,
    /// `None`: nobody answered.
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: DateTime<Utc>,
    /// The caller's number as shown to people.
    pub from_number: String,
    pub from_name: Option<Name>,
    pub from_extension: Option<ExtensionNumber>,
    /// What was dialled.
    pub to_number: String,
    /// Whose extension it was, at the time of the call.
    pub to_name: Option<Name>,
    /// The extension that rang or answered.
    pub to_extension: Option<ExtensionNumber>,
    pub outcome: Cause,
    pub hung_up_by: Party,
    /// The codec both sides agreed on, e.g. `PCMA`.
    pub codec: Option<String>,
    pub media: Option<Media>,
    /// The version of the PBX that the call was decided on.
    pub snapshot_version: u64,
    pub trace: Vec<TraceEntry>,
    #[serde(default)]
    pub direction: Direction,
    /// The keys that the caller pressed in menus, in order; at most the first 200. PINs and mailboxes
    /// are not menus.
    #[serde(default)]
    pub keys: String,
}

/// Across which border a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the public network.
    In,
    /// To the public network.
    Out,
    /// Neither.
    #[default]
    Internal,
}

/// What a past call can be decided anew with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastCallRecord {
    pub id: CallId,
    pub started_at: DateTime<Utc>,
    pub direction: Direction,
    /// The caller's number as shown to people, and extension where it was one.
    pub from_number: String,
    pub from_extension: Option<ExtensionNumber>,
    /// What was dialled.
    pub dialled: String,
    pub keys: String,
    pub outcome: Cause,
}

/// What was measured of a call's sound.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Media {
    /// What came from the caller's phone.
    pub caller: Option<LegMedia>,
    /// What came from the phone that answered.
    pub callee: Option<LegMedia>,
}

/// What came from one phone.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LegMedia {
    /// Packets received.
    pub packets: u64,
    /// Packets missing between the first and the last received.
    pub lost: u64,
    /// Interarrival jitter at the end of the call, milliseconds (RFC 3550).
    pub jitter_ms: f32,
}

/// Which calls; everything that is `None` or empty fits all.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    pub pbx: Option<PbxId>,
    /// From or to one of these.
    pub extensions: Vec<ExtensionNumber>,
    /// Started from this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Started before this moment.
    pub to: Option<DateTime<Utc>>,
    pub outcome: Option<Cause>,
    pub direction: Option<Direction>,
    /// Whether anyone answered.
    pub answered: Option<bool>,
}

/// What became of records that were handed in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inserted {
    /// Now on record.
    pub new: u64,
    /// Were on record before: nothing changed.
    pub known: u64,
    /// Their company does not exist any more; they are kept nowhere.
    pub orphaned: Vec<CallId>,
}

/// The calls of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsOfDay {
    pub date: NaiveDate,
    pub answered: u64,
    pub missed: u64,
}

/// Somebody's calls of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Today {
    pub calls: u64,
    /// Talked, all calls together.
    pub seconds: u64,
    /// Calls to them that nobody answered.
    pub missed: u64,
}

const LIST: List = List {
    select: "id, customer_id, pbx_id, started_at, answered_at, ended_at, from_number, from_name, \
             from_extension, to_number, to_name, to_extension, outcome, hung_up_by, codec, media, \
             snapshot_version, trace, direction, keys from calls",
    sorts: &[
        ("started_at", "started_at"),
        ("duration", "ended_at - answered_at"),
        ("from", "from_number"),
        ("to", "to_number"),
        ("outcome", "outcome"),
    ],
    keys: &["started_at", "duration", "from", "to", "outcome"],
    newest_first: true,
    tie: "id desc",
    search: &["from_number", "from_name", "to_number", "to_name", "to_extension"],
    digits: &["from_number", "to_number"],
};

impl FromRow<'_, PgRow> for CallRecord {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let media: Option<serde_json::Value> = row.raw("media")?;
        Ok(Self {
            id: CallId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            started_at: row.raw("started_at")?,
            answered_at: row.raw("answered_at")?,
            ended_at: row.raw("ended_at")?,
            from_number: row.raw("from_number")?,
            from_name: row.maybe("from_name")?,
            from_extension: row.maybe("from_extension")?,
            to_number: row.raw("to_number")?,
            to_name: row.maybe("to_name")?,
            to_extension: row.maybe("to_extension")?,
            outcome: row.word("outcome")?,
            hung_up_by: row.word("hung_up_by")?,
            codec: row.raw("codec")?,
            media: if media.is_some() { Some(row.json("media")?) } else { None },
            snapshot_version: row.unsigned("snapshot_version")?,
            trace: row.json("trace")?,
            direction: row.word("direction")?,
            keys: row.raw("keys")?,
        })
    }
}

/// Calls, as far as the transaction sees them.
pub struct Calls<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Calls<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Puts calls on record, in one statement. Handing one in again changes nothing. Only a call that was
    /// recorded because the server stopped, and that went on without it, is completed by its real end,
    /// whose trace tells the whole call or only what came after the stop.
    pub async fn insert(self, records: &[CallRecord]) -> Result<Inserted> {
        let rows = records
            .iter()
            .map(|record| serde_json::to_value(record).map_err(|e| sqlx::Error::Encode(Box::new(e))))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let ids: Vec<Uuid> = records.iter().map(|record| record.id.0).collect();
        let new = sqlx::query(
            "insert into calls as c (id, customer_id, pbx_id, started_at, answered_at, ended_at, from_number,
                 from_name, from_extension, to_number, to_name, to_extension, outcome, hung_up_by, codec,
                 media, snapshot_version, trace, direction, keys)
             select distinct on (r.id) r.id, r.customer, r.pbx, r.started_at, r.answered_at, r.ended_at, r.from_number,
                 r.from_name, r.from_extension, r.to_number, r.to_name, r.to_extension, r.outcome,
                 r.hung_up_by, r.codec, nullif(r.media, 'null'::jsonb), r.snapshot_version, r.trace,
                 r.direction, left(r.keys, 200)
             from jsonb_to_recordset($1) as r(id uuid, customer uuid, pbx uuid, started_at timestamptz,
                 answered_at timestamptz, ended_at timestamptz, from_number text, from_name text,
                 from_extension text, to_number text, to_name text, to_extension text, outcome text,
                 hung_up_by text, codec text, media jsonb, snapshot_version bigint, trace jsonb,
                 direction text, keys text)
             where exists (select 1 from customers where id = r.customer)
             order by r.id, r.ended_at desc
             on conflict (id) do update
                 set answered_at = coalesce(c.answered_at, excluded.answered_at),
                     ended_at = excluded.ended_at, outcome = excluded.outcome,
                     hung_up_by = excluded.hung_up_by, codec = coalesce(excluded.codec, c.codec),
                     media = coalesce(excluded.media, c.media),
                     to_name = coalesce(excluded.to_name, c.to_name),
                     to_extension = coalesce(excluded.to_extension, c.to_extension),
                     trace = case
                         when starts_with(excluded.trace::text, left((c.trace - (-1))::text, -1))
                         then excluded.trace else (c.trace - (-1)) || excluded.trace end,
                     keys = case
                         when starts_with(excluded.trace::text, left((c.trace - (-1))::text, -1))
                         then excluded.keys else left(c.keys || excluded.keys, 200) end
                 where c.trace -> -1 -> 'reason' ->> 'kind' = 'system_restarted'
                     and excluded.ended_at > c.ended_at",
        )
        .bind(serde_json::Value::Array(rows))
        .execute(&mut *self.conn)
        .await?
        .rows_affected();
        if new == records.len() as u64 {
            return Ok(Inserted { new, ..Inserted::default() });
        }
        let present: Vec<Uuid> = sqlx::query_scalar("select id from calls where id = any($1)")
            .bind(&ids)
            .fetch_all(self.conn)
            .await?;
        let present: HashSet<Uuid> = present.into_iter().collect();
        let orphaned = ids.into_iter().filter(|id| !present.contains(id)).map(CallId).collect();
        Ok(Inserted { new, known: (present.len() as u64).saturating_sub(new), orphaned })
    }

    /// The newest first. Sorts: `started_at`, `duration`, `from`, `to`, `outcome`. Searches numbers
    /// and names.
    pub async fn list(self, page: &Page, filter: &CallFilter) -> Result<Listed<CallRecord>> {
        let extensions: Vec<String> = filter.extensions.iter().map(ToString::to_string).collect();
        LIST.fetch(self.conn, page, |query| {
            if let Some(pbx) = filter.pbx {
                query.push(" and pbx_id = ").push_bind(pbx.0);
            }
            if !extensions.is_empty() {
                query.push(" and (from_extension = any(").push_bind(extensions.clone());
                query.push(") or to_extension = any(").push_bind(extensions.clone()).push("))");
            }
            if let Some(from) = filter.from {
                query.push(" and started_at >= ").push_bind(from);
            }
            if let Some(to) = filter.to {
                query.push(" and started_at < ").push_bind(to);
            }
            if let Some(outcome) = filter.outcome {
                query.push(" and outcome = ").push_bind(word(&outcome));
            }
            if let Some(direction) = filter.direction {
                query.push(" and direction = ").push_bind(word(&direction));
            }
            if let Some(answered) = filter.answered {
                query.push(if answered {
                    " and answered_at is not null"
                } else {
                    " and answered_at is null"
                });
            }
        })
        .await
    }

    /// By id.
    pub async fn get(self, id: CallId) -> Result<CallRecord> {
        Ok(sqlx::query_as(
            "select id, customer_id, pbx_id, started_at, answered_at, ended_at, from_number, from_name,
                    from_extension, to_number, to_name, to_extension, outcome, hung_up_by, codec, media,
                    snapshot_version, trace, direction, keys
             from calls where id = $1",
        )
        .bind(id.0)
        .fetch_one(self.conn)
        .await?)
    }

    /// Calls of a PBX that started from `since` on, the newest first, `limit` at most.
    pub async fn past(self, pbx: PbxId, since: DateTime<Utc>, limit: u32) -> Result<Vec<PastCallRecord>> {
        let rows = sqlx::query(
            "select id, started_at, direction, from_number, from_extension, to_number, keys, outcome
             from calls where pbx_id = $1 and started_at >= $2 order by started_at desc, id desc limit $3",
        )
        .bind(pbx.0)
        .bind(since)
        .bind(i64::from(limit))
        .fetch_all(self.conn)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(PastCallRecord {
                    id: CallId(row.raw("id")?),
                    started_at: row.raw("started_at")?,
                    direction: row.word("direction")?,
                    from_number: row.raw("from_number")?,
                    from_extension: row.maybe("from_extension")?,
                    dialled: row.raw("to_number")?,
                    keys: row.raw("keys")?,
                    outcome: row.word("outcome")?,
                })
            })
            .collect()
    }

    /// The calls of the last `days` days (1 to 366), today included, as days go in `zone`; days
    /// without calls are there too.
    pub async fn per_day(self, days: u32, zone: &Zone, pbx: Option<PbxId>) -> Result<Vec<CallsOfDay>> {
        per_day(self.conn, days, zone, pbx).await
    }

    /// The calls of these extensions of a PBX today, as days go in `zone`.
    pub async fn today(self, pbx: PbxId, extensions: &[ExtensionNumber], zone: &Zone) -> Result<Today> {
        let extensions: Vec<String> = extensions.iter().map(ToString::to_string).collect();
        let (calls, seconds, missed): (i64, i64, i64) = sqlx::query_as(
            "select count(*),
                 coalesce(sum(extract(epoch from ended_at - answered_at)), 0)::bigint,
                 count(*) filter (where answered_at is null and to_extension = any($2))
             from calls
             where pbx_id = $1 and (from_extension = any($2) or to_extension = any($2))
                 and started_at >= (now() at time zone $3)::date::timestamp at time zone $3",
        )
        .bind(pbx.0)
        .bind(extensions)
        .bind(zone.as_str())
        .fetch_one(self.conn)
        .await?;
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Today { calls: count(calls), seconds: count(seconds), missed: count(missed) })
    }

    /// Removes calls that started before `before`; returns how many.
    pub async fn purge(self, before: DateTime<Utc>) -> Result<u64> {
        let done =
            sqlx::query("delete from calls where started_at < $1").bind(before).execute(self.conn).await?;
        Ok(done.rows_affected())
    }
}

pub(crate) async fn per_day(
    conn: &mut PgConnection,
    days: u32,
    zone: &Zone,
    pbx: Option<PbxId>,
) -> Result<Vec<CallsOfDay>> {
    let rows: Vec<(NaiveDate, i64, i64)> = sqlx::query_as(
        "with days as (
             select d::date as date
             from generate_series((now() at time zone $2)::date - ($1 - 1), (now() at time zone $2)::date,
                 interval '1 day') d),
         counted as (
             select (started_at at time zone $2)::date as date, count(answered_at) as answered,
                 count(*) - count(answered_at) as missed
             from calls
             where started_at >= ((now() at time zone $2)::date - ($1 - 1))::timestamp at time zone $2
                 and ($3::uuid is null or pbx_id = $3)
             group by 1)
         select days.date, coalesce(answered, 0), coalesce(missed, 0)
         from days left join counted using (date) order by 1",
    )
    .bind(i32::try_from(days.clamp(1, 366)).unwrap_or(1))
    .bind(zone.as_str())
    .bind(pbx.map(|id| id.0))
    .fetch_all(conn)
    .await?;
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|(date, answered, missed)| CallsOfDay { date, answered: count(answered), missed: count(missed) })
        .collect())
}
