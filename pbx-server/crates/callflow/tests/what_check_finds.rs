//! One finding each: what is wrong is named, with its cure.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use voxera_callflow::scenario::Scenario;
use voxera_callflow::{
    Action, End, Finding, Problem, Severity, Snapshot, Spot, check, publishable, simulate,
};
use voxera_model::Locale;

fn snapshot(setup: &str) -> Snapshot {
    // Tables come last in a file.
    let text = format!("story = \"\"\nsteps = []\n{setup}");
    Scenario::parse("check", &text).unwrap().snapshot
}

fn found(setup: &str) -> Vec<Finding> {
    check(&snapshot(setup))
}

fn only(setup: &str) -> (Severity, String, String) {
    let found = found(setup);
    assert_eq!(found.len(), 1, "{found:?}");
    (found[0].severity, found[0].say(Locale::Sv), found[0].say(Locale::En))
}

/// The sentences of one severity, in English.
fn said(severity: Severity, setup: &str) -> Vec<String> {
    let found = found(setup).into_iter().filter(|found| found.severity == severity);
    found.map(|found| found.say(Locale::En)).collect()
}

const ANNA: &str = "[extensions.1000]\nname = \"Anna\"\nonline = 1\n";
const LINE: &str = "[trunks.line]\nemergency = true\n";
const NUMBER: &str = "[numbers]\n\"08-123 45 67\" = \"1000\"\n";

/// A number that leads to a menu of these nodes, which begins at `start`.
fn menu(nodes: &str) -> String {
    format!(
        "{LINE}{ANNA}[numbers]\n\"08-123 45 67\" = \"menu main\"\n[menus.main]\nentry = \"start\"\n{nodes}"
    )
}

#[test]
fn nothing_is_wrong_with_a_finished_pbx() {
    assert_eq!(found(&format!("{LINE}{ANNA}{NUMBER}")), []);
}

#[test]
fn an_empty_pbx_asks_for_its_first_extension() {
    let (severity, _, english) = only("");
    assert_eq!(
        (severity, &*english),
        (Severity::Hint, "The phone system has no extensions. Add the first one.")
    );
}

#[test]
fn an_extension_without_a_phone_is_named() {
    let (severity, swedish, _) = only("[extensions.1000]\nname = \"Anna\"\nphones = 0\n");
    assert_eq!(severity, Severity::Warning);
    assert_eq!(swedish, "Anknytning 1000 har ingen telefon. Lägg till en, annars går den inte att ringa.");
}

#[test]
fn a_number_that_leads_nowhere_is_named() {
    let (severity, swedish, _) = only(&format!("{LINE}{ANNA}[numbers]\n\"08-123 45 67\" = \"\"\n"));
    assert_eq!(severity, Severity::Warning);
    assert_eq!(swedish, "08-123 45 67 leder ingenstans. Välj vilken anknytning som ska ringa.");
}

#[test]
fn a_number_that_leads_to_a_missing_extension_is_an_error() {
    let (severity, _, english) = only(&format!("{LINE}{ANNA}[numbers]\n\"08-123 45 67\" = \"1009\"\n"));
    assert_eq!(severity, Severity::Error);
    assert_eq!(english, "08-123 45 67 leads to something that does not exist. Choose another target.");
}

#[test]
fn numbers_that_someone_in_need_may_dial_are_named() {
    for number in ["9112", "9110", "9990"] {
        let (severity, _, english) = only(&format!("[extensions.{number}]\nname = \"Anna\"\nonline = 1\n"));
        assert_eq!(severity, Severity::Warning);
        assert!(english.contains("looks like an emergency number"), "{english}");
    }
    for (number, service) in [("1177", "Vårdguiden"), ("11414", "polisens"), ("11313", "informationsnumret")]
    {
        let (_, swedish, _) = only(&format!("[extensions.{number}]\nname = \"Anna\"\nonline = 1\n"));
        assert!(swedish.contains(service), "{swedish}");
    }
}

#[test]
fn a_suspended_pbx_says_that_112_still_works() {
    let (_, _, english) = only(&format!("status = \"suspended\"\n{ANNA}"));
    assert!(english.contains("112"), "{english}");
}

#[test]
fn a_ring_time_outside_its_range_is_an_error() {
    let (severity, _, english) = only(&format!("{ANNA}ring_seconds = 3\n"));
    assert_eq!(severity, Severity::Error);
    assert!(english.contains("between 5 and 120"), "{english}");
}

#[test]
fn a_pbx_with_numbers_and_no_line_to_112_is_warned() {
    let (severity, swedish, _) = only(&format!("[trunks.line]\n{ANNA}{NUMBER}"));
    assert_eq!(severity, Severity::Warning);
    assert!(swedish.starts_with("Ingen linje tar samtal till 112."), "{swedish}");
}

#[test]
fn whatever_is_pointed_to_and_missing_is_an_error() {
    let setup = menu(
        "[menus.main.nodes.start]\nkind = \"menu\"\nprompt = \"Hej\"\nkeys = { 1 = \"a\", 2 = \"b\", 3 = \"c\", 4 = \"d\", 5 = \"gone\" }\n\
         [menus.main.nodes.a]\nkind = \"transfer\"\nto = \"1009\"\n\
         [menus.main.nodes.b]\nkind = \"voicemail\"\nmailbox = \"1000\"\n\
         [menus.main.nodes.c]\nkind = \"queue\"\nqueue = \"1000\"\n\
         [menus.main.nodes.d]\nkind = \"transfer\"\nto = \"menu gone\"\n",
    );
    assert_eq!(
        said(Severity::Error, &setup),
        [
            "The menu “main”, step “a”: It points to an extension that does not exist. Choose another one.",
            "The menu “main”, step “b”: Extension 1000 has no mailbox. Switch it on or choose another one.",
            "The menu “main”, step “c”: Extension 1000 is of a kind that does not fit here. Choose another one.",
            "The menu “main”, step “d”: It points to a menu that does not exist or is not published. Publish it or choose another one.",
            "The menu “main”, step “start”: Key 5 leads to a step that does not exist. Choose another one.",
        ]
    );
}

#[test]
fn a_sound_that_does_not_exist_is_an_error() {
    let setup = menu(
        "[menus.main.nodes.start]\nkind = \"message\"\nprompt = \"sound: hej\"\nnext = \"end\"\n\
         [menus.main.nodes.end]\nkind = \"transfer\"\nto = \"1000\"\n",
    );
    let mut snapshot = snapshot(&setup);
    let findings = check(&snapshot);
    assert_eq!(findings.iter().map(|found| &found.problem).collect::<Vec<_>>(), [&Problem::MissingAudio]);
    assert!(!publishable(&findings));
    let json = serde_json::to_value(&snapshot.ivrs).unwrap().to_string();
    let id = json.split("\"audio\":\"").nth(1).unwrap().split('"').next().unwrap();
    snapshot.audio.insert(voxera_model::AudioId(id.parse().unwrap()));
    assert_eq!(check(&snapshot), []);
}

#[test]
fn dead_ends_and_nodes_that_nobody_reaches_are_named() {
    let setup = menu(
        "[menus.main.nodes.start]\nkind = \"message\"\nprompt = \"Hej\"\n\
         [menus.main.nodes.island]\nkind = \"transfer\"\nto = \"1000\"\n",
    );
    assert_eq!(
        said(Severity::Error, &setup),
        [
            "The menu “main”, step “start”: What comes next leads nowhere, and the call ends there. Choose the next step, or add an ending."
        ]
    );
    assert_eq!(
        said(Severity::Warning, &setup),
        [
            "The menu “main”, step “island”: No call can come here. Connect the step with the menu or remove it.",
            "08-123 45 67: Callers never reach anybody. Point the number where somebody answers.",
        ]
    );
}

#[test]
fn a_menu_that_ends_after_some_tries_is_only_worth_a_hint() {
    let setup = menu(
        "[menus.main.nodes.start]\nkind = \"menu\"\nprompt = \"Hej\"\nkeys = { 1 = \"a\" }\n\
         [menus.main.nodes.a]\nkind = \"transfer\"\nto = \"1000\"\n",
    );
    let found = found(&setup);
    assert!(publishable(&found) && found.len() == 2, "{found:?}");
    assert!(found.iter().all(|found| found.severity == Severity::Hint));
}

#[test]
fn a_loop_in_which_nobody_can_do_anything_is_an_error_with_its_way() {
    let setup = menu(
        "[menus.main.nodes.start]\nkind = \"message\"\nprompt = \"Hej\"\nnext = \"again\"\n\
         [menus.main.nodes.again]\nkind = \"condition\"\nbranches = [{ conditions = [{ kind = \"caller_withheld\" }], next = \"start\" }]\notherwise = \"end\"\n\
         [menus.main.nodes.end]\nkind = \"transfer\"\nto = \"1000\"\n",
    );
    let errors = said(Severity::Error, &setup);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("again → start → again"), "{errors:?}");
    // With a menu in between callers can leave.
    let with_menu = setup.replace(
        "kind = \"message\"\nprompt = \"Hej\"\nnext = \"again\"",
        "kind = \"menu\"\nprompt = \"Hej\"\nkeys = { 1 = \"again\" }",
    );
    assert_eq!(said(Severity::Error, &with_menu), Vec::<String>::new());
}

#[test]
fn branches_that_are_never_taken_are_named() {
    let setup = menu(
        "[menus.main.nodes.start]\nkind = \"condition\"\notherwise = \"end\"\nbranches = [\n\
         { conditions = [{ kind = \"days\", days = [\"monday\", \"friday\"] }], next = \"end\" },\n\
         { conditions = [{ kind = \"days\", days = [\"friday\"] }, { kind = \"time\", from = \"08:00\", to = \"12:00\" }], next = \"end\" },\n\
         { conditions = [{ kind = \"days\", days = [] }], next = \"end\" }]\n\
         [menus.main.nodes.end]\nkind = \"transfer\"\nto = \"1000\"\n",
    );
    assert_eq!(
        said(Severity::Warning, &setup),
        [
            "The menu “main”, step “start”: Branch 2 is never taken: branch 1 comes before it and takes all its calls. Move it up or remove it.",
            "The menu “main”, step “start”: Branch 3 is never taken: the conditions on the days cannot be met. Change or remove it.",
        ]
    );
}

#[test]
fn a_voice_agent_is_not_available_yet() {
    let setup = menu(
        "[menus.main.nodes.start]\nkind = \"agent\"\nunavailable = \"end\"\n\
         [menus.main.nodes.end]\nkind = \"transfer\"\nto = \"1000\"\n",
    );
    let (severity, swedish, _) = only(&setup);
    assert_eq!(severity, Severity::Warning);
    assert!(swedish.contains("Röstagenter finns inte"), "{swedish}");
}

#[test]
fn what_is_switched_off_is_an_error_where_it_is_used() {
    let setup = format!(
        "features = {{ queues = false, voicemail = false }}\n{LINE}{ANNA}mailbox = {{}}\n\
         [extensions.2000]\nname = \"Support\"\nkind = \"queue\"\nmembers = [\"1000\"]\n\
         [numbers]\n\"08-123 45 67\" = \"2000\"\n\
         [[rules]]\nname = \"Night\"\nwhen = [{{ kind = \"time\", from = \"17:00\", to = \"08:00\" }}]\nto = \"voicemail 1000\"\n"
    );
    assert_eq!(
        said(Severity::Error, &setup),
        [
            "08-123 45 67: The phone system may not use queues. Switch it on, or remove what uses it.",
            "The rule “Night”: The phone system may not use voicemail. Switch it on, or remove what uses it.",
        ]
    );
}

#[test]
fn groups_without_anybody_to_answer_are_named() {
    let setup = format!(
        "{ANNA}phones = 0\n[extensions.2000]\nname = \"Support\"\nkind = \"queue\"\nmembers = [\"1000\"]\n\
         [extensions.2001]\nname = \"Sales\"\nkind = \"hunt_group\"\n"
    )
    .replace("online = 1\n", "");
    assert_eq!(
        said(Severity::Warning, &setup),
        [
            "Extension 1000 has no phone. Add one, or it cannot be called.",
            "Extension 2000 (Support): None of its members has a phone, so nobody answers. Add a phone.",
            "Extension 2001 (Sales): It has no members, so nobody answers. Add at least one person.",
        ]
    );
}

#[test]
fn forwarding_in_a_circle_is_an_error_when_nobody_is_asked() {
    let circle = |path: &str| {
        format!(
            "[extensions.1000]\nname = \"Anna\"\nforwarding.{path} = \"1001\"\n\
             [extensions.1001]\nname = \"Bo\"\nforwarding.{path} = \"1000\"\n"
        )
    };
    let (severity, _, english) = only(&circle("always"));
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        english,
        "Extension 1000 (Anna): Calls are sent round in a circle: Anna (1000) → Bo (1001) → Anna (1000). Break it at one place."
    );
    let (severity, _, english) = only(&circle("offline"));
    assert_eq!(severity, Severity::Warning);
    assert!(english.contains("When nobody answers"), "{english}");
}

/// A queue whose calls are recorded, behind key 2 of a menu that a rule leads to.
fn recorded(notice: &str) -> String {
    format!(
        "{LINE}{ANNA}[extensions.2000]\nname = \"Support\"\nkind = \"queue\"\nmembers = [\"1000\"]\nrecording = \"\"\n\
         {NUMBER}[[rules]]\nname = \"Days\"\nwhen = [{{ kind = \"time\", from = \"08:00\", to = \"17:00\" }}]\nto = \"menu main\"\n\
         [menus.main]\nentry = \"start\"\n\
         [menus.main.nodes.start]\nkind = \"menu\"\nprompt = \"Hej\"\nkeys = {{ 2 = \"told\" }}\n\
         [menus.main.nodes.told]\nkind = \"message\"\nprompt = \"Samtalet spelas in\"\nnotice = {notice}\nnext = \"line\"\n\
         [menus.main.nodes.line]\nkind = \"queue\"\nqueue = \"2000\"\n"
    )
}

#[test]
fn a_recording_that_callers_are_not_told_of_stops_a_publish() {
    let snapshot = snapshot(&recorded("false"));
    let findings = check(&snapshot);
    assert!(!publishable(&findings));
    let finding = &findings[0];
    assert_eq!(
        finding.problem,
        Problem::RecordingWithoutNotice {
            path: ["08-123 45 67", "Days", "main: start", "main: told", "main: line", "Support (2000)"]
                .map(str::to_owned)
                .into()
        }
    );
    assert!(matches!(&finding.spot, Some(Spot::Extension { extension, .. }) if extension.as_str() == "2000"));
    // The call that shows it is really recorded.
    let told = simulate(&snapshot, finding.witness.as_ref().unwrap());
    let recording = told
        .steps
        .iter()
        .flat_map(|step| &step.actions)
        .any(|action| matches!(action, Action::StartRecording { owners } if !owners.is_empty()));
    assert!(recording, "{told:?}");
    assert!(matches!(told.end, End::Connected { .. }), "{:?}", told.end);
}

#[test]
fn a_message_on_the_way_or_a_notice_at_the_recording_is_enough() {
    for setup in [
        recorded("true"),
        recorded("false").replace("recording = \"\"", "recording = \"Samtalet spelas in\""),
    ] {
        let findings = found(&setup);
        assert!(publishable(&findings), "{findings:?}");
    }
}

#[test]
fn hours_in_which_a_number_reaches_nobody_are_told() {
    let setup = format!(
        "{LINE}{ANNA}{NUMBER}\
         [[rules]]\nname = \"Closed\"\nwhen = [{{ kind = \"holidays\", on = true, which = {{ red_days = true, eves = true, half_days = false, squeeze_days = false }} }}]\nto = \"hang up\"\n\
         [[rules]]\nname = \"Open\"\nwhen = [{{ kind = \"days\", days = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\"] }}, {{ kind = \"time\", from = \"08:00\", to = \"17:00\" }}]\nto = \"1000\"\n\
         [[rules]]\nname = \"Night\"\nto = \"hang up\"\n"
    );
    let found = found(&setup);
    let hours = found.iter().find(|found| matches!(found.problem, Problem::ReachesNobody { .. })).unwrap();
    assert_eq!(hours.severity, Severity::Hint);
    assert_eq!(
        hours.say(Locale::En),
        "08-123 45 67: Callers reach nobody: Mondays to Fridays 00:00–08:00 and 17:00–24:00; Saturdays to Sundays all day; public holidays all day; eves of holidays all day. Add a mailbox or another way, unless this is meant."
    );
    assert!(hours.say(Locale::Sv).contains("måndagar–fredagar 00:00–08:00 och 17:00–24:00"));
    let told = simulate(&snapshot(&setup), hours.witness.as_ref().unwrap());
    assert!(!told.end.is_somebody(), "{:?}", told.end);
}

#[test]
fn findings_survive_json_with_their_place_and_witness() {
    for finding in found(&recorded("false")) {
        let text = serde_json::to_string(&finding).unwrap();
        assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), finding, "{text}");
    }
}
