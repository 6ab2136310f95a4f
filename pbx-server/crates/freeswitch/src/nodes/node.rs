//! One node: reached again and again, heard, asked, and given up when it is silent.

use super::phones::Phones;
use super::wanted::Wanted;
use super::{Fleet, lamps, line, told};
use crate::calls::{ChannelEvent, ChannelId, NodeName};
use crate::esl::{Command, Connection, EslError, Login, News, Word};
use crate::init::PROFILE;
use chrono::Utc;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voxera_callcontrol::{Backoff, NodeFault, NodeReport, NodeSecret};
use voxera_callflow::Party;

/// A node and what is known of it.
pub(super) struct Node {
    fleet: Arc<Fleet>,
    secret: NodeSecret,
    /// Its running process, and when it was heard last; `None`: never, or given up.
    alive: Option<(NodeName, Instant)>,
    version: String,
    phones: Phones,
    /// Where it takes browsers. `None`: not known, or nowhere.
    browsers: Option<u16>,
    /// It said where it takes calls of other nodes.
    reached: bool,
}

/// Whether a node is reached in the same way.
pub(super) fn same_way(a: &NodeSecret, b: &NodeSecret) -> bool {
    (&a.control_host, a.control_port, &a.password) == (&b.control_host, b.control_port, &b.password)
}

impl Node {
    pub(super) fn new(fleet: Arc<Fleet>, secret: NodeSecret) -> Self {
        let phones = Phones::new(secret.id, fleet.control.clone(), Arc::clone(&fleet.homes));
        Self { fleet, secret, alive: None, version: String::new(), phones, browsers: None, reached: false }
    }

    /// Until it is stopped. Its calls are left as they are then: the node goes on.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let _ = stop.run_until_cancelled(self.keep_up()).await;
        if let Some((core, _)) = &self.alive {
            self.fleet.leave(core);
        }
        self.fleet.homes.shut(self.secret.id);
    }

    async fn keep_up(&mut self) {
        let login = Login {
            host: self.secret.control_host.clone(),
            port: self.secret.control_port,
            password: self.secret.password.clone(),
        };
        let mut backoff = Backoff::default();
        loop {
            let dead_at = self.alive.as_ref().map(|(_, heard)| *heard + self.fleet.timing.silent_after);
            let opened = tokio::select! {
                opened = Connection::open(&login) => opened,
                () = at(dead_at) => { self.give_up(NodeFault::Silent); continue }
            };
            let error = match opened {
                Ok(connection) => {
                    let error = self.serve(connection).await;
                    if let Some((core, _)) = &self.alive {
                        self.fleet.leave(core);
                        backoff.reset();
                    }
                    error
                }
                Err(error) => error,
            };
            tracing::debug!(node = %self.secret.name, %error, "no connection to a node");
            if self.alive.is_none() {
                self.fleet.control.nodes().down(self.secret.id, fault(&error));
            }
            backoff.fail();
            let again = Instant::now() + backoff.pause().unwrap_or_default();
            let dead_at = self.alive.as_ref().map(|(_, heard)| *heard + self.fleet.timing.silent_after);
            tokio::select! {
                () = sleep_until(again) => {}
                () = at(dead_at) => self.give_up(NodeFault::Silent),
            }
        }
    }

    /// The node is dead: its calls are over, its phones offline.
    fn give_up(&mut self, why: NodeFault) {
        let Some((core, _)) = self.alive.take() else { return };
        tracing::error!(node = %self.secret.name, "a node is silent; its calls are closed");
        metrics::counter!("voxera_freeswitch_nodes_lost_total").increment(1);
        self.fleet.leave(&core);
        self.shut();
        self.fleet.control.nodes().down(self.secret.id, why);
        self.fleet.calls.lost(&core);
        self.phones.forget_all();
    }

    /// Nobody is brought there any more.
    fn shut(&mut self) {
        (self.browsers, self.reached) = (None, false);
        self.fleet.homes.shut(self.secret.id);
    }

    /// Over one connection, until it breaks.
    async fn serve(&mut self, mut connection: Connection) -> EslError {
        match self.greet(&mut connection).await {
            Ok(commands) => match self.follow(connection, commands).await {
                Ok(never) => match never {},
                Err(error) => error,
            },
            Err(error) => error,
        }
    }

    /// Finds out who it is and what goes on there, and takes up what was missed.
    async fn greet(&mut self, connection: &mut Connection) -> Result<UnboundedReceiver<Command>, EslError> {
        let core = NodeName(connection.api(&Command::CoreId).await?.trim().to_owned());
        if core.0.parse::<Uuid>().is_err() {
            return Err(EslError::Stranger);
        }
        if let Some((before, _)) = self.alive.take_if(|(before, _)| *before != core) {
            tracing::warn!(node = %self.secret.name, "a node was started anew; the calls it had are closed");
            self.fleet.calls.lost(&before);
            self.phones.forget_all();
            self.shut();
        }
        self.alive = Some((core.clone(), Instant::now()));
        self.version = version(&connection.api(&Command::Version).await?);
        self.ask(connection).await?;
        line::start(connection).await?;
        let up = told::channels(&connection.api(&Command::Channels).await?);
        for channel in self.fleet.calls.channels(&core) {
            if !up.contains(&channel.0) {
                let event = ChannelEvent::HungUp { cause: "NONE".into(), by: Party::System };
                self.fleet.calls.event(channel, event);
            }
        }
        self.take_up(connection, &core, &up).await?;
        self.fleet.calls.relays_up(&core, &up);
        self.phones.replace(&connection.api(&Command::Registrations).await?);
        tracing::info!(node = %self.secret.name, version = %self.version, channels = up.len(), "a node is up");
        let mut lists = [String::new(), String::new(), String::new()];
        let asked = [Command::ListQueues, Command::ListAgents, Command::ListTiers];
        for (list, command) in lists.iter_mut().zip(asked) {
            *list = match connection.api(&command).await {
                Ok(answer) => answer,
                // Without `mod_callcenter` there are none.
                Err(EslError::Refused(_)) => String::new(),
                Err(error) => return Err(error),
            };
        }
        let [queues, agents, tiers] = lists;
        Ok(self.fleet.join(core, |now| Wanted::of_node(&queues, &agents, &tiers, now)))
    }

    /// Calls that began before this server did.
    async fn take_up(
        &self,
        connection: &mut Connection,
        core: &NodeName,
        up: &HashSet<Uuid>,
    ) -> Result<(), EslError> {
        let mut taken = Vec::new();
        for channel in up.iter().filter(|channel| !self.fleet.calls.knows(ChannelId(**channel))) {
            // A leg that carries no call is a phone that was rung.
            if let Some(carried) = variable(connection, *channel, "voxera_cursor").await?
                && self.fleet.calls.take_up(core, ChannelId(*channel), &carried)
            {
                taken.push(*channel);
            } else if let Some(far) = variable(connection, *channel, "voxera_far").await? {
                self.fleet.calls.relay_known(core, ChannelId(*channel), &far);
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        for channel in up.iter().filter(|channel| !taken.contains(channel)) {
            if let Some(mark) = variable(connection, *channel, "voxera_leg").await? {
                self.fleet.calls.event(ChannelId(*channel), ChannelEvent::Answered { mark: Some(mark) });
            }
        }
        for channel in taken {
            let with = variable(connection, channel, "bridge_uuid").await?.and_then(|id| id.parse().ok());
            if let Some(with) = with.filter(|with| up.contains(with)) {
                self.fleet.calls.event(ChannelId(channel), ChannelEvent::Bridged { with: ChannelId(with) });
            }
        }
        Ok(())
    }

    async fn follow(
        &mut self,
        mut connection: Connection,
        mut commands: UnboundedReceiver<Command>,
    ) -> Result<std::convert::Infallible, EslError> {
        let mut ask = tokio::time::interval(self.fleet.timing.ask_every);
        ask.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            // Many commands must not hold up what calls wait to hear.
            while let Some(event) = connection.kept() {
                self.take(News::read(&event));
            }
            tokio::select! {
                event = connection.next() => {
                    self.heard();
                    self.take(News::read(&event?));
                }
                Some(command) = commands.recv() => {
                    if let Command::Kill { channel, .. } = &command {
                        self.fleet.cdrs.killed(*channel);
                    }
                    let said = match &command {
                        Command::Ring { phones, .. } => connection.background(&command, phones.call).await,
                        Command::Light(lamp) => connection.light(lamp).await,
                        _ => connection.api(&command).await.map(drop),
                    };
                    match said {
                        Ok(()) => {}
                        Err(EslError::Refused(why)) => tracing::debug!(%command, why, "a node refuses"),
                        Err(error) => return Err(error),
                    }
                }
                _ = ask.tick() => self.ask(&mut connection).await?,
            }
        }
    }

    async fn ask(&mut self, connection: &mut Connection) -> Result<(), EslError> {
        let silent_after = self.fleet.timing.silent_after.saturating_sub(self.fleet.timing.ask_every);
        let answer = tokio::time::timeout(silent_after, connection.api(&Command::Status)).await;
        let status = told::status(&answer.unwrap_or(Err(EslError::Silent))?).ok_or(EslError::Stranger)?;
        self.heard();
        self.find_door(connection).await?;
        let Some((core, _)) = &self.alive else { return Ok(()) };
        let report = NodeReport {
            core: core.0.clone(),
            version: self.version.clone(),
            calls: status.calls,
            most_calls: status.most_calls,
            idle_percent: status.idle_percent,
            browsers: self.browsers.is_some(),
        };
        self.fleet.control.nodes().heard(self.secret.id, report, Utc::now());
        Ok(())
    }

    /// Where it takes browsers, at the host that takes our commands, at the port that it says; and where
    /// calls of other nodes. Asked until it is known: a node that has just started has no phones' profile yet.
    async fn find_door(&mut self, connection: &mut Connection) -> Result<(), EslError> {
        let known = self.browsers.is_some() && self.reached;
        let Some(profile) = profile().filter(|_| !known) else { return Ok(()) };
        let status = match connection.api(&Command::ProfileStatus { profile }).await {
            Ok(status) => status,
            Err(EslError::Refused(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some(at) = told::calls_at(&status) {
            self.reached = true;
            self.fleet.homes.reached(self.secret.id, at);
        }
        if self.browsers.is_some() {
            return Ok(());
        }
        self.browsers = told::browsers_port(&status);
        if let Some(port) = self.browsers {
            self.fleet.homes.opened(self.secret.id, &self.secret.control_host, port);
        }
        Ok(())
    }

    fn heard(&mut self) {
        if let Some((_, heard)) = &mut self.alive {
            *heard = Instant::now();
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Channel(channel, news) => {
                if let Some(event) = told::channel(news) {
                    self.fleet.calls.event(ChannelId(channel.id), event);
                }
            }
            News::Ended { channel, ended, carried } => {
                let Some((core, _)) = &self.alive else { return };
                self.fleet.cdrs.ended(core, channel, &ended, carried.as_deref());
            }
            News::Queue(news) => {
                if let Some((caller, event)) = told::queue(news) {
                    self.fleet.calls.event(ChannelId(caller), event);
                }
            }
            News::Phone(news) => {
                let came = self.phones.take(news);
                if let (Some(lamp), Some((core, _))) =
                    (came.and_then(|came| lamps::greet(&self.fleet, came)), &self.alive)
                {
                    self.fleet.tell(core, Command::Light(lamp));
                }
            }
            News::Gateway(news) => line::take(&self.fleet.control, &news),
            News::Job { id, answer } if answer.starts_with("-ERR") => {
                tracing::debug!(call = %id, answer, "nobody picked up");
                self.fleet.calls.rang_out(voxera_model::CallId(id));
            }
            News::Heartbeat(_) | News::Job { .. } | News::Other => {}
        }
    }
}

/// What a leg carries under a name; `None`: nothing, or the leg is gone.
async fn variable(
    connection: &mut Connection,
    channel: Uuid,
    name: &str,
) -> Result<Option<String>, EslError> {
    let Ok(name) = Word::parse(name) else { return Ok(None) };
    match connection.api(&Command::Variable { channel, name }).await {
        Ok(value) => {
            Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty() && value != "_undef_"))
        }
        Err(EslError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// `FreeSWITCH Version 1.11.1-release~64bit (…)` is `1.11.1-release~64bit`.
fn version(answer: &str) -> String {
    let mut words = answer.split_whitespace().skip_while(|word| *word != "Version");
    words.nth(1).unwrap_or("?").chars().take(60).collect()
}

const fn fault(error: &EslError) -> NodeFault {
    match error {
        EslError::Io(_) | EslError::Closed => NodeFault::Unreachable,
        EslError::Silent => NodeFault::Silent,
        EslError::Password => NodeFault::Password,
        EslError::Address => NodeFault::Address,
        EslError::Frame(_) | EslError::Stranger | EslError::Refused(_) => NodeFault::Stranger,
    }
}

/// The profile of phones and lines.
pub(super) fn profile() -> Option<Word> {
    Word::parse(PROFILE).ok()
}
