//! What a call leaves behind beside its record: messages, recordings, wishes to be called back.

use super::Call;
use crate::items::{Item, Kept};
use chrono::{DateTime, Utc};
use uuid::Uuid;
use voxera_model::{CallbackId, ExtensionId, ExtensionNumber, MessageId, Name, PhoneNumber, RecordingId};

/// A message that a caller left; its sound is in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    pub id: MessageId,
    pub mailbox: ExtensionId,
    pub millis: u64,
}

/// A call that was recorded; its sound is in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecording {
    pub id: RecordingId,
    /// On whose behalf.
    pub owners: Vec<ExtensionId>,
    pub millis: u64,
    pub started_at: DateTime<Utc>,
    /// The loudest of each part, 0 to 255.
    pub peaks: Vec<u8>,
}

impl Call {
    /// Keeps a message: in the mailbox at once, on disk soon, in the database as soon as it answers.
    #[expect(clippy::needless_pass_by_value, reason = "a message is handed over once")]
    pub fn message(&self, new: NewMessage) {
        let (number, name, extension) = self.caller();
        let message = voxera_store::NewMessage {
            id: new.id,
            mailbox: new.mailbox,
            call: Some(self.id()),
            from_number: number,
            from_name: name,
            from_extension: extension,
            received_at: self.inner.control.clock().now(),
            millis: u32::try_from(new.millis).unwrap_or(u32::MAX),
            bytes: 0,
            peaks: Vec::new(),
        };
        self.inner.control.mailboxes().add(&self.view().snapshot, &message);
        self.keep(Kept::Message { message });
    }

    /// Keeps a recording in the same way.
    pub fn recorded(&self, new: NewRecording) {
        let snapshot = &self.view().snapshot;
        let (from_number, from_name, from_extension) = self.caller();
        let to_extension = self.inner.lock().to_extension.clone();
        let to_name = to_extension.as_ref().and_then(|number| snapshot.extensions.get(number));
        let recording = voxera_store::NewRecording {
            id: new.id,
            call: self.id(),
            owners: new.owners,
            from_number,
            from_name,
            from_extension,
            to_number: Some(self.inner.dialled.to_string()),
            to_name: to_name.map(|extension| extension.name.clone()),
            to_extension,
            started_at: new.started_at,
            millis: u32::try_from(new.millis).unwrap_or(u32::MAX),
            bytes: 0,
            peaks: new.peaks,
        };
        self.keep(Kept::Recording { recording });
    }

    /// Keeps a wish to be called back.
    pub fn callback(&self, whom: ExtensionId, number: PhoneNumber) {
        let (_, name, _) = self.caller();
        let callback = voxera_store::NewCallback {
            id: CallbackId(Uuid::now_v7()),
            whom,
            call: Some(self.id()),
            number: number.into(),
            name,
            requested_at: self.inner.control.clock().now(),
        };
        self.keep(Kept::Callback { callback });
    }

    fn keep(&self, kept: Kept) {
        let snapshot = &self.view().snapshot;
        let item = Item { tenant: snapshot.tenant, customer: snapshot.customer, pbx: snapshot.pbx, kept };
        self.inner.control.items().put(item);
    }

    fn caller(&self) -> (Option<String>, Option<Name>, Option<ExtensionNumber>) {
        let extension = self.inner.own_caller().cloned();
        let name = extension.as_ref().and_then(|number| self.view().snapshot.extensions.get(number));
        let number = Some(self.inner.caller_number()).filter(|number| !number.is_empty());
        (number, name.map(|extension| extension.name.clone()), extension)
    }
}
