//! What the telephone system itself says to callers.

use crate::calendar::LocalTime;
use crate::parking::ParkSlot;
use crate::step::Cause;
use voxera_model::{Locale, PhoneNumber};

/// Before a call ends that could not be sent on.
pub(crate) fn sorry(cause: Cause, locale: Locale) -> String {
    let (sv, en) = match cause {
        Cause::Busy | Cause::Declined => (
            "Det är upptaget just nu. Försök gärna igen senare.",
            "The line is busy. Please try again later.",
        ),
        Cause::NoAnswer | Cause::Offline | Cause::Abandoned => (
            "Ingen kan svara just nu. Försök gärna igen senare.",
            "Nobody can answer right now. Please try again later.",
        ),
        Cause::NotAllowed => ("Det samtalet är inte tillåtet.", "That call is not allowed."),
        Cause::Normal
        | Cause::Cancelled
        | Cause::UnknownNumber
        | Cause::NoRoute
        | Cause::Voicemail
        | Cause::Fault => ("Samtalet kunde inte kopplas.", "The call could not be connected."),
    };
    pick(locale, sv, en)
}

pub(crate) fn place_in_line(place: u16, locale: Locale) -> String {
    match (locale, place) {
        (Locale::Sv, 1) => "Du är först i kön.".into(),
        (Locale::Sv, _) => format!("Du har plats {place} i kön."),
        (Locale::En, 1) => "You are first in line.".into(),
        (Locale::En, _) => format!("You are number {place} in line."),
    }
}

pub(crate) fn invalid_key(locale: Locale) -> String {
    pick(locale, "Det valet finns inte.", "That is not one of the choices.")
}

pub(crate) fn echo_welcome(locale: Locale) -> String {
    pick(
        locale,
        "Det här är ett ljudtest. Tala efter tonen, så hör du dig själv.",
        "This is a sound test. Speak after the tone, and you will hear yourself.",
    )
}

/// What the phone of whoever parked a call shows, when it comes back, before the caller's name.
pub(crate) fn parked(slot: ParkSlot, locale: Locale) -> String {
    match locale {
        Locale::Sv => format!("Parkerad {slot}"),
        Locale::En => format!("Parked {slot}"),
    }
}

/// A mailbox without a greeting of its own.
pub(crate) fn standard_greeting(name: &str, locale: Locale) -> String {
    match locale {
        Locale::Sv => format!("Du har kommit till {name}. Lämna ett meddelande efter tonen."),
        Locale::En => format!("You have reached {name}. Please leave a message after the tone."),
    }
}

pub(crate) fn message_kept(locale: Locale) -> String {
    pick(locale, "Tack för ditt meddelande.", "Thank you for your message.")
}

pub(crate) fn message_not_recorded(locale: Locale) -> String {
    pick(
        locale,
        "Ditt meddelande kan tyvärr inte spelas in just nu.",
        "Sorry, your message cannot be recorded right now.",
    )
}

pub(crate) fn ask_pin(wrong: bool, locale: Locale) -> String {
    if wrong {
        pick(
            locale,
            "Koden var fel. Ange koden igen och avsluta med fyrkant.",
            "That was not right. Enter the PIN again, followed by the pound key.",
        )
    } else {
        pick(locale, "Ange koden och avsluta med fyrkant.", "Enter the PIN, followed by the pound key.")
    }
}

pub(crate) fn no_mailbox(locale: Locale) -> String {
    pick(locale, "Det finns ingen röstbrevlåda här.", "There is no mailbox here.")
}

pub(crate) fn mailbox_without_pin(locale: Locale) -> String {
    pick(
        locale,
        "Röstbrevlådan har ingen kod och kan bara öppnas från sin egen telefon.",
        "This mailbox has no PIN and can only be opened from its own phone.",
    )
}

/// How many messages are new, and how many were heard before.
pub(crate) fn messages(new: usize, old: usize, locale: Locale) -> String {
    match locale {
        Locale::Sv => match (new, old) {
            (0, 0) => "Du har inga meddelanden.".into(),
            (0, 1) => "Du har inga nya meddelanden och ett sparat.".into(),
            (0, old) => format!("Du har inga nya meddelanden och {old} sparade."),
            (1, 0) => "Du har ett nytt meddelande.".into(),
            (new, 0) => format!("Du har {new} nya meddelanden."),
            (1, old) => format!("Du har ett nytt meddelande och {old} {}.", sparade(old)),
            (new, old) => format!("Du har {new} nya meddelanden och {old} {}.", sparade(old)),
        },
        Locale::En => match (new, old) {
            (0, 0) => "You have no messages.".into(),
            (0, old) => format!("You have no new messages and {old} saved."),
            (1, 0) => "You have one new message.".into(),
            (new, 0) => format!("You have {new} new messages."),
            (1, old) => format!("You have one new message and {old} saved."),
            (new, old) => format!("You have {new} new messages and {old} saved."),
        },
    }
}

const fn sparade(old: usize) -> &'static str {
    if old == 1 { "sparat" } else { "sparade" }
}

/// Before a message: who left it, and when.
pub(crate) fn message(from: Option<&str>, received: LocalTime, now: LocalTime, locale: Locale) -> String {
    let time = format!("{:02}:{:02}", received.minute.min(1439) / 60, received.minute.min(1439) % 60);
    let date = if received.day == now.day { None } else { Some(received.date()) };
    match locale {
        Locale::Sv => {
            let from = from.map_or_else(|| "dolt nummer".to_owned(), spaced);
            match date {
                None => format!("Från {from}, i dag klockan {time}."),
                Some(date) => format!("Från {from}, den {date} klockan {time}."),
            }
        }
        Locale::En => {
            let from = from.map_or_else(|| "a withheld number".to_owned(), spaced);
            match date {
                None => format!("From {from}, today at {time}."),
                Some(date) => format!("From {from}, on {date} at {time}."),
            }
        }
    }
}

pub(crate) fn message_choices(locale: Locale) -> String {
    pick(
        locale,
        "Tryck 1 för att höra igen, 2 för att ta bort, 3 för att spara och gå vidare, stjärna för föregående \
         och fyrkant för att avsluta.",
        "Press 1 to hear it again, 2 to delete it, 3 to keep it and go on, star for the one before, and pound \
         to end.",
    )
}

pub(crate) fn no_more_messages(locale: Locale) -> String {
    pick(locale, "Det var alla meddelanden.", "There are no more messages.")
}

pub(crate) fn goodbye(locale: Locale) -> String {
    pick(locale, "Hej då.", "Goodbye.")
}

pub(crate) fn confirm_callback(number: &PhoneNumber, locale: Locale) -> String {
    let number = spaced(&number.national());
    match locale {
        Locale::Sv => {
            format!("Vi ringer upp dig på {number}. Tryck 1 om det är rätt, eller 2 för ett annat nummer.")
        }
        Locale::En => {
            format!("We will call you back at {number}. Press 1 if that is right, or 2 for another number.")
        }
    }
}

pub(crate) fn type_number(locale: Locale) -> String {
    pick(
        locale,
        "Ange det nummer som vi ska ringa upp och avsluta med fyrkant.",
        "Enter the number that we should call, followed by the pound key.",
    )
}

pub(crate) fn callback_noted(locale: Locale) -> String {
    pick(locale, "Tack. Vi ringer upp dig.", "Thank you. We will call you back.")
}

/// A number digit by digit, so that a voice does not read it as one great number.
fn spaced(number: &str) -> String {
    let digits: Vec<String> =
        number.chars().filter(|c| c.is_ascii_digit() || *c == '+').map(String::from).collect();
    if digits.is_empty() { number.to_owned() } else { digits.join(" ") }
}

fn pick(locale: Locale, sv: &str, en: &str) -> String {
    match locale {
        Locale::Sv => sv.to_owned(),
        Locale::En => en.to_owned(),
    }
}
