//! What `FreeSWITCH` asks for: one type for each kind of question, read from the form that
//! `mod_xml_curl` posts.
//!
//! Fields that we do not know are ignored. A field of ours that comes twice is refused: some names in
//! the form are chosen by whoever sends a SIP message (parameters of `Authorization`, `X-` headers).

use crate::calls::{ChannelId, NodeName};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Dialplan(Box<DialplanRequest>),
    Directory(DirectoryRequest),
    Configuration(ConfigurationRequest),
    /// Phrases and the like: nothing of ours.
    Other {
        section: String,
    },
}

/// Why a form is no question.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the form cannot be read: {0}")]
    Form(#[from] serde_urlencoded::de::Error),
    #[error("{question} without {field}")]
    Missing { question: &'static str, field: &'static str },
}

/// A call looks for what to do next.
///
/// Who calls is told by what the directory said of it (`voxera_*`, `domain_name`), never by what its
/// phone says of itself (`from_host`, `to_host`, …), which is only compared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub struct DialplanRequest {
    /// The process that asks.
    #[serde(rename = "Core-UUID")]
    pub node: NodeName,
    #[serde(rename = "Hunt-Unique-ID")]
    pub channel: ChannelId,
    #[serde(rename = "Hunt-Context", default)]
    pub context: String,
    #[serde(rename = "Hunt-Destination-Number", default)]
    pub destination: String,
    #[serde(rename = "Hunt-Caller-ID-Number", default)]
    pub caller_number: Option<String>,
    #[serde(rename = "Hunt-Privacy-Hide-Number", default)]
    pub hides_number: Option<String>,
    #[serde(rename = "Answer-State", default)]
    pub answer_state: Option<String>,
    #[serde(rename = "variable_domain_name", default)]
    pub domain: Option<String>,
    #[serde(rename = "variable_user_context", default)]
    pub user_context: Option<String>,
    #[serde(rename = "variable_sip_authorized", default)]
    pub authorized: Option<String>,
    #[serde(rename = "variable_sip_from_host", default)]
    pub from_host: Option<String>,
    #[serde(rename = "variable_sip_req_host", default)]
    pub request_host: Option<String>,
    #[serde(rename = "variable_sip_to_user", default)]
    pub to_user: Option<String>,
    #[serde(rename = "variable_sip_network_ip", default)]
    pub network_ip: Option<String>,
    /// How it came: `udp`, `tcp`, `ws` …
    #[serde(rename = "variable_sip_via_protocol", default)]
    pub came_over: Option<String>,
    #[serde(rename = "variable_sip_acl_authed_by", default)]
    pub admitted_by: Option<String>,
    /// Set by the directory for phones.
    #[serde(rename = "variable_voxera_pbx", default)]
    pub pbx: Option<String>,
    #[serde(rename = "variable_voxera_device", default)]
    pub device: Option<String>,
    /// Set by the directory for lines.
    #[serde(rename = "variable_voxera_trunk", default)]
    pub trunk: Option<String>,
    /// Set by the directory for calls from other nodes.
    #[serde(rename = "variable_voxera_relay", default)]
    pub relay: Option<String>,
    /// Set by our own scripts.
    #[serde(flatten)]
    pub ours: HuntVars,
}

/// What our own scripts left in a channel, and what came of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct HuntVars {
    /// The call, on its main channel.
    #[serde(rename = "variable_voxera_call")]
    pub call: Option<String>,
    /// Where it stood and what was asked for, so that a server that was started anew goes on.
    #[serde(rename = "variable_voxera_cursor")]
    pub cursor: Option<String>,
    /// On legs that we rang: which call, and who that is.
    #[serde(rename = "variable_voxera_leg")]
    pub leg: Option<String>,
    /// On legs that lead here from another node: the node, and its leg.
    #[serde(rename = "variable_voxera_far")]
    pub far: Option<String>,
    /// The key that `read` got.
    #[serde(rename = "variable_voxera_key")]
    pub key: Option<String>,
    #[serde(rename = "variable_originate_disposition")]
    pub originate_disposition: Option<String>,
    #[serde(rename = "variable_bridge_hangup_cause")]
    pub bridge_hangup_cause: Option<String>,
    #[serde(rename = "variable_last_bridge_proto_specific_hangup_cause")]
    pub bridge_status: Option<String>,
    #[serde(rename = "variable_DIALSTATUS")]
    pub dial_status: Option<String>,
    #[serde(rename = "variable_playback_terminator_used")]
    pub record_ended_by: Option<String>,
    #[serde(rename = "variable_record_ms")]
    pub record_ms: Option<String>,
    #[serde(rename = "variable_cc_agent_bridged")]
    pub agent_bridged: Option<String>,
    #[serde(rename = "variable_cc_cause")]
    pub queue_cause: Option<String>,
}

/// A phone, a user or a line is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryRequest {
    /// A phone proves who it is, to register or to call.
    Auth(SipAuth),
    /// A phone is to ring: `user/<device>@<realm>`.
    UserCall { user: String, domain: String, asks: Asks },
    /// Several are to ring.
    GroupCall { group: String, domain: String },
    /// The lines that `FreeSWITCH` registers or calls over.
    Gateways { profile: Option<String> },
    /// The addresses that lines call from.
    NetworkList { domain: String },
    /// A user by name, for no stated purpose: what a line's address was found to be, or a question of
    /// an administrator.
    User { user: String, domain: String },
    /// A domain alone.
    Domain { domain: String },
    /// Mailboxes are ours, not `FreeSWITCH`'s.
    Mailbox { user: String, domain: String },
}

/// Who asks for a phone that is to ring, and which of its addresses is meant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
pub struct Asks {
    /// The process that asks.
    #[serde(rename = "Core-UUID", default)]
    pub node: NodeName,
    /// What our own dial string said; without it every address is meant.
    #[serde(rename = "voxera_at", default)]
    pub at: Option<String>,
}

/// The proof of a phone. All of it but `user` and `domain` is what the phone says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SipAuth {
    /// The process that asks.
    #[serde(rename = "Core-UUID", default)]
    pub node: NodeName,
    pub user: String,
    /// The realm that it proves itself for.
    pub domain: String,
    #[serde(rename = "sip_auth_method")]
    pub method: String,
    #[serde(rename = "sip_to_host", default)]
    pub to_host: Option<String>,
    #[serde(rename = "sip_from_host", default)]
    pub from_host: Option<String>,
    #[serde(rename = "sip_to_user", default)]
    pub to_user: Option<String>,
    #[serde(default)]
    pub ip: Option<String>,
}

/// A file of configuration is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConfigurationRequest {
    /// `sofia.conf`, `acl.conf`, …
    #[serde(rename = "key_value", default)]
    pub file: String,
    #[serde(default)]
    pub profile: Option<String>,
    /// One queue, `<queue>@<pbx>`.
    #[serde(rename = "CC-Queue", default)]
    pub queue: Option<String>,
    #[serde(default)]
    pub conference_name: Option<String>,
    #[serde(default)]
    pub profile_name: Option<String>,
    #[serde(rename = "Menu-Name", default)]
    pub menu: Option<String>,
}

#[derive(Deserialize)]
struct Section {
    #[serde(default)]
    section: String,
}

#[derive(Deserialize)]
struct DirectoryFields {
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    purpose: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    key_value: Option<String>,
    #[serde(default)]
    group_name: Option<String>,
    #[serde(default)]
    profile: Option<String>,
}

impl Request {
    /// Reads one form.
    pub fn parse(body: &[u8]) -> Result<Self, Unreadable> {
        let Section { section } = read(body)?;
        match section.as_str() {
            "dialplan" => Ok(Self::Dialplan(Box::new(read(body)?))),
            "directory" => Ok(Self::Directory(directory(body)?)),
            "configuration" => Ok(Self::Configuration(read(body)?)),
            _ => Ok(Self::Other { section }),
        }
    }
}

fn directory(body: &[u8]) -> Result<DirectoryRequest, Unreadable> {
    let DirectoryFields { action, purpose, user, domain, key_value, group_name, profile } = read(body)?;
    let domain = domain.or(key_value).filter(|domain| !domain.is_empty());
    let user = user.filter(|user| !user.is_empty());
    let missing = |question, field| Unreadable::Missing { question, field };
    if purpose.as_deref() == Some("gateways") {
        return Ok(DirectoryRequest::Gateways { profile });
    }
    let domain = domain.ok_or(missing("a look-up", "domain"))?;
    match (purpose.as_deref(), action.as_deref()) {
        (Some("network-list"), _) => Ok(DirectoryRequest::NetworkList { domain }),
        (_, Some("sip_auth")) => Ok(DirectoryRequest::Auth(read(body)?)),
        (_, Some("user_call")) => {
            let user = user.ok_or(missing("user_call", "user"))?;
            Ok(DirectoryRequest::UserCall { user, domain, asks: read(body)? })
        }
        (_, Some("group_call")) => Ok(DirectoryRequest::GroupCall {
            group: group_name.ok_or(missing("group_call", "group_name"))?,
            domain,
        }),
        (_, Some("voicemail-lookup" | "message-count")) => {
            Ok(DirectoryRequest::Mailbox { user: user.ok_or(missing("a mailbox", "user"))?, domain })
        }
        _ => Ok(match user {
            Some(user) => DirectoryRequest::User { user, domain },
            None => DirectoryRequest::Domain { domain },
        }),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    Ok(serde_urlencoded::from_bytes(body)?)
}
