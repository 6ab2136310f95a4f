//! What a node tells, as types: only what we act on. Every field comes from a capture of the running
//! program.

use super::frame::{Frame, Headers};
use chrono::{DateTime, TimeDelta, Utc};
use std::net::{IpAddr, SocketAddr};
use uuid::Uuid;

/// An event as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    headers: Headers,
    /// What follows the lines: the answer of a job.
    body: String,
}

impl Event {
    /// Reads a `text/event-plain` frame; `None` for any other.
    #[must_use]
    pub fn read(frame: &Frame) -> Option<Self> {
        if frame.kind() != "text/event-plain" {
            return None;
        }
        let (lines, rest) = frame.body.split_once("\n\n").unwrap_or((&frame.body, ""));
        let headers = Headers::read_encoded(lines);
        // Text without a length is the end of the lines, no body.
        let length = headers.get("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let body = rest.get(..length).unwrap_or(rest).to_owned();
        Some(Self { headers, body })
    }

    /// A value, decoded. Empty values are none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.get(name).filter(|value| !value.is_empty())
    }

    /// `CHANNEL_ANSWER`, `CUSTOM` …
    #[must_use]
    pub fn name(&self) -> &str {
        self.get("Event-Name").unwrap_or_default()
    }

    /// Of a `CUSTOM` event: `sofia::register` …
    #[must_use]
    pub fn subclass(&self) -> &str {
        self.get("Event-Subclass").unwrap_or_default()
    }

    fn uuid(&self, name: &str) -> Option<Uuid> {
        self.get(name)?.parse().ok()
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// A time in microseconds since 1970; 0 is none.
    fn micros(&self, name: &str) -> Option<DateTime<Utc>> {
        self.number(name).filter(|micros: &i64| *micros > 0).and_then(DateTime::from_timestamp_micros)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    Heartbeat(Load),
    Channel(Channel, ChannelNews),
    /// A leg is over. `carried`: what our scripts left on it.
    Ended {
        channel: Uuid,
        ended: Box<Ended>,
        carried: Option<String>,
    },
    Phone(PhoneNews),
    Queue(QueueNews),
    Gateway(GatewayNews),
    /// What became of a command that was sent with `bgapi`.
    Job {
        id: Uuid,
        answer: String,
    },
    /// Something that we do not follow.
    Other,
}

/// How busy a node is.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// As `1.11.1-release+git~…`.
    pub version: String,
    pub calls: u32,
    pub most_calls: u32,
    /// Of all cores, 0 to 100.
    pub idle_percent: Option<f64>,
}

/// Which leg of which call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    pub id: Uuid,
    /// The leg that it was made for, when there is one.
    pub call: Option<Uuid>,
    /// It was rung by us, not by a phone.
    pub outbound: bool,
    pub at: Option<DateTime<Utc>>,
}

/// What happened to a leg.
#[derive(Debug, Clone, PartialEq)]
pub enum ChannelNews {
    Created,
    /// A phone rings.
    Ringing,
    /// `mark`: what we wrote on it when we rang it.
    Answered {
        mark: Option<String>,
    },
    Bridged {
        with: Option<Uuid>,
    },
    Unbridged,
    RecordingStarted {
        path: String,
    },
    RecordingStopped {
        path: String,
        millis: u64,
    },
}

/// All that is known of a leg when it is over. The same comes from an event and from `mod_json_cdr`.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// As `NORMAL_CLEARING`, `USER_BUSY`.
    pub cause: String,
    /// Whether the phone hung up, and not we.
    pub by_peer: bool,
    /// Whether it talked with another leg.
    pub was_bridged: bool,
    pub started_at: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Packets of sound that came, that went, and that were missing or late; `None` where there was none.
    pub packets_in: Option<u64>,
    pub packets_out: Option<u64>,
    pub packets_lost: Option<u64>,
    /// How unevenly packets came, at most; 0 where it was not measured.
    pub jitter_ms: f32,
    pub codec: Option<String>,
}

/// What a phone did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneNews {
    Registered(Box<PhoneHere>),
    /// `user` and `host` as in the address of record; neither names a phone that has not proved itself.
    Gone {
        user: String,
        host: String,
        call: Option<String>,
        contact: Option<String>,
        expired: bool,
    },
}

/// A phone that has proved itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneHere {
    /// The user name and the realm of the proof.
    pub user: String,
    pub realm: String,
    pub contact: String,
    /// The `Call-ID` of the registration, by which the end of a broken connection is told.
    pub call: Option<String>,
    pub source: Option<SocketAddr>,
    /// As `Registered(UDP)`, `Registered(WSS-NAT)`.
    pub status: String,
    pub user_agent: Option<String>,
    pub for_: TimeDelta,
}

/// How a line to the public network is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayNews {
    pub gateway: String,
    /// `REGED`, `FAIL_WAIT`, `NOREG` …
    pub state: String,
    /// What the other side answered to a registration, as a SIP status.
    pub status: Option<u16>,
    /// Whether the other side answers when it is asked; `None`: it is not asked.
    pub answers_pings: Option<bool>,
}

/// What happened in a queue of `mod_callcenter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueNews {
    /// A caller stands in line.
    Joined {
        queue: String,
        caller: Uuid,
    },
    /// An agent's phone rings for a caller.
    Offered {
        queue: String,
        caller: Uuid,
        agent: String,
    },
    /// They talk.
    Answered {
        queue: String,
        caller: Uuid,
        agent: String,
        leg: Option<Uuid>,
    },
    /// The agent did not answer: why, as `ORIGINATOR_CANCEL`, `USER_BUSY`.
    Missed {
        queue: String,
        caller: Uuid,
        agent: String,
        cause: String,
    },
    /// They stopped talking.
    Finished {
        queue: String,
        caller: Uuid,
        agent: String,
    },
    /// A caller left the line. `cause`: `Terminated` (was served) or `Cancel`; `reason` of a `Cancel`:
    /// `TIMEOUT`, `BREAK_OUT`, `NO_AGENT_TIMEOUT`, `EXIT_WITH_KEY`.
    Left {
        queue: String,
        caller: Uuid,
        cause: String,
        reason: Option<String>,
    },
    /// How many wait.
    Waiting {
        queue: String,
        callers: u32,
    },
    Agent {
        agent: String,
        state: Option<String>,
        status: Option<String>,
    },
}

impl News {
    /// What an event says. One without what it must have is [`News::Other`].
    #[must_use]
    pub fn read(event: &Event) -> Self {
        let found = match event.name() {
            "HEARTBEAT" => load(event).map(Self::Heartbeat),
            "BACKGROUND_JOB" => {
                event.uuid("Job-UUID").map(|id| Self::Job { id, answer: event.body.trim_end().to_owned() })
            }
            "CUSTOM" => match event.subclass() {
                "callcenter::info" => queue(event).map(Self::Queue),
                "sofia::register" => {
                    here(event).map(|here| Self::Phone(PhoneNews::Registered(Box::new(here))))
                }
                "sofia::gateway_state" => gateway(event).map(Self::Gateway),
                "sofia::unregister" => gone(event, "from-user", "from-host", false),
                "sofia::expire" => gone(event, "user", "host", true),
                _ => None,
            },
            "CHANNEL_HANGUP_COMPLETE" => event.uuid("Unique-ID").map(|channel| Self::Ended {
                channel,
                ended: Box::new(Ended::from_variables(|name| event.get(&format!("variable_{name}")))),
                carried: event.get("variable_voxera_cursor").map(str::to_owned),
            }),
            name => channel(event)
                .and_then(|channel| channel_news(name, event).map(|news| Self::Channel(channel, news))),
        };
        found.unwrap_or(Self::Other)
    }
}

fn load(event: &Event) -> Option<Load> {
    Some(Load {
        version: event.get("FreeSWITCH-Version")?.to_owned(),
        calls: event.number("Session-Count")?,
        most_calls: event.number("Max-Sessions")?,
        idle_percent: event.number("Idle-CPU"),
    })
}

fn channel(event: &Event) -> Option<Channel> {
    Some(Channel {
        id: event.uuid("Unique-ID")?,
        call: event.uuid("Channel-Call-UUID"),
        outbound: event.get("Call-Direction") == Some("outbound"),
        at: event.micros("Event-Date-Timestamp"),
    })
}

fn channel_news(name: &str, event: &Event) -> Option<ChannelNews> {
    Some(match name {
        "CHANNEL_CREATE" => ChannelNews::Created,
        "CHANNEL_PROGRESS" | "CHANNEL_PROGRESS_MEDIA" => ChannelNews::Ringing,
        "CHANNEL_ANSWER" => {
            ChannelNews::Answered { mark: event.get("variable_voxera_leg").map(str::to_owned) }
        }
        "CHANNEL_BRIDGE" => {
            let with = ["Bridge-B-Unique-ID", "Other-Leg-Unique-ID"].iter().find_map(|name| event.uuid(name));
            ChannelNews::Bridged { with }
        }
        "CHANNEL_UNBRIDGE" => ChannelNews::Unbridged,
        "RECORD_START" => ChannelNews::RecordingStarted { path: event.get("Record-File-Path")?.to_owned() },
        "RECORD_STOP" => ChannelNews::RecordingStopped {
            path: event.get("Record-File-Path")?.to_owned(),
            millis: event.number("variable_record_ms").unwrap_or(0),
        },
        _ => return None,
    })
}

impl Ended {
    /// From the variables of a leg that is over.
    #[must_use]
    pub fn from_variables<'v>(variable: impl Fn(&str) -> Option<&'v str>) -> Self {
        fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
            text?.parse().ok()
        }
        let time = |name: &str| {
            number::<i64>(variable(name))
                .filter(|micros| *micros > 0)
                .and_then(DateTime::from_timestamp_micros)
        };
        // Whoever sent the other on has left, whatever the phone or the node then says of its end.
        let way = variable("transfer_to").and_then(|to| to.split(':').next());
        let cause = match (way, variable("endpoint_disposition")) {
            (Some("blind"), _) => "BLIND_TRANSFER",
            // The leg with the question, and the one that the two were connected over.
            (Some("att" | "satt"), _) | (_, Some("ATTENDED_TRANSFER")) => "ATTENDED_TRANSFER",
            _ => variable("hangup_cause").unwrap_or("NONE"),
        };
        Self {
            cause: cause.to_owned(),
            by_peer: variable("sip_hangup_disposition").is_some_and(|how| how.starts_with("recv_")),
            was_bridged: variable("bridge_uuid").is_some() || time("bridge_uepoch").is_some(),
            started_at: time("start_uepoch"),
            answered_at: time("answer_uepoch"),
            ended_at: time("end_uepoch"),
            packets_in: number(variable("rtp_audio_in_packet_count")),
            packets_out: number(variable("rtp_audio_out_packet_count")),
            packets_lost: number(variable("rtp_audio_in_flaw_total")),
            jitter_ms: number(variable("rtp_audio_in_jitter_max_variance")).map_or(0.0, f32::sqrt),
            codec: variable("rtp_use_codec_name").map(str::to_owned),
        }
    }
}

fn here(event: &Event) -> Option<PhoneHere> {
    let address = || Some((event.get("network-ip")?.parse::<IpAddr>().ok()?, event.number("network-port")?));
    Some(PhoneHere {
        user: event.get("username")?.to_owned(),
        realm: event.get("realm")?.to_owned(),
        contact: event.get("contact")?.to_owned(),
        call: event.get("call-id").map(str::to_owned),
        source: address().map(SocketAddr::from),
        status: event.get("status").unwrap_or_default().to_owned(),
        user_agent: event.get("user-agent").map(str::to_owned),
        for_: event.number("expires").and_then(TimeDelta::try_seconds)?,
    })
}

fn gone(event: &Event, user: &str, host: &str, expired: bool) -> Option<News> {
    Some(News::Phone(PhoneNews::Gone {
        user: event.get(user)?.to_owned(),
        host: event.get(host)?.to_owned(),
        call: event.get("call-id").map(str::to_owned),
        contact: event.get("contact").map(str::to_owned),
        expired,
    }))
}

fn gateway(event: &Event) -> Option<GatewayNews> {
    Some(GatewayNews {
        gateway: event.get("Gateway")?.to_owned(),
        state: event.get("State")?.to_owned(),
        status: event.number("Status"),
        answers_pings: event.get("Ping-Status").map(|status| status.eq_ignore_ascii_case("UP")),
    })
}

fn queue(event: &Event) -> Option<QueueNews> {
    let text = |name: &str| event.get(name).map(str::to_owned);
    let queue = || text("CC-Queue");
    let caller = || event.uuid("CC-Member-Session-UUID");
    let agent = || text("CC-Agent");
    Some(match event.get("CC-Action")? {
        "member-queue-start" => QueueNews::Joined { queue: queue()?, caller: caller()? },
        "agent-offering" => QueueNews::Offered { queue: queue()?, caller: caller()?, agent: agent()? },
        "bridge-agent-start" => QueueNews::Answered {
            queue: queue()?,
            caller: caller()?,
            agent: agent()?,
            leg: event.uuid("CC-Agent-UUID"),
        },
        "bridge-agent-fail" => QueueNews::Missed {
            queue: queue()?,
            caller: caller()?,
            agent: agent()?,
            cause: text("CC-Hangup-Cause").unwrap_or_default(),
        },
        "bridge-agent-end" => QueueNews::Finished { queue: queue()?, caller: caller()?, agent: agent()? },
        "member-queue-end" => QueueNews::Left {
            queue: queue()?,
            caller: caller()?,
            cause: text("CC-Cause").unwrap_or_default(),
            reason: text("CC-Cancel-Reason"),
        },
        "members-count" => QueueNews::Waiting { queue: queue()?, callers: event.number("CC-Count")? },
        "agent-state-change" => {
            QueueNews::Agent { agent: agent()?, state: text("CC-Agent-State"), status: None }
        }
        "agent-status-change" => {
            QueueNews::Agent { agent: agent()?, state: None, status: text("CC-Agent-Status") }
        }
        _ => return None,
    })
}
