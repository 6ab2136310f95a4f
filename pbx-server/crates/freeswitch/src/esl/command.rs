//! What a node is told. Each argument is of a type that cannot hold what would change the command's
//! meaning: a line break would be another command, a space another argument, `$` and `{` are expanded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// A command of the event socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Version, calls, load.
    Status,
    /// The id of the running process.
    CoreId,
    /// Every leg, as JSON.
    Channels,
    /// `FreeSWITCH Version 1.11.1 …`.
    Version,
    /// `true` or `false`.
    HasModule {
        module: Word,
    },
    /// Settings and counts of a profile that runs; `Invalid Profile!` where none does.
    ProfileStatus {
        profile: Word,
    },
    /// Every phone, as JSON.
    Registrations,
    LoadModule {
        module: Word,
    },
    ReloadXml,
    StartProfile {
        profile: Word,
    },
    /// Keeps what a leg hears and says in a file.
    Record {
        channel: Uuid,
        path: Word,
    },
    /// Ends a leg; the cause as FreeSWITCH names it.
    Kill {
        channel: Uuid,
        cause: Word,
    },
    /// Sends a leg to another hunt.
    Transfer {
        channel: Uuid,
        destination: Word,
        context: Word,
    },
    /// Phones ring; the one that is picked up hunts. Takes as long as they ring, so that it is sent
    /// with `bgapi`, under the id of its call.
    Ring {
        phones: Box<Phones>,
        destination: Word,
    },
    /// Tells phones what waits in their mailbox; sent as an event, see [`Lamp::event`].
    Light(Lamp),
    /// A variable of a leg; `_undef_` where it has none.
    Variable {
        channel: Uuid,
        name: Word,
    },
    /// Forgets everything that was answered.
    FlushAll,
    /// Takes a line away; the next rescan makes it anew.
    KillGateway {
        profile: Word,
        gateway: Word,
    },
    /// Reads the lines and the profile again.
    Rescan {
        profile: Word,
    },
    ReloadAcl,
    /// The music that is played without end, a name each.
    ShowMusic,
    StartMusic {
        name: Word,
    },
    LoadQueue {
        queue: Word,
    },
    ReloadQueue {
        queue: Word,
    },
    UnloadQueue {
        queue: Word,
    },
    AddAgent {
        agent: Word,
    },
    RemoveAgent {
        agent: Word,
    },
    /// `contact`, `status`, `wrap_up_time` …
    SetAgent {
        agent: Word,
        name: Word,
        value: Phrase,
    },
    AddTier {
        queue: Word,
        agent: Word,
        level: u32,
        position: u32,
    },
    SetTierLevel {
        queue: Word,
        agent: Word,
        level: u32,
    },
    SetTierPosition {
        queue: Word,
        agent: Word,
        position: u32,
    },
    RemoveTier {
        queue: Word,
        agent: Word,
    },
    /// The queues of the node, a line each.
    ListQueues,
    /// The agents of the node, a line each.
    ListAgents,
    /// The tiers of the node, a line each.
    ListTiers,
}

/// Phones that are to ring, and what they and their legs are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phones {
    /// The call that begins when one is picked up.
    pub call: Uuid,
    /// Who may listen in on them: the PBX.
    pub group: Uuid,
    /// The extension's number.
    pub whose: Word,
    /// A phone, or the extension whose phones they all are.
    pub phones: Word,
    /// The realm, which is where they are found and where they hunt.
    pub context: Word,
    /// What they show.
    pub name: Phrase,
    pub number: Word,
    /// In seconds.
    pub ring_for: u32,
}

/// What waits for every phone of this name, wherever on the node it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lamp {
    pub device: Uuid,
    pub realm: Word,
    pub profile: Word,
    /// Messages that nobody heard, and the others.
    pub new: u32,
    pub old: u32,
}

/// One argument: 1 to 200 of letters, digits and `@ . _ - / : * + # & = , [ ]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(String);

/// An argument that may hold spaces and braces, and is put in quotes: no control character, no quote,
/// no backslash, no `$`; at most 4000 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phrase(String);

/// A text that no command can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this text cannot be part of a command")]
pub struct Unfit;

impl Word {
    /// A text, when nothing in it has another meaning.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "@._-/:*+#&=,[]".contains(c);
        if (1..=200).contains(&text.len()) && text.chars().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(Unfit)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Phrase {
    /// A text, when nothing in it ends the quotes or is expanded.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let odd = |c: char| c.is_control() || matches!(c, '\'' | '"' | '\\' | '$');
        if (1..=4000).contains(&text.len()) && !text.contains(odd) {
            Ok(Self(text.into()))
        } else {
            Err(Unfit)
        }
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Phrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

impl Command {
    /// The command as it is sent, in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::Status => "status".into(),
            Self::CoreId => "global_getvar core_uuid".into(),
            Self::Channels => "show channels as json".into(),
            Self::Version => "version".into(),
            Self::HasModule { module } => format!("module_exists {module}"),
            Self::ProfileStatus { profile } => format!("sofia status profile {profile}"),
            Self::Registrations => "show registrations as json".into(),
            Self::LoadModule { module } => format!("load {module}"),
            Self::ReloadXml => "reloadxml".into(),
            Self::StartProfile { profile } => format!("sofia profile {profile} start"),
            Self::Record { channel, path } => format!("uuid_record {channel} start {path}"),
            Self::Kill { channel, cause } => format!("uuid_kill {channel} {cause}"),
            Self::Transfer { channel, destination, context } => {
                format!("uuid_transfer {channel} {destination} XML {context}")
            }
            Self::Ring { phones, destination } => {
                let context = &phones.context;
                format!("originate {} {destination} XML {context}", phones.dial_string())
            }
            Self::Light(lamp) => format!("{} {}@{}", Lamp::EVENT, lamp.device, lamp.realm),
            Self::Variable { channel, name } => format!("uuid_getvar {channel} {name}"),
            Self::FlushAll => "xml_flush_cache".into(),
            Self::KillGateway { profile, gateway } => format!("sofia profile {profile} killgw {gateway}"),
            Self::Rescan { profile } => format!("sofia profile {profile} rescan"),
            Self::ReloadAcl => "reloadacl".into(),
            Self::ShowMusic => "local_stream show".into(),
            Self::StartMusic { name } => format!("local_stream start {name}"),
            Self::LoadQueue { queue } => format!("callcenter_config queue load {queue}"),
            Self::ReloadQueue { queue } => format!("callcenter_config queue reload {queue}"),
            Self::UnloadQueue { queue } => format!("callcenter_config queue unload {queue}"),
            Self::AddAgent { agent } => format!("callcenter_config agent add {agent} callback"),
            Self::RemoveAgent { agent } => format!("callcenter_config agent del {agent}"),
            Self::SetAgent { agent, name, value } => {
                format!("callcenter_config agent set {name} {agent} {value}")
            }
            Self::AddTier { queue, agent, level, position } => {
                format!("callcenter_config tier add {queue} {agent} {level} {position}")
            }
            Self::SetTierLevel { queue, agent, level } => {
                format!("callcenter_config tier set level {queue} {agent} {level}")
            }
            Self::SetTierPosition { queue, agent, position } => {
                format!("callcenter_config tier set position {queue} {agent} {position}")
            }
            Self::RemoveTier { queue, agent } => format!("callcenter_config tier del {queue} {agent}"),
            Self::ListQueues => "callcenter_config queue list".into(),
            Self::ListAgents => "callcenter_config agent list".into(),
            Self::ListTiers => "callcenter_config tier list".into(),
        }
    }
}

impl Lamp {
    const EVENT: &str = "sendevent MESSAGE_WAITING";

    /// The event as it is sent, with the empty line at its end (RFC 3842 names the fields).
    #[must_use]
    pub fn event(&self) -> String {
        let Self { device, realm, profile, new, old } = self;
        let waiting = if *new > 0 { "yes" } else { "no" };
        format!(
            "{}\nMWI-Messages-Waiting: {waiting}\nMWI-Message-Account: {device}@{realm}\n\
             MWI-Voice-Message: {new}/{old} (0/0)\nsofia-profile: {profile}\n\n",
            Self::EVENT
        )
    }
}

impl Phones {
    fn dial_string(&self) -> String {
        let Self { call, group, whose, phones, context, name, number, ring_for } = self;
        let leg = format!(
            "voxera_leg={call}/{whose},eavesdrop_group={group},force_transfer_context={context},\
             origination_caller_id_number={number},origination_caller_id_name={name}"
        );
        format!("{{ignore_early_media=true,originate_timeout={ring_for}}}[{leg}]user/{phones}@{context}")
    }
}

/// The lines of `callcenter_config … list`: a table with `|`, whose first line has the names.
#[must_use]
pub fn table(answer: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = answer.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split('|').collect();
    let row = |line: &str| {
        let cells = line.split('|').map(str::to_owned);
        names.iter().map(|name| (*name).to_owned()).zip(cells).collect()
    };
    lines.take_while(|line| !line.starts_with('+')).filter(|line| line.contains('|')).map(row).collect()
}

/// What FreeSWITCH shows of a command in its log.
impl std::fmt::Display for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = self.line();
        // The name alone: arguments may name people.
        f.write_str(line.split(' ').next().unwrap_or_default())?;
        f.write_char('…')
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word::parse(text).unwrap()
    }

    #[test]
    fn no_argument_becomes_another_command() {
        for text in ["", "a b", "a\nbgapi system id", "a\r\n\r\n", "${system(id)}", "a;b", "é", "a|b", "'a'"]
        {
            assert_eq!(Word::parse(text), Err(Unfit), "{text:?}");
        }
        for text in ["", "a\nb", "it's", "a\\", "$${x}", "\u{85}", "say \"x\""] {
            assert_eq!(Phrase::parse(text), Err(Unfit), "{text:?}");
        }
        assert!(Word::parse(&"a".repeat(201)).is_err() && Word::parse("queue-1@default").is_ok());
    }

    #[test]
    fn commands_are_spelled_as_the_node_wants_them() {
        let channel = Uuid::nil();
        for (command, line) in [
            (
                Command::Kill { channel, cause: word("NORMAL_CLEARING") },
                "uuid_kill 00000000-0000-0000-0000-000000000000 NORMAL_CLEARING",
            ),
            (
                Command::SetAgent {
                    agent: word("a@x"),
                    name: word("contact"),
                    value: Phrase::parse("[leg_timeout=10]user/a@x").unwrap(),
                },
                "callcenter_config agent set contact a@x '[leg_timeout=10]user/a@x'",
            ),
            (
                Command::Ring {
                    phones: Box::new(Phones {
                        call: Uuid::from_u128(1),
                        group: Uuid::from_u128(2),
                        whose: word("1003"),
                        phones: word("1003"),
                        context: word("demo.example"),
                        name: Phrase::parse("Lyssna Bertil").unwrap(),
                        number: word("*881001"),
                        ring_for: 25,
                    }),
                    destination: word("voxera-ab-anew"),
                },
                "originate {ignore_early_media=true,originate_timeout=25}\
                 [voxera_leg=00000000-0000-0000-0000-000000000001/1003,\
                 eavesdrop_group=00000000-0000-0000-0000-000000000002,force_transfer_context=demo.example,\
                 origination_caller_id_number=*881001,origination_caller_id_name='Lyssna Bertil']\
                 user/1003@demo.example voxera-ab-anew XML demo.example",
            ),
            (
                Command::AddTier { queue: word("q@default"), agent: word("a@x"), level: 1, position: 2 },
                "callcenter_config tier add q@default a@x 1 2",
            ),
        ] {
            assert_eq!(command.line(), line);
        }
    }

    #[test]
    fn a_lamp_is_an_event_of_its_own() {
        let lamp = Lamp {
            device: Uuid::from_u128(3),
            realm: word("demo.example"),
            profile: word("voxera"),
            new: 2,
            old: 1,
        };
        assert_eq!(
            lamp.event(),
            "sendevent MESSAGE_WAITING\nMWI-Messages-Waiting: yes\n\
             MWI-Message-Account: 00000000-0000-0000-0000-000000000003@demo.example\n\
             MWI-Voice-Message: 2/1 (0/0)\nsofia-profile: voxera\n\n"
        );
    }

    #[test]
    fn a_table_is_read_by_its_names() {
        let rows = table("name|status\na@x|Available\nb@x|On Break\n\n+OK\n");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1]["status"], "On Break");
    }
}
