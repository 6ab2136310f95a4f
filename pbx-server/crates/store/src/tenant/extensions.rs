//! Dialable extensions of one PBX.

use crate::error::{Constraint, Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, document, word};
use crate::seal::SealKey;
use crate::tenant::devices::{self, Device};
use crate::tenant::kinds::{self, Kept};
use crate::tenant::pbxs::{Pbx, list_in};
use crate::tenant::references::{self, Usage, Wanted};
use crate::tx::TenantTx;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use std::collections::HashMap;
use uuid::Uuid;
use voxera_callflow::{ExtensionType, Kind, Member, RecordingPolicy};
use voxera_model::{CustomerId, DeviceId, ExtensionId, ExtensionNumber, Name, PbxId, Pin, TenantId, UserId};

/// An extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Extension {
    pub id: ExtensionId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub number: ExtensionNumber,
    pub name: Name,
    /// The person whose extension it is.
    pub user: Option<UserId>,
    /// That person's name, as far as it can be seen here.
    pub user_name: Option<Name>,
    /// What it is, with its phones or members. Its PIN never comes out of here: see `has_pin`.
    pub kind: Kind,
    pub recording: Option<RecordingPolicy>,
    /// A PIN is set for its mailbox or room.
    pub has_pin: bool,
    /// Phones set up.
    pub devices: u64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An extension to be.
#[derive(Debug, Clone)]
pub struct NewExtension {
    pub id: ExtensionId,
    pub number: ExtensionNumber,
    pub name: Name,
    pub user: Option<UserId>,
    /// Phones in it are not looked at: they are made by [`crate::Devices`].
    pub kind: Kind,
    pub recording: Option<RecordingPolicy>,
}

/// What is to change; `None` stays, `Some(None)` is cleared.
#[derive(Debug, Clone, Default)]
pub struct ExtensionChange {
    pub number: Option<ExtensionNumber>,
    pub name: Option<Name>,
    pub user: Option<Option<UserId>>,
    /// All of it, members included, phones not. A PIN in it is set; where it has none, the one that
    /// is set stays as long as there is a mailbox or room. The kind itself never changes.
    pub kind: Option<Kind>,
    pub recording: Option<Option<RecordingPolicy>>,
    pub pin: Option<Option<Pin>>,
}

/// An extension of a person with everything around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserExtension {
    pub extension: Extension,
    pub pbx: Pbx,
    pub devices: Vec<Device>,
}

const LIST: List = List {
    select: "e.id, e.customer_id, e.pbx_id, e.number, e.name, e.user_id, u.display_name as user_name, \
             e.kind, e.settings, e.ring_seconds, e.call_waiting, e.recording, \
             e.sealed_pin is not null as has_pin, \
             coalesce(d.ids, '{}') as devices, \
             case when e.kind in ('hunt_group', 'queue') then \
                 (select jsonb_agg(jsonb_build_object('extension', m.member_id, 'tier', m.tier) \
                     order by m.position) from extension_members m where m.group_id = e.id) end as members, \
             e.created_at, e.updated_at from extensions e \
                 left join (select pbx_id, extension_id, array_agg(id order by created_at, id) as ids \
                     from devices group by pbx_id, extension_id) d \
                     on d.pbx_id = e.pbx_id and d.extension_id = e.id \
                 left join platform.users u on u.id = e.user_id",
    sorts: &[
        ("number", "(length(e.number), e.number)"),
        ("name", "lower(e.name collate \"sv-x-icu\")"),
        ("kind", "e.kind"),
        ("created_at", "e.created_at"),
        ("updated_at", "e.updated_at"),
    ],
    keys: &["number", "name", "kind", "created_at", "updated_at"],
    newest_first: false,
    tie: "e.id",
    search: &["e.name", "e.number", "u.display_name"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Extension {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let devices: Vec<_> = row.raw::<Vec<Uuid>>("devices")?.into_iter().map(DeviceId).collect();
        let members: Option<Vec<Member>> = row.maybe_json("members")?;
        Ok(Self {
            id: ExtensionId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            number: row.parsed("number")?,
            name: row.parsed("name")?,
            user: row.raw::<Option<Uuid>>("user_id")?.map(UserId),
            user_name: row.maybe("user_name")?,
            devices: devices.len() as u64,
            kind: kinds::read(row, &devices, &members.unwrap_or_default(), None)?,
            recording: row.maybe_json("recording")?,
            has_pin: row.raw("has_pin")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// Which extensions; what is empty fits all.
#[derive(Debug, Clone, Default)]
pub struct ExtensionFilter {
    pub kinds: Vec<ExtensionType>,
    pub user: Option<UserId>,
    /// Not these.
    pub except: Vec<ExtensionId>,
}

/// Extensions of one PBX.
pub struct Extensions<'t> {
    conn: &'t mut PgConnection,
    pbx: PbxId,
    tenant: TenantId,
    seal: &'t SealKey,
}

impl<'t> Extensions<'t> {
    pub(crate) const fn new(
        conn: &'t mut PgConnection,
        pbx: PbxId,
        tenant: TenantId,
        seal: &'t SealKey,
    ) -> Self {
        Self { conn, pbx, tenant, seal }
    }

    /// `NotFound` when there is no such PBX. Sorts: `number`, `name`, `kind`, `created_at`,
    /// `updated_at`. Searches number, name and the person's name.
    pub async fn list(self, page: &Page) -> Result<Listed<Extension>> {
        self.list_of(page, &ExtensionFilter::default()).await
    }

    /// The same, of some kinds or one person only.
    pub async fn list_of(self, page: &Page, filter: &ExtensionFilter) -> Result<Listed<Extension>> {
        let pbx = self.pbx;
        let kinds: Vec<String> = filter.kinds.iter().map(word).collect();
        let except: Vec<Uuid> = filter.except.iter().map(|id| id.0).collect();
        let only = |query: &mut QueryBuilder<Postgres>| {
            query.push(" and e.pbx_id = ").push_bind(pbx.0);
            if !kinds.is_empty() {
                query.push(" and e.kind = any(").push_bind(kinds.clone()).push(")");
            }
            if let Some(user) = filter.user {
                query.push(" and e.user_id = ").push_bind(user.0);
            }
            if !except.is_empty() {
                query.push(" and e.id <> all(").push_bind(except.clone()).push(")");
            }
        };
        list_in(self.conn, pbx, &LIST, page, only).await
    }

    /// By id.
    pub async fn get(self, id: ExtensionId) -> Result<Extension> {
        get(self.conn, Some(self.pbx), id).await
    }

    /// `NotFound` when there is no such PBX. Conflicts: `ExtensionNumberTaken`, `ExtensionLimit`,
    /// `UserOfSomeoneElse`, `MemberDoesNotFit`, `OutOfRange`.
    pub async fn create(self, new: NewExtension) -> Result<Extension> {
        // Held to the end, so that two at once do not both become the last one that is allowed.
        let (customer, full): (Uuid, bool) = sqlx::query_as(
            "select customer_id,
                 (select count(*) from extensions e where e.pbx_id = pbxs.id) >= max_extensions is true
             from pbxs where id = $1 for update",
        )
        .bind(self.pbx.0)
        .fetch_one(&mut *self.conn)
        .await?;
        if full {
            return Err(StoreError::Conflict(Constraint::ExtensionLimit));
        }
        check_user(self.conn, customer, new.user).await?;
        let kept = Kept::of(&new.kind)?;
        let pin = kept.pin.as_ref().map(|pin| kinds::seal_pin(self.seal, self.tenant, new.id, pin));
        sqlx::query(
            "insert into extensions (id, customer_id, pbx_id, number, name, user_id, kind, settings,
                 ring_seconds, call_waiting, recording, sealed_pin)
             values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, 25), coalesce($10, true), $11, $12)",
        )
        .bind(new.id.0)
        .bind(customer)
        .bind(self.pbx.0)
        .bind(new.number.as_str())
        .bind(new.name.as_str())
        .bind(new.user.map(|id| id.0))
        .bind(kept.kind)
        .bind(kept.settings)
        .bind(kept.ring_seconds)
        .bind(kept.call_waiting)
        .bind(new.recording.as_ref().map(document).transpose()?)
        .bind(pin.transpose()?)
        .execute(&mut *self.conn)
        .await?;
        if !kinds::members(&new.kind).is_empty() {
            kinds::keep_members(self.conn, new.id, kinds::members(&new.kind)).await?;
        }
        get(self.conn, Some(self.pbx), new.id).await
    }

    /// Changes what is given. Conflicts as for [`Self::create`], and `ExtensionKindIsFixed`.
    pub async fn update(self, id: ExtensionId, change: ExtensionChange) -> Result<Extension> {
        let before = get(self.conn, Some(self.pbx), id).await?;
        check_user(self.conn, before.customer.0, change.user.flatten()).await?;
        let kind = change.kind.as_ref();
        if kind.is_some_and(|kind| kind.of() != before.kind.of()) {
            return Err(StoreError::Conflict(Constraint::ExtensionKindIsFixed));
        }
        let kept = kind.map(Kept::of).transpose()?;
        let mut pin = change.pin;
        if let Some(set) = kept.as_ref().and_then(|kept| kept.pin.clone()) {
            pin = Some(Some(set));
        }
        if !kinds::has_room_for_pin(kind.unwrap_or(&before.kind)) {
            pin = Some(None);
        }
        let sealed = pin.as_ref().and_then(Option::as_ref);
        let sealed = sealed.map(|pin| kinds::seal_pin(self.seal, self.tenant, id, pin)).transpose()?;
        let recording = change.recording.as_ref().and_then(Option::as_ref).map(document).transpose()?;
        sqlx::query(
            "update extensions set
                 number = coalesce($3, number), name = coalesce($4, name),
                 user_id = case when $5 then $6 else user_id end,
                 settings = coalesce($7, settings), ring_seconds = coalesce($8, ring_seconds),
                 call_waiting = coalesce($9, call_waiting),
                 recording = case when $10 then $11 else recording end,
                 sealed_pin = case when $12 then $13 else sealed_pin end
             where id = $1 and pbx_id = $2",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .bind(change.number.as_ref().map(ExtensionNumber::as_str))
        .bind(change.name.as_ref().map(Name::as_str))
        .bind(change.user.is_some())
        .bind(change.user.flatten().map(|id| id.0))
        .bind(kept.as_ref().map(|kept| &kept.settings))
        .bind(kept.as_ref().and_then(|kept| kept.ring_seconds))
        .bind(kept.as_ref().and_then(|kept| kept.call_waiting))
        .bind(change.recording.is_some())
        .bind(recording)
        .bind(pin.is_some())
        .bind(sealed)
        .execute(&mut *self.conn)
        .await?;
        if let Some(kind) = kind.filter(|kind| kinds::members(kind) != kinds::members(&before.kind)) {
            kinds::keep_members(self.conn, id, kinds::members(kind)).await?;
        }
        get(self.conn, Some(self.pbx), id).await
    }

    /// Whether a person's phones are left in peace. `NotFound`: no person's extension.
    pub async fn set_do_not_disturb(self, id: ExtensionId, on: bool) -> Result<()> {
        let done = sqlx::query(
            "update extensions set settings = settings || jsonb_build_object('do_not_disturb', $3::boolean)
             where id = $1 and pbx_id = $2 and kind = 'user'",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .bind(on)
        .execute(self.conn)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Removes an extension with its phones and messages. Numbers that led straight to it lead
    /// nowhere then, and groups go on without it. Conflict: `ExtensionInUse` when a menu, a rule or
    /// another extension names it ([`TenantTx::references`] says which).
    pub async fn delete(self, id: ExtensionId) -> Result<()> {
        // Held, so that nothing comes to lead here in the meantime without a new version.
        sqlx::query("select 1 from pbxs where id = $1 for update")
            .bind(self.pbx.0)
            .execute(&mut *self.conn)
            .await?;
        let uses = references::find(self.conn, Wanted::Extension(id)).await?;
        if uses.iter().any(Usage::holds) {
            return Err(StoreError::Conflict(Constraint::ExtensionInUse));
        }
        let done = sqlx::query("delete from extensions where id = $1 and pbx_id = $2")
            .bind(id.0)
            .bind(self.pbx.0)
            .execute(self.conn)
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

/// Which extension a person has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExtensionOfUser {
    pub extension: ExtensionId,
    pub pbx: PbxId,
    pub number: ExtensionNumber,
}

impl TenantTx<'_> {
    /// The extensions of several people in this scope, for lists of people. Who has none is left out.
    pub async fn extensions_of(&mut self, users: &[UserId]) -> Result<HashMap<UserId, ExtensionOfUser>> {
        let ids: Vec<Uuid> = users.iter().map(|user| user.0).collect();
        let rows = sqlx::query(
            "select user_id, id, pbx_id, number from extensions where user_id = any($1)
             order by created_at desc, id desc",
        )
        .bind(ids)
        .fetch_all(&mut **self.connection())
        .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let own = ExtensionOfUser {
                extension: ExtensionId(row.raw("id")?),
                pbx: PbxId(row.raw("pbx_id")?),
                number: row.parsed("number")?,
            };
            found.insert(UserId(row.raw("user_id")?), own);
        }
        Ok(found)
    }

    /// The extensions of one person in this scope, with their PBXs and phones.
    pub async fn user_extensions(&mut self, user: UserId) -> Result<Vec<UserExtension>> {
        let ids: Vec<Uuid> =
            sqlx::query_scalar("select id from extensions where user_id = $1 order by created_at, id")
                .bind(user.0)
                .fetch_all(&mut **self.connection())
                .await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids.into_iter().map(ExtensionId) {
            let extension = get(self.connection(), None, id).await?;
            let pbx = self.pbxs().get(extension.pbx).await?;
            let devices = devices::of(self.connection(), id).await?;
            found.push(UserExtension { extension, pbx, devices });
        }
        Ok(found)
    }
}

async fn get(conn: &mut PgConnection, pbx: Option<PbxId>, id: ExtensionId) -> Result<Extension> {
    let mut query = QueryBuilder::new("select ");
    query.push(LIST.select).push(" where e.id = ").push_bind(id.0);
    if let Some(pbx) = pbx {
        query.push(" and e.pbx_id = ").push_bind(pbx.0);
    }
    Ok(query.build_query_as().fetch_one(conn).await?)
}

/// An extension's person belongs to the same company.
async fn check_user(conn: &mut PgConnection, customer: Uuid, user: Option<UserId>) -> Result<()> {
    let Some(user) = user else { return Ok(()) };
    let own: Option<i32> =
        sqlx::query_scalar("select 1 from platform.users where id = $1 and customer_id = $2 for key share")
            .bind(user.0)
            .bind(customer)
            .fetch_optional(conn)
            .await?;
    if own.is_some() { Ok(()) } else { Err(StoreError::Conflict(Constraint::UserOfSomeoneElse)) }
}
