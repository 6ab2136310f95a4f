//! In Swedish.

use super::{big, list, names, path};
use crate::check::Problem;
use voxera_model::Locale;

const SV: Locale = Locale::Sv;

impl Problem {
    pub(super) fn swedish(&self) -> String {
        match self {
            Self::Suspended => "Växeln är avstängd: bara nödsamtal till 112 går fram.".into(),
            Self::NoExtensions => "Växeln har inga anknytningar. Lägg till den första.".into(),
            Self::ExtensionWithoutPhone { extension } => {
                format!(
                    "Anknytning {extension} har ingen telefon. Lägg till en, annars går den inte att ringa."
                )
            }
            Self::LooksLikeEmergency { extension } => format!(
                "Anknytning {extension} liknar ett nödnummer: den som ringer efter hjälp kan hamna fel. Välj ett annat nummer."
            ),
            Self::HidesPublicService { extension, service } => format!(
                "Anknytning {extension} skymmer {}: den som slår numret når en kollega. Välj ett annat nummer.",
                service.name(SV)
            ),
            Self::RingTimeOutOfRange { extension, seconds } => format!(
                "Anknytning {extension} ska ringa i {seconds} sekunder. Välj mellan 5 och 120 sekunder."
            ),
            Self::PhoneShared { first, second, .. } => {
                format!("Samma telefon hör till både {first} och {second}. Låt den höra till en av dem.")
            }
            Self::ExtensionTwice { first, second } => {
                format!("{first} och {second} är samma anknytning. Ta bort den ena.")
            }
            Self::NumberLeadsNowhere { number } => {
                format!("{} leder ingenstans. Välj vilken anknytning som ska ringa.", number.national())
            }
            Self::NumberLeadsToMissing { number } => {
                format!("{} leder till något som inte finns. Välj ett annat mål.", number.national())
            }
            Self::NumberLeadsToNoPhone { number, extension } => format!(
                "{} leder till anknytning {extension}, som inte har någon telefon.",
                number.national()
            ),
            Self::NoEmergencyLine => "Ingen linje tar samtal till 112. Lägg till en linje för nödsamtal, och säg åt alla att ringa 112 från mobilen tills den finns.".into(),
            Self::NoOutsideLine => "Samtal ska ut till telefonnätet, men växeln har ingen linje dit. Lägg till en.".into(),
            Self::LeadsNowhere => "Samtalen skickas ingenstans. Välj ett mål.".into(),
            Self::MissingExtension => "Den anknytning som pekas ut finns inte. Välj en annan.".into(),
            Self::MissingFlow => "Den meny som pekas ut finns inte eller är inte publicerad. Publicera den eller välj en annan.".into(),
            Self::MissingAudio => "Ljudet som ska spelas finns inte. Välj ett annat eller skriv en text.".into(),
            Self::NoMailbox { extension } => format!("Anknytning {extension} har ingen röstbrevlåda. Slå på den eller välj en annan."),
            Self::WrongKind { extension } => format!("Anknytning {extension} är av ett slag som inte passar här. Välj en annan."),
            Self::FeatureOff { feature } => format!("Funktionen {} är avstängd för växeln. Slå på den, eller ta bort det som använder den.", feature.called(SV)),
            Self::NoMembers => "Ingen är med, så ingen svarar. Lägg till minst en person.".into(),
            Self::NoMemberWithPhone => "Ingen av medlemmarna har en telefon, så ingen svarar. Lägg till en telefon.".into(),
            Self::ForwardingLoop { path: names, always: true } => format!("Samtal skickas runt i en cirkel: {}. Bryt den på ett ställe.", path(names)),
            Self::ForwardingLoop { path: names, always: false } => format!("När ingen svarar skickas samtal runt i en cirkel: {}. Låt någon av dem leda till en röstbrevlåda i stället.", path(names)),
            Self::RecordingWithoutNotice { path: names } => format!("Samtal utifrån kan spelas in utan att den som ringer får veta det: {}. Lägg till ett besked vid inspelningen, eller ett meddelande om inspelning på vägen.", path(names)),
            Self::NoEntry => "Menyn saknar en början. Välj var samtalen ska börja.".into(),
            Self::MissingNode { exit } => format!("{} leder till ett steg som inte finns. Välj ett annat.", big(&exit.name(SV))),
            Self::DeadEnd { exit } => format!("{} leder ingenstans, och samtalet slutar där. Välj nästa steg, eller lägg till ett avslut.", big(&exit.name(SV))),
            Self::UnreachableNode => "Inget samtal kan komma hit. Koppla steget till menyn eller ta bort det.".into(),
            Self::LoopWithoutWait { path: names } => format!("Samtal går runt utan att den som ringer kan göra något: {}. Lägg in ett knappval eller ett avslut.", path(names)),
            Self::MenuWithoutKeys => "Ingen knapp leder vidare. Lägg till minst ett val.".into(),
            Self::AgentNotAvailable => "Röstagenter finns inte i den här versionen: samtalen går vidare som om agenten inte är tillgänglig.".into(),
            Self::NeverHolds { part } => format!("Villkoren om {} kan aldrig vara uppfyllda, så regeln gäller inga samtal. Ändra eller ta bort den.", part.name(SV)),
            Self::DatesPassed => "Alla datum har passerat, så regeln gäller inga samtal mer. Ändra datumen eller ta bort den.".into(),
            Self::Shadowed { by } => match by.len() {
                1 => format!("Regeln används aldrig: {} kommer före och tar alla dess samtal. Flytta upp den eller ta bort den.", names(by, SV)),
                _ => format!("Regeln används aldrig: {} kommer före och tar tillsammans alla dess samtal. Flytta upp den eller ta bort den.", names(by, SV)),
            },
            Self::NotProved => "Reglerna före den är så många och så hopflätade att det inte går att säga om den används. Förenkla dem.".into(),
            Self::NumberHidden { by } => format!("Inga samtal går dit numret leder: {} tar alla. Ta bort regeln om numrets eget mål ska gälla.", names(by, SV)),
            Self::NumberNotOwn => "Regeln nämner ett nummer som växeln inte har. Ta bort det.".into(),
            Self::NotACaller { written } => format!("”{written}” är inte början på något nummer. Skriv till exempel 070 eller +4670."),
            Self::BranchNeverHolds { branch, part } => format!("Gren {branch} väljs aldrig: villkoren om {} kan inte vara uppfyllda. Ändra eller ta bort den.", part.name(SV)),
            Self::BranchShadowed { branch, by } => format!("Gren {branch} väljs aldrig: gren {} kommer före och tar alla dess samtal. Flytta upp den eller ta bort den.", list(by.iter().map(ToString::to_string).collect(), SV)),
            Self::ReachesNobody { always: true, .. } => "Den som ringer når aldrig någon. Peka numret dit där någon svarar.".into(),
            Self::ReachesNobody { silence, .. } => format!("Den som ringer når ingen: {}. Lägg till en röstbrevlåda eller en annan väg, om det inte är meningen.", silence.say(SV)),
        }
    }
}
