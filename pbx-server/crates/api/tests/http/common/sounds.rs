//! Sounds, messages and recordings as they are once calls were made: rows with files.

use super::{Company, World};
use chrono::{TimeDelta, Utc};
use std::path::Path;
use voxera_audio::{Place, WavWriter};
use voxera_model::{AudioId, CallbackId, ExtensionNumber, MessageId, Name, RecordingId};
use voxera_store::{
    Added, AudioPurpose, Converted, NewAudio, NewCallback, NewMessage, NewRecording, TenantTx, new_id,
};

/// A tenth of a second of silence: 1,644 bytes.
fn silence(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut wav = WavWriter::create(path, 8000, 1).unwrap();
    wav.write(&[0; 800]).unwrap();
    wav.finish().unwrap();
}

pub fn place(company: &Company) -> Place {
    Place { tenant: company.tenant.parse().unwrap(), customer: company.id.parse().unwrap() }
}

impl World {
    pub async fn tenant_tx(&self, company: &Company) -> TenantTx<'static> {
        let scope = self.store.tenant_scope(company.tenant.parse().unwrap()).await.unwrap();
        let scope = scope.for_customer(company.id.parse().unwrap());
        self.store.tenant(&scope).await.unwrap()
    }

    /// A sound that is ready, or failed.
    pub async fn sound(&self, company: &Company, name: &str, ready: bool) -> String {
        let id = AudioId(new_id());
        silence(&self.library.converted(&place(company), id));
        silence(&self.library.original(&place(company), id));
        let mut tx = self.tenant_tx(company).await;
        let pbx = company.pbx.parse().unwrap();
        let new =
            NewAudio { id, name: Name::parse(name).unwrap(), purpose: AudioPurpose::Prompt, bytes: 1644 };
        tx.audio(pbx).create(new).await.unwrap();
        let how = if ready {
            Converted::Ready { millis: 100, peaks: vec![0, 128, 255] }
        } else {
            Converted::Failed("ffmpeg_missing".to_owned())
        };
        tx.audio(pbx).converted(id, &how).await.unwrap();
        tx.commit().await.unwrap();
        id.to_string()
    }

    /// A message in the mailbox of 1000, left so many minutes ago.
    pub async fn message(&self, company: &Company, minutes: i64) -> String {
        let id = MessageId(new_id());
        silence(&self.library.message_path(&place(company), id));
        let mut tx = self.tenant_tx(company).await;
        let new = NewMessage {
            id,
            mailbox: company.extension.parse().unwrap(),
            call: None,
            from_number: Some("070-123 45 67".to_owned()),
            from_name: Some(Name::parse(&format!("{} caller {minutes}", company.word)).unwrap()),
            from_extension: None,
            received_at: Utc::now() - TimeDelta::minutes(minutes),
            millis: 100 + u32::try_from(minutes).unwrap(),
            bytes: 1644,
            peaks: vec![1, 2, 3],
        };
        assert_eq!(tx.messages(company.pbx.parse().unwrap()).insert(&new).await.unwrap(), Added::New);
        tx.commit().await.unwrap();
        id.to_string()
    }

    /// A recorded call of 1000 with 1001.
    pub async fn recording(&self, company: &Company, minutes: i64) -> String {
        let id = RecordingId(new_id());
        silence(&self.library.recording_path(&place(company), id));
        let mut tx = self.tenant_tx(company).await;
        let number = |number: &str| Some(ExtensionNumber::parse(number).unwrap());
        let new = NewRecording {
            id,
            call: company.call.parse().unwrap(),
            owners: vec![company.extension.parse().unwrap()],
            from_number: Some(format!("10{minutes}")),
            from_name: Some(Name::parse(&format!("{} caller {minutes}", company.word)).unwrap()),
            from_extension: number("1000"),
            to_number: Some("1001".to_owned()),
            to_name: None,
            to_extension: number("1001"),
            started_at: Utc::now() - TimeDelta::minutes(minutes),
            millis: 100 + u32::try_from(minutes).unwrap(),
            bytes: 1644,
            peaks: vec![9],
        };
        assert_eq!(tx.recordings(company.pbx.parse().unwrap()).insert(&new).await.unwrap(), Added::New);
        tx.commit().await.unwrap();
        id.to_string()
    }

    /// Somebody who wants to be called back.
    pub async fn callback(&self, company: &Company) -> String {
        let id = CallbackId(new_id());
        let mut tx = self.tenant_tx(company).await;
        let new = NewCallback {
            id,
            whom: company.extension.parse().unwrap(),
            call: None,
            number: "+46701234567".to_owned(),
            name: None,
            requested_at: Utc::now(),
        };
        assert_eq!(tx.callbacks(company.pbx.parse().unwrap()).insert(&new).await.unwrap(), Added::New);
        tx.commit().await.unwrap();
        id.to_string()
    }
}
