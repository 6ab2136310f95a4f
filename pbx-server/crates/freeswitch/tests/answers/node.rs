//! A node that is played: it listens as FreeSWITCH's event socket does, answers what is asked as the
//! captured one did, and says what a test lets it say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;
use voxera_callcontrol::{CallControl, NodeLive, NodeSecret, NodeState};
use voxera_model::{NodeId, Slug};

pub const PASSWORD: &str = "lab-esl-pass";

/// The node.
pub struct Played {
    pub id: NodeId,
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    events: broadcast::Sender<String>,
    seen: watch::Sender<Vec<String>>,
    stop: CancellationToken,
    _stop: DropGuard,
}

struct State {
    core: Uuid,
    answers: BTreeMap<String, String>,
    /// Says nothing any more.
    silent: bool,
}

impl Played {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { core: Uuid::now_v7(), answers: answers(), silent: false }));
        let (events, _) = broadcast::channel(100);
        let (seen, _) = watch::channel(Vec::new());
        let stop = CancellationToken::new();
        let node = Self {
            id: NodeId(Uuid::now_v7()),
            address,
            state,
            events,
            seen,
            _stop: stop.clone().drop_guard(),
            stop,
        };
        let (state, events, seen) = (Arc::clone(&node.state), node.events.clone(), node.seen.clone());
        let stop = node.stop.clone();
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
                let serving = serve(stream, Arc::clone(&state), events.subscribe(), seen.clone());
                tokio::spawn(stop.clone().run_until_cancelled_owned(serving));
            }
        });
        node
    }

    /// As it stands in the portal's list.
    pub fn secret(&self) -> NodeSecret {
        NodeSecret {
            id: self.id,
            name: Slug::parse("fs1").unwrap(),
            control_host: self.address.ip().to_string(),
            control_port: self.address.port(),
            password: PASSWORD.to_owned().into(),
            weight: 10,
            draining: false,
        }
    }

    pub fn core(&self) -> String {
        self.state.lock().unwrap().core.to_string()
    }

    /// What it answers to a command from now on.
    pub fn answers(&self, command: &str, answer: &str) {
        self.state.lock().unwrap().answers.insert(command.into(), answer.into());
    }

    /// It hangs: connections stay, nothing is said.
    pub fn falls_silent(&self) {
        self.state.lock().unwrap().silent = true;
    }

    /// Every connection breaks; the process is another when it is reached again.
    pub fn restarts(&self) {
        self.state.lock().unwrap().core = Uuid::now_v7();
        self.breaks();
    }

    /// Every connection breaks.
    pub fn breaks(&self) {
        self.events.send("break".into()).unwrap();
    }

    /// It tells this event.
    pub fn tells(&self, event: &str) {
        self.events.send(framed(event)).unwrap();
    }

    /// Waits until it was told a command.
    pub async fn is_told(&self, wanted: impl Fn(&str) -> bool) -> String {
        let mut seen = self.seen.subscribe();
        let found = seen.wait_for(|seen| seen.iter().any(|line| wanted(line))).await.unwrap();
        found.iter().find(|line| wanted(line)).unwrap().clone()
    }
}

/// Waits until what is known of a node is so.
pub async fn known(control: &CallControl, node: &Played, is: impl Fn(&NodeLive) -> bool) -> NodeLive {
    let mut changes = control.nodes().changes();
    loop {
        changes.mark_unchanged();
        if let Some(live) = control.nodes().get(node.id).filter(|live| is(live)) {
            return live;
        }
        changes.changed().await.unwrap();
    }
}

/// Lists the node and waits until it is up.
pub async fn joins(control: &CallControl, node: &Played) {
    control.nodes().configure(vec![node.secret()]);
    known(control, node, |live| live.state == NodeState::Up).await;
    node.is_told(|line| line == "api xml_flush_cache").await;
}

/// The body of a captured event.
pub fn event(name: &str) -> String {
    let text = fixture(&format!("esl/{name}.event"));
    text.split_once("\n\n").unwrap().1.to_owned()
}

pub fn fixture(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

/// An event with a value in the place of another's.
pub fn with(event: &str, name: &str, value: &str) -> String {
    let mut found = false;
    let mut lines: Vec<String> = event
        .trim_end()
        .lines()
        .map(|line| {
            let fits = line.split_once(": ").is_some_and(|(known, _)| known == name);
            found |= fits;
            if fits { format!("{name}: {value}") } else { line.to_owned() }
        })
        .collect();
    if !found {
        lines.push(format!("{name}: {value}"));
    }
    lines.join("\n") + "\n\n"
}

fn framed(event: &str) -> String {
    format!("Content-Length: {}\nContent-Type: text/event-plain\n\n{event}", event.len())
}

fn answers() -> BTreeMap<String, String> {
    let transcript = fixture("esl/transcript_auth_and_api.txt");
    let status = transcript.split(">>> api status\n\n").nth(1).unwrap().split_once("\n\n").unwrap().1;
    let status = status.split(">>>").next().unwrap().to_owned();
    [
        ("status", status),
        ("version", "FreeSWITCH Version 1.11.1-release~64bit (-release 64bit)\n".into()),
        ("module_exists mod_callcenter", "true".into()),
        ("sofia status profile voxera", "Name voxera\n".into()),
        ("show channels as json", "{\"row_count\":0}\n".into()),
        ("show registrations as json", "{\"row_count\":0}\n".into()),
    ]
    .map(|(command, answer)| (command.to_owned(), answer))
    .into()
}

async fn serve(
    mut stream: TcpStream,
    state: Arc<Mutex<State>>,
    mut events: broadcast::Receiver<String>,
    seen: watch::Sender<Vec<String>>,
) {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    say(&mut stream, "Content-Type: auth/request\n\n").await;
    loop {
        tokio::select! {
            read = stream.read(&mut bytes) => match read {
                Ok(read @ 1..) => text.push_str(std::str::from_utf8(&bytes[..read]).unwrap()),
                Ok(0) | Err(_) => return,
            },
            told = events.recv() => match told.as_deref() {
                Ok("break") | Err(_) => return,
                Ok(event) => say(&mut stream, event).await,
            },
        }
        while let Some((command, rest)) = text.split_once("\n\n").map(|(c, r)| (c.to_owned(), r.to_owned())) {
            text = rest;
            if state.lock().unwrap().silent {
                continue;
            }
            let answer = answer(&state, &command);
            say(&mut stream, &answer).await;
            seen.send_modify(|seen| seen.push(command));
        }
    }
}

fn answer(state: &Mutex<State>, command: &str) -> String {
    let state = state.lock().unwrap();
    let reply = |text: &str| format!("Content-Type: command/reply\nReply-Text: {text}\n\n");
    match command.split_once(' ') {
        Some(("auth", password)) if password == PASSWORD => reply("+OK accepted"),
        Some(("auth", _)) => reply("-ERR invalid"),
        Some(("api", "global_getvar core_uuid")) => body(&state.core.to_string()),
        Some(("api", asked)) => body(state.answers.get(asked).map_or("+OK\n", String::as_str)),
        _ => reply("+OK event listener enabled plain"),
    }
}

fn body(text: &str) -> String {
    format!("Content-Type: api/response\nContent-Length: {}\n\n{text}", text.len())
}

async fn say(stream: &mut TcpStream, text: &str) {
    // A node that hangs is one that somebody has hung up on.
    let _ = stream.write_all(text.as_bytes()).await;
}
