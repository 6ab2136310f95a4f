//! Why a call went where it went: one variant per decision, in words a shop owner understands.
//!
//! The variants are stored with every call for years. A kind is never renamed or reused; a kind
//! that this version does not know (written by a newer one) reads as [`Reason::Unknown`].

use crate::step::Party;
use serde::{Deserialize, Serialize};
use voxera_model::{ExtensionNumber, Locale, Name, PhoneNumber, Seconds};

/// An extension as people speak of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub number: ExtensionNumber,
    /// `None`: the extension is not in the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.number),
            None => self.number.fmt(f),
        }
    }
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// The caller dialled an extension that exists.
    ExtensionDialled { from: Who, to: Who },
    /// The caller dialled one of the PBX's own public numbers, and it leads to an extension.
    OwnNumberDialled { from: Who, number: PhoneNumber, to: Who },
    /// No extension has that number.
    UnknownExtension { from: Who, number: ExtensionNumber },
    /// What was dialled is no number at all.
    NotANumber { from: Who, dialled: String },
    /// A code such as `*97` that does nothing here.
    UnknownCode { from: Who, code: String },
    /// A public number, and nothing connects this PBX with the outside.
    NoOutsideLine { from: Who, number: PhoneNumber },
    /// An own number that was never pointed anywhere.
    NumberLeadsNowhere { from: Who, number: PhoneNumber },
    /// An own number whose extension was removed.
    NumberLeadsToMissing { from: Who, number: PhoneNumber },
    /// The caller dialled their own extension.
    DialledOneself { from: Who },
    /// The calling extension was removed while its phone was still signed in.
    CallerRemoved { from: ExtensionNumber },
    /// The calling phone's credential was removed while it called.
    PhoneRemoved,
    /// The PBX is suspended; only emergency calls start.
    Suspended { from: Who },
    /// The called extension has no phone set up.
    NoPhoneSetUp { to: Who },
    /// The called extension has phones, and none is online.
    NoPhoneOnline { to: Who },
    /// The called extension is in a call and takes no second one.
    InAnotherCall { to: Who },
    /// The phones ring.
    Rings { to: Who, phones: u16, ring_for: Seconds },
    /// The phones ring although a call is up: call waiting.
    RingsAsSecondCall { to: Who, phones: u16, ring_for: Seconds },
    /// Someone picked up.
    Answered { by: Who },
    /// Nobody picked up in time.
    NoAnswer { to: Who },
    /// Every phone said busy.
    PhoneBusy { to: Who },
    /// Someone pressed "decline".
    Declined { by: Who },
    /// The phones were online but could not be reached.
    PhoneUnreachable { to: Who },
    /// The caller gave up before the answer.
    CallerGaveUp { from: Who },
    /// The caller put the phone down after talking.
    CallerHungUp { from: Who },
    /// The called person put the phone down after talking.
    CalleeHungUp { by: Who },
    /// We ended it: an administrator, or the system itself.
    EndedBySystem,
    /// The caller dialled the emergency number.
    EmergencyDialled { from: Who },
    /// There is no line that could carry the emergency call.
    EmergencyWithoutLine,
    /// The emergency call is on the line.
    EmergencyAnswered,
    /// The emergency line gave no answer.
    EmergencyLineFailed,
    /// The emergency call is over.
    EmergencyEnded { by: Party },
    /// The telephone system stopped while the call was up; found when it started again.
    SystemRestarted,
    /// An event that does not fit where the call stood; the call went on.
    Ignored { event: EventKind },
    /// An event that does not fit, and nothing to go on with; the call was ended.
    Fault { event: EventKind },
    /// Settings other than those that the call started with were applied.
    SettingsChanged { started: u64, now: u64 },
    /// A decision that a newer version of the product wrote.
    #[serde(other)]
    Unknown,
}

/// The kind of an event, for a trace that must not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Arrived,
    RingEnded,
    Answered,
    HungUp,
    Played,
    Key,
    Timer,
    Recorded,
    Woken,
    Transferred,
    Replaced,
    GivenAway,
    Failed,
}

impl Reason {
    /// The decision in one sentence.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        match locale {
            Locale::Sv => self.swedish(),
            Locale::En => self.english(),
        }
    }

    fn swedish(&self) -> String {
        match self {
            Self::ExtensionDialled { from, to } => format!("{from} ringde {to}."),
            Self::OwnNumberDialled { from, number, to } => {
                format!("{from} ringde {}, som leder till {to}.", number.national())
            }
            Self::UnknownExtension { from, number } => {
                format!("{from} ringde {number}, men ingen har det numret.")
            }
            Self::NotANumber { from, dialled } => {
                format!("{from} slog ”{dialled}”, som inte är ett nummer.")
            }
            Self::UnknownCode { from, code } => {
                format!("{from} slog koden {code}, som inte används här.")
            }
            Self::NoOutsideLine { from, number } => format!(
                "{from} ringde {}, men växeln har ännu ingen linje ut till telefonnätet.",
                number.national()
            ),
            Self::NumberLeadsNowhere { from, number } => format!(
                "{from} ringde {}, ett eget nummer som ännu inte leder någonstans.",
                number.national()
            ),
            Self::NumberLeadsToMissing { from, number } => {
                format!("{from} ringde {}, som leder till något som inte finns längre.", number.national())
            }
            Self::DialledOneself { from } => format!("{from} ringde sitt eget nummer."),
            Self::CallerRemoved { from } => {
                format!("Samtalet kom från {from}, en anknytning som har tagits bort.")
            }
            Self::PhoneRemoved => "Samtalet kom från en telefon som har tagits bort.".into(),
            Self::Suspended { from } => {
                format!("{from} fick inte ringa: växeln är avstängd. Bara nödsamtal till 112 går fram.")
            }
            Self::NoPhoneSetUp { to } => format!("{to} har ingen telefon ännu."),
            Self::NoPhoneOnline { to } => format!("Ingen av telefonerna hos {to} är påslagen och ansluten."),
            Self::InAnotherCall { to } => {
                format!("Upptaget: {to} sitter i ett annat samtal och tar inte emot ett till.")
            }
            Self::Rings { to, phones, ring_for } => {
                format!("Det ringer hos {to}: {} i {} sekunder.", telefoner(*phones), ring_for.0)
            }
            Self::RingsAsSecondCall { to, phones, ring_for } => format!(
                "Det ringer hos {to} trots ett pågående samtal, eftersom samtal väntar är på: {} i {} sekunder.",
                telefoner(*phones),
                ring_for.0
            ),
            Self::Answered { by } => format!("{by} svarade."),
            Self::NoAnswer { to } => format!("{to} svarade inte i tid."),
            Self::PhoneBusy { to } => format!("Upptaget: telefonen hos {to} tog inte emot samtalet."),
            Self::Declined { by } => format!("{by} avvisade samtalet."),
            Self::PhoneUnreachable { to } => {
                format!("Telefonen hos {to} gick inte att nå, fast den ska vara ansluten.")
            }
            Self::CallerGaveUp { from } => format!("{from} lade på innan någon svarade."),
            Self::CallerHungUp { from } => format!("{from} lade på."),
            Self::CalleeHungUp { by } => format!("{by} lade på."),
            Self::EndedBySystem => "Samtalet avslutades av växeln.".into(),
            Self::EmergencyDialled { from } => {
                format!("{from} ringde 112. Nödsamtal går före alla andra regler.")
            }
            Self::EmergencyWithoutLine => "Nödsamtalet kunde inte kopplas: växeln har ingen linje ut till \
                                           telefonnätet. Ring 112 från en mobiltelefon."
                .into(),
            Self::EmergencyAnswered => "112 svarade.".into(),
            Self::EmergencyLineFailed => {
                "Linjen till 112 svarade inte. Ring 112 från en mobiltelefon.".into()
            }
            Self::EmergencyEnded { by } => match by {
                Party::Caller => "Den som ringde 112 lade på.".into(),
                Party::Callee => "112 avslutade samtalet.".into(),
                Party::System => "Samtalet till 112 avslutades av växeln.".into(),
            },
            Self::SystemRestarted => "Samtalet bröts när telefonsystemet startade om.".into(),
            Self::Ignored { event } => format!(
                "Växeln fick ett besked som inte passade in ({}) och lät samtalet fortsätta.",
                event.swedish()
            ),
            Self::Fault { event } => format!(
                "Växeln fick ett besked som inte passade in ({}) och avslutade samtalet.",
                event.swedish()
            ),
            Self::SettingsChanged { started, now } => format!(
                "Inställningarna ändrades under samtalet (från version {started} till version {now})."
            ),
            Self::Unknown => "Ett beslut från en nyare version av systemet.".into(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::ExtensionDialled { from, to } => format!("{from} called {to}."),
            Self::OwnNumberDialled { from, number, to } => {
                format!("{from} called {}, which leads to {to}.", number.national())
            }
            Self::UnknownExtension { from, number } => {
                format!("{from} called {number}, but nobody has that number.")
            }
            Self::NotANumber { from, dialled } => {
                format!("{from} dialled “{dialled}”, which is not a number.")
            }
            Self::UnknownCode { from, code } => {
                format!("{from} dialled the code {code}, which is not in use here.")
            }
            Self::NoOutsideLine { from, number } => format!(
                "{from} called {}, but there is no outside line yet: nothing connects this phone system with the telephone network.",
                number.national()
            ),
            Self::NumberLeadsNowhere { from, number } => format!(
                "{from} called {}, a number of your own that does not lead anywhere yet.",
                number.national()
            ),
            Self::NumberLeadsToMissing { from, number } => {
                format!(
                    "{from} called {}, which leads to something that no longer exists.",
                    number.national()
                )
            }
            Self::DialledOneself { from } => format!("{from} called their own number."),
            Self::CallerRemoved { from } => {
                format!("The call came from {from}, an extension that has been removed.")
            }
            Self::PhoneRemoved => "The call came from a phone that has been removed.".into(),
            Self::Suspended { from } => format!(
                "{from} was not allowed to call: the phone system is suspended. Only emergency calls to 112 go through."
            ),
            Self::NoPhoneSetUp { to } => format!("{to} has no phone yet."),
            Self::NoPhoneOnline { to } => format!("None of the phones of {to} is switched on and connected."),
            Self::InAnotherCall { to } => {
                format!("Busy: {to} is in another call and does not take a second one.")
            }
            Self::Rings { to, phones, ring_for } => {
                format!("{to} is ringing: {} for {} seconds.", telephones(*phones), ring_for.0)
            }
            Self::RingsAsSecondCall { to, phones, ring_for } => format!(
                "{to} is ringing although a call is up, because call waiting is on: {} for {} seconds.",
                telephones(*phones),
                ring_for.0
            ),
            Self::Answered { by } => format!("{by} answered."),
            Self::NoAnswer { to } => format!("{to} did not answer in time."),
            Self::PhoneBusy { to } => format!("Busy: the phone of {to} did not take the call."),
            Self::Declined { by } => format!("{by} declined the call."),
            Self::PhoneUnreachable { to } => {
                format!("The phone of {to} could not be reached, although it should be connected.")
            }
            Self::CallerGaveUp { from } => format!("{from} hung up before anyone answered."),
            Self::CallerHungUp { from } => format!("{from} hung up."),
            Self::CalleeHungUp { by } => format!("{by} hung up."),
            Self::EndedBySystem => "The phone system ended the call.".into(),
            Self::EmergencyDialled { from } => {
                format!("{from} called 112. Emergency calls go before every other rule.")
            }
            Self::EmergencyWithoutLine => "The emergency call could not be connected: this phone system has \
                                           no outside line. Call 112 from a mobile phone."
                .into(),
            Self::EmergencyAnswered => "112 answered.".into(),
            Self::EmergencyLineFailed => {
                "The line to 112 did not answer. Call 112 from a mobile phone.".into()
            }
            Self::EmergencyEnded { by } => match by {
                Party::Caller => "The person who called 112 hung up.".into(),
                Party::Callee => "112 ended the call.".into(),
                Party::System => "The phone system ended the call to 112.".into(),
            },
            Self::SystemRestarted => "The call was cut off when the phone system restarted.".into(),
            Self::Ignored { event } => format!(
                "The phone system was told something that did not fit ({}) and let the call go on.",
                event.english()
            ),
            Self::Fault { event } => format!(
                "The phone system was told something that did not fit ({}) and ended the call.",
                event.english()
            ),
            Self::SettingsChanged { started, now } => {
                format!("The settings changed during the call (from version {started} to version {now}).")
            }
            Self::Unknown => "A decision made by a newer version of the system.".into(),
        }
    }
}

impl EventKind {
    const fn swedish(self) -> &'static str {
        match self {
            Self::Arrived => "ett nytt samtal",
            Self::RingEnded => "ringningen tog slut",
            Self::Answered => "någon svarade",
            Self::HungUp => "någon lade på",
            Self::Played => "ett meddelande har spelats",
            Self::Key => "en knapptryckning",
            Self::Timer => "en väntetid gick ut",
            Self::Recorded => "en inspelning tog slut",
            Self::Woken => "något ändrades",
            Self::Transferred => "en koppling",
            Self::Replaced => "någon annan tog över",
            Self::GivenAway => "telefonen gick till ett annat samtal",
            Self::Failed => "något kunde inte göras",
        }
    }

    const fn english(self) -> &'static str {
        match self {
            Self::Arrived => "a new call",
            Self::RingEnded => "the ringing ended",
            Self::Answered => "someone answered",
            Self::HungUp => "someone hung up",
            Self::Played => "a message was played",
            Self::Key => "a key",
            Self::Timer => "a wait ran out",
            Self::Recorded => "a recording ended",
            Self::Woken => "something changed",
            Self::Transferred => "a transfer",
            Self::Replaced => "someone else took over",
            Self::GivenAway => "the phone went to another call",
            Self::Failed => "something could not be done",
        }
    }
}

fn telefoner(count: u16) -> String {
    if count == 1 { "1 telefon".into() } else { format!("{count} telefoner") }
}

fn telephones(count: u16) -> String {
    if count == 1 { "1 phone".into() } else { format!("{count} phones") }
}
