//! Files of configuration that depend on what companies set up. Everything else a node has on its own
//! disk; for that the answer is "not found", which makes it read its own.

use crate::calls::{LINES_DOMAIN, music};
use crate::dialplan::queue_name;
use crate::document::{Document, Setting};
use crate::escape::Text;
use crate::request::ConfigurationRequest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use voxera_audio::{Library, Place};
use voxera_callcontrol::{CallControl, PbxView};
use voxera_callflow::{Extension, Kind, Queue, Snapshot, Strategy};
use voxera_model::{ExtensionId, PbxId};

/// The answer to a file that is asked for.
#[must_use]
pub fn answer(control: &CallControl, library: Option<&Library>, asked: &ConfigurationRequest) -> Document {
    match asked.file.as_str() {
        "acl.conf" => Document::print("acl", &Acl { domain: fixed(LINES_DOMAIN) }),
        "sofia.conf" => Document::print("sofia", &Sofia { settings: sofia() }),
        "callcenter.conf" => callcenter(control, library, asked.queue.as_deref()),
        "conference.conf" => Document::print("conference", &Empty {}),
        "local_stream.conf" => local_stream(library),
        _ => Document::not_found(),
    }
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Acl {
    domain: Text,
}

#[derive(Serialize)]
struct Sofia {
    settings: Vec<Setting>,
}

fn fixed(text: &str) -> Text {
    Text::ours(text.to_owned())
}

/// The profile of phones and lines. What depends on the machine is in the node's own variables.
fn sofia() -> Vec<Setting> {
    let settings = [
        // Whoever proves nothing reaches nothing.
        ("context", "nobody"),
        ("dialplan", "XML"),
        ("auth-calls", "true"),
        ("auth-all-packets", "false"),
        ("accept-blind-reg", "false"),
        ("accept-blind-auth", "false"),
        ("challenge-realm", "auto_from"),
        ("inbound-reg-force-matching-username", "true"),
        ("inbound-reg-in-new-thread", "true"),
        ("multiple-registrations", "contact"),
        ("max-registrations-per-extension", "5"),
        ("sip-force-expires-min", "60"),
        ("sip-force-expires-max", "3600"),
        ("nonce-ttl", "300"),
        ("apply-inbound-acl", "voxera-lines"),
        ("log-auth-failures", "true"),
        // What a channel is called among us is nobody's business.
        ("pass-callee-id", "false"),
        ("manage-presence", "true"),
        ("send-message-query-on-register", "false"),
        ("disable-transcoding", "false"),
        ("inbound-codec-negotiation", "generous"),
        ("inbound-late-negotiation", "true"),
        ("inbound-codec-prefs", "OPUS,G722,PCMA,PCMU"),
        ("outbound-codec-prefs", "OPUS,G722,PCMA,PCMU"),
        ("rtp-timer-name", "soft"),
        ("rfc2833-pt", "101"),
        ("dtmf-type", "rfc2833"),
        ("liberal-dtmf", "true"),
        ("media_timeout", "60"),
        ("media_hold_timeout", "3600"),
        ("NDLB-received-in-nat-reg-contact", "true"),
        ("apply-nat-acl", "nat.auto"),
        ("nat-options-ping", "true"),
        // A phone is reached over the connection that it opened: few listen for one, and fewer have a
        // certificate. One whose connection is gone is offline.
        ("tcp-always-nat", "true"),
        ("tls-always-nat", "true"),
        ("tcp-unreg-on-socket-close", "true"),
        // And whatever is newer.
        ("tls-version", "tlsv1.2"),
        ("user-agent-string", "voxera"),
        ("hold-music", "local_stream://voxera"),
    ];
    settings.into_iter().map(|(name, value)| Setting::new(name, fixed(value))).collect()
}

#[derive(Serialize)]
struct Streams {
    streams: Vec<Stream>,
}

#[derive(Serialize)]
struct Stream {
    name: Text,
    path: Text,
    rate: u32,
}

/// The built-in music, at the rates that calls have.
fn local_stream(library: Option<&Library>) -> Document {
    let folder = library.map(Library::built_in_music);
    let path = match folder {
        Some(Ok(folder)) => folder,
        Some(Err(error)) => {
            tracing::error!(%error, "the built-in music cannot be kept");
            return Document::not_found();
        }
        None => return Document::not_found(),
    };
    let path = Text::tame(&path.to_string_lossy());
    let streams = [("voxera", 8_000), ("voxera/16000", 16_000), ("voxera/48000", 48_000)];
    let streams =
        streams.into_iter().map(|(name, rate)| Stream { name: fixed(name), path: path.clone(), rate });
    Document::print("local_stream", &Streams { streams: streams.collect() })
}

/// Queues, those who take their calls, and in which order.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Callcenter {
    pub queues: Vec<QueueFile>,
    pub agents: Vec<Agent>,
    pub tiers: Vec<Tier>,
}

#[derive(Debug, Serialize)]
pub(crate) struct QueueFile {
    pub name: Text,
    pub params: Vec<Setting>,
}

/// A member: one extension, whatever number of queues it is in.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Agent {
    pub name: Text,
    pub contact: Text,
    /// Seconds.
    pub wrap_up: u32,
    /// Seconds before a member who did not take a call is rung again.
    pub rest: u32,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Tier {
    pub agent: Text,
    pub queue: Text,
    pub level: u8,
    pub position: usize,
}

fn callcenter(control: &CallControl, library: Option<&Library>, only: Option<&str>) -> Document {
    let mut all = Callcenter::default();
    for view in control.directory().all() {
        all.add(&view, library);
    }
    if let Some(only) = only {
        all.queues.retain(|queue| queue.name.as_str() == only);
        all.tiers.retain(|tier| tier.queue.as_str() == only);
        let used: BTreeSet<Text> = all.tiers.iter().map(|tier| tier.agent.clone()).collect();
        all.agents.retain(|agent| used.contains(&agent.name));
    }
    Document::print("callcenter", &all)
}

impl Callcenter {
    /// The queues of one PBX.
    pub fn add(&mut self, view: &PbxView, library: Option<&Library>) {
        let snapshot = &view.snapshot;
        let mut members: BTreeMap<ExtensionId, (u32, u32)> = BTreeMap::new();
        for extension in snapshot.extensions.values() {
            let Kind::Queue(queue) = &extension.kind else { continue };
            self.queue(snapshot, extension, queue, library);
            for (position, member) in queue.members.iter().enumerate() {
                let Some((_, person)) = snapshot.extension(member.extension) else { continue };
                if person.devices().is_empty() {
                    continue;
                }
                self.tiers.push(Tier {
                    agent: agent_name(member.extension, snapshot.pbx),
                    queue: Text::ours(queue_name(extension.id, snapshot.pbx)),
                    level: member.tier,
                    position: position + 1,
                });
                // A member of several queues rings as long, and rests as long, as the longest of them says.
                let longest = members.entry(member.extension).or_default();
                longest.0 = longest.0.max(queue.ring_for.0.clamp(5, 120));
                longest.1 = longest.1.max(queue.wrap_up.0.min(600));
            }
        }
        for (id, (ring_for, wrap_up)) in members {
            self.agents.extend(agent(snapshot, id, ring_for, wrap_up));
        }
    }

    fn queue(
        &mut self,
        snapshot: &Snapshot,
        extension: &Extension,
        queue: &Queue,
        library: Option<&Library>,
    ) {
        let place = Place { tenant: snapshot.tenant, customer: snapshot.customer };
        let music = music(library, &place, queue.music.or(snapshot.music));
        let strategy = match queue.strategy {
            Strategy::RingAll => "ring-all",
            Strategy::Sequential => "top-down",
            Strategy::RoundRobin => "round-robin",
            Strategy::LongestIdle => "longest-idle-agent",
            Strategy::LeastCalls => "agent-with-fewest-calls",
        };
        let params = [
            ("strategy", strategy.to_owned()),
            ("moh-sound", music.unwrap_or_else(|| "local_stream://voxera".to_owned())),
            ("time-base-score", "queue".to_owned()),
            ("max-wait-time", queue.max_wait.0.clamp(10, 7_200).to_string()),
            ("max-wait-time-with-no-agent", "0".to_owned()),
            // The next tier when nobody of the one before is free.
            ("tier-rules-apply", "false".to_owned()),
            ("discard-abandoned-after", "1".to_owned()),
            ("abandoned-resume-allowed", "false".to_owned()),
        ];
        let params = params.into_iter().map(|(name, value)| Setting::new(name, Text::ours(value))).collect();
        self.queues.push(QueueFile { name: Text::ours(queue_name(extension.id, snapshot.pbx)), params });
    }
}

/// A member's name to `mod_callcenter`.
pub(crate) fn agent_name(member: ExtensionId, pbx: PbxId) -> Text {
    Text::ours(format!("{member}@{pbx}"))
}

fn agent(snapshot: &Snapshot, id: ExtensionId, ring_for: u32, wrap_up: u32) -> Option<Agent> {
    let (number, extension) = snapshot.extension(id)?;
    let (realm, pbx) = (&snapshot.realm, snapshot.pbx);
    let phones = match extension.devices() {
        [one] => one.to_string(),
        // Of all of them every address: a list of legs cannot have lists in it.
        _ => number.to_string(),
    };
    let contact = Text::ours(format!(
        "[leg_timeout={ring_for},voxera_pbx={pbx},voxera_member={number},eavesdrop_group={pbx},\
         force_transfer_context={realm}]user/{phones}@{realm}"
    ));
    Some(Agent { name: agent_name(id, pbx), contact, wrap_up, rest: 5 })
}
