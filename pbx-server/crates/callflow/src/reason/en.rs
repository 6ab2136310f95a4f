//! Every decision in English.

use super::{EventKind, Feature, Forward, Reason, SendFault, SoundTrouble, Who, conditions};
use crate::extension::Strategy;
use crate::step::{ListenMode, Party};
use voxera_model::Locale;

const EN: Locale = Locale::En;

#[expect(clippy::too_many_lines, reason = "one sentence per decision")]
pub(super) fn say(reason: &Reason) -> String {
    match reason {
        Reason::ExtensionDialled { from, to } => {
            format!("{from} called {to}.", from = from.first(EN), to = to.say(EN))
        }
        Reason::OwnNumberDialled { from, number, to } => {
            format!(
                "{from} called {}, which leads to {to}.",
                number.national(),
                from = from.first(EN),
                to = to.say(EN)
            )
        }
        Reason::UnknownExtension { from, number } => {
            format!("{from} called {number}, but nobody has that number.", from = from.first(EN))
        }
        Reason::NotANumber { from, dialled } => {
            format!("{from} dialled “{dialled}”, which is not a number.", from = from.first(EN))
        }
        Reason::UnknownCode { from, code } => {
            format!("{from} dialled the code {code}, which is not in use here.", from = from.first(EN))
        }
        Reason::NoOutsideLine { from, number } => format!(
            "{from} called {}, but there is no outside line yet: nothing connects this phone system with the telephone network.",
            number.national(),
            from = from.first(EN)
        ),
        Reason::OutsideDialled { from, number } => {
            format!("{} called {}.", from.first(EN), number.national())
        }
        Reason::NumberLeadsNowhere { from, number } => format!(
            "{from} called {}, a number of your own that does not lead anywhere yet.",
            number.national(),
            from = from.first(EN)
        ),
        Reason::NumberLeadsToMissing { from, number } => {
            format!(
                "{from} called {}, which leads to something that no longer exists.",
                number.national(),
                from = from.first(EN)
            )
        }
        Reason::DialledOneself { from } => format!("{from} called their own number.", from = from.first(EN)),
        Reason::CallerRemoved { from } => {
            format!("The call came from {from}, an extension that has been removed.")
        }
        Reason::PhoneRemoved => "The call came from a phone that has been removed.".into(),
        Reason::Suspended { from } => format!(
            "{from} was not allowed to call: the phone system is suspended. Only emergency calls to 112 go through.",
            from = from.first(EN)
        ),
        Reason::NoPhoneSetUp { to } => format!("{to} has no phone yet.", to = to.first(EN)),
        Reason::NoPhoneOnline { to } => {
            format!("None of the phones of {to} is switched on and connected.", to = to.say(EN))
        }
        Reason::InAnotherCall { to } => {
            format!("Busy: {to} is in another call and does not take a second one.", to = to.say(EN))
        }
        Reason::Rings { to, phones, ring_for } => {
            format!("{to} is ringing: {} for {} seconds.", telephones(*phones), ring_for.0, to = to.first(EN))
        }
        Reason::RingsAsSecondCall { to, phones, ring_for } => format!(
            "{to} is ringing although a call is up, because call waiting is on: {} for {} seconds.",
            telephones(*phones),
            ring_for.0,
            to = to.first(EN)
        ),
        Reason::Answered { by } => format!("{by} answered.", by = by.first(EN)),
        Reason::NoAnswer { to } => format!("{to} did not answer in time.", to = to.first(EN)),
        Reason::PhoneBusy { to } => {
            format!("Busy: the phone of {to} did not take the call.", to = to.say(EN))
        }
        Reason::Declined { by } => format!("{by} declined the call.", by = by.first(EN)),
        Reason::PhoneUnreachable { to } => {
            format!(
                "The phone of {to} could not be reached, although it should be connected.",
                to = to.say(EN)
            )
        }
        Reason::CallerGaveUp { from } => {
            format!("{from} hung up before anyone answered.", from = from.first(EN))
        }
        Reason::CallerHungUp { from } => format!("{from} hung up.", from = from.first(EN)),
        Reason::CalleeHungUp { by } => format!("{by} hung up.", by = by.first(EN)),
        Reason::EndedBySystem => "The phone system ended the call.".into(),
        Reason::CarrierLost => "The machine that carried the call stopped answering.".into(),
        Reason::EmergencyDialled { from } => {
            format!("{from} called 112. Emergency calls go before every other rule.", from = from.first(EN))
        }
        Reason::EmergencyWithoutLine => "The emergency call could not be connected: this phone system has \
                                           no outside line. Call 112 from a mobile phone."
            .into(),
        Reason::EmergencyAnswered => "112 answered.".into(),
        Reason::EmergencyLineFailed => "The line to 112 did not answer. Call 112 from a mobile phone.".into(),
        Reason::EmergencyEnded { by } => match by {
            Party::Caller => "The person who called 112 hung up.".into(),
            Party::Callee => "112 ended the call.".into(),
            Party::System => "The phone system ended the call to 112.".into(),
        },
        Reason::SystemRestarted => "The call was cut off when the phone system restarted.".into(),
        Reason::Ignored { event } => format!(
            "The phone system was told something that did not fit ({}) and let the call go on.",
            event_name(*event)
        ),
        Reason::Fault { event } => format!(
            "The phone system was told something that did not fit ({}) and ended the call.",
            event_name(*event)
        ),
        Reason::SettingsChanged { started, now } => {
            format!("The settings changed during the call (from version {started} to version {now}).")
        }
        Reason::NotOurNumber { from, number } => format!(
            "{from} called {}, which is not a number of this phone system.",
            number.national(),
            from = from.first(EN)
        ),
        Reason::NotFromOutside { from, dialled } => format!(
            "{from} asked from outside for “{dialled}”, which only phones of this phone system may dial.",
            from = from.first(EN)
        ),
        Reason::EmergencyFromOutside { from } => format!(
            "{from} called 112 here from outside. Only this phone system's own phones are put through to emergency services.",
            from = from.first(EN)
        ),
        Reason::OwnNumberCalled { from, number } => {
            format!("{from} called {}.", number.national(), from = from.first(EN))
        }
        Reason::RuleDecided { name, at, conditions, .. } => {
            format!("The rule “{name}” holds{}.", conditions::because(conditions, *at, EN))
        }
        Reason::NoRuleDecided { rules } => format!(
            "{}, so the number's own setting decides.",
            match rules {
                1 => "The rule does not hold".to_owned(),
                more => format!("None of the {more} rules holds"),
            }
        ),
        Reason::SentTo { to: Who::End { .. } } => "The call ends here.".into(),
        Reason::SentTo { to } => format!("The call goes to {to}.", to = to.say(EN)),
        Reason::LeadsToMissing => "The call came to a place that leads nowhere.".into(),
        Reason::Forwarded { from, why, to: Who::End { .. } } => {
            format!("{}, so the call ends.", forwarded(from, *why))
        }
        Reason::Forwarded { from, why, to } => {
            format!("{}, so the call goes on to {to}.", forwarded(from, *why), to = to.say(EN))
        }
        Reason::DoNotDisturb { to } => format!("{to} does not want to be disturbed.", to = to.first(EN)),
        Reason::ForwardingLoop { to } => {
            format!("The forwardings go round in a ring: the call came back to {to}.", to = to.say(EN))
        }
        Reason::TooManyHops => "The call was sent on too many times and ends.".into(),
        Reason::TooManyNodes => {
            "The call went through too many steps of menus without a choice by the caller, and ends.".into()
        }
        Reason::FeatureOff { feature } => {
            format!("{} switched off for this phone system.", feature_name(*feature))
        }
        Reason::Incompatible { to } => format!(
            "The phones have no sound format in common: {to} could not take the call.",
            to = to.say(EN)
        ),
        Reason::RecordingNotice { of } => {
            format!("The caller hears that calls with {} are recorded.", of.say(EN))
        }
        Reason::RecordingStarts { owners } => {
            format!("The call is recorded for {} from the moment somebody answers.", all(owners))
        }
        Reason::RingsOutside { number, shows } => format!(
            "{} is ringing outside{}.",
            number.national(),
            match shows {
                Some(shows) => format!("; the number {} is shown", shows.national()),
                None => String::new(),
            }
        ),
        Reason::PremiumRefused { from, number } => format!(
            "{from} was not allowed to call {}: calls to premium numbers are not allowed.",
            number.national(),
            from = from.first(EN)
        ),
        Reason::OutsideLinesDown { number } => format!(
            "The call to {} failed: no line to the telephone network works at the moment.",
            number.national()
        ),
        Reason::OutsideFailed { number } => {
            format!("The telephone network could not connect the call to {}.", number.national())
        }
        Reason::MembersRing { group, members, strategy, ring_for } => format!(
            "{group}: {} ringing for {} seconds ({}).",
            are(members),
            ring_for.0,
            strategy_name(*strategy),
            group = group.first(EN)
        ),
        Reason::NobodyFree { group, offline, busy, undisturbed } => format!(
            "Nobody in {group} can take the call: {}.",
            nobody(*offline, *busy, *undisturbed),
            group = group.say(EN)
        ),
        Reason::GroupUnanswered { group } => format!("Nobody in {group} answered.", group = group.say(EN)),
        Reason::EnteredQueue { queue, place } => {
            format!("The caller waits in {queue}, in place {place}.", queue = queue.say(EN))
        }
        Reason::QueueFull { queue, waiting } => {
            format!("{queue} is full: {waiting} are waiting already.", queue = queue.first(EN))
        }
        Reason::QueueUnstaffed { queue } => {
            format!("Nobody in {queue} has a phone that is switched on and connected.", queue = queue.say(EN))
        }
        Reason::PlaceTold { place } => format!("The caller was told the place in line: {place}."),
        Reason::WaitedTooLong { queue, waited } => {
            format!("The longest wait in {queue} is over after {}.", time(waited.0), queue = queue.say(EN))
        }
        Reason::LeftTheLine { from, queue, waited } => format!(
            "{from} hung up in {queue} after {}.",
            time(waited.0),
            from = from.first(EN),
            queue = queue.say(EN)
        ),
        Reason::EnteredMenu { menu, version } => {
            format!("The menu “{menu}” takes the call (version {version}).")
        }
        Reason::MessagePlayed { node } => format!("“{node}”: a message is played."),
        Reason::MenuAsks { node } => format!("“{node}”: the menu waits for a choice."),
        Reason::KeyPressed { node, key } => format!("“{node}”: key {key} was pressed."),
        Reason::ExtensionTyped { number } => format!("The caller dialled the extension {number}."),
        Reason::WrongKey { node, typed } => format!("“{node}”: {typed} is not a choice here."),
        Reason::NoKey { node } => format!("“{node}”: no key was pressed in time."),
        Reason::TriesUsedUp { node } => format!("“{node}”: every try is used up."),
        Reason::BranchTaken { node, branch, at, conditions } => {
            format!("“{node}”: way {branch} holds{}.", conditions::because(conditions, *at, EN))
        }
        Reason::NoBranchTaken { node } => format!("“{node}”: none of the conditions holds."),
        Reason::CallerNameSet { text } => format!("Phones that ring from here on show “{text}”."),
        Reason::NoVoiceAgents { node } => {
            format!("“{node}”: there are no voice agents in this version, so the call takes the other way.")
        }
        Reason::MenuEnds { node } => format!("“{node}” ends the call."),
        Reason::DeadEnd { node } => match node {
            Some(node) => format!("“{node}” leads nowhere, so the call ends."),
            None => "The menu leads nowhere, so the call ends.".to_owned(),
        },
        Reason::MenuTakesBack { node } => {
            format!("The call was not taken and goes on in the menu at “{node}”.")
        }
        Reason::MailboxAnswers { mailbox } => format!("{} takes a message.", mailbox.first(EN)),
        Reason::MessageLeft { mailbox } => format!("A message was left in {}.", mailbox.say(EN)),
        Reason::NoMessageLeft { from } => {
            format!("{from} hung up without leaving a message.", from = from.first(EN))
        }
        Reason::NoMailbox { of } => format!("{} has no mailbox.", of.first(EN)),
        Reason::MessageNotRecorded { mailbox } => {
            format!("The message could not be recorded in {}.", mailbox.say(EN))
        }
        Reason::OpensMailbox { from, mailbox } => {
            format!("{from} listens to {}.", mailbox.say(EN), from = from.first(EN))
        }
        Reason::MailboxWithoutPin { from, mailbox } => format!(
            "{from} was not allowed to listen to {}: it has no PIN and is open to its own extension only.",
            mailbox.say(EN),
            from = from.first(EN)
        ),
        Reason::PinAsked { of } => format!("The caller is asked for the PIN of {}.", of.say(EN)),
        Reason::PinRight => "The PIN was right.".into(),
        Reason::PinWrong => "The PIN was wrong.".into(),
        Reason::PinRefused => "The PIN was wrong too many times, so the call ends.".into(),
        Reason::MessageHeard => "A message was listened to.".into(),
        Reason::MessageDeleted => "A message was deleted.".into(),
        Reason::JoinsConference { from, room } => {
            format!("{from} is in the conference {}.", room.say(EN), from = from.first(EN))
        }
        Reason::ConferenceFull { room, members } => {
            format!("The conference {} is full: {members} are in it already.", room.say(EN))
        }
        Reason::ConferenceFailed { room } => format!("The conference {} could not be joined.", room.say(EN)),
        Reason::PicksUp { from, of } => {
            format!("{from} takes a call that rings at {}.", of.say(EN), from = from.first(EN))
        }
        Reason::NothingToPickUp { from } => {
            format!("{from} wanted to take a call, but none is ringing there.", from = from.first(EN))
        }
        Reason::PickedUp { by } => format!("{by} picked the call up.", by = by.first(EN)),
        Reason::TookOver { by } => format!("{by} is in the call now.", by = by.first(EN)),
        Reason::WentToOtherCall => "The phone went over to the other call.".into(),
        Reason::ListensIn { from, to, mode } => match mode {
            ListenMode::Listen => format!("{} listens to the call of {}.", from.first(EN), to.say(EN)),
            ListenMode::Whisper => format!("{} whispers to {}.", from.first(EN), to.say(EN)),
            ListenMode::Barge => {
                format!("{} speaks with both in the call of {}.", from.first(EN), to.say(EN))
            }
        },
        Reason::MayNotListen { from } => {
            format!("{from} may not listen to the calls of others.", from = from.first(EN))
        }
        Reason::NotTalking { to } => format!("{to} is not in a call.", to = to.first(EN)),
        Reason::ListeningEnded => "The call that was listened to is over.".into(),
        Reason::EchoTest { from } => {
            format!("{from} tries the sound and hears their own voice.", from = from.first(EN))
        }
        Reason::ToneTest { from } => {
            format!("{from} tries the sound and hears a tone.", from = from.first(EN))
        }
        Reason::SoundLost { of, why } => {
            format!("Nothing is heard from {}: {}.", side(*of), sound_trouble(*why))
        }
        Reason::SoundBack { of } => format!("{} is heard.", first_side(*of)),
        Reason::SoundRests { of } => {
            format!(
                "{} is silent on purpose: the phone sends no sound, as when it is muted.",
                first_side(*of)
            )
        }
        Reason::StayedAway { of } => {
            format!("{} lost the connection: the browser did not come back.", first_side(*of))
        }
        Reason::Parked { who, slot } => format!("{who} is parked at {slot}.", who = who.first(EN)),
        Reason::ParkRefused { by, slot: Some(slot) } => {
            format!("{by} wanted to park the call at {slot}, but another call is there.", by = by.first(EN))
        }
        Reason::ParkRefused { by, slot: None } => {
            format!("{by} wanted to park the call, but a call is in every slot.", by = by.first(EN))
        }
        Reason::TakesParked { from, slot } => {
            format!("{from} takes the call that is parked at {slot}.", from = from.first(EN))
        }
        Reason::NothingParked { from, slot } => {
            format!(
                "{from} wanted to take the call at {slot}, but none is parked there.",
                from = from.first(EN)
            )
        }
        Reason::TakenFromSlot { by, slot } => {
            format!("{by} took the call from {slot}.", by = by.first(EN))
        }
        Reason::ParkedTooLong { slot, to } => {
            format!("Nobody took the call at {slot} in time; it goes back to {to}.", to = to.say(EN))
        }
        Reason::Transfers { by, dialled } => {
            format!("{by} sends the call on to {dialled}.", by = by.first(EN))
        }
        Reason::SentOn { who, dialled } => {
            format!("{who} was sent on to {dialled} from the portal.", who = who.first(EN))
        }
        Reason::SendRefused { who, dialled, why } => format!(
            "{who} was to be sent to {dialled} from the portal, but {why}.",
            who = who.first(EN),
            why = match why {
                SendFault::UnknownNumber => "no call can be sent there",
                SendFault::AlreadyThere => "is there already",
                SendFault::Premium => "premium numbers are blocked",
                SendFault::NoLine => "no outside line works",
                SendFault::NotNow => "that is not possible now",
                SendFault::SlotTaken => "another call is parked there",
                SendFault::NoSlot => "a call is parked in every slot",
            }
        ),
        Reason::TransferRefused { by, dialled } => format!(
            "{by} wanted to send the call to {dialled}, but no call can be sent there.",
            by = by.first(EN)
        ),
        Reason::CallbackOffered { whom } => format!("The caller can be called back by {}.", whom.say(EN)),
        Reason::CallbackRequested { whom, number } => {
            format!("{} is to call {} back.", whom.first(EN), number.national())
        }
        Reason::CallbackDropped { whom } => {
            format!("The caller left no number for {} to call back.", whom.say(EN))
        }
        Reason::Unknown => "A decision made by a newer version of the system.".into(),
    }
}

const fn event_name(event: EventKind) -> &'static str {
    match event {
        EventKind::Arrived => "a new call",
        EventKind::RingEnded => "the ringing ended",
        EventKind::Answered => "someone answered",
        EventKind::HungUp => "someone hung up",
        EventKind::Played => "a message was played",
        EventKind::Key => "a key",
        EventKind::Timer => "a wait ran out",
        EventKind::Recorded => "a recording ended",
        EventKind::Woken => "something changed",
        EventKind::Transferred => "a transfer",
        EventKind::Sent => "a transfer from the portal",
        EventKind::Replaced => "someone else took over",
        EventKind::GivenAway => "the phone went to another call",
        EventKind::Failed => "something could not be done",
    }
}

fn all(whom: &[Who]) -> String {
    super::who::list(&whom.iter().map(|who| who.say(EN)).collect::<Vec<_>>(), "and")
}

fn are(whom: &[Who]) -> String {
    format!("{} {}", all(whom), if whom.len() == 1 { "is" } else { "are" })
}

fn forwarded(from: &Who, why: Forward) -> String {
    let from = from.say(EN);
    match why {
        Forward::Always => format!("{from} forwards every call"),
        Forward::Busy => format!("{from} cannot take another call now"),
        Forward::NoAnswer => format!("{from} does not answer"),
        Forward::Offline => format!("{from} has no phone connected"),
        Forward::GroupFailed => format!("Nobody in {from} takes the call"),
        Forward::Overflow => format!("The call cannot stay in {from}"),
    }
}

const fn feature_name(feature: Feature) -> &'static str {
    match feature {
        Feature::Queues => "Queues are",
        Feature::HuntGroups => "Hunt groups are",
        Feature::Voicemail => "Voicemail is",
        Feature::Conferencing => "Conferencing is",
        Feature::Recording => "Recording is",
    }
}

const fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::RingAll => "everyone who is free at once",
        Strategy::Sequential => "in order",
        Strategy::RoundRobin => "after the one who was rung last",
        Strategy::LongestIdle => "whoever has been free longest",
        Strategy::LeastCalls => "whoever took the fewest calls today",
    }
}

const fn side(party: Party) -> &'static str {
    match party {
        Party::Caller => "the caller",
        Party::Callee => "the one who answered",
        Party::System => "the telephone system",
    }
}

const fn first_side(party: Party) -> &'static str {
    match party {
        Party::Caller => "The caller",
        Party::Callee => "The one who answered",
        Party::System => "The telephone system",
    }
}

const fn sound_trouble(why: SoundTrouble) -> &'static str {
    match why {
        SoundTrouble::NothingHeard => "nothing has come for two seconds",
        SoundTrouble::Silent => {
            "nothing has come for fifteen seconds; the phone sends nothing while nobody speaks, and may be muted"
        }
        SoundTrouble::NoPath => {
            "the browser and the telephone system find no way to each other, often because of a firewall"
        }
        SoundTrouble::PrivateAddress => {
            "the phone names an address of its own network, which cannot be reached from here"
        }
        SoundTrouble::Encryption => "the sound could not be encrypted",
    }
}

fn nobody(offline: u16, busy: u16, undisturbed: u16) -> String {
    let mut parts = Vec::new();
    for (count, what) in
        [(offline, "without a connected phone"), (busy, "busy"), (undisturbed, "not to be disturbed")]
    {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if parts.is_empty() { "there is no one".into() } else { super::who::list(&parts, "and") }
}

fn time(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

fn telephones(count: u16) -> String {
    if count == 1 { "1 phone".into() } else { format!("{count} phones") }
}
