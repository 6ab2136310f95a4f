//! Where something is used: documents are searched for its id.

use crate::error::Result;
use crate::row::Columns;
use crate::tenant::flows::FlowKind;
use crate::tx::TenantTx;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;
use voxera_model::{AudioId, ExtensionId, ExtensionNumber, FlowId, Name, NumberId, PbxId, PhoneNumber};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    Extension(ExtensionId),
    Audio(AudioId),
    Flow(FlowId),
}

impl Wanted {
    const fn id(self) -> Uuid {
        match self {
            Self::Extension(id) => id.0,
            Self::Audio(id) => id.0,
            Self::Flow(id) => id.0,
        }
    }
}

/// A place that leads to something or plays it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Usage {
    /// A number leads there. `straight`: to the extension itself; it leads nowhere when that goes.
    Number { number: NumberId, e164: PhoneNumber, straight: bool },
    /// A group or queue rings the extension, which leaves it when it goes.
    Member { extension: ExtensionId, number: ExtensionNumber, name: Name },
    /// Another extension's settings: forwarding, overflow, greeting, music, its menu or mailbox.
    Extension { extension: ExtensionId, number: ExtensionNumber, name: Name },
    /// Rules or a menu: in the draft, in what is published, or both.
    Flow {
        flow: FlowId,
        flow_kind: FlowKind,
        name: String,
        draft: bool,
        published: bool,
        /// The ids of the rules or nodes; none where the menu's own settings are meant.
        parts: Vec<String>,
        /// The names that people gave to them.
        names: Vec<String>,
    },
    /// The PBX's music on hold.
    Music { pbx: PbxId, name: Name },
}

impl Usage {
    /// Whether the thing cannot go as long as this place leads to it.
    #[must_use]
    pub const fn holds(&self) -> bool {
        match self {
            Self::Number { straight, .. } => !*straight,
            Self::Member { .. } => false,
            Self::Extension { .. } | Self::Flow { .. } | Self::Music { .. } => true,
        }
    }
}

impl TenantTx<'_> {
    /// Every place in this scope that names it, itself left out: numbers, groups, other extensions,
    /// rules and menus (drafts and what is published, not what was published before), music.
    pub async fn references(&mut self, wanted: Wanted) -> Result<Vec<Usage>> {
        find(self.connection(), wanted).await
    }
}

pub(crate) async fn find(conn: &mut PgConnection, wanted: Wanted) -> Result<Vec<Usage>> {
    let id = wanted.id();
    let mut found = Vec::new();
    let rows = sqlx::query(
        "select id, e164, extension_id is not null as straight from numbers
         where extension_id = $1 or strpos(destination::text, $2) > 0 order by e164",
    )
    .bind(id)
    .bind(id.to_string())
    .fetch_all(&mut *conn)
    .await?;
    for row in &rows {
        found.push(Usage::Number {
            number: NumberId(row.raw("id")?),
            e164: row.parsed("e164")?,
            straight: row.raw("straight")?,
        });
    }
    let rows = sqlx::query(
        "select e.id, e.number, e.name, m.group_id is not null as member,
             strpos(e.settings::text, $2) > 0 or coalesce(strpos(e.recording::text, $2) > 0, false) as settings
         from extensions e left join extension_members m on m.group_id = e.id and m.member_id = $1
         where e.id <> $1 and (m.group_id is not null or strpos(e.settings::text, $2) > 0
             or strpos(e.recording::text, $2) > 0)
         order by length(e.number), e.number",
    )
    .bind(id)
    .bind(id.to_string())
    .fetch_all(&mut *conn)
    .await?;
    for row in &rows {
        let extension = ExtensionId(row.raw("id")?);
        let (number, name): (ExtensionNumber, Name) = (row.parsed("number")?, row.parsed("name")?);
        if row.raw("member")? {
            found.push(Usage::Member { extension, number: number.clone(), name: name.clone() });
        }
        if row.raw("settings")? {
            found.push(Usage::Extension { extension, number, name });
        }
    }
    in_flows(conn, id, &mut found).await?;
    let rows = sqlx::query("select id, name from pbxs where music_audio_id = $1 order by name")
        .bind(id)
        .fetch_all(conn)
        .await?;
    for row in &rows {
        found.push(Usage::Music { pbx: PbxId(row.raw("id")?), name: row.parsed("name")? });
    }
    Ok(found)
}

async fn in_flows(conn: &mut PgConnection, id: Uuid, found: &mut Vec<Usage>) -> Result<()> {
    let id = id.to_string();
    let rows = sqlx::query(
        "select f.id, f.kind, f.name,
             case when strpos(f.draft::text, $1) > 0 then f.draft end as draft,
             case when strpos(v.document::text, $1) > 0 then v.document end as published
         from flows f left join flow_versions v on v.flow_id = f.id and v.version = f.published
         where f.id::text <> $1 and (strpos(f.draft::text, $1) > 0 or strpos(v.document::text, $1) > 0)
         order by f.kind desc, f.name",
    )
    .bind(&id)
    .fetch_all(conn)
    .await?;
    for row in &rows {
        let documents: [Option<Value>; 2] = [row.raw("draft")?, row.raw("published")?];
        let (mut parts, mut names) = (Vec::new(), Vec::new());
        for document in documents.iter().flatten() {
            for (part, name) in places(document, &id) {
                if !parts.contains(&part) {
                    parts.push(part);
                    names.push(name);
                }
            }
        }
        found.push(Usage::Flow {
            flow: FlowId(row.raw("id")?),
            flow_kind: row.word("kind")?,
            name: row.raw("name")?,
            draft: documents[0].is_some(),
            published: documents[1].is_some(),
            parts,
            names,
        });
    }
    Ok(())
}

/// The rules or nodes of a document that name the id.
fn places(document: &Value, id: &str) -> Vec<(String, String)> {
    let name = |part: &Value| part["name"].as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for rule in document["rules"].as_array().into_iter().flatten().filter(|rule| names(rule, id)) {
        found.push((rule["id"].as_str().unwrap_or_default().to_owned(), name(rule)));
    }
    for (part, node) in
        document["nodes"].as_object().into_iter().flatten().filter(|(_, node)| names(node, id))
    {
        found.push((part.clone(), name(node)));
    }
    found
}

/// Whether the id stands anywhere in a document.
fn names(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text == id,
        Value::Array(all) => all.iter().any(|value| names(value, id)),
        Value::Object(all) => all.values().any(|value| names(value, id)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
