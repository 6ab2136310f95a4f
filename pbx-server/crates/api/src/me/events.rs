//! What happens around me, as server-sent events.

use crate::customer::live::LiveCall;
use crate::input::language;
use crate::me::colleagues::ColleagueState;
use crate::me::extension::mine;
use crate::permit::Me;
use crate::problem::Answer;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream, SelectAll};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use utoipa::ToSchema;
use voxera_callcontrol::{LiveEvent, LiveScope, PersonState};
use voxera_model::{CustomerId, ExtensionId, ExtensionNumber, Locale, PbxId, TenantId};

/// What colleagues do is looked at so long after something happened, once for all that happened.
const GATHER: Duration = Duration::from_millis(150);

/// The data of an event `presence`.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresenceEvent {
    pub pbx: PbxId,
    pub extension: ExtensionId,
    pub state: ColleagueState,
}

/// The data of an event `messages`: how many messages a mailbox of mine has.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagesEvent {
    pub extension: ExtensionId,
    pub new: u32,
    pub old: u32,
}

/// One event: its name and its data.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum MyEvent {
    /// A colleague does something else now.
    Presence(PresenceEvent),
    /// A call of mine began, changed or ended (`state`).
    Call(Box<LiveCall>),
    /// A message came to me, was heard or removed.
    Messages(MessagesEvent),
    /// Every 15 seconds.
    Ping,
    /// Events were missed: read the lists again.
    Resync,
}

/// Follow what happens around me: events `presence`, `call`, `messages`, `ping` and `resync`, the data of each as JSON.
///
/// Read it with `fetch` and the access token.
#[utoipa::path(
    get, path = "/api/v1/me/events", operation_id = "me_events", tag = "Me",
    responses((status = 200, description = "A stream without end. It closes when the access token expires: connect again with a new one.", body = MyEvent, content_type = "text/event-stream")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn follow(me: Me, headers: HeaderMap) -> Answer<Response> {
    let locale = language(&headers).unwrap_or(me.actor.principal.locale);
    let mut beat = tokio::time::interval(me.api.config.heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reading = Reading {
        changes: me.api.control.directory().changes(),
        own: BTreeSet::new(),
        feeds: SelectAll::new(),
        states: BTreeMap::new(),
        look_at: None,
        ready: VecDeque::new(),
        checked: Instant::now(),
        beat,
        locale,
        me,
    };
    let own = watched(&reading.me).await?;
    reading.watch(own);
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

/// An extension of mine.
type Watched = (TenantId, CustomerId, PbxId, ExtensionId, ExtensionNumber);

async fn watched(me: &Me) -> Answer<BTreeSet<Watched>> {
    let mut own = BTreeSet::new();
    for (tenant, customer, found) in mine(me).await? {
        own.extend(
            found
                .extensions
                .into_iter()
                .map(|one| (tenant, customer, one.pbx.id, one.extension.id, one.extension.number)),
        );
    }
    Ok(own)
}

/// One reader of the stream.
struct Reading {
    me: Me,
    own: BTreeSet<Watched>,
    /// One for each PBX of mine.
    feeds: SelectAll<BoxStream<'static, LiveEvent>>,
    /// Settings change what people do, too.
    changes: watch::Receiver<u64>,
    /// What everybody did when it was looked at last.
    states: BTreeMap<PbxId, BTreeMap<ExtensionId, PersonState>>,
    look_at: Option<Instant>,
    ready: VecDeque<MyEvent>,
    beat: Interval,
    locale: Locale,
    checked: Instant,
}

impl Reading {
    /// Follows these extensions, and their PBXs, from now on.
    fn watch(&mut self, own: BTreeSet<Watched>) {
        let live = self.me.api.control.live();
        let pbxs: BTreeSet<_> =
            own.iter().map(|(tenant, customer, pbx, ..)| (*tenant, *customer, *pbx)).collect();
        self.feeds = pbxs
            .iter()
            .map(|(tenant, customer, pbx)| {
                let feed = live.subscribe(LiveScope::Pbx(*tenant, *customer, *pbx));
                stream::unfold(feed, |mut feed| async move { Some((feed.next().await?, feed)) }).boxed()
            })
            .collect();
        self.states = pbxs.iter().map(|(.., pbx)| (*pbx, self.me.api.control.people(*pbx))).collect();
        self.own = own;
    }

    /// The next event as text; `None`: the stream ends.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(text(&event));
            }
            let look = self.look_at;
            tokio::select! {
                event = self.feeds.next(), if !self.feeds.is_empty() => self.happened(event?),
                changed = self.changes.changed() => {
                    changed.ok()?;
                    self.look_soon();
                }
                () = async { tokio::time::sleep_until(look.unwrap_or_else(Instant::now)).await }, if look.is_some() => {
                    self.look_at = None;
                    self.look();
                }
                _ = self.beat.tick() => {
                    self.refresh().await;
                    self.ready.push_back(MyEvent::Ping);
                }
            }
            // A token costs a tenth of a millisecond to check, and a busy company has many events.
            if self.checked.elapsed() > Duration::from_secs(1)
                || matches!(self.ready.back(), Some(MyEvent::Ping))
            {
                self.checked = Instant::now();
                self.me.api.identity.verify(self.me.actor.token()).ok()?;
            }
        }
    }

    /// Extensions come and go. What cannot be read now is read at the next beat.
    async fn refresh(&mut self) {
        match watched(&self.me).await {
            Ok(own) if own != self.own => {
                self.watch(own);
                self.ready.push_back(MyEvent::Resync);
            }
            Ok(_) => {}
            Err(_) => tracing::debug!("whose extensions these are cannot be read now"),
        }
    }

    fn happened(&mut self, event: LiveEvent) {
        match event {
            LiveEvent::Call { call } => {
                self.look_soon();
                // Whoever parked a call is told where it is.
                let parked_by = call.parked.as_ref().map(|parked| &parked.by.extension);
                if [Some(&call.from.extension), Some(&call.to.extension), parked_by]
                    .into_iter()
                    .flatten()
                    .any(|number| self.is_own(call.pbx, number.as_ref()))
                {
                    self.ready.push_back(MyEvent::Call(Box::new(LiveCall::show(call, self.locale))));
                }
            }
            LiveEvent::Ended { call } => {
                self.look_soon();
                if [&call.from_extension, &call.to_extension]
                    .into_iter()
                    .any(|number| self.is_own(call.pbx, number.as_ref()))
                {
                    self.ready.push_back(MyEvent::Call(Box::new(LiveCall::ended(call, self.locale))));
                }
            }
            LiveEvent::Registration { .. } | LiveEvent::Queues { .. } => self.look_soon(),
            LiveEvent::Mailbox { pbx, mailbox, .. } => {
                if self.own.iter().any(|(_, _, _, extension, _)| *extension == mailbox) {
                    let (new, old) = self.me.api.control.mailboxes().counts(pbx, mailbox);
                    self.ready.push_back(MyEvent::Messages(MessagesEvent { extension: mailbox, new, old }));
                }
            }
            LiveEvent::Recording { .. } | LiveEvent::Callback { .. } => {}
            LiveEvent::Resync => self.ready.push_back(MyEvent::Resync),
        }
    }

    fn is_own(&self, pbx: PbxId, number: Option<&ExtensionNumber>) -> bool {
        self.own.iter().any(|(_, _, of, _, own)| *of == pbx && Some(own) == number)
    }

    fn look_soon(&mut self) {
        self.look_at.get_or_insert_with(|| Instant::now() + GATHER);
    }

    /// Tells of everybody who does something else than when it was looked at last.
    fn look(&mut self) {
        for (pbx, before) in &mut self.states {
            let now = self.me.api.control.people(*pbx);
            for (extension, state) in &now {
                if before.get(extension) != Some(state) {
                    let (pbx, extension, state) = (*pbx, *extension, (*state).into());
                    self.ready.push_back(MyEvent::Presence(PresenceEvent { pbx, extension, state }));
                }
            }
            *before = now;
        }
    }
}

fn text(event: &MyEvent) -> String {
    let (name, data) = match event {
        MyEvent::Presence(presence) => ("presence", serde_json::to_string(presence)),
        MyEvent::Call(call) => ("call", serde_json::to_string(call)),
        MyEvent::Messages(messages) => ("messages", serde_json::to_string(messages)),
        MyEvent::Ping => ("ping", Ok("{}".to_owned())),
        MyEvent::Resync => ("resync", Ok("{}".to_owned())),
    };
    // JSON has no line breaks of its own.
    format!("event: {name}\ndata: {}\n\n", data.unwrap_or_else(|_| "{}".to_owned()))
}
