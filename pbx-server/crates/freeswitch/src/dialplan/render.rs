//! What a call is to do, as a list of applications.

use super::expect::{Expect, KeyUse, Marker, Suffix};
use super::script::{App, sip_code};
use super::way::{AT, Way, Ways};
use super::wish::{Emergency, Hears, Listening, Playable, Ringing, Sounds, Wish};
use crate::escape::Text;
use std::fmt::Write as _;
use voxera_callflow::{ListenMode, Peer, Position, RingTarget, WhileRinging};
use voxera_model::{CallId, DeviceId, ExtensionId, Name, PbxId, PhoneNumber, Realm, TrunkId};

/// The tone of a phone that rings, as in Sweden.
const RINGBACK: &str = "%(1000,4000,425)";
/// What is heard for a sound that is not there.
const FAULT_TONE: &str = "tone_stream://%(250,250,425);loops=4";
/// A message ends after so many seconds of silence.
const SILENT_FOR: u32 = 5;
/// What counts as silence, in `FreeSWITCH`'s own unit of energy.
const SILENCE: u32 = 200;

/// A call that rings elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PicksUp {
    /// By its leg, at this node.
    Leg(uuid::Uuid),
    /// At another node, which this dial string leads to.
    There(String),
}

/// The call that a script is for.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    pub call: CallId,
    pub pbx: PbxId,
    pub realm: &'a Realm,
    /// The caller, and its name where it is known.
    pub from: &'a Peer,
    pub from_name: Option<&'a Name>,
    /// What the next hunt is called.
    pub nonce: &'a str,
    /// Milliseconds since the call began.
    pub clock: u64,
    /// The leg of a call that rings elsewhere, when this one picks it up.
    pub picks_up: Option<&'a PicksUp>,
    /// Where the phones are that are to ring.
    pub ways: &'a Ways,
    /// Leads to the node of the leg that is listened to, when that is another.
    pub listens: Option<&'a str>,
}

/// The applications, without the question at their end, and what they wait for.
#[must_use]
pub fn render(
    wish: &Wish,
    position: Option<&Position>,
    setting: &Setting<'_>,
    sounds: &Sounds,
) -> (Vec<App>, Expect) {
    let mut apps = Vec::new();
    if let Some(cause) = wish.end {
        apps.push(if wish.answered {
            App::new("hangup", "NORMAL_CLEARING")
        } else {
            App::new("respond", sip_code(cause).to_string())
        });
        return (apps, Expect::End);
    }
    let Some(position) = position else { return (vec![App::new("hangup", "NORMAL_CLEARING")], Expect::End) };
    if wish.answered {
        apps.push(App::new("answer", ""));
    }
    let expect = if let Some(ringing) = &wish.ring {
        ring(&mut apps, wish, ringing, setting, sounds);
        Expect::Ring
    } else if let Some(message) = wish.message.filter(|message| !message.ended) {
        record(&mut apps, message.longest.0, sounds.message.as_deref());
        Expect::Message
    } else if let Some(room) = wish.room {
        apps.push(App::new("conference", format!("{}-{room}@voxera", setting.pbx)));
        Expect::Elsewhere
    } else if let Some(listening) = &wish.listening {
        listen(&mut apps, listening, setting);
        Expect::Elsewhere
    } else if wish.picks_up.is_some() {
        match setting.picks_up {
            Some(PicksUp::Leg(leg)) => {
                // Not once somebody else has answered.
                apps.push(App::set("intercept_unbridged_only", true));
                apps.push(App::new("intercept", leg.to_string()));
            }
            Some(PicksUp::There(dial)) => {
                apps.push(App::set("hangup_after_bridge", true));
                apps.push(App::set("continue_on_fail", true));
                apps.push(App::new("bridge", dial.clone()));
            }
            None => {}
        }
        Expect::Elsewhere
    } else {
        hear(&mut apps, wish, position, setting, sounds)
    };
    (apps, expect)
}

/// What asks again.
#[must_use]
pub fn question(setting: &Setting<'_>) -> App {
    let destination = Marker::destination(setting.nonce, Suffix::Done);
    App::new("transfer", format!("{destination} XML {}", setting.realm))
}

fn hear(
    apps: &mut Vec<App>,
    wish: &Wish,
    position: &Position,
    setting: &Setting<'_>,
    sounds: &Sounds,
) -> Expect {
    let keys = KeyUse::at(position);
    if sounds.pending {
        apps.push(App::new("playback", "silence_stream://200"));
        return Expect::Nothing;
    }
    match (&wish.hears, wish.timer, position) {
        (Hears::Sounds { sounds: wanted }, _, _) => {
            play(apps, &named(wanted, sounds), keys);
            Expect::Sounds { keys }
        }
        (_, timer, Position::Waiting(line)) => {
            queue(apps, line, setting);
            Expect::Queue { timer: timer.map_or(0, |timer| timer.timer) }
        }
        (Hears::Music { audio }, Some(timer), Position::Parked(_)) => {
            // Whoever takes the call talks with this leg, and nothing else is to come after that.
            apps.push(App::set("hangup_after_bridge", true));
            apps.push(App::new("endless_playback", music(sounds, *audio)));
            Expect::Parked { timer: timer.timer }
        }
        (Hears::Echo, _, _) => {
            apps.push(App::new("echo", ""));
            Expect::Nothing
        }
        (Hears::Tone, _, _) => {
            apps.push(App::new("playback", "tone_stream://%(1000,0,440);loops=-1"));
            Expect::Nothing
        }
        (_, Some(timer), _) => {
            let wait = timer.at.saturating_sub(setting.clock).max(1);
            apps.push(App::unset("voxera_key"));
            apps.push(App::new("read", format!("1 1 silence voxera_key {wait}")));
            Expect::Timer { timer: timer.timer }
        }
        (Hears::Music { audio }, None, _) => {
            apps.push(App::new("endless_playback", music(sounds, *audio)));
            Expect::Nothing
        }
        (Hears::Nothing, None, _) => {
            apps.push(App::new("park", ""));
            Expect::Nothing
        }
    }
}

fn named(wanted: &[voxera_callflow::Sound], sounds: &Sounds) -> String {
    let named: Vec<&str> =
        wanted.iter().map(|sound| sounds.sounds.get(sound).map_or(FAULT_TONE, Playable::as_str)).collect();
    match named.as_slice() {
        [] => "silence_stream://1".to_owned(),
        [one] => (*one).to_owned(),
        many => format!("file_string://{}", many.join("!")),
    }
}

fn music(sounds: &Sounds, audio: Option<voxera_model::AudioId>) -> String {
    sounds.music.get(&audio).map_or_else(|| "local_stream://voxera".to_owned(), Clone::clone)
}

fn play(apps: &mut Vec<App>, what: &str, keys: KeyUse) {
    match keys {
        KeyUse::All => {
            apps.push(App::unset("voxera_key"));
            apps.push(App::new("read", format!("1 1 '{what}' voxera_key 1")));
        }
        KeyUse::Pound | KeyUse::None => {
            apps.push(App::unset("playback_terminator_used"));
            apps.push(App::set("playback_terminators", if keys == KeyUse::None { "none" } else { "#" }));
            apps.push(App::new("playback", what));
        }
    }
}

fn record(apps: &mut Vec<App>, longest: u32, path: Option<&str>) {
    apps.push(App::unset("record_ms"));
    let Some(path) = path else { return };
    apps.push(App::unset("playback_terminator_used"));
    apps.push(App::set("playback_terminators", "#"));
    apps.push(App::new("record", format!("{path} {longest} {SILENCE} {SILENT_FOR}")));
}

fn queue(apps: &mut Vec<App>, line: &voxera_callflow::Line, setting: &Setting<'_>) {
    let waited = setting.clock.saturating_sub(line.since) / 1_000;
    let (name, number) = shown(setting, None);
    apps.push(App::new("set_profile_var", format!("caller_id_number={number}")));
    apps.push(App::new("set_profile_var", format!("caller_id_name={name}")));
    // Whoever takes the call may be recorded, which is said when the two talk.
    recorded(apps);
    // Whoever heard an announcement keeps the place in line.
    apps.push(App::set("cc_base_score", waited));
    apps.push(App::unset("cc_agent_bridged"));
    apps.push(App::new("callcenter", queue_name(line.queue, setting.pbx)));
}

/// A queue's name to `mod_callcenter`: names are global there.
#[must_use]
pub(crate) fn queue_name(queue: ExtensionId, pbx: PbxId) -> String {
    format!("{queue}@{pbx}")
}

fn listen(apps: &mut Vec<App>, listening: &Listening, setting: &Setting<'_>) {
    let Some(leg) = listening.leg else { return };
    apps.push(App::new("clear_digit_action", "all"));
    for key in ['1', '2', '3'] {
        let Some(key) = voxera_model::Key::new(key) else { continue };
        let destination = Marker::destination(setting.nonce, Suffix::Key(key));
        apps.push(App::new(
            "bind_digit_action",
            format!("voxera,{key},exec[i]:transfer,{destination} XML {}", setting.realm),
        ));
    }
    apps.push(App::new("digit_action_set_realm", "voxera"));
    match setting.listens {
        Some(dial) => {
            apps.push(App::set("hangup_after_bridge", false));
            apps.push(App::set("continue_on_fail", true));
            apps.push(App::new("bridge", dial));
        }
        None => apps.extend(eavesdrop(setting.pbx, listening.mode, leg)),
    }
}

/// Hears a leg of this node and this PBX.
pub(crate) fn eavesdrop(pbx: PbxId, mode: ListenMode, leg: uuid::Uuid) -> [App; 5] {
    // `aleg` is what the other end hears of the extension, `bleg` what the extension hears.
    let (others, extension) = match mode {
        ListenMode::Listen => (false, false),
        ListenMode::Whisper => (false, true),
        ListenMode::Barge => (true, true),
    };
    [
        App::set("eavesdrop_require_group", pbx),
        App::set("eavesdrop_enable_dtmf", false),
        App::set("eavesdrop_whisper_aleg", others),
        App::set("eavesdrop_whisper_bleg", extension),
        App::new("eavesdrop", leg.to_string()),
    ]
}

fn ring(apps: &mut Vec<App>, wish: &Wish, ringing: &Ringing, setting: &Setting<'_>, sounds: &Sounds) {
    let tone = match ringing.hears {
        WhileRinging::Ringback => RINGBACK.to_owned(),
        WhileRinging::Unchanged => match wish.hears {
            Hears::Music { audio } => music(sounds, audio),
            Hears::Nothing | Hears::Sounds { .. } | Hears::Tone | Hears::Echo => RINGBACK.to_owned(),
        },
    };
    for old in ["originate_disposition", "bridge_hangup_cause", "last_bridge_proto_specific_hangup_cause"] {
        apps.push(App::unset(old));
    }
    apps.push(App::set("hangup_after_bridge", true));
    apps.push(App::set("continue_on_fail", true));
    apps.push(App::set("transfer_ringback", tone));
    if let (Some(path), false) = (&sounds.recording, wish.owners.is_empty()) {
        recorded(apps);
        apps.push(App::new("record_session", path.clone()));
    }
    apps.push(App::new("bridge", dial_string(wish, ringing, setting)));
}

/// How conversations are recorded: each side on its channel, from the bridge on.
fn recorded(apps: &mut Vec<App>) {
    apps.push(App::set("RECORD_STEREO", true));
    apps.push(App::set("RECORD_BRIDGE_REQ", true));
    apps.push(App::set("RECORD_MIN_SEC", 0));
    apps.push(App::set("recording_follow_transfer", true));
}

/// Who rings, in the language of `bridge`.
fn dial_string(wish: &Wish, ringing: &Ringing, setting: &Setting<'_>) -> String {
    let ring_for = ringing.ring_for.0;
    if let Some(emergency) = &ringing.emergency {
        return format!("{{originate_timeout={ring_for}}}{}", help(emergency, setting));
    }
    let inside = ringing.targets.iter().all(|target| matches!(target, RingTarget::Extension { .. }));
    let alone = ringing.targets.len() == 1;
    let mut all = format!("originate_timeout={ring_for}");
    if inside {
        all.push_str(",ignore_early_media=true");
    }
    if inside && alone {
        // Whoever declines means the call, not the phone in their hand.
        all.push_str(",fail_on_single_reject=CALL_REJECTED");
    }
    let targets: Vec<String> = ringing.targets.iter().map(|target| one(target, wish, setting)).collect();
    let several_ways = targets.iter().any(|target| target.contains('|'));
    if alone || !several_ways {
        let targets: Vec<String> = targets.into_iter().filter(|target| !target.is_empty()).collect();
        if targets.is_empty() {
            // Nobody to ring: the bridge says so, and the core goes on.
            return "error/USER_NOT_REGISTERED".to_owned();
        }
        return format!("{{{all}}}{}", targets.join(","));
    }
    // Each target tries its own lines while the others ring.
    format!("<{all}>{}", targets.join(":_:"))
}

fn one(target: &RingTarget, wish: &Wish, setting: &Setting<'_>) -> String {
    match target {
        RingTarget::Extension { number, devices, .. } => {
            let (name, from) = shown(setting, wish.name_before.as_ref());
            let leg = leg(setting, number.as_str());
            let realm = setting.realm;
            let legs = devices
                .iter()
                .flat_map(|device| ways(setting, *device).into_iter().map(move |way| (device, way)));
            let legs = legs.map(|(device, way)| {
                format!(
                    "[{leg},origination_caller_id_number={from},origination_caller_id_name='{name}'{way}]user/{device}@{realm}"
                )
            });
            legs.collect::<Vec<_>>().join(",")
        }
        RingTarget::Outside { number, caller_id, trunks } => {
            let leg = leg(setting, number.as_str());
            over_lines(trunks, number.as_str(), caller_id.as_ref(), &leg)
        }
    }
}

/// What each leg to a phone carries besides, so that it takes its own way. Several legs cannot be one, as
/// `FreeSWITCH` rings the first of a list that stands inside another.
fn ways(setting: &Setting<'_>, device: DeviceId) -> Vec<String> {
    match setting.ways.get(&device).map_or(&[][..], Vec::as_slice) {
        [] | [Way::Here] => vec![String::new()],
        ways => ways.iter().map(|way| format!(",{AT}={way}")).collect(),
    }
}

fn help(emergency: &Emergency, setting: &Setting<'_>) -> String {
    if emergency.trunks.is_empty() {
        return "error/NO_ROUTE_DESTINATION".to_owned();
    }
    over_lines(&emergency.trunks, "112", emergency.caller_id.as_ref(), &leg(setting, "112"))
}

fn over_lines(trunks: &[TrunkId], number: &str, shown: Option<&PhoneNumber>, leg: &str) -> String {
    let mut all = String::new();
    for trunk in trunks {
        if !all.is_empty() {
            all.push('|');
        }
        let _ = match shown {
            Some(own) => write!(
                all,
                "[{leg},origination_caller_id_number={own},origination_caller_id_name={own},sip_cid_type=pid]"
            ),
            None => write!(all, "[{leg},origination_privacy=hide_name:hide_number]"),
        };
        let _ = write!(all, "sofia/gateway/{trunk}/{number}");
    }
    all
}

/// What a leg carries, so that whatever happens to it is known to be of this call.
fn leg(setting: &Setting<'_>, peer: &str) -> String {
    format!(
        "voxera_leg={}/{peer},eavesdrop_group={},force_transfer_context={}",
        setting.call, setting.pbx, setting.realm
    )
}

/// The caller's name and number on phones of the same PBX.
fn shown(setting: &Setting<'_>, before: Option<&Name>) -> (Text, String) {
    let number = match setting.from {
        Peer::Extension(number) => number.to_string(),
        Peer::Outside(Some(number)) => number.to_string(),
        Peer::Outside(None) => "anonymous".to_owned(),
    };
    let name = setting.from_name.map_or(number.as_str(), Name::as_str);
    let name = before.map_or_else(|| name.to_owned(), |before| format!("{} {name}", before.as_str()));
    (Text::word(&name), number)
}
