//! What was found, in sentences: the problem and its cure.

use super::{Exit, Part, Problem, PublicService, Silence, Span, Spot};
use crate::calendar::{TimeOfDay, Weekday};
use crate::diff::RuleRef;
use crate::reason::Feature;
use voxera_model::Locale;

mod en;
mod sv;

impl Spot {
    /// The place, as people speak of it.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        match (self, locale) {
            (Self::Rule { name, .. }, Locale::Sv) => format!("Regeln ”{name}”"),
            (Self::Rule { name, .. }, Locale::En) => format!("The rule “{name}”"),
            (Self::Flow { name, .. }, Locale::Sv) => format!("Menyn ”{name}”"),
            (Self::Flow { name, .. }, Locale::En) => format!("The menu “{name}”"),
            (Self::Node { flow_name, name, .. }, Locale::Sv) => {
                format!("Menyn ”{flow_name}”, steget ”{name}”")
            }
            (Self::Node { flow_name, name, .. }, Locale::En) => {
                format!("The menu “{flow_name}”, step “{name}”")
            }
            (Self::Extension { extension, name }, Locale::Sv) => format!("Anknytning {extension} ({name})"),
            (Self::Extension { extension, name }, Locale::En) => format!("Extension {extension} ({name})"),
            (Self::Number { number }, _) => number.national(),
        }
    }
}

impl Problem {
    /// The problem and its cure.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        match locale {
            Locale::Sv => self.swedish(),
            Locale::En => self.english(),
        }
    }

    /// Whether the sentence names the place itself.
    pub(super) const fn names_its_place(&self) -> bool {
        matches!(
            self,
            Self::ExtensionWithoutPhone { .. }
                | Self::LooksLikeEmergency { .. }
                | Self::HidesPublicService { .. }
                | Self::RingTimeOutOfRange { .. }
                | Self::PhoneShared { .. }
                | Self::ExtensionTwice { .. }
                | Self::NumberLeadsNowhere { .. }
                | Self::NumberLeadsToMissing { .. }
                | Self::NumberLeadsToNoPhone { .. }
        )
    }
}

/// With a capital letter.
fn big(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Names of rules, one after the other.
fn names(rules: &[RuleRef], locale: Locale) -> String {
    let quoted = rules.iter().map(|rule| match locale {
        Locale::Sv => format!("”{}”", rule.name),
        Locale::En => format!("“{}”", rule.name),
    });
    list(quoted.collect(), locale)
}

/// "a, b and c".
fn list(mut items: Vec<String>, locale: Locale) -> String {
    let last = items.pop().unwrap_or_default();
    if items.is_empty() {
        return last;
    }
    let and = match locale {
        Locale::Sv => "och",
        Locale::En => "and",
    };
    format!("{} {and} {last}", items.join(", "))
}

fn path(names: &[String]) -> String {
    names.join(" → ")
}

impl Silence {
    /// "Mondays to Fridays 00:00–08:00 and 17:00–24:00; Saturdays to Sundays all day".
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        let mut groups: Vec<(Weekday, Weekday, &[Span])> = Vec::new();
        for (weekday, spans) in &self.week {
            match groups.last_mut() {
                Some((_, last, same)) if same == spans && follows(*last, *weekday) => *last = *weekday,
                _ => groups.push((*weekday, *weekday, spans)),
            }
        }
        let week = groups.into_iter().map(|(first, last, spans)| {
            let days = match (first == last, locale) {
                (true, _) => first.plural(locale).to_owned(),
                (false, Locale::Sv) => format!("{}–{}", first.plural(locale), last.plural(locale)),
                (false, Locale::En) => format!("{} to {}", first.plural(locale), last.plural(locale)),
            };
            format!("{days} {}", times(spans, locale))
        });
        let holidays = self.holidays.iter().map(|(kind, spans)| {
            let days = kind.plural(locale);
            match (spans.is_empty(), locale) {
                (false, _) => format!("{days} {}", times(spans, locale)),
                (true, Locale::Sv) => format!("{days} aldrig"),
                (true, Locale::En) => format!("{days} never"),
            }
        });
        week.chain(holidays).collect::<Vec<_>>().join("; ")
    }
}

fn follows(first: Weekday, second: Weekday) -> bool {
    Weekday::ALL.windows(2).any(|pair| *pair == [first, second])
}

fn times(spans: &[Span], locale: Locale) -> String {
    if spans == [Span { from: 0, to: 1440 }] {
        return match locale {
            Locale::Sv => "hela dygnet".to_owned(),
            Locale::En => "all day".to_owned(),
        };
    }
    let time = |minute: u16| TimeOfDay::new(minute).map(|time| time.to_string()).unwrap_or_default();
    let written = spans.iter().map(|span| format!("{}–{}", time(span.from), time(span.to)));
    list(written.collect(), locale)
}

impl Feature {
    const fn called(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Queues, Locale::Sv) => "köer",
            (Self::Queues, Locale::En) => "queues",
            (Self::HuntGroups, Locale::Sv) => "svarsgrupper",
            (Self::HuntGroups, Locale::En) => "hunt groups",
            (Self::Voicemail, Locale::Sv) => "röstbrevlåda",
            (Self::Voicemail, Locale::En) => "voicemail",
            (Self::Conferencing, Locale::Sv) => "konferens",
            (Self::Conferencing, Locale::En) => "conferencing",
            (Self::Recording, Locale::Sv) => "inspelning",
            (Self::Recording, Locale::En) => "recording",
        }
    }
}

impl Part {
    const fn name(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Days, Locale::Sv) => "dagarna",
            (Self::Days, Locale::En) => "the days",
            (Self::Times, Locale::Sv) => "tiderna",
            (Self::Times, Locale::En) => "the times",
            (Self::Dialled, Locale::Sv) => "det uppringda numret",
            (Self::Dialled, Locale::En) => "the number that is called",
            (Self::Caller, Locale::Sv) => "uppringaren",
            (Self::Caller, Locale::En) => "the caller",
        }
    }
}

impl Exit {
    fn name(self, locale: Locale) -> String {
        match (self, locale) {
            (Self::Next, Locale::Sv) => "det som kommer sedan".into(),
            (Self::Next, Locale::En) => "what comes next".into(),
            (Self::Key { key }, Locale::Sv) => format!("knapp {key}"),
            (Self::Key { key }, Locale::En) => format!("key {key}"),
            (Self::Timeout, Locale::Sv) => "inget knappval".into(),
            (Self::Timeout, Locale::En) => "no key".into(),
            (Self::Invalid, Locale::Sv) => "fel knappval".into(),
            (Self::Invalid, Locale::En) => "a wrong key".into(),
            (Self::Branch { branch }, Locale::Sv) => format!("gren {branch}"),
            (Self::Branch { branch }, Locale::En) => format!("branch {branch}"),
            (Self::Otherwise, Locale::Sv) => "annars".into(),
            (Self::Otherwise, Locale::En) => "otherwise".into(),
            (Self::Unavailable, Locale::Sv) => "inte tillgänglig".into(),
            (Self::Unavailable, Locale::En) => "not available".into(),
        }
    }
}

impl PublicService {
    const fn name(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::HealthCare, Locale::Sv) => "Vårdguiden 1177",
            (Self::HealthCare, Locale::En) => "1177, the health care line",
            (Self::Police, Locale::Sv) => "polisens 114 14",
            (Self::Police, Locale::En) => "114 14, the police",
            (Self::CrisisInformation, Locale::Sv) => "informationsnumret 113 13",
            (Self::CrisisInformation, Locale::En) => "113 13, the crisis information line",
        }
    }
}
