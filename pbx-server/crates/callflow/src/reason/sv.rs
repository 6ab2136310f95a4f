//! Every decision in Swedish.

use super::{EventKind, Feature, Forward, Reason, SendFault, SoundTrouble, Who, conditions};
use crate::extension::Strategy;
use crate::step::{ListenMode, Party};
use voxera_model::Locale;

const SV: Locale = Locale::Sv;

#[expect(clippy::too_many_lines, reason = "one sentence per decision")]
pub(super) fn say(reason: &Reason) -> String {
    match reason {
        Reason::ExtensionDialled { from, to } => {
            format!("{from} ringde {to}.", from = from.first(SV), to = to.say(SV))
        }
        Reason::OwnNumberDialled { from, number, to } => {
            format!(
                "{from} ringde {}, som leder till {to}.",
                number.national(),
                from = from.first(SV),
                to = to.say(SV)
            )
        }
        Reason::UnknownExtension { from, number } => {
            format!("{from} ringde {number}, men ingen har det numret.", from = from.first(SV))
        }
        Reason::NotANumber { from, dialled } => {
            format!("{from} slog ”{dialled}”, som inte är ett nummer.", from = from.first(SV))
        }
        Reason::UnknownCode { from, code } => {
            format!("{from} slog koden {code}, som inte används här.", from = from.first(SV))
        }
        Reason::NoOutsideLine { from, number } => format!(
            "{from} ringde {}, men växeln har ännu ingen linje ut till telefonnätet.",
            number.national(),
            from = from.first(SV)
        ),
        Reason::OutsideDialled { from, number } => {
            format!("{} ringde {}.", from.first(SV), number.national())
        }
        Reason::NumberLeadsNowhere { from, number } => format!(
            "{from} ringde {}, ett eget nummer som ännu inte leder någonstans.",
            number.national(),
            from = from.first(SV)
        ),
        Reason::NumberLeadsToMissing { from, number } => {
            format!(
                "{from} ringde {}, som leder till något som inte finns längre.",
                number.national(),
                from = from.first(SV)
            )
        }
        Reason::DialledOneself { from } => format!("{from} ringde sitt eget nummer.", from = from.first(SV)),
        Reason::CallerRemoved { from } => {
            format!("Samtalet kom från {from}, en anknytning som har tagits bort.")
        }
        Reason::PhoneRemoved => "Samtalet kom från en telefon som har tagits bort.".into(),
        Reason::Suspended { from } => {
            format!(
                "{from} fick inte ringa: växeln är avstängd. Bara nödsamtal till 112 går fram.",
                from = from.first(SV)
            )
        }
        Reason::NoPhoneSetUp { to } => format!("{to} har ingen telefon ännu.", to = to.first(SV)),
        Reason::NoPhoneOnline { to } => {
            format!("Ingen av telefonerna hos {to} är påslagen och ansluten.", to = to.say(SV))
        }
        Reason::InAnotherCall { to } => {
            format!("Upptaget: {to} sitter i ett annat samtal och tar inte emot ett till.", to = to.say(SV))
        }
        Reason::Rings { to, phones, ring_for } => {
            format!("Det ringer hos {to}: {} i {} sekunder.", telefoner(*phones), ring_for.0, to = to.say(SV))
        }
        Reason::RingsAsSecondCall { to, phones, ring_for } => format!(
            "Det ringer hos {to} trots ett pågående samtal, eftersom samtal väntar är på: {} i {} sekunder.",
            telefoner(*phones),
            ring_for.0,
            to = to.say(SV)
        ),
        Reason::Answered { by } => format!("{by} svarade.", by = by.first(SV)),
        Reason::NoAnswer { to } => format!("{to} svarade inte i tid.", to = to.first(SV)),
        Reason::PhoneBusy { to } => {
            format!("Upptaget: telefonen hos {to} tog inte emot samtalet.", to = to.say(SV))
        }
        Reason::Declined { by } => format!("{by} avvisade samtalet.", by = by.first(SV)),
        Reason::PhoneUnreachable { to } => {
            format!("Telefonen hos {to} gick inte att nå, fast den ska vara ansluten.", to = to.say(SV))
        }
        Reason::CallerGaveUp { from } => {
            format!("{from} lade på innan någon svarade.", from = from.first(SV))
        }
        Reason::CallerHungUp { from } => format!("{from} lade på.", from = from.first(SV)),
        Reason::CalleeHungUp { by } => format!("{by} lade på.", by = by.first(SV)),
        Reason::EndedBySystem => "Samtalet avslutades av växeln.".into(),
        Reason::CarrierLost => "Maskinen som förde samtalet slutade svara.".into(),
        Reason::EmergencyDialled { from } => {
            format!("{from} ringde 112. Nödsamtal går före alla andra regler.", from = from.first(SV))
        }
        Reason::EmergencyWithoutLine => "Nödsamtalet kunde inte kopplas: växeln har ingen linje ut till \
                                           telefonnätet. Ring 112 från en mobiltelefon."
            .into(),
        Reason::EmergencyAnswered => "112 svarade.".into(),
        Reason::EmergencyLineFailed => "Linjen till 112 svarade inte. Ring 112 från en mobiltelefon.".into(),
        Reason::EmergencyEnded { by } => match by {
            Party::Caller => "Den som ringde 112 lade på.".into(),
            Party::Callee => "112 avslutade samtalet.".into(),
            Party::System => "Samtalet till 112 avslutades av växeln.".into(),
        },
        Reason::SystemRestarted => "Samtalet bröts när telefonsystemet startade om.".into(),
        Reason::Ignored { event } => format!(
            "Växeln fick ett besked som inte passade in ({}) och lät samtalet fortsätta.",
            event_name(*event)
        ),
        Reason::Fault { event } => format!(
            "Växeln fick ett besked som inte passade in ({}) och avslutade samtalet.",
            event_name(*event)
        ),
        Reason::SettingsChanged { started, now } => {
            format!("Inställningarna ändrades under samtalet (från version {started} till version {now}).")
        }
        Reason::NotOurNumber { from, number } => format!(
            "{from} ringde {}, som inte är ett nummer i den här växeln.",
            number.national(),
            from = from.first(SV)
        ),
        Reason::NotFromOutside { from, dialled } => format!(
            "{from} bad utifrån om ”{dialled}”, som bara växelns egna telefoner får slå.",
            from = from.first(SV)
        ),
        Reason::EmergencyFromOutside { from } => format!(
            "{from} ringde 112 hit utifrån. Växeln kopplar nödsamtal bara från sina egna telefoner.",
            from = from.first(SV)
        ),
        Reason::OwnNumberCalled { from, number } => {
            format!("{from} ringde {}.", number.national(), from = from.first(SV))
        }
        Reason::RuleDecided { name, at, conditions, .. } => {
            format!("Regeln ”{name}” gäller{}.", conditions::because(conditions, *at, SV))
        }
        Reason::NoRuleDecided { rules } => format!(
            "{}, så numrets egen inställning avgör.",
            match rules {
                1 => "Regeln gäller inte".to_owned(),
                more => format!("Ingen av de {more} reglerna gäller"),
            }
        ),
        Reason::SentTo { to: Who::End { .. } } => "Samtalet avslutas här.".into(),
        Reason::SentTo { to } => format!("Samtalet går till {to}.", to = to.say(SV)),
        Reason::LeadsToMissing => "Samtalet kom till en plats som inte leder någonstans.".into(),
        Reason::Forwarded { from, why, to: Who::End { .. } } => {
            format!("{}, så samtalet avslutas.", forwarded(from, *why))
        }
        Reason::Forwarded { from, why, to } => {
            format!("{}, så samtalet går vidare till {to}.", forwarded(from, *why), to = to.say(SV))
        }
        Reason::DoNotDisturb { to } => format!("{to} vill inte bli störd.", to = to.first(SV)),
        Reason::ForwardingLoop { to } => {
            format!("Vidarekopplingarna går i en ring: samtalet kom tillbaka till {to}.", to = to.say(SV))
        }
        Reason::TooManyHops => "Samtalet har skickats vidare för många gånger och avslutas.".into(),
        Reason::TooManyNodes => {
            "Samtalet har gått för många steg i menyer utan att den som ringde valt något, och avslutas."
                .into()
        }
        Reason::FeatureOff { feature } => {
            format!("{} för den här växeln.", feature_name(*feature))
        }
        Reason::Incompatible { to } => format!(
            "Telefonerna har inget gemensamt ljudformat: {to} kunde inte ta emot samtalet.",
            to = to.say(SV)
        ),
        Reason::RecordingNotice { of } => {
            format!("Den som ringer hör att samtal med {} spelas in.", of.say(SV))
        }
        Reason::RecordingStarts { owners } => {
            format!("Samtalet spelas in för {} från det att någon svarar.", all(owners))
        }
        Reason::RingsOutside { number, shows } => format!(
            "Det ringer ut till {}{}.",
            number.national(),
            match shows {
                Some(shows) => format!("; numret {} visas", shows.national()),
                None => String::new(),
            }
        ),
        Reason::PremiumRefused { from, number } => format!(
            "{from} fick inte ringa {}: samtal till betalnummer är inte tillåtna.",
            number.national(),
            from = from.first(SV)
        ),
        Reason::OutsideLinesDown { number } => format!(
            "Samtalet till {} gick inte fram: ingen linje ut till telefonnätet fungerar just nu.",
            number.national()
        ),
        Reason::OutsideFailed { number } => {
            format!("Samtalet till {} kunde inte kopplas av telefonnätet.", number.national())
        }
        Reason::MembersRing { group, members, strategy, ring_for } => format!(
            "{group}: det ringer hos {} i {} sekunder ({}).",
            all(members),
            ring_for.0,
            strategy_name(*strategy),
            group = group.first(SV)
        ),
        Reason::NobodyFree { group, offline, busy, undisturbed } => format!(
            "Ingen i {group} kan ta emot samtalet: {}.",
            nobody(*offline, *busy, *undisturbed),
            group = group.say(SV)
        ),
        Reason::GroupUnanswered { group } => format!("Ingen i {group} svarade.", group = group.say(SV)),
        Reason::EnteredQueue { queue, place } => {
            format!("Den som ringer väntar i {queue}, på plats {place}.", queue = queue.say(SV))
        }
        Reason::QueueFull { queue, waiting } => {
            format!("{queue} är full: {waiting} väntar redan.", queue = queue.first(SV))
        }
        Reason::QueueUnstaffed { queue } => {
            format!("Ingen i {queue} har en telefon som är påslagen och ansluten.", queue = queue.say(SV))
        }
        Reason::PlaceTold { place } => format!("Den som väntar hörde sin plats i kön: {place}."),
        Reason::WaitedTooLong { queue, waited } => format!(
            "Den längsta väntetiden i {queue} är slut efter {}.",
            time(waited.0),
            queue = queue.say(SV)
        ),
        Reason::LeftTheLine { from, queue, waited } => format!(
            "{from} lade på i {queue} efter {}.",
            time(waited.0),
            from = from.first(SV),
            queue = queue.say(SV)
        ),
        Reason::EnteredMenu { menu, version } => {
            format!("Menyn ”{menu}” tar emot samtalet (version {version}).")
        }
        Reason::MessagePlayed { node } => format!("”{node}”: ett meddelande spelas."),
        Reason::MenuAsks { node } => format!("”{node}”: menyn väntar på ett val."),
        Reason::KeyPressed { node, key } => format!("”{node}”: knapp {key} trycktes."),
        Reason::ExtensionTyped { number } => format!("Den som ringde slog anknytningen {number}."),
        Reason::WrongKey { node, typed } => format!("”{node}”: {typed} är inget val här."),
        Reason::NoKey { node } => format!("”{node}”: ingen knapp trycktes i tid."),
        Reason::TriesUsedUp { node } => format!("”{node}”: alla försök är slut."),
        Reason::BranchTaken { node, branch, at, conditions } => {
            format!("”{node}”: väg {branch} gäller{}.", conditions::because(conditions, *at, SV))
        }
        Reason::NoBranchTaken { node } => format!("”{node}”: inget av villkoren gäller."),
        Reason::CallerNameSet { text } => format!("Telefoner som ringer härefter visar ”{text}”."),
        Reason::NoVoiceAgents { node } => {
            format!("”{node}”: röstagenter finns inte i den här versionen, så samtalet tar den andra vägen.")
        }
        Reason::MenuEnds { node } => format!("”{node}” avslutar samtalet."),
        Reason::DeadEnd { node } => match node {
            Some(node) => format!("”{node}” leder inte vidare, så samtalet avslutas."),
            None => "Menyn leder ingenstans, så samtalet avslutas.".to_owned(),
        },
        Reason::MenuTakesBack { node } => {
            format!("Samtalet togs inte emot och går vidare i menyn till ”{node}”.")
        }
        Reason::MailboxAnswers { mailbox } => format!("{} tar emot ett meddelande.", mailbox.first(SV)),
        Reason::MessageLeft { mailbox } => format!("Ett meddelande lämnades i {}.", mailbox.say(SV)),
        Reason::NoMessageLeft { from } => {
            format!("{from} lade på utan att lämna något meddelande.", from = from.first(SV))
        }
        Reason::NoMailbox { of } => format!("{} har ingen röstbrevlåda.", of.first(SV)),
        Reason::MessageNotRecorded { mailbox } => {
            format!("Meddelandet kunde inte spelas in i {}.", mailbox.say(SV))
        }
        Reason::OpensMailbox { from, mailbox } => {
            format!("{from} lyssnar av {}.", mailbox.say(SV), from = from.first(SV))
        }
        Reason::MailboxWithoutPin { from, mailbox } => format!(
            "{from} fick inte lyssna av {}: den har ingen PIN-kod och är öppen bara för sin egen anknytning.",
            mailbox.say(SV),
            from = from.first(SV)
        ),
        Reason::PinAsked { of } => format!("Den som ringer ska ange PIN-koden till {}.", of.say(SV)),
        Reason::PinRight => "PIN-koden var rätt.".into(),
        Reason::PinWrong => "PIN-koden var fel.".into(),
        Reason::PinRefused => "PIN-koden var fel för många gånger, så samtalet avslutas.".into(),
        Reason::MessageHeard => "Ett meddelande lyssnades av.".into(),
        Reason::MessageDeleted => "Ett meddelande togs bort.".into(),
        Reason::JoinsConference { from, room } => {
            format!("{from} är med i konferensen {}.", room.say(SV), from = from.first(SV))
        }
        Reason::ConferenceFull { room, members } => {
            format!("Konferensen {} är full: {members} är med redan.", room.say(SV))
        }
        Reason::ConferenceFailed { room } => {
            format!("Det gick inte att komma in i konferensen {}.", room.say(SV))
        }
        Reason::PicksUp { from, of } => {
            format!("{from} tar ett samtal som ringer hos {}.", of.say(SV), from = from.first(SV))
        }
        Reason::NothingToPickUp { from } => {
            format!("{from} ville ta ett samtal, men inget ringer där.", from = from.first(SV))
        }
        Reason::PickedUp { by } => format!("{by} tog samtalet.", by = by.first(SV)),
        Reason::TookOver { by } => format!("{by} är nu i samtalet.", by = by.first(SV)),
        Reason::WentToOtherCall => "Telefonen gick över till det andra samtalet.".into(),
        Reason::ListensIn { from, to, mode } => match mode {
            ListenMode::Listen => format!("{} lyssnar på samtalet hos {}.", from.first(SV), to.say(SV)),
            ListenMode::Whisper => format!("{} viskar till {}.", from.first(SV), to.say(SV)),
            ListenMode::Barge => format!("{} talar med båda i samtalet hos {}.", from.first(SV), to.say(SV)),
        },
        Reason::MayNotListen { from } => {
            format!("{from} får inte lyssna på andras samtal.", from = from.first(SV))
        }
        Reason::NotTalking { to } => format!("{to} är inte i något samtal.", to = to.first(SV)),
        Reason::ListeningEnded => "Samtalet som avlyssnades är slut.".into(),
        Reason::EchoTest { from } => {
            format!("{from} provar ljudet och hör sig själv.", from = from.first(SV))
        }
        Reason::ToneTest { from } => format!("{from} provar ljudet och hör en ton.", from = from.first(SV)),
        Reason::SoundLost { of, why } => {
            format!("Inget ljud hörs från {}: {}.", side(*of), sound_trouble(*why))
        }
        Reason::SoundBack { of } => format!("Ljudet från {} hörs.", side(*of)),
        Reason::SoundRests { of } => {
            format!("Det är tyst från {}: telefonen sänder inget ljud, som när den är tystad.", side(*of))
        }
        Reason::StayedAway { of } => {
            format!("Förbindelsen med {} bröts: webbläsaren kom inte tillbaka.", side(*of))
        }
        Reason::Parked { who, slot } => format!("{who} är parkerad på {slot}.", who = who.first(SV)),
        Reason::ParkRefused { by, slot: Some(slot) } => {
            format!("{by} ville parkera samtalet på {slot}, men där står redan ett.", by = by.first(SV))
        }
        Reason::ParkRefused { by, slot: None } => {
            format!("{by} ville parkera samtalet, men alla platser är upptagna.", by = by.first(SV))
        }
        Reason::TakesParked { from, slot } => {
            format!("{from} tar samtalet som är parkerat på {slot}.", from = from.first(SV))
        }
        Reason::NothingParked { from, slot } => {
            format!("{from} ville ta samtalet på {slot}, men inget är parkerat där.", from = from.first(SV))
        }
        Reason::TakenFromSlot { by, slot } => {
            format!("{by} tog samtalet från {slot}.", by = by.first(SV))
        }
        Reason::ParkedTooLong { slot, to } => {
            format!("Ingen tog samtalet på {slot} i tid; det går tillbaka till {to}.", to = to.say(SV))
        }
        Reason::Transfers { by, dialled } => {
            format!("{by} kopplar samtalet vidare till {dialled}.", by = by.first(SV))
        }
        Reason::SentOn { who, dialled } => {
            format!("{who} kopplades vidare till {dialled} från portalen.", who = who.first(SV))
        }
        Reason::SendRefused { who, dialled, why } => format!(
            "{who} skulle kopplas till {dialled} från portalen, men {why}.",
            who = who.first(SV),
            why = match why {
                SendFault::UnknownNumber => "dit går det inte att koppla",
                SendFault::AlreadyThere => "är redan där",
                SendFault::Premium => "betalnummer är spärrade",
                SendFault::NoLine => "ingen ytterlinje fungerar",
                SendFault::NotNow => "det går inte nu",
                SendFault::SlotTaken => "där är redan ett samtal parkerat",
                SendFault::NoSlot => "alla platser är upptagna",
            }
        ),
        Reason::TransferRefused { by, dialled } => format!(
            "{by} ville koppla samtalet till {dialled}, men dit går det inte att koppla.",
            by = by.first(SV)
        ),
        Reason::CallbackOffered { whom } => format!("Den som ringer kan bli uppringd av {}.", whom.say(SV)),
        Reason::CallbackRequested { whom, number } => {
            format!("{} ska ringa upp {}.", whom.first(SV), number.national())
        }
        Reason::CallbackDropped { whom } => {
            format!("Den som ringde lämnade inget nummer för {} att ringa upp.", whom.say(SV))
        }
        Reason::Unknown => "Ett beslut från en nyare version av systemet.".into(),
    }
}

const fn event_name(event: EventKind) -> &'static str {
    match event {
        EventKind::Arrived => "ett nytt samtal",
        EventKind::RingEnded => "ringningen tog slut",
        EventKind::Answered => "någon svarade",
        EventKind::HungUp => "någon lade på",
        EventKind::Played => "ett meddelande har spelats",
        EventKind::Key => "en knapptryckning",
        EventKind::Timer => "en väntetid gick ut",
        EventKind::Recorded => "en inspelning tog slut",
        EventKind::Woken => "något ändrades",
        EventKind::Transferred => "en koppling",
        EventKind::Sent => "en koppling från portalen",
        EventKind::Replaced => "någon annan tog över",
        EventKind::GivenAway => "telefonen gick till ett annat samtal",
        EventKind::Failed => "något kunde inte göras",
    }
}

fn all(whom: &[Who]) -> String {
    super::who::list(&whom.iter().map(|who| who.say(SV)).collect::<Vec<_>>(), "och")
}

fn forwarded(from: &Who, why: Forward) -> String {
    let from = from.say(SV);
    match why {
        Forward::Always => format!("{from} har vidarekopplat alla samtal"),
        Forward::Busy => format!("{from} kan inte ta fler samtal nu"),
        Forward::NoAnswer => format!("{from} svarar inte"),
        Forward::Offline => format!("{from} har ingen telefon ansluten"),
        Forward::GroupFailed => format!("Ingen i {from} tar samtalet"),
        Forward::Overflow => format!("Samtalet kan inte stanna i {from}"),
    }
}

const fn feature_name(feature: Feature) -> &'static str {
    match feature {
        Feature::Queues => "Köer är avstängda",
        Feature::HuntGroups => "Svarsgrupper är avstängda",
        Feature::Voicemail => "Röstbrevlådor är avstängda",
        Feature::Conferencing => "Konferenser är avstängda",
        Feature::Recording => "Inspelning är avstängd",
    }
}

const fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::RingAll => "alla lediga på en gång",
        Strategy::Sequential => "i tur och ordning",
        Strategy::RoundRobin => "efter den som ringdes senast",
        Strategy::LongestIdle => "den som varit ledig längst",
        Strategy::LeastCalls => "den som tagit minst antal samtal i dag",
    }
}

const fn side(party: Party) -> &'static str {
    match party {
        Party::Caller => "den som ringer",
        Party::Callee => "den som svarade",
        Party::System => "växeln",
    }
}

const fn sound_trouble(why: SoundTrouble) -> &'static str {
    match why {
        SoundTrouble::NothingHeard => "ingenting har kommit på två sekunder",
        SoundTrouble::Silent => {
            "ingenting har kommit på femton sekunder; telefonen sänder inget när ingen talar, och kan vara tystad"
        }
        SoundTrouble::NoPath => {
            "webbläsaren och växeln hittar ingen väg till varandra, ofta för att en brandvägg står emellan"
        }
        SoundTrouble::PrivateAddress => "telefonen uppger en adress i sitt eget nät, som växeln inte kan nå",
        SoundTrouble::Encryption => "ljudets kryptering kunde inte upprättas",
    }
}

fn nobody(offline: u16, busy: u16, undisturbed: u16) -> String {
    let mut parts = Vec::new();
    for (count, one, more) in [
        (offline, "utan ansluten telefon", "utan ansluten telefon"),
        (busy, "upptagen", "upptagna"),
        (undisturbed, "som inte vill bli störd", "som inte vill bli störda"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { more }));
        }
    }
    if parts.is_empty() { "där är ingen".into() } else { super::who::list(&parts, "och") }
}

fn time(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

fn telefoner(count: u16) -> String {
    if count == 1 { "1 telefon".into() } else { format!("{count} telefoner") }
}
