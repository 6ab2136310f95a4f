//! A caller waits in line for a member.

use super::walk::Walk;
use super::{Goal, Next, members, recording, ringing};
use crate::cursor::{Line, Position};
use crate::event::{Event, Peer, RingOutcome};
use crate::extension::{Extension, Kind, Queue};
use crate::reason::{Feature, Forward, Reason};
use crate::routing::Destination;
use crate::step::{Action, Cause, Party, WhileRinging};
use crate::words;
use voxera_model::{ExtensionId, Seconds};

/// Between two rounds in which every free member was rung, so that phones that refuse at once are
/// not rung without a pause.
const REST_BETWEEN_ROUNDS: u64 = 5_000;

pub(super) fn enter(walk: &mut Walk<'_>, extension: &Extension, queue: &Queue) -> Next {
    let id = extension.id;
    if !walk.has(Feature::Queues) {
        return Next::Go(Goal::Failed(Cause::NotAllowed));
    }
    let (waiting, ahead) = walk.facts.queues.get(&id).map_or((0, 0), |facts| (facts.waiting, facts.ahead));
    if waiting >= queue.max_callers {
        let who = walk.who(id);
        walk.say(Reason::QueueFull { queue: who, waiting });
        return overflow(walk, id, queue, Cause::Busy);
    }
    if !members::is_staffed(walk, &queue.members) {
        let who = walk.who(id);
        walk.say(Reason::QueueUnstaffed { queue: who });
        return overflow(walk, id, queue, Cause::Offline);
    }
    let mut recorded = vec![id];
    recorded.extend(queue.members.iter().map(|member| member.extension));
    if let Some(next) = recording::notice(walk, id, &recorded) {
        return next;
    }
    let who = walk.who(id);
    walk.say(Reason::EnteredQueue { queue: who, place: ahead.saturating_add(1) });
    walk.journey.due = None;
    let since = walk.clock;
    let line = Line {
        queue: id,
        since,
        greeting: queue.greeting.is_some(),
        offered: Vec::new(),
        tried: Vec::new(),
        announce: queue.announce_every.map(|every| since.saturating_add(millis(every))),
        again: None,
    };
    match &queue.greeting {
        Some(prompt) => {
            let sound = walk.prompt(prompt);
            walk.play(vec![sound]);
        }
        None => music(walk, queue),
    }
    wait(walk, queue, line)
}

pub(super) fn happened(walk: &mut Walk<'_>, line: &Line, event: &Event) -> Option<Next> {
    let Some(queue) = queue(walk, line.queue) else {
        walk.say(Reason::LeadsToMissing);
        return Some(Next::Go(Goal::Failed(Cause::Fault)));
    };
    let mut line = line.clone();
    match event {
        Event::Answered { by } => {
            let member = if walk.facts.engine_rings_members {
                let all: Vec<ExtensionId> = queue.members.iter().map(|member| member.extension).collect();
                ringing::one_of(walk, &all, by)?
            } else {
                ringing::one_of(walk, &line.offered, by)?
            };
            recording::start(walk, &[line.queue, member]);
            let who = walk.who(member);
            walk.say(Reason::Answered { by: who });
            Some(walk.connect(by.clone()))
        }
        Event::RingEnded { outcome } if !line.offered.is_empty() => {
            Some(not_taken(walk, queue, line, *outcome))
        }
        Event::HungUp { by: Party::Callee } if !line.offered.is_empty() => {
            Some(not_taken(walk, queue, line, RingOutcome::Declined))
        }
        Event::Replaced { party: Party::Callee, by: by @ Peer::Extension(_) } => {
            Some(ringing::picked_up(walk, by))
        }
        Event::HungUp { by: Party::Caller } => {
            let (from, who, waited) = (walk.caller(), walk.who(line.queue), waited(walk, &line));
            walk.say(Reason::LeftTheLine { from, queue: who, waited });
            Some(Next::End(Cause::Abandoned))
        }
        Event::Played => {
            line.greeting = false;
            music(walk, queue);
            Some(wait(walk, queue, line))
        }
        // Without a sound one waits in silence; asking for it again would fail again.
        Event::Failed => {
            line.greeting = false;
            Some(wait(walk, queue, line))
        }
        Event::Woken => Some(wait(walk, queue, line)),
        Event::Timer { .. } if walk.rang() => Some(wait(walk, queue, line)),
        _ => None,
    }
}

/// Those whose phones rang did not take the call.
fn not_taken(walk: &mut Walk<'_>, queue: &Queue, mut line: Line, outcome: RingOutcome) -> Next {
    if line.offered.len() == 1 {
        ringing::say_unanswered(walk, &line.offered, outcome);
    } else {
        let group = walk.who(line.queue);
        walk.say(Reason::GroupUnanswered { group });
    }
    line.tried.append(&mut line.offered);
    wait(walk, queue, line)
}

/// Rings whoever is next, tells the place in line, gives up: whatever is due; then waits.
fn wait(walk: &mut Walk<'_>, queue: &Queue, mut line: Line) -> Next {
    // Somebody's phone rings: neither the end of the wait nor an announcement cuts that short.
    if !line.offered.is_empty() {
        return Next::Wait(Position::Waiting(line));
    }
    let ends = line.since.saturating_add(millis(queue.max_wait));
    if walk.clock >= ends {
        let (who, waited) = (walk.who(line.queue), waited(walk, &line));
        walk.say(Reason::WaitedTooLong { queue: who, waited });
        return overflow(walk, line.queue, queue, Cause::NoAnswer);
    }
    if !line.greeting {
        if offer(walk, queue, &mut line) {
            return Next::Wait(Position::Waiting(line));
        }
        announce(walk, queue, &mut line);
    }
    let announcing = line.announce.filter(|_| !line.greeting);
    let due = [Some(ends), announcing, line.again].into_iter().flatten().filter(|at| *at > walk.clock).min();
    if let Some(due) = due
        && walk.journey.due != Some(due)
    {
        walk.timer(due - walk.clock);
    }
    Next::Wait(Position::Waiting(line))
}

/// Rings the next member, when the caller is first in line and one is free.
fn offer(walk: &mut Walk<'_>, queue: &Queue, line: &mut Line) -> bool {
    let ahead = walk.facts.queues.get(&line.queue).map_or(0, |facts| facts.ahead);
    if ahead > 0 || walk.facts.engine_rings_members {
        return false;
    }
    let mut now = members::next(walk, &queue.members, queue.strategy, line.queue, &line.tried);
    if now.is_empty() && !line.tried.is_empty() {
        // Whoever is free was tried. After a rest, everyone is tried anew.
        let anew = members::next(walk, &queue.members, queue.strategy, line.queue, &[]);
        match line.again {
            _ if anew.is_empty() => {}
            None => line.again = Some(walk.clock.saturating_add(REST_BETWEEN_ROUNDS)),
            Some(again) if again > walk.clock => {}
            Some(_) => {
                line.tried.clear();
                now = anew;
            }
        }
    }
    if now.is_empty() {
        return false;
    }
    line.again = None;
    let ring_for = members::ring_seconds(queue.ring_for);
    let group = walk.who(line.queue);
    let rung = now.iter().map(|member| walk.who(*member)).collect();
    walk.say(Reason::MembersRing { group, members: rung, strategy: queue.strategy, ring_for });
    let mut recorded = vec![line.queue];
    recorded.extend(&now);
    recording::start(walk, &recorded);
    let targets = members::targets(walk, &now);
    walk.act(Action::Ring { targets, ring_for, hears: WhileRinging::Unchanged });
    line.offered = now;
    true
}

/// Tells the place in line, when that is due.
fn announce(walk: &mut Walk<'_>, queue: &Queue, line: &mut Line) {
    let (Some(at), Some(every)) = (line.announce, queue.announce_every) else { return };
    if at > walk.clock {
        return;
    }
    line.announce = Some(walk.clock.saturating_add(millis(every).max(1_000)));
    let ahead = walk.facts.queues.get(&line.queue).map_or(0, |facts| facts.ahead);
    let place = ahead.saturating_add(1);
    walk.say(Reason::PlaceTold { place });
    let sound = walk.speech(words::place_in_line(place, walk.language()));
    walk.play(vec![sound]);
}

fn overflow(walk: &mut Walk<'_>, id: ExtensionId, queue: &Queue, cause: Cause) -> Next {
    match &queue.overflow {
        Some(to) if walk.journey.failed.is_none() && *to != Destination::Nowhere => {
            let (from, who) = (walk.who(id), walk.to(to));
            walk.say(Reason::Forwarded { from, why: Forward::Overflow, to: who });
            Next::Go(Goal::Destination(to.clone()))
        }
        _ => Next::Go(Goal::Failed(cause)),
    }
}

fn music(walk: &mut Walk<'_>, queue: &Queue) {
    walk.answer();
    walk.act(Action::Music { audio: queue.music.or(walk.snapshot.music) });
}

fn waited(walk: &Walk<'_>, line: &Line) -> Seconds {
    Seconds(u32::try_from(walk.clock.saturating_sub(line.since) / 1_000).unwrap_or(u32::MAX))
}

fn millis(seconds: Seconds) -> u64 {
    u64::from(seconds.0) * 1_000
}

fn queue<'a>(walk: &Walk<'a>, id: ExtensionId) -> Option<&'a Queue> {
    match &walk.snapshot.extension(id)?.1.kind {
        Kind::Queue(queue) => Some(queue),
        _ => None,
    }
}
