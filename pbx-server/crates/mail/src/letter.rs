//! What the mails say, in both languages.

use crate::brand::Brand;
use chrono::{DateTime, Utc};
use std::net::IpAddr;
use voxera_model::{Locale, Role, Zone};

/// One mail's cause. Links are complete URLs of the portal.
#[derive(Clone, Copy)]
pub enum Letter<'a> {
    /// Prove that the address is yours; a day.
    Verification {
        /// The one-time link.
        link: &'a str,
    },
    /// Somebody made you a user; seven days.
    Invitation {
        /// The one-time link.
        link: &'a str,
        /// Who did, if it was a person.
        inviter: Option<&'a str>,
        /// Of what: company, partner or installation.
        organization: &'a str,
        /// As what.
        role: Role,
    },
    /// Choose a new password; an hour.
    PasswordReset {
        /// The one-time link.
        link: &'a str,
    },
    /// Your password was changed.
    PasswordChanged {
        /// When.
        at: DateTime<Utc>,
        /// From where.
        address: Option<IpAddr>,
    },
    /// A refresh token was used twice, so its session was ended.
    SessionReused {
        /// When.
        at: DateTime<Utc>,
        /// From where the second use came.
        address: Option<IpAddr>,
    },
    /// From now on a code is asked for besides the password.
    SecondFactorOn {
        /// When.
        at: DateTime<Utc>,
        /// From where.
        address: Option<IpAddr>,
    },
    /// No code is asked for any more: the person's own doing.
    SecondFactorOff {
        /// When.
        at: DateTime<Utc>,
        /// From where.
        address: Option<IpAddr>,
    },
    /// No code is asked for any more: an administrator has taken it away.
    SecondFactorReset {
        /// The administrator's name.
        by: &'a str,
        /// When.
        at: DateTime<Utc>,
    },
    /// New recovery codes; those before do not work any more.
    RecoveryCodes {
        /// When.
        at: DateTime<Utc>,
        /// From where.
        address: Option<IpAddr>,
    },
    /// Somebody left a message.
    Voicemail {
        /// Where the portal shows it.
        link: &'a str,
        /// Who called, as people write it; `None`: withheld.
        from: Option<&'a str>,
        /// Whose mailbox: name and number.
        mailbox: &'a str,
        /// When it was left.
        at: DateTime<Utc>,
        /// In which zone that is told: the PBX's.
        zone: &'a Zone,
        /// How long it is.
        seconds: u32,
        /// Whether the sound goes with the mail.
        attached: bool,
    },
}

impl Letter<'_> {
    /// Stable, for lists and filters.
    #[must_use]
    pub const fn purpose(&self) -> &'static str {
        match self {
            Self::Verification { .. } => "verification",
            Self::Invitation { .. } => "invitation",
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged { .. } => "password_changed",
            Self::SessionReused { .. } => "session_reused",
            Self::SecondFactorOn { .. } => "second_factor_on",
            Self::SecondFactorOff { .. } => "second_factor_off",
            Self::SecondFactorReset { .. } => "second_factor_reset",
            Self::RecoveryCodes { .. } => "recovery_codes",
            Self::Voicemail { .. } => "voicemail",
        }
    }
}

/// A letter in words.
pub(crate) struct Words<'a> {
    pub(crate) subject: String,
    pub(crate) heading: String,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) button: &'static str,
    pub(crate) link: Option<&'a str>,
    pub(crate) notes: Vec<String>,
}

impl<'a> Words<'a> {
    pub(crate) fn of(letter: &Letter<'a>, brand: &Brand, locale: Locale) -> Self {
        match locale {
            Locale::Sv => swedish(letter, brand),
            Locale::En => english(letter, brand),
        }
    }

    fn with_link(subject: String, link: &'a str, button: &'static str) -> Self {
        Self {
            heading: subject.clone(),
            subject,
            paragraphs: Vec::new(),
            button,
            link: Some(link),
            notes: Vec::new(),
        }
    }

    fn notice(subject: String) -> Self {
        Self {
            heading: subject.clone(),
            subject,
            paragraphs: Vec::new(),
            button: "",
            link: None,
            notes: Vec::new(),
        }
    }

    fn say(mut self, paragraph: impl Into<String>) -> Self {
        self.paragraphs.push(paragraph.into());
        self
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

fn swedish<'a>(letter: &Letter<'a>, brand: &Brand) -> Words<'a> {
    let name = &brand.name;
    match letter {
        Letter::Verification { link } => {
            Words::with_link(format!("Bekräfta din e-postadress hos {name}"), link, "Bekräfta e-postadressen")
                .say(format!("Du har skapat ett konto hos {name}. Bekräfta att adressen är din, så kan du logga in."))
                .note("Länken gäller i ett dygn och fungerar en gång.")
                .note("Har du inte skapat något konto kan du bortse från det här brevet.")
        }
        Letter::Invitation { link, inviter, organization, role } => {
            let invited = match inviter {
                Some(inviter) => format!("{inviter} har bjudit in dig till {organization} hos {name}."),
                None => format!("Du är inbjuden till {organization} hos {name}."),
            };
            Words::with_link(format!("Inbjudan till {organization}"), link, "Ta emot inbjudan")
                .say(invited)
                .say(format!("Din roll blir {}.", role_sv(*role)))
                .note("Länken gäller i sju dagar och fungerar en gång.")
                .note("Väntade du dig ingen inbjudan kan du bortse från det här brevet.")
        }
        Letter::PasswordReset { link } => {
            Words::with_link("Välj ett nytt lösenord".into(), link, "Välj nytt lösenord")
                .say(format!("Någon, förhoppningsvis du, har bett om ett nytt lösenord till ditt konto hos {name}."))
                .note("Länken gäller i en timme och fungerar en gång. När du byter lösenord loggas du ut överallt.")
                .note("Bad du inte om det kan du bortse från det här brevet: ditt lösenord är oförändrat.")
        }
        Letter::PasswordChanged { at, address } => Words::notice("Ditt lösenord är ändrat".into())
            .say(format!("Lösenordet till ditt konto hos {name} ändrades {}.", moment(*at, brand)))
            .say(from_where("Ändringen gjordes från adressen", *address))
            .note("Var det inte du? Välj genast ett nytt lösenord med ”Glömt lösenordet” på inloggningssidan, och hör av dig till oss."),
        Letter::SessionReused { at, address } => Words::notice("Vi har loggat ut en av dina enheter".into())
            .say(format!("En inloggning på ditt konto hos {name} användes två gånger {}. Det kan betyda att någon har kopierat den, så vi har avslutat den.", moment(*at, brand)))
            .say(from_where("Det andra försöket kom från adressen", *address))
            .note("Logga in igen. Känner du inte igen det här, byt lösenord: då loggas alla andra enheter ut."),
        Letter::SecondFactorOn { at, address } => Words::notice("Tvåstegsinloggning är på".into())
            .say(format!("Från och med {} frågar {name} efter en kod från din app när du loggar in.", moment(*at, brand)))
            .say(from_where("Den slogs på från adressen", *address))
            .note("Spara dina återställningskoder där du hittar dem även utan telefonen.")
            .note("Var det inte du? Byt lösenord genast, och hör av dig till oss."),
        Letter::SecondFactorOff { at, address } => Words::notice("Tvåstegsinloggning är av".into())
            .say(format!("Sedan {} räcker lösenordet för att logga in på ditt konto hos {name}.", moment(*at, brand)))
            .say(from_where("Den stängdes av från adressen", *address))
            .note("Var det inte du? Byt lösenord genast, slå på tvåstegsinloggning igen och hör av dig till oss."),
        Letter::SecondFactorReset { by, at } => Words::notice("Tvåstegsinloggning är av".into())
            .say(format!("{by} har tagit bort tvåstegsinloggningen från ditt konto hos {name} {}. Lösenordet räcker för att logga in.", moment(*at, brand)))
            .note("Slå på den igen under Säkerhet på din egen sida.")
            .note("Har du inte bett om det? Hör av dig till den som sköter portalen hos er."),
        Letter::RecoveryCodes { at, address } => Words::notice("Du har nya återställningskoder".into())
            .say(format!("Nya återställningskoder till ditt konto hos {name} gjordes {}. De gamla fungerar inte längre.", moment(*at, brand)))
            .say(from_where("De gjordes från adressen", *address))
            .note("Var det inte du? Byt lösenord genast, gör nya koder och hör av dig till oss."),
        Letter::Voicemail { link, from, mailbox, at, zone, seconds, attached } => {
            let caller = from.unwrap_or("Dolt nummer");
            Words::with_link(format!("Nytt röstmeddelande från {}", from.unwrap_or("dolt nummer")), link, "Lyssna i portalen")
                .say(format!("{caller} lämnade ett meddelande till {mailbox} {}.", local(*at, zone)))
                .say(format!("Det är {} långt.", length(*seconds)))
                .note(if *attached {
                    "Meddelandet ligger också som ljudfil i det här brevet."
                } else {
                    "Ljudet är för stort för ett brev. Lyssna i portalen eller ring *97."
                })
        }
    }
}

fn english<'a>(letter: &Letter<'a>, brand: &Brand) -> Words<'a> {
    let name = &brand.name;
    match letter {
        Letter::Verification { link } => {
            Words::with_link(format!("Confirm your e-mail address with {name}"), link, "Confirm e-mail address")
                .say(format!("You have made an account with {name}. Confirm that the address is yours, and you can sign in."))
                .note("The link is valid for one day and works once.")
                .note("If you have not made an account, you can ignore this mail.")
        }
        Letter::Invitation { link, inviter, organization, role } => {
            let invited = match inviter {
                Some(inviter) => format!("{inviter} has invited you to {organization} at {name}."),
                None => format!("You are invited to {organization} at {name}."),
            };
            Words::with_link(format!("Invitation to {organization}"), link, "Accept the invitation")
                .say(invited)
                .say(format!("Your role will be {}.", role_en(*role)))
                .note("The link is valid for seven days and works once.")
                .note("If you did not expect an invitation, you can ignore this mail.")
        }
        Letter::PasswordReset { link } => {
            Words::with_link("Choose a new password".into(), link, "Choose a new password")
                .say(format!("Somebody, we hope you, has asked for a new password for your account with {name}."))
                .note("The link is valid for one hour and works once. When you change your password you are signed out everywhere.")
                .note("If you did not ask for it, you can ignore this mail: your password is unchanged.")
        }
        Letter::PasswordChanged { at, address } => Words::notice("Your password has been changed".into())
            .say(format!("The password of your account with {name} was changed {}.", moment(*at, brand)))
            .say(from_where("The change was made from the address", *address))
            .note("Was it not you? Choose a new password at once with “Forgot password” on the sign-in page, and contact us."),
        Letter::SessionReused { at, address } => Words::notice("We have signed out one of your devices".into())
            .say(format!("A sign-in of your account with {name} was used twice {}. Somebody may have copied it, so we have ended it.", moment(*at, brand)))
            .say(from_where("The second attempt came from the address", *address))
            .note("Sign in again. If you do not recognise this, change your password: that signs out all other devices."),
        Letter::SecondFactorOn { at, address } => Words::notice("Two-step sign-in is on".into())
            .say(format!("Since {} {name} asks for a code from your app when you sign in.", moment(*at, brand)))
            .say(from_where("It was turned on from the address", *address))
            .note("Keep your recovery codes where you find them without your phone.")
            .note("Was it not you? Change your password at once, and contact us."),
        Letter::SecondFactorOff { at, address } => Words::notice("Two-step sign-in is off".into())
            .say(format!("Since {} the password is enough to sign in to your account with {name}.", moment(*at, brand)))
            .say(from_where("It was turned off from the address", *address))
            .note("Was it not you? Change your password at once, turn two-step sign-in on again, and contact us."),
        Letter::SecondFactorReset { by, at } => Words::notice("Two-step sign-in is off".into())
            .say(format!("{by} has taken two-step sign-in away from your account with {name} {}. The password is enough to sign in.", moment(*at, brand)))
            .note("Turn it on again under Security on your own page.")
            .note("Did you not ask for it? Contact whoever runs the portal at your company."),
        Letter::RecoveryCodes { at, address } => Words::notice("You have new recovery codes".into())
            .say(format!("New recovery codes for your account with {name} were made {}. The old ones do not work any more.", moment(*at, brand)))
            .say(from_where("They were made from the address", *address))
            .note("Was it not you? Change your password at once, make new codes, and contact us."),
        Letter::Voicemail { link, from, mailbox, at, zone, seconds, attached } => {
            let caller = from.unwrap_or("A withheld number");
            Words::with_link(format!("New voice message from {}", from.unwrap_or("a withheld number")), link, "Listen in the portal")
                .say(format!("{caller} left a message for {mailbox} on {}.", local(*at, zone)))
                .say(format!("It is {} long.", length(*seconds)))
                .note(if *attached {
                    "The message is also in this mail, as a sound file."
                } else {
                    "The sound is too large for a mail. Listen in the portal, or dial *97."
                })
        }
    }
}

fn role_sv(role: Role) -> &'static str {
    match role {
        Role::PlatformAdmin => "plattformsadministratör",
        Role::TenantAdmin => "partneradministratör",
        Role::CustomerAdmin => "företagsadministratör",
        Role::Manager => "chef",
        Role::User => "användare",
    }
}

fn role_en(role: Role) -> &'static str {
    match role {
        Role::PlatformAdmin => "platform administrator",
        Role::TenantAdmin => "partner administrator",
        Role::CustomerAdmin => "company administrator",
        Role::Manager => "manager",
        Role::User => "user",
    }
}

/// Empty when the address is not known; empty paragraphs are left out.
fn from_where(words: &str, address: Option<IpAddr>) -> String {
    address.map_or_else(String::new, |address| format!("{words} {address}."))
}

/// `2026-11-21 08:16`.
fn local(at: DateTime<Utc>, zone: &Zone) -> String {
    let zone: chrono_tz::Tz = zone.as_str().parse().unwrap_or(chrono_tz::UTC);
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// `1:05`, minutes and seconds.
fn length(seconds: u32) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// `2026-11-21 08:16 (Europe/Stockholm)`.
fn moment(at: DateTime<Utc>, brand: &Brand) -> String {
    let zone: chrono_tz::Tz = brand.time_zone.as_str().parse().unwrap_or(chrono_tz::UTC);
    format!("{} ({})", at.with_timezone(&zone).format("%Y-%m-%d %H:%M"), zone.name())
}
