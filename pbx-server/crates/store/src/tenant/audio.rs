//! Uploaded sounds. The sound itself lies in files.

use crate::error::{Constraint, Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, integer, word};
use crate::tenant::pbxs::list_in;
use crate::tenant::references::{self, Usage, Wanted};
use crate::tx::TenantTx;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_model::{AudioId, CustomerId, ExtensionId, Name, PbxId};

/// What a sound was uploaded for; it can be played anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioPurpose {
    #[default]
    Prompt,
    Greeting,
    Music,
}

/// How far a sound is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioState {
    Converting,
    Ready,
    Failed,
}

/// A sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AudioFile {
    pub id: AudioId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub name: Name,
    pub purpose: AudioPurpose,
    pub state: AudioState,
    /// Why it failed, for people.
    pub error: Option<String>,
    /// How long it is, milliseconds, once it is ready.
    pub millis: Option<u32>,
    /// Of the upload.
    pub bytes: u64,
    /// The loudest of each part, for a picture.
    pub peaks: Option<Vec<u8>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A sound to be: it begins as `Converting`.
#[derive(Debug, Clone)]
pub struct NewAudio {
    pub id: AudioId,
    pub name: Name,
    pub purpose: AudioPurpose,
    pub bytes: u64,
}

/// What became of the conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Converted {
    Ready {
        millis: u32,
        peaks: Vec<u8>,
    },
    /// Why, for people.
    Failed(String),
    /// It is tried again.
    Again,
}

const LIST: List = List {
    select: "id, customer_id, pbx_id, name, purpose, state, error, millis, bytes, peaks, created_at, updated_at \
             from audio_files",
    sorts: &[
        ("name", "lower(name collate \"sv-x-icu\")"),
        ("created_at", "created_at"),
        ("seconds", "millis"),
        ("state", "state"),
    ],
    keys: &["name", "created_at", "seconds", "state"],
    newest_first: false,
    tie: "id",
    search: &["name"],
    digits: &[],
};

impl FromRow<'_, PgRow> for AudioFile {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: AudioId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            name: row.parsed("name")?,
            purpose: row.word("purpose")?,
            state: row.word("state")?,
            error: row.raw("error")?,
            millis: row.maybe_whole("millis")?,
            bytes: row.unsigned("bytes")?,
            peaks: row.raw("peaks")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// The sounds of one PBX.
pub struct AudioFiles<'t> {
    conn: &'t mut PgConnection,
    pbx: PbxId,
}

impl<'t> AudioFiles<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, pbx: PbxId) -> Self {
        Self { conn, pbx }
    }

    /// By name. `NotFound` when there is no such PBX. Sorts: `name`, `created_at`, `seconds`,
    /// `state`. Searches names.
    pub async fn list(self, page: &Page) -> Result<Listed<AudioFile>> {
        let pbx = self.pbx;
        list_in(self.conn, pbx, &LIST, page, |query| {
            query.push(" and pbx_id = ").push_bind(pbx.0);
        })
        .await
    }

    /// By id.
    pub async fn get(mut self, id: AudioId) -> Result<AudioFile> {
        self.read(id).await
    }

    /// `NotFound` when there is no such PBX. Conflict: `AudioNameTaken`.
    pub async fn create(mut self, new: NewAudio) -> Result<AudioFile> {
        let done = sqlx::query(
            "insert into audio_files (id, customer_id, pbx_id, name, purpose, bytes)
             select $1, customer_id, id, $3, $4, $5 from pbxs where id = $2",
        )
        .bind(new.id.0)
        .bind(self.pbx.0)
        .bind(new.name.as_str())
        .bind(word(&new.purpose))
        .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        self.read(new.id).await
    }

    /// A greeting that the person of an extension recorded, ready at once. Its name is `called`, or that
    /// with a number after it where the name is taken. `NotFound` when there is no such extension.
    pub async fn create_greeting(
        mut self,
        id: AudioId,
        extension: ExtensionId,
        called: &Name,
        bytes: u64,
        (millis, peaks): (u32, &[u8]),
    ) -> Result<AudioFile> {
        // Held, so that two do not take one name.
        sqlx::query("select 1 from pbxs where id = $1 for update")
            .bind(self.pbx.0)
            .execute(&mut *self.conn)
            .await?;
        let done = sqlx::query(
            "insert into audio_files
                 (id, customer_id, pbx_id, extension_id, name, purpose, bytes, state, millis, peaks)
             select $1, e.customer_id, e.pbx_id, e.id,
                 (select n.name from (
                      select n, case when n = 1 then $4 else $4 || ' ' || n end as name
                      from generate_series(1, 10000) n) n
                  where not exists (
                      select 1 from audio_files a where a.pbx_id = $2 and lower(a.name) = lower(n.name))
                  order by n.n limit 1),
                 'greeting', $5, 'ready', $6, $7
             from extensions e where e.id = $3 and e.pbx_id = $2",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .bind(extension.0)
        .bind(called.as_str())
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .bind(integer(millis))
        .bind(peaks)
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        self.read(id).await
    }

    /// Removes the greetings that the person of an extension recorded and that nothing plays any more;
    /// their files are the caller's to remove.
    pub async fn drop_greetings(self, extension: ExtensionId) -> Result<Vec<AudioId>> {
        let own: Vec<Uuid> =
            sqlx::query_scalar("select id from audio_files where extension_id = $1 and pbx_id = $2")
                .bind(extension.0)
                .bind(self.pbx.0)
                .fetch_all(&mut *self.conn)
                .await?;
        let mut gone = Vec::new();
        for id in own.into_iter().map(AudioId) {
            if references::find(&mut *self.conn, Wanted::Audio(id)).await?.iter().any(Usage::holds) {
                continue;
            }
            sqlx::query("delete from audio_files where id = $1").bind(id.0).execute(&mut *self.conn).await?;
            gone.push(id);
        }
        Ok(gone)
    }

    /// Gives a sound another name. Conflict: `AudioNameTaken`.
    pub async fn rename(mut self, id: AudioId, name: &Name) -> Result<AudioFile> {
        sqlx::query("update audio_files set name = $3 where id = $1 and pbx_id = $2")
            .bind(id.0)
            .bind(self.pbx.0)
            .bind(name.as_str())
            .execute(&mut *self.conn)
            .await?;
        self.read(id).await
    }

    /// Notes what became of the conversion.
    pub async fn converted(mut self, id: AudioId, how: &Converted) -> Result<AudioFile> {
        let (state, error, millis, peaks) = match how {
            Converted::Ready { millis, peaks } => (AudioState::Ready, None, Some(*millis), Some(peaks)),
            Converted::Failed(why) => (AudioState::Failed, Some(why), None, None),
            Converted::Again => (AudioState::Converting, None, None, None),
        };
        sqlx::query(
            "update audio_files set state = $3, error = $4, millis = $5, peaks = $6
             where id = $1 and pbx_id = $2",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .bind(word(&state))
        .bind(error)
        .bind(millis.map(integer))
        .bind(peaks)
        .execute(&mut *self.conn)
        .await?;
        self.read(id).await
    }

    /// Removes a sound; its files are the caller's to remove. Conflict: `AudioInUse` when a menu, a
    /// rule, an extension or the PBX plays it ([`crate::TenantTx::references`] says which).
    pub async fn delete(self, id: AudioId) -> Result<()> {
        // Held, so that nothing comes to play it in the meantime without a new version.
        sqlx::query("select 1 from pbxs where id = $1 for update")
            .bind(self.pbx.0)
            .execute(&mut *self.conn)
            .await?;
        if references::find(self.conn, Wanted::Audio(id)).await?.iter().any(Usage::holds) {
            return Err(StoreError::Conflict(Constraint::AudioInUse));
        }
        let done = sqlx::query("delete from audio_files where id = $1 and pbx_id = $2")
            .bind(id.0)
            .bind(self.pbx.0)
            .execute(self.conn)
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    async fn read(&mut self, id: AudioId) -> Result<AudioFile> {
        let mut query = sqlx::QueryBuilder::new("select ");
        query.push(LIST.select).push(" where id = ").push_bind(id.0);
        query.push(" and pbx_id = ").push_bind(self.pbx.0);
        Ok(query.build_query_as().fetch_one(&mut *self.conn).await?)
    }
}

impl TenantTx<'_> {
    /// Sounds of this scope whose conversion was begun and has not ended, the oldest first: what a
    /// server that starts has to take up again.
    pub async fn unconverted_audio(&mut self) -> Result<Vec<AudioFile>> {
        let mut query = sqlx::QueryBuilder::new("select ");
        query.push(LIST.select).push(" where state = 'converting' order by created_at, id");
        Ok(query.build_query_as().fetch_all(&mut **self.connection()).await?)
    }
}
