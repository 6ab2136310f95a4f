//! What an extension is, in columns and back.
//!
//! `settings` holds the kind as the core writes it, without what has a place of its own: phones,
//! members, a person's seconds and call waiting, and the PIN, which is sealed.

use crate::error::{Result, StoreError};
use crate::row::{Columns, document, integer, word};
use crate::seal::SealKey;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use uuid::Uuid;
use voxera_callflow::{ExtensionType, Kind, Member};
use voxera_model::{DeviceId, ExtensionId, Pin, TenantId};

/// The columns of a kind.
pub(crate) struct Kept {
    pub(crate) kind: String,
    pub(crate) settings: Value,
    /// A person's; `None` for other kinds.
    pub(crate) ring_seconds: Option<i32>,
    pub(crate) call_waiting: Option<bool>,
    /// The PIN that stands in the kind, when one does.
    pub(crate) pin: Option<Pin>,
}

impl Kept {
    pub(crate) fn of(kind: &Kind) -> Result<Self> {
        let Value::Object(mut settings) = document(kind)? else { return Err(odd("kind")) };
        for elsewhere in ["kind", "devices", "members", "pin"] {
            settings.remove(elsewhere);
        }
        let (mut ring_seconds, mut call_waiting, mut pin) = (None, None, None);
        match kind {
            Kind::User(user) => {
                (ring_seconds, call_waiting) = (Some(integer(user.ring_for.0)), Some(user.call_waiting));
                settings.remove("ring_for");
                settings.remove("call_waiting");
                pin = user.mailbox.as_ref().and_then(|mailbox| mailbox.pin.clone());
                if let Some(Value::Object(mailbox)) = settings.get_mut("mailbox") {
                    mailbox.remove("pin");
                }
            }
            Kind::Conference(room) => pin.clone_from(&room.pin),
            Kind::HuntGroup(_)
            | Kind::Queue(_)
            | Kind::Ivr { .. }
            | Kind::Voicemail { .. }
            | Kind::External { .. } => {}
        }
        Ok(Self {
            kind: word(&kind.of()),
            settings: Value::Object(settings),
            ring_seconds,
            call_waiting,
            pin,
        })
    }
}

/// Puts a kind together again from the columns `kind`, `settings`, `ring_seconds`, `call_waiting`.
pub(crate) fn read(
    row: &PgRow,
    devices: &[DeviceId],
    members: &[Member],
    pin: Option<&Pin>,
) -> Result<Kind, sqlx::Error> {
    let of: ExtensionType = row.word("kind")?;
    let mut all: Map<String, Value> = row.json("settings")?;
    all.insert("kind".into(), document(&of)?);
    match of {
        ExtensionType::User => {
            all.insert("devices".into(), document(&devices)?);
            all.insert("ring_for".into(), json!(row.raw::<i32>("ring_seconds")?));
            all.insert("call_waiting".into(), json!(row.raw::<bool>("call_waiting")?));
            if let Some(Value::Object(mailbox)) = all.get_mut("mailbox") {
                mailbox.insert("pin".into(), document(&pin)?);
            }
        }
        ExtensionType::HuntGroup | ExtensionType::Queue => {
            all.insert("members".into(), document(&members)?);
        }
        ExtensionType::Conference => {
            all.insert("pin".into(), document(&pin)?);
        }
        ExtensionType::Ivr | ExtensionType::Voicemail | ExtensionType::External => {}
    }
    serde_json::from_value(Value::Object(all))
        .map_err(|error| sqlx::Error::ColumnDecode { index: "settings".into(), source: error.into() })
}

/// Who takes calls of a group, in order; nothing for other kinds.
pub(crate) fn members(kind: &Kind) -> &[Member] {
    match kind {
        Kind::HuntGroup(group) => &group.members,
        Kind::Queue(queue) => &queue.members,
        Kind::User(_)
        | Kind::Ivr { .. }
        | Kind::Conference(_)
        | Kind::Voicemail { .. }
        | Kind::External { .. } => &[],
    }
}

/// Whether the kind asks for a PIN somewhere.
pub(crate) fn has_room_for_pin(kind: &Kind) -> bool {
    match kind {
        Kind::User(user) => user.mailbox.is_some(),
        Kind::Conference(_) => true,
        Kind::HuntGroup(_)
        | Kind::Queue(_)
        | Kind::Ivr { .. }
        | Kind::Voicemail { .. }
        | Kind::External { .. } => false,
    }
}

/// Replaces the members of a group. Refused where one is no person of the same PBX.
pub(crate) async fn keep_members(
    conn: &mut PgConnection,
    group: ExtensionId,
    members: &[Member],
) -> Result<()> {
    sqlx::query("delete from extension_members where group_id = $1")
        .bind(group.0)
        .execute(&mut *conn)
        .await?;
    if members.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = members.iter().map(|member| member.extension.0).collect();
    let tiers: Vec<i16> = members.iter().map(|member| i16::from(member.tier)).collect();
    let done = sqlx::query(
        "insert into extension_members (group_id, member_id, pbx_id, customer_id, tier, position)
         select g.id, m.id, g.pbx_id, g.customer_id, w.tier, w.position
         from unnest($2::uuid[], $3::smallint[]) with ordinality as w(member, tier, position)
             join extensions g on g.id = $1
             join extensions m on m.id = w.member and m.pbx_id = g.pbx_id and m.kind = 'user'",
    )
    .bind(group.0)
    .bind(ids)
    .bind(tiers)
    .execute(conn)
    .await?;
    if done.rows_affected() == members.len() as u64 {
        Ok(())
    } else {
        Err(StoreError::Conflict(crate::error::Constraint::MemberDoesNotFit))
    }
}

pub(crate) fn seal_pin(seal: &SealKey, tenant: TenantId, id: ExtensionId, pin: &Pin) -> Result<Vec<u8>> {
    seal.seal(&aad(tenant, id), pin.as_str().as_bytes())
}

/// A PIN that cannot be opened any more becomes one that nobody knows: the door stays shut until
/// someone sets a new one.
pub(crate) fn open_pin(seal: &SealKey, tenant: TenantId, id: ExtensionId, sealed: &[u8]) -> Result<Pin> {
    let opened = seal.open(&aad(tenant, id), sealed).and_then(|plain| {
        let text = std::str::from_utf8(&plain).map_err(|_| StoreError::Sealed)?;
        Pin::parse(text).map_err(|_| StoreError::Sealed)
    });
    match opened {
        Ok(pin) => Ok(pin),
        Err(error) => {
            tracing::error!(extension = %id, %error, "a PIN cannot be opened");
            loop {
                let digits: u32 = rand::random_range(10_000_000..100_000_000);
                if let Ok(pin) = Pin::parse(&digits.to_string()) {
                    return Ok(pin);
                }
            }
        }
    }
}

pub(crate) fn aad(tenant: TenantId, id: ExtensionId) -> Vec<u8> {
    [b"pin:".as_slice(), tenant.0.as_bytes(), id.0.as_bytes()].concat()
}

fn odd(what: &str) -> StoreError {
    StoreError::Other(sqlx::Error::Encode(format!("{what} has no fields").into()))
}
