//! The lamps of phones: how many messages wait in their mailboxes.

use super::Fleet;
use super::node::profile;
use super::phones::DeviceAt;
use crate::esl::{Command, Lamp, Word};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use voxera_callflow::Kind;
use voxera_model::{DeviceId, ExtensionId, PbxId, Realm};

/// Tells phones of every change, until it is stopped. Every node that answers is told: which one a
/// phone is at, it knows itself.
pub(super) async fn follow(fleet: Arc<Fleet>) {
    let mut changes = fleet.control.mailboxes().changes();
    loop {
        match changes.recv().await {
            Ok((pbx, extension)) => tell(&fleet, pbx, extension),
            // What was missed is told by the next change, or when the phone registers again.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn tell(fleet: &Fleet, pbx: PbxId, extension: ExtensionId) {
    let Some(view) = fleet.control.directory().by_id(pbx) else { return };
    let Some((_, known)) = view.snapshot.extension(extension) else { return };
    let Kind::User(user) = &known.kind else { return };
    for device in &user.devices {
        if let Some(lamp) = lamp(fleet, &view.snapshot.realm, (pbx, extension, *device)) {
            fleet.tell_all(&Command::Light(lamp));
        }
    }
}

/// A phone came online: it hears what waits, when something does.
pub(super) fn greet(fleet: &Fleet, came: DeviceAt) -> Option<Lamp> {
    let (pbx, ..) = came;
    let view = fleet.control.directory().by_id(pbx)?;
    lamp(fleet, &view.snapshot.realm, came).filter(|lamp| (lamp.new, lamp.old) != (0, 0))
}

fn lamp(fleet: &Fleet, realm: &Realm, (pbx, extension, DeviceId(device)): DeviceAt) -> Option<Lamp> {
    let (new, old) = fleet.control.mailboxes().counts(pbx, extension);
    Some(Lamp { device, realm: Word::parse(realm.as_str()).ok()?, profile: profile()?, new, old })
}
