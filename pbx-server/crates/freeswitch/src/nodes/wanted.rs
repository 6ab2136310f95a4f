//! What nodes keep of the configuration, lines and queues, and how they are told when it changes.

use super::Fleet;
use super::node::profile;
use crate::configuration::Callcenter;
use crate::esl::{Command, Phrase, Word, table};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use voxera_audio::Library;
use voxera_callcontrol::{CallControl, TrunkSecret};
use voxera_model::TrunkId;

/// Changes that come within this time are told together.
const GATHER: Duration = Duration::from_millis(200);

/// Lines, queues and those who take their calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    lines: BTreeMap<TrunkId, TrunkSecret>,
    /// Settings by queue.
    queues: BTreeMap<String, Vec<(String, String)>>,
    /// Settings by agent: `contact`, `wrap_up_time` …
    agents: BTreeMap<String, BTreeMap<&'static str, String>>,
    /// Level and position, by queue and agent.
    tiers: BTreeMap<(String, String), (u32, u32)>,
}

impl Wanted {
    /// As it is configured now.
    pub(super) fn now(control: &CallControl, library: Option<&Library>) -> Self {
        let directory = control.directory();
        let mut callcenter = Callcenter::default();
        for view in directory.all() {
            callcenter.add(&view, library);
        }
        let lines = directory.trunks().into_iter().map(|(_, secret)| (secret.id, secret));
        let queues = callcenter.queues.iter().map(|queue| {
            let params = queue.params.iter();
            let params = params.map(|param| (param.name.to_string(), param.value.to_string()));
            (queue.name.to_string(), params.collect())
        });
        let agents = callcenter.agents.iter().map(|agent| {
            let settings = [
                ("contact", agent.contact.to_string()),
                ("wrap_up_time", agent.wrap_up.to_string()),
                ("reject_delay_time", agent.rest.to_string()),
                ("busy_delay_time", agent.rest.to_string()),
                ("no_answer_delay_time", agent.rest.to_string()),
            ];
            (agent.name.to_string(), settings.into_iter().collect())
        });
        let tiers = callcenter.tiers.iter().map(|tier| {
            let position = u32::try_from(tier.position).unwrap_or(u32::MAX);
            ((tier.queue.to_string(), tier.agent.to_string()), (u32::from(tier.level), position))
        });
        Self {
            lines: lines.collect(),
            queues: queues.collect(),
            agents: agents.collect(),
            tiers: tiers.collect(),
        }
    }

    /// As a node has it, by its answers to `queue list`, `agent list` and `tier list`. Settings of queues
    /// are not told: each is read again.
    pub(super) fn of_node(queues: &str, agents: &str, tiers: &str, lines: &Self) -> Self {
        let cell = |row: &BTreeMap<String, String>, name: &str| row.get(name).cloned().unwrap_or_default();
        let queues = table(queues).iter().map(|row| (cell(row, "name"), Vec::new())).collect();
        let agents = table(agents)
            .iter()
            .map(|row| {
                let settings = SETTINGS.iter().map(|name| (*name, cell(row, name))).collect();
                (cell(row, "name"), settings)
            })
            .collect();
        let tiers = table(tiers)
            .iter()
            .map(|row| {
                let number = |name: &str| cell(row, name).parse().unwrap_or(0);
                ((cell(row, "queue"), cell(row, "agent")), (number("level"), number("position")))
            })
            .collect();
        Self { lines: lines.lines.clone(), queues, agents, tiers }
    }
}

const SETTINGS: &[&str] =
    &["contact", "wrap_up_time", "reject_delay_time", "busy_delay_time", "no_answer_delay_time"];

/// What a node that has `before` is told, so that it has `now`. What cannot be written as a command is
/// left out, with a word in the log.
pub(super) fn difference(before: &Wanted, now: &Wanted) -> Vec<Command> {
    let mut told = vec![Command::FlushAll];
    lines(before, now, &mut told);
    let mut unfit = 0_usize;
    let mut tell = |command: Option<Command>| match command {
        Some(command) => told.push(command),
        None => unfit += 1,
    };
    let word = |text: &str| Word::parse(text).ok();
    for (queue, agent) in before.tiers.keys().filter(|key| !now.tiers.contains_key(*key)) {
        tell((|| Some(Command::RemoveTier { queue: word(queue)?, agent: word(agent)? }))());
    }
    for agent in before.agents.keys().filter(|agent| !now.agents.contains_key(*agent)) {
        tell(word(agent).map(|agent| Command::RemoveAgent { agent }));
    }
    for queue in before.queues.keys().filter(|queue| !now.queues.contains_key(*queue)) {
        tell(word(queue).map(|queue| Command::UnloadQueue { queue }));
    }
    for (queue, settings) in &now.queues {
        match before.queues.get(queue) {
            None => tell(word(queue).map(|queue| Command::LoadQueue { queue })),
            Some(old) if old != settings => tell(word(queue).map(|queue| Command::ReloadQueue { queue })),
            Some(_) => {}
        }
    }
    for (agent, settings) in &now.agents {
        let known = before.agents.get(agent);
        let set = |name: &str, value: &str| {
            Some(Command::SetAgent {
                agent: word(agent)?,
                name: word(name)?,
                value: Phrase::parse(value).ok()?,
            })
        };
        if known.is_none() {
            tell(word(agent).map(|agent| Command::AddAgent { agent }));
        }
        for (name, value) in
            settings.iter().filter(|(name, value)| known.and_then(|k| k.get(*name)) != Some(value))
        {
            tell(set(name, value));
        }
        if known.is_none() {
            tell(set("status", "Available"));
            tell(set("state", "Waiting"));
        }
    }
    for ((queue, agent), (level, position)) in &now.tiers {
        let (level, position) = (*level, *position);
        let pair = || Some((word(queue)?, word(agent)?));
        let add = || pair().map(|(queue, agent)| Command::AddTier { queue, agent, level, position });
        match before.tiers.get(&(queue.clone(), agent.clone())) {
            None => tell(add()),
            Some(old) if *old != (level, position) => {
                tell(pair().map(|(queue, agent)| Command::SetTierLevel { queue, agent, level }));
                tell(pair().map(|(queue, agent)| Command::SetTierPosition { queue, agent, position }));
            }
            Some(_) => {}
        }
    }
    if unfit > 0 {
        tracing::error!(unfit, "parts of queues cannot be told to nodes");
    }
    told
}

/// A line that changed is made anew; calls that are up on it go on.
fn lines(before: &Wanted, now: &Wanted, told: &mut Vec<Command>) {
    let Some(profile) = profile() else { return };
    if before.lines == now.lines {
        return;
    }
    for (id, _) in before.lines.iter().filter(|(id, secret)| now.lines.get(*id) != Some(*secret)) {
        if let Ok(gateway) = Word::parse(&id.to_string()) {
            told.push(Command::KillGateway { profile: profile.clone(), gateway });
        }
    }
    told.extend([Command::Rescan { profile }, Command::ReloadAcl]);
}

/// Tells every node of changes, as they come.
pub(super) async fn follow(fleet: Arc<Fleet>) {
    let mut changes = fleet.control.directory().changes();
    loop {
        changes.mark_unchanged();
        fleet.configured();
        if changes.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(GATHER).await;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn wanted(queues: &[(&str, &str)], agents: &[(&str, &str)], tiers: &[(&str, &str, u32)]) -> Wanted {
        Wanted {
            lines: BTreeMap::new(),
            queues: queues
                .iter()
                .map(|(name, music)| {
                    ((*name).to_owned(), vec![("moh-sound".to_owned(), (*music).to_owned())])
                })
                .collect(),
            agents: agents
                .iter()
                .map(|(name, contact)| {
                    ((*name).to_owned(), BTreeMap::from([("contact", (*contact).to_owned())]))
                })
                .collect(),
            tiers: tiers
                .iter()
                .map(|(queue, agent, level)| (((*queue).to_owned(), (*agent).to_owned()), (*level, 1)))
                .collect(),
        }
    }

    fn told(before: &Wanted, now: &Wanted) -> Vec<String> {
        difference(before, now).iter().skip(1).map(Command::line).collect()
    }

    #[test]
    fn a_new_member_is_added_and_an_old_one_taken_away() {
        let before = wanted(&[("q@p", "a")], &[("old@p", "user/1@x")], &[("q@p", "old@p", 1)]);
        let now = wanted(&[("q@p", "a")], &[("new@p", "[leg_timeout=9]user/2@x")], &[("q@p", "new@p", 2)]);
        assert_eq!(
            told(&before, &now),
            [
                "callcenter_config tier del q@p old@p",
                "callcenter_config agent del old@p",
                "callcenter_config agent add new@p callback",
                "callcenter_config agent set contact new@p '[leg_timeout=9]user/2@x'",
                "callcenter_config agent set status new@p 'Available'",
                "callcenter_config agent set state new@p 'Waiting'",
                "callcenter_config tier add q@p new@p 2 1",
            ]
        );
        assert!(told(&now, &now).is_empty());
    }

    #[test]
    fn queues_come_change_and_go() {
        let before = wanted(&[("a@p", "x"), ("b@p", "x")], &[], &[]);
        let now = wanted(&[("b@p", "y"), ("c@p", "x")], &[], &[]);
        assert_eq!(
            told(&before, &now),
            [
                "callcenter_config queue unload a@p",
                "callcenter_config queue reload b@p",
                "callcenter_config queue load c@p"
            ]
        );
    }

    #[test]
    fn a_line_with_another_password_is_made_anew() {
        let id: TrunkId = "0199aaaa-0000-7000-8000-000000000001".parse().unwrap();
        let line = |password: &str| TrunkSecret {
            id,
            kind: voxera_callcontrol::TrunkKind::Registration,
            host: "sip.operator.example".into(),
            port: 5060,
            transport: voxera_callcontrol::TrunkTransport::Udp,
            username: Some("u".into()),
            password: Some(password.to_owned().into()),
            addresses: Vec::new(),
        };
        let has =
            |password: &str| Wanted { lines: BTreeMap::from([(id, line(password))]), ..Wanted::default() };
        assert_eq!(
            told(&has("old"), &has("new")),
            [
                format!("sofia profile voxera killgw {id}").as_str(),
                "sofia profile voxera rescan",
                "reloadacl"
            ]
        );
        assert!(told(&has("old"), &has("old")).is_empty());
    }

    #[test]
    fn what_a_node_has_is_read_from_its_lists() {
        let queues = "name|strategy|moh_sound\nq@p|longest-idle-agent|x\n+OK\n";
        let agents = "name|instance_id|uuid|type|contact|status|state|wrap_up_time|reject_delay_time|\
            busy_delay_time|no_answer_delay_time\na@p|single_box||callback|user/1@x|Available|Waiting|0|5|5|5\n+OK\n";
        let tiers = "queue|agent|state|level|position\nq@p|a@p|Ready|1|1\n+OK\n";
        let has = Wanted::of_node(queues, agents, tiers, &Wanted::default());
        assert_eq!(has.agents["a@p"]["contact"], "user/1@x");
        assert_eq!(has.tiers[&("q@p".to_owned(), "a@p".to_owned())], (1, 1));
        assert_eq!(
            told(&has, &Wanted::default()),
            [
                "callcenter_config tier del q@p a@p",
                "callcenter_config agent del a@p",
                "callcenter_config queue unload q@p"
            ]
        );
    }
}
