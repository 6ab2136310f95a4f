//! What nodes say, in the words of calls.

use crate::calls::{ChannelEvent, ChannelId};
use crate::esl::{ChannelNews, QueueNews};
use serde::Deserialize;
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use uuid::Uuid;

/// How busy a node is, as `status` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Status {
    pub(super) calls: u32,
    pub(super) most_calls: u32,
    pub(super) idle_percent: Option<f64>,
}

/// Reads the answer of `status`; `None`: it is none.
pub(super) fn status(answer: &str) -> Option<Status> {
    let number = |line: &str| line.split_whitespace().next()?.parse().ok();
    let calls = answer.lines().find(|line| line.contains(" session(s) - peak"))?;
    let most = answer.lines().find(|line| line.trim_end().ends_with("session(s) max"))?;
    // `min idle cpu 0.00/97.33`: the least that is wanted, what there is.
    let idle = answer.lines().find_map(|line| line.strip_prefix("min idle cpu"));
    let idle = idle.and_then(|pair| pair.rsplit('/').next()?.trim().parse().ok());
    Some(Status { calls: number(calls)?, most_calls: number(most)?, idle_percent: idle })
}

/// The port for browsers in the status of a profile, as `WS-BIND-URL  sip:mod_sofia@10.0.0.1:5066;transport=ws`.
pub fn browsers_port(status: &str) -> Option<u16> {
    let url = status.lines().find_map(|line| line.strip_prefix("WS-BIND-URL"))?.trim();
    url.split(';').next()?.rsplit(':').next()?.parse().ok()
}

/// Where a profile takes calls, by its status: its own address, at the port that it says. What phones are
/// told is another one behind address translation, where other nodes may not get to.
pub(super) fn calls_at(status: &str) -> Option<SocketAddr> {
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let address: IpAddr = line("SIP-IP")?.trim_matches(['[', ']']).parse().ok()?;
    let port = line("BIND-URL")?.split(';').next()?.rsplit(':').next()?.parse().ok()?;
    Some(SocketAddr::new(address, port))
}

/// The legs that `show channels as json` names.
pub(super) fn channels(answer: &str) -> HashSet<Uuid> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        rows: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        uuid: Uuid,
    }
    match serde_json::from_str::<Answer>(answer) {
        Ok(answer) => answer.rows.into_iter().map(|row| row.uuid).collect(),
        Err(error) => {
            tracing::warn!(%error, "the list of a node's channels cannot be read");
            HashSet::new()
        }
    }
}

/// What happened to a leg.
pub(super) fn channel(news: ChannelNews) -> Option<ChannelEvent> {
    Some(match news {
        ChannelNews::Answered { mark } => ChannelEvent::Answered { mark },
        ChannelNews::Bridged { with } => ChannelEvent::Bridged { with: ChannelId(with?) },
        ChannelNews::Created
        | ChannelNews::Ringing
        | ChannelNews::Unbridged
        | ChannelNews::RecordingStarted { .. }
        | ChannelNews::RecordingStopped { .. } => return None,
    })
}

/// What happened to a caller in line.
pub(super) fn queue(news: QueueNews) -> Option<(Uuid, ChannelEvent)> {
    match news {
        QueueNews::Offered { caller, agent, .. } => Some((caller, ChannelEvent::Offered { agent })),
        QueueNews::Missed { caller, agent, .. } => Some((caller, ChannelEvent::NotTaken { agent })),
        QueueNews::Answered { caller, agent, leg: Some(leg), .. } => {
            Some((caller, ChannelEvent::Taken { agent, leg: ChannelId(leg) }))
        }
        QueueNews::Joined { .. }
        | QueueNews::Answered { leg: None, .. }
        | QueueNews::Finished { .. }
        | QueueNews::Left { .. }
        | QueueNews::Waiting { .. }
        | QueueNews::Agent { .. } => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_running_node_is_read() {
        let answer = "UP 0 years, 0 days, 0 hours, 13 minutes, 2 seconds, 513 milliseconds\n\
            FreeSWITCH (Version 1.11.1-release git c2c5964 2026-05-26 20:41:26Z 64bit) is ready\n\
            82 session(s) since startup\n7 session(s) - peak 8, last 5min 2 \n\
            0 session(s) per Sec out of max 1000, peak 7, last 5min 1 \n2000 session(s) max\n\
            min idle cpu 0.00/97.50\nCurrent Stack Size/Max 240K/8192K\n";
        let read = status(answer).unwrap();
        assert_eq!(read, Status { calls: 7, most_calls: 2000, idle_percent: Some(97.5) });
        assert_eq!(status("HTTP/1.1 400 Bad Request"), None);
    }

    #[test]
    fn where_browsers_are_taken_is_read() {
        let status = "BIND-URL         \tsip:mod_sofia@10.0.0.1:5060;transport=udp,tcp\n\
            WS-BIND-URL     \tsip:mod_sofia@10.0.0.1:5066;transport=ws\n\
            WSS-BIND-URL     \tsips:mod_sofia@10.0.0.1:7443;transport=wss\n";
        assert_eq!(browsers_port(status), Some(5066));
        assert_eq!(browsers_port("Invalid Profile!"), None);
        assert_eq!(browsers_port(&status.replace("WS-BIND", "X")), None);
    }

    #[test]
    fn where_other_nodes_call_is_read() {
        let status = "RTP-IP           \t10.0.0.1\nSIP-IP           \t10.0.0.1\nExt-SIP-IP       \t203.0.113.1\n\
            BIND-URL         \tsip:mod_sofia@203.0.113.1:5062;maddr=10.0.0.1;transport=udp,tcp\n";
        assert_eq!(calls_at(status), "10.0.0.1:5062".parse().ok());
        assert_eq!(calls_at("Invalid Profile!"), None);
        assert_eq!(calls_at("SIP-IP \t10.0.0.1\n"), None);
    }

    #[test]
    fn the_channels_of_a_node_are_read() {
        let one = Uuid::from_u128(7);
        let answer =
            format!("{{\"row_count\":1,\"rows\":[{{\"uuid\":\"{one}\",\"direction\":\"inbound\"}}]}}");
        assert_eq!(channels(&answer), HashSet::from([one]));
        assert_eq!(channels("{\"row_count\":0}"), HashSet::new());
    }
}
