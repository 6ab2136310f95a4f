//! Rules that many companies want, to begin with.

use crate::input::{PbxPath, Url, language};
use crate::permit::CustomerReader;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use voxera_callflow::Rule;
use voxera_model::Locale;

/// Rules to begin with: put them into the draft, and say where calls go.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoutingTemplate {
    /// Stable, for programs.
    #[schema(example = "business_hours")]
    pub key: String,
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// Their destinations are still `nowhere`, which `check` finds.
    pub rules: Vec<Rule>,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoutingTemplates {
    pub items: Vec<RoutingTemplate>,
}

/// Templates of routing rules: business hours, after hours, lunch, holidays, unwanted callers.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/routing-templates", operation_id = "routing_templates", tag = "Flows",
    params(PbxPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of names and texts.")),
    responses((status = 200, description = "All templates.", body = RoutingTemplates)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    headers: HeaderMap,
) -> Answer<Json<RoutingTemplates>> {
    reader.open().await?.pbxs().get(path.pbx).await?;
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    Ok(Json(RoutingTemplates { items: templates(locale)? }))
}

#[expect(clippy::too_many_lines, reason = "a list of texts in two languages")]
fn templates(locale: Locale) -> Answer<Vec<RoutingTemplate>> {
    let in_words = |sv: &'static str, en: &'static str| match locale {
        Locale::Sv => sv,
        Locale::En => en,
    };
    let working_days =
        json!({ "kind": "days", "days": ["monday", "tuesday", "wednesday", "thursday", "friday"] });
    let no_holiday = json!({ "kind": "holidays", "on": false,
        "which": { "red_days": true, "eves": true, "half_days": false, "squeeze_days": false } });
    let holiday = json!({ "kind": "holidays", "on": true,
        "which": { "red_days": true, "eves": true, "half_days": false, "squeeze_days": false } });
    let time = |from: &str, to: &str| json!({ "kind": "time", "from": from, "to": to });
    let speech = |text: &str| json!({ "kind": "speech", "text": text });
    let closed = speech(in_words(
        "Hej! Vi har stängt just nu. Vi svarar vardagar mellan klockan åtta och sjutton.",
        "Hello! We are closed right now. We answer on weekdays between eight and seventeen.",
    ));
    let rule = |id: &str, name: &str, priority: u32, conditions: Value, play: Option<&Value>, to: &str| {
        let mut rule = json!({ "id": id, "name": name, "priority": priority, "enabled": true,
            "conditions": conditions, "to": { "kind": to } });
        if let Some(play) = play {
            rule["play"] = play.clone();
        }
        rule
    };
    let open = in_words("Öppettider", "Business hours");
    let after = in_words("Stängt", "After hours");
    let lunch = in_words("Lunch", "Lunch");
    let days_off = in_words("Helgdagar", "Holidays");
    let blocked = in_words("Oönskade samtal", "Unwanted calls");
    let lunch_text = speech(in_words(
        "Hej! Vi är på lunch och svarar igen klockan tretton.",
        "Hello! We are at lunch and answer again at one o'clock.",
    ));
    let holiday_text = speech(in_words(
        "Hej! Vi har stängt i dag eftersom det är helgdag.",
        "Hello! We are closed today because of the holiday.",
    ));
    let all = [
        (
            "business_hours",
            open,
            in_words(
                "Vardagar 8–17, utom helgdagar och aftnar: till receptionen eller en kö.",
                "Weekdays from 8 to 17, except holidays and eves: to the reception or a queue.",
            ),
            vec![rule(
                "business-hours",
                open,
                20,
                json!([working_days, time("08:00", "17:00"), no_holiday]),
                None,
                "nowhere",
            )],
        ),
        (
            "after_hours",
            after,
            in_words(
                "När ingen annan regel gäller: en hälsning och sedan till exempel röstbrevlådan.",
                "When no other rule holds: a greeting, then for example voicemail.",
            ),
            vec![rule("after-hours", after, 90, json!([]), Some(&closed), "nowhere")],
        ),
        (
            "lunch",
            lunch,
            in_words("Vardagar 12–13: en hälsning.", "Weekdays from 12 to 13: a greeting."),
            vec![rule(
                "lunch",
                lunch,
                10,
                json!([working_days, time("12:00", "13:00")]),
                Some(&lunch_text),
                "nowhere",
            )],
        ),
        (
            "holiday",
            days_off,
            in_words(
                "Svenska helgdagar samt jul-, nyårs-, påsk- och midsommarafton: en hälsning.",
                "Swedish public holidays, Christmas, New Year's, Easter and Midsummer Eve: a greeting.",
            ),
            vec![rule("holidays", days_off, 5, json!([holiday]), Some(&holiday_text), "nowhere")],
        ),
        (
            "hours_and_holidays",
            in_words("Öppettider med helgdagar och stängt", "Business hours, holidays and after hours"),
            in_words(
                "Hela veckan: helgdagar först, sedan öppettiderna, sedan stängt.",
                "The whole week: holidays first, then business hours, then after hours.",
            ),
            vec![
                rule("holidays", days_off, 5, json!([holiday]), Some(&holiday_text), "nowhere"),
                rule(
                    "business-hours",
                    open,
                    20,
                    json!([working_days, time("08:00", "17:00")]),
                    None,
                    "nowhere",
                ),
                rule("after-hours", after, 90, json!([]), Some(&closed), "nowhere"),
            ],
        ),
        (
            "withheld",
            blocked,
            in_words("Samtal med dolt nummer avvisas.", "Calls with a withheld number are turned away."),
            vec![rule("withheld", blocked, 1, json!([{ "kind": "caller_withheld" }]), None, "hangup")],
        ),
    ];
    all.into_iter()
        .map(|(key, name, description, rules)| {
            let rules = rules.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
            Ok(RoutingTemplate {
                key: key.to_owned(),
                name: name.to_owned(),
                description: description.to_owned(),
                rules: rules.map_err(|_| Problem::internal())?,
            })
        })
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_a_document_in_both_languages() {
        for locale in [Locale::Sv, Locale::En] {
            let all = templates(locale).unwrap();
            assert_eq!(all.len(), 6);
            assert!(all.iter().all(|template| !template.rules.is_empty()));
        }
    }
}
