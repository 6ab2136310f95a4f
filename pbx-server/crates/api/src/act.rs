//! A transaction with the person who acts in it: every change is written down, and a repeated
//! request acts once.

use crate::permit::Actor;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use voxera_store::{ActorKind, Audits, Idempotency, IdempotencyKeys, NewAudit, PlatformTx, TenantTx};

/// What both kinds of transaction can do.
pub trait Work: Send {
    /// The audit log.
    fn log(&mut self) -> Audits<'_>;
    /// The answers to requests that may come twice.
    fn answers(&mut self) -> IdempotencyKeys<'_>;
    /// Makes it last.
    fn finish(self) -> impl Future<Output = voxera_store::Result<()>> + Send;
}

impl Work for PlatformTx<'_> {
    fn log(&mut self) -> Audits<'_> {
        self.audit()
    }
    fn answers(&mut self) -> IdempotencyKeys<'_> {
        self.idempotency()
    }
    fn finish(self) -> impl Future<Output = voxera_store::Result<()>> + Send {
        self.commit()
    }
}

impl Work for TenantTx<'_> {
    fn log(&mut self) -> Audits<'_> {
        self.audit()
    }
    fn answers(&mut self) -> IdempotencyKeys<'_> {
        self.idempotency()
    }
    fn finish(self) -> impl Future<Output = voxera_store::Result<()>> + Send {
        self.commit()
    }
}

/// An open transaction and who acts in it. Dropped without [`Act::commit`] nothing has happened.
pub struct Act<T> {
    work: T,
    actor: Actor,
}

impl<T> Deref for Act<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.work
    }
}

impl<T> DerefMut for Act<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.work
    }
}

/// What a change did to a thing, for the audit log.
pub struct Change<'a, B, A> {
    /// `extension.create`; what stands before the dot is the kind of thing.
    pub action: &'a str,
    pub id: String,
    pub before: Option<&'a B>,
    pub after: Option<&'a A>,
}

impl<T: Work> Act<T> {
    pub(crate) fn new(work: T, actor: Actor) -> Self {
        Self { work, actor }
    }

    /// Notes that something was made.
    pub async fn made<A: Serialize + Sync>(
        &mut self,
        action: &str,
        id: impl ToString + Send,
        after: &A,
    ) -> Answer<()> {
        self.note(Change { action, id: id.to_string(), before: None::<&Value>, after: Some(after) }).await
    }

    /// Notes that something was changed.
    pub async fn changed<B: Serialize + Sync, A: Serialize + Sync>(
        &mut self,
        action: &str,
        id: impl ToString + Send,
        before: &B,
        after: &A,
    ) -> Answer<()> {
        self.note(Change { action, id: id.to_string(), before: Some(before), after: Some(after) }).await
    }

    /// Notes that something was removed.
    pub async fn removed<B: Serialize + Sync>(
        &mut self,
        action: &str,
        id: impl ToString + Send,
        before: &B,
    ) -> Answer<()> {
        self.note(Change { action, id: id.to_string(), before: Some(before), after: None::<&Value> }).await
    }

    async fn note<B: Serialize + Sync, A: Serialize + Sync>(
        &mut self,
        change: Change<'_, B, A>,
    ) -> Answer<()> {
        let kind = change.action.split('.').next().unwrap_or_default();
        // What is done to a partner or a company from above stands in its own log too.
        let entry = NewAudit {
            tenant: (kind == "tenant").then(|| change.id.parse().ok()).flatten(),
            customer: (kind == "customer").then(|| change.id.parse().ok()).flatten(),
            actor_account: Some(self.actor.principal.account),
            actor_kind: ActorKind::User,
            actor_label: self.actor.principal.email.to_string(),
            action: change.action.to_owned(),
            resource_type: kind.to_owned(),
            resource_id: change.id,
            before: change.before.and_then(|value| serde_json::to_value(value).ok()),
            after: change.after.and_then(|value| serde_json::to_value(value).ok()),
            address: self.actor.caller.address,
            request_id: self.actor.caller.request_id.clone(),
        };
        self.work.log().append(entry).await?;
        Ok(())
    }

    /// Makes it last.
    pub async fn commit(self) -> Answer<()> {
        Ok(self.work.finish().await?)
    }

    /// The answer that an earlier request with the same `Idempotency-Key` and body got. A request
    /// that runs at this moment is waited for.
    pub async fn replayed(&mut self, body_hash: &[u8; 32]) -> Answer<Option<Response>> {
        let Some(key) = self.actor.once.clone() else { return Ok(None) };
        let account = self.actor.principal.account;
        let path = self.actor.method_path.clone();
        match self.work.answers().begin(account, &key, &path, body_hash).await? {
            Idempotency::New => Ok(None),
            Idempotency::Replay { status, body: Some(body) } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                Ok(Some((status, [("idempotency-replayed", "true")], Json(body)).into_response()))
            }
            Idempotency::Replay { body: None, .. } => Err(Problem::conflict(
                "secret_shown_once",
                "This was made by an earlier request, and its password was shown then. Rotate the \
                 credential to get a new one.",
            )),
            Idempotency::Mismatch => Err(Problem::conflict(
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request. Choose a new one.",
            )),
            Idempotency::InProgress => Err(Problem::conflict(
                "idempotency_in_progress",
                "The first request with this Idempotency-Key has no answer yet. Try again in a moment.",
            )),
        }
    }

    /// Makes it last and answers 201; a repeat of the request gets the same answer.
    pub async fn created<A: Serialize + Sync>(mut self, made: &A) -> Answer<Response> {
        let body = serde_json::to_value(made).map_err(|_| Problem::internal())?;
        self.keep(Some(&body)).await?;
        self.commit().await?;
        Ok((StatusCode::CREATED, Json(body)).into_response())
    }

    /// The same for an answer with a secret, which is kept nowhere: a repeat is told so.
    pub async fn created_secret<A: Serialize + Sync>(mut self, made: &A) -> Answer<Response> {
        self.keep(None).await?;
        self.commit().await?;
        Ok((StatusCode::CREATED, Json(made)).into_response())
    }

    async fn keep(&mut self, body: Option<&Value>) -> Answer<()> {
        let Some(key) = self.actor.once.clone() else { return Ok(()) };
        let account = self.actor.principal.account;
        self.work.answers().finish(account, &key, StatusCode::CREATED.as_u16(), body).await?;
        Ok(())
    }
}
