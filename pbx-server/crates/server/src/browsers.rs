//! The portal's phones: the engines' links in the words of the interface, and which engine a browser is
//! brought to where both run.

use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use voxera_api::{BrowserLink, Browsers, FromEngine};
use voxera_callcontrol::{CallControl, LiveScope};
use voxera_freeswitch::{BrowserWay, Leave, Said, ToBrowser, is_keep_alive};
use voxera_model::{DeviceId, Engine, Realm};
use voxera_sip::{EngineHandle, WebSocketLink};

/// Messages that may wait, each way.
const WAITING: usize = 32;
/// How long a browser may take until it says what it is.
const SAYS_WITHIN: Duration = Duration::from_secs(30);
/// Browsers at once that have not said what they are.
const UNKNOWN: usize = 1024;

/// The engine of this process.
pub fn of_server(engine: &EngineHandle) -> Browsers {
    let open = engine.websockets();
    Arc::new(move |peer| {
        open(peer).map(|WebSocketLink { to_engine, mut from_engine, closed }| BrowserLink {
            to_engine,
            from_engine: futures::stream::poll_fn(move |context| from_engine.poll_recv(context))
                .map(FromEngine::Message)
                .boxed(),
            closed,
        })
    })
}

/// Nodes.
pub fn of_nodes(engine: &voxera_freeswitch::Handle) -> Browsers {
    let browsers = engine.browsers.clone();
    Arc::new(move |peer| {
        browsers.open(peer).map(|BrowserWay { to_node, mut from_node }| BrowserLink {
            to_engine: to_node,
            from_engine: futures::stream::poll_fn(move |context| from_node.poll_recv(context))
                .map(|said| match said {
                    ToBrowser::Message(bytes) => FromEngine::Message(bytes),
                    ToBrowser::Close(leave) => close(leave),
                })
                .boxed(),
            closed: CancellationToken::new(),
        })
    })
}

/// Both: the first thing that a browser says names its PBX, which decides.
pub fn of_both(control: &CallControl, to_server: Browsers, to_nodes: Browsers) -> Browsers {
    let ways = Arc::new(Ways { control: control.clone(), to_server, to_nodes });
    let unknown = Arc::new(Semaphore::new(UNKNOWN));
    Arc::new(move |peer| {
        let seat = Arc::clone(&unknown).try_acquire_owned().ok()?;
        let (to_engine, mut said) = channel(WAITING);
        let (out, mut from_engine) = channel(WAITING);
        let closed = CancellationToken::new();
        let (ways, close_now) = (Arc::clone(&ways), closed.clone());
        tokio::spawn(async move {
            let first = first(&mut said, &out).await;
            drop(seat);
            let Some(first) = first else { return };
            let (engine, of) = ways.home(&first);
            let open = match engine {
                Engine::Embedded => &ways.to_server,
                Engine::FreeSwitch => &ways.to_nodes,
            };
            match open(peer) {
                Some(link) => ways.carry(link, first, engine, of, said, &out, &close_now).await,
                None => tell(&out, close(Leave::NoNode)).await,
            }
        });
        Some(BrowserLink {
            to_engine,
            from_engine: futures::stream::poll_fn(move |context| from_engine.poll_recv(context)).boxed(),
            closed,
        })
    })
}

struct Ways {
    control: CallControl,
    to_server: Browsers,
    to_nodes: Browsers,
}

/// What a browser says first; `None`: it is gone, or says nothing.
async fn first(said: &mut Receiver<Vec<u8>>, out: &Sender<FromEngine>) -> Option<Vec<u8>> {
    let first = async {
        loop {
            let bytes = said.recv().await?;
            if !is_keep_alive(&bytes) {
                return Some(bytes);
            }
            // One line end is an answer to ours.
            if bytes.starts_with(b"\r\n\r\n") {
                tell(out, FromEngine::Message(b"\r\n".to_vec())).await;
            }
        }
    };
    if let Ok(first) = timeout(SAYS_WITHIN, first).await {
        return first;
    }
    tell(out, close(Leave::Refused)).await;
    None
}

impl Ways {
    /// The engine that a first message is for, and whose it is. A domain of nobody is for the engine of
    /// this process to refuse.
    fn home(&self, first: &[u8]) -> (Engine, Option<(Realm, DeviceId)>) {
        let first = Said::of(first);
        let Some(realm) = first.registers_in() else { return (Engine::Embedded, None) };
        let Some(view) = self.control.directory().pbx(&realm) else { return (Engine::Embedded, None) };
        (view.engine, first.device().map(|device| (realm, device)))
    }

    /// Both ways, until either side is gone, or the browser is another engine's.
    #[expect(clippy::too_many_arguments, reason = "a connection has two ends")]
    async fn carry(
        &self,
        link: BrowserLink,
        first: Vec<u8>,
        engine: Engine,
        of: Option<(Realm, DeviceId)>,
        mut said: Receiver<Vec<u8>>,
        out: &Sender<FromEngine>,
        close_now: &CancellationToken,
    ) {
        let BrowserLink { to_engine, mut from_engine, closed } = link;
        let up = async {
            let mut next = Some(first);
            while let Some(bytes) = next {
                if to_engine.send(bytes).await.is_err() {
                    // What the engine still has to say is said first.
                    return std::future::pending().await;
                }
                next = said.recv().await;
            }
        };
        let down = async {
            while let Some(message) = from_engine.next().await {
                if out.send(message).await.is_err() {
                    return;
                }
            }
        };
        let moved = async {
            match &of {
                Some((realm, device)) => self.moved(realm, *device, engine).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = up => {}
            () = down => {}
            () = closed.cancelled() => close_now.cancel(),
            // It registers anew, and comes to the other.
            () = moved => tell(out, FromEngine::Close { code: 1012, why: "moved" }).await,
        }
    }

    /// Ends when another engine carries the calls of a browser's PBX, and the browser is in none that
    /// the engine it is at carries still.
    async fn moved(&self, realm: &Realm, device: DeviceId, from: Engine) {
        let directory = self.control.directory();
        let mut changes = directory.changes();
        let view = loop {
            changes.mark_unchanged();
            match directory.pbx(realm) {
                Some(view) if view.engine != from => break view,
                Some(_) | None => {}
            }
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        };
        let snapshot = &view.snapshot;
        let scope = LiveScope::Pbx(snapshot.tenant, snapshot.customer, snapshot.pbx);
        let live = self.control.live();
        let mut feed = live.subscribe(scope);
        let own = view.device(device).map(|secret| &secret.extension);
        let talks = || {
            let calls = live.calls(scope);
            calls.iter().any(|call| [&call.from, &call.to].iter().any(|side| side.extension.as_ref() == own))
        };
        while own.is_some() && talks() {
            if feed.next().await.is_none() {
                return;
            }
        }
    }
}

const fn close(leave: Leave) -> FromEngine {
    let (code, why) = leave.code();
    FromEngine::Close { code, why }
}

/// A browser that does not read is noticed by its socket.
async fn tell(out: &Sender<FromEngine>, message: FromEngine) {
    // One that is gone needs no word.
    drop(out.send(message).await);
}
