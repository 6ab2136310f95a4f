//! What happens now, as server-sent events.

use crate::customer::live::LiveCall;
use crate::customer::registrations::Registration;
use crate::input::{CustomerPath, language};
use crate::media::AudioOf;
use crate::permit::CustomerReader;
use crate::problem::Answer;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Serialize;
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Interval, MissedTickBehavior};
use utoipa::ToSchema;
use voxera_callcontrol::{LiveEvent, LiveFeed, LiveScope};
use voxera_model::{AudioId, CustomerId, ExtensionId, Locale, PbxId, Role, TenantId};

/// The data of an event `registration`.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrationEvent {
    pub change: RegistrationChange,
    pub registration: Registration,
}

/// Where something changed: read its list again.
#[derive(Debug, Serialize, ToSchema)]
pub struct PbxEvent {
    pub pbx: PbxId,
}

/// The data of an event `message`.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageEvent {
    pub pbx: PbxId,
    pub mailbox: ExtensionId,
}

/// The data of an event `audio`.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudioEvent {
    pub pbx: PbxId,
    pub audio: AudioId,
}

/// How a registration changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationChange {
    Registered,
    Refreshed,
    Unregistered,
    Expired,
    /// Its credential was removed or changed.
    Revoked,
}

/// One event: its name and its data.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum CustomerEvent {
    /// A call began, changed or ended (`state`).
    Call(LiveCall),
    /// A phone came, stayed or went.
    Registration(RegistrationEvent),
    /// Who waits in queues, or who could answer, changed.
    Queue(PbxEvent),
    /// A message came, was heard or removed.
    Message(MessageEvent),
    /// A recording can be listened to.
    Recording(PbxEvent),
    /// Somebody wants to be called back.
    Callback(PbxEvent),
    /// A sound is ready, or failed.
    Audio(AudioEvent),
    /// Every 15 seconds.
    Ping,
    /// Events were missed: read the lists again.
    Resync,
}

/// Follow what happens: events `call`, `registration`, `queue`, `message`, `recording`, `callback`, `audio`, `ping` and `resync`, the data of each as JSON.
///
/// Read it with `fetch` and the access token.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/events", operation_id = "customer_events", tag = "Customer",
    params(CustomerPath),
    responses((status = 200, description = "A stream without end. It closes when the access token expires: connect again with a new one.", body = CustomerEvent, content_type = "text/event-stream")),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn follow(reader: CustomerReader, headers: HeaderMap) -> Answer<Response> {
    // Shows that the customer exists, and lets the connection to the database go again.
    drop(reader.open().await?);
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    let feed = reader.api.control.live().subscribe(LiveScope::Customer(reader.tenant, reader.customer));
    let sounds = reader.api.sounds();
    let mut beat = tokio::time::interval(reader.api.config.heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let reading = Reading { reader, feed, sounds, beat, locale, checked: Instant::now() };
    let events = stream::unfold(reading, |mut reading| async move {
        let text = reading.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), reading))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Tells a proxy to pass each event on at once.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// One reader of the stream.
struct Reading {
    reader: CustomerReader,
    feed: LiveFeed,
    sounds: broadcast::Receiver<AudioOf>,
    beat: Interval,
    locale: Locale,
    checked: Instant,
}

impl Reading {
    /// The next event as text; `None`: the stream ends.
    async fn next(&mut self) -> Option<String> {
        let event = tokio::select! {
            event = self.feed.next() => self.show(event?),
            sound = next(&mut self.sounds, (self.reader.tenant, self.reader.customer)) => sound,
            _ = self.beat.tick() => CustomerEvent::Ping,
        };
        // A token costs a tenth of a millisecond to check, and a busy company has many events.
        let due = matches!(event, CustomerEvent::Ping) || self.checked.elapsed() > Duration::from_secs(1);
        if due {
            self.checked = Instant::now();
            let who = self.reader.api.identity.verify(self.reader.actor.token()).ok()?;
            who.for_customer(self.reader.tenant, self.reader.customer, Role::Manager).ok()?;
        }
        Some(text(&event))
    }

    fn show(&self, event: LiveEvent) -> CustomerEvent {
        match event {
            LiveEvent::Call { call } => CustomerEvent::Call(LiveCall::show(call, self.locale)),
            LiveEvent::Ended { call } => CustomerEvent::Call(LiveCall::ended(call, self.locale)),
            LiveEvent::Registration { change, registration } => {
                CustomerEvent::Registration(RegistrationEvent {
                    change: change.into(),
                    registration: Registration::show(registration, &self.reader.api),
                })
            }
            LiveEvent::Queues { pbx, .. } => CustomerEvent::Queue(PbxEvent { pbx }),
            LiveEvent::Mailbox { pbx, mailbox, .. } => CustomerEvent::Message(MessageEvent { pbx, mailbox }),
            LiveEvent::Recording { pbx, .. } => CustomerEvent::Recording(PbxEvent { pbx }),
            LiveEvent::Callback { pbx, .. } => CustomerEvent::Callback(PbxEvent { pbx }),
            LiveEvent::Resync => CustomerEvent::Resync,
        }
    }
}

/// The next sound of a customer.
async fn next(sounds: &mut broadcast::Receiver<AudioOf>, of: (TenantId, CustomerId)) -> CustomerEvent {
    loop {
        match sounds.recv().await {
            Ok(sound) if (sound.tenant, sound.customer) == of => {
                return CustomerEvent::Audio(AudioEvent { pbx: sound.pbx, audio: sound.audio });
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return CustomerEvent::Resync,
            // The interface itself holds a sender.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn text(event: &CustomerEvent) -> String {
    let (name, data) = match event {
        CustomerEvent::Call(call) => ("call", serde_json::to_string(call)),
        CustomerEvent::Registration(registration) => ("registration", serde_json::to_string(registration)),
        CustomerEvent::Queue(queue) => ("queue", serde_json::to_string(queue)),
        CustomerEvent::Message(message) => ("message", serde_json::to_string(message)),
        CustomerEvent::Recording(recording) => ("recording", serde_json::to_string(recording)),
        CustomerEvent::Callback(callback) => ("callback", serde_json::to_string(callback)),
        CustomerEvent::Audio(audio) => ("audio", serde_json::to_string(audio)),
        CustomerEvent::Ping => ("ping", Ok("{}".to_owned())),
        CustomerEvent::Resync => ("resync", Ok("{}".to_owned())),
    };
    // JSON has no line breaks of its own.
    format!("event: {name}\ndata: {}\n\n", data.unwrap_or_else(|_| "{}".to_owned()))
}

impl From<voxera_callcontrol::RegistrationChange> for RegistrationChange {
    fn from(change: voxera_callcontrol::RegistrationChange) -> Self {
        match change {
            voxera_callcontrol::RegistrationChange::Registered => Self::Registered,
            voxera_callcontrol::RegistrationChange::Refreshed => Self::Refreshed,
            voxera_callcontrol::RegistrationChange::Unregistered => Self::Unregistered,
            voxera_callcontrol::RegistrationChange::Expired => Self::Expired,
            voxera_callcontrol::RegistrationChange::Revoked => Self::Revoked,
        }
    }
}
