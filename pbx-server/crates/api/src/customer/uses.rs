//! Where something is used, in words: what is used is not removed.

use crate::act::Act;
use crate::problem::{Answer, Problem};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_store::{Constraint, FlowKind, StoreError, TenantTx, Usage, Wanted};

/// A place that leads to something or plays it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Use {
    pub kind: UseKind,
    /// What people call it: `1000 Anna Öberg`, a menu's name, a rule's.
    #[schema(example = "2001 Order")]
    pub name: String,
}

/// What kind of place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseKind {
    Number,
    /// An extension's settings.
    Extension,
    /// A queue or hunt group that it is a member of.
    Member,
    /// A menu: its draft, what is published, or both.
    Menu,
    /// The rules: their draft, what is published, or both.
    Rules,
    /// The PBX's music on hold.
    Music,
}

impl Use {
    pub(crate) fn show(usage: &Usage) -> Self {
        let (kind, name) = match usage {
            Usage::Number { e164, .. } => (UseKind::Number, e164.national()),
            Usage::Member { number, name, .. } => (UseKind::Member, format!("{number} {name}")),
            Usage::Extension { number, name, .. } => (UseKind::Extension, format!("{number} {name}")),
            Usage::Flow { flow_kind: FlowKind::Ivr, name, .. } => (UseKind::Menu, name.clone()),
            Usage::Flow { flow_kind: FlowKind::Routing, names, .. } => (UseKind::Rules, names.join(", ")),
            Usage::Music { name, .. } => (UseKind::Music, name.to_string()),
        };
        Self { kind, name }
    }

    /// As a part of a sentence.
    fn say(&self) -> String {
        let Self { kind, name } = self;
        match kind {
            UseKind::Number => format!("the number {name}"),
            UseKind::Extension => format!("the extension {name}"),
            UseKind::Member => format!("the group {name}"),
            UseKind::Menu => format!("the menu {name}"),
            UseKind::Rules => format!("the routing rules ({name})"),
            UseKind::Music => format!("the music on hold of {name}"),
        }
    }
}

/// Turns a removal's "in use" into a refusal that names the places.
pub(crate) async fn in_use(
    act: &mut Act<TenantTx<'static>>,
    wanted: Wanted,
    removed: voxera_store::Result<()>,
) -> Answer<()> {
    let code = match removed {
        Err(StoreError::Conflict(Constraint::ExtensionInUse)) => "extension_in_use",
        Err(StoreError::Conflict(Constraint::FlowInUse)) => "flow_in_use",
        Err(StoreError::Conflict(Constraint::AudioInUse)) => "audio_in_use",
        other => return Ok(other?),
    };
    let places: Vec<String> = act
        .references(wanted)
        .await?
        .iter()
        .filter(|usage| usage.holds())
        .map(|usage| Use::show(usage).say())
        .collect();
    Err(Problem::conflict(code, format!("It is used by {}. Change that first.", places.join(", "))))
}
