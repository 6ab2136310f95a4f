//! Browsers with menus, queues and tests of sound; browsers that lose their connection or are not
//! heard.

use crate::browser::{AtCompany, Browser, Change};
use crate::browsers::{desk, hears};
use crate::company::{Company, FOUR, come_true};
use std::time::Duration;
use voxera_callcontrol::{LiveScope, LiveSound};
use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Cause, SoundTrouble};
use voxera_model::Locale;
use voxera_testkit::phone::Phone;
use voxera_testkit::tone::Recording;

const ANNAS_TONE: u32 = 440;
const BERTILS_TONE: u32 = 620;
const CECILIAS_TONE: u32 = 830;

const OFFICE: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
[extensions.1001]
name = "Bertil Berg"
[extensions.2000]
name = "Kundtjänst"
kind = "queue"
members = ["1001"]
[extensions.3000]
name = "Växeln"
kind = "ivr"
menu = "main"
[menus.main]
entry = "start"
[menus.main.nodes.start]
kind = "menu"
prompt = "Tryck 1 för försäljning."
keys = { 1 = "sales" }
[menus.main.nodes.sales]
kind = "transfer"
to = "1001"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_hears_a_menu_and_presses_a_key() {
    let mut company = Company::open(OFFICE).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut call = anna.dial("3000").await;
    anna.answered(&mut call).await;
    while call.sound.first().is_none() {
        call.sound.hears(100).await;
    }
    call.sound.press(&[1]);
    bertil.called().await;
    bertil.answer().await;
    bertil.established().await;
    call.sound.hears_tone(BERTILS_TONE).await;
    anna.hang_up(call).await;
    bertil.closed().await;
    assert_eq!(company.ended().await.keys, "1");
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_hears_music_in_line_until_a_browser_answers() {
    let mut company = Company::open(OFFICE).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let mut bertil = Browser::online(&company, "1001", 0, BERTILS_TONE).await;
    let mut call = anna.dial("2000").await;
    anna.answered(&mut call).await;
    let invite = bertil.rings().await;
    loop {
        let heard = call.sound.hears(1_000).await;
        if heard.level() > -45.0 && heard.tone(BERTILS_TONE) < 0.5 {
            break;
        }
    }
    let bertils = bertil.pick_up(&invite).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    bertils.sound.hears_tone(ANNAS_TONE).await;
    bertil.hang_up(bertils).await;
    anna.hung_up().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

const MORE: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
[extensions.1001]
name = "Bertil Berg"
mailbox = { longest = 60 }
[extensions.1002]
name = "Cecilia Cederlund"
[extensions.3000]
name = "Måndagsmötet"
kind = "conference"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_browser_says_to_a_mailbox_is_kept() {
    let mut company = Company::open(MORE).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let mut call = anna.dial("1001").await;
    anna.answered(&mut call).await;
    let kept = || company.kept("messages").pop().and_then(|file| Recording::read(&file).ok());
    come_true("two seconds of a message are on disk", || {
        kept().is_some_and(|message| message.milliseconds() >= 2_000)
    })
    .await;
    anna.hang_up(call).await;
    assert_eq!(company.ended().await.outcome, Cause::Voicemail);
    company.quiet().await;
    let message = company.kept("messages").pop().map(|file| Recording::read(&file).unwrap()).unwrap();
    hears("the mailbox", &message, ANNAS_TONE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_and_a_desk_phone_meet_in_a_room() {
    let mut company = Company::open(MORE).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let mut cecilia = Browser::online(&company, "1002", 0, CECILIAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut annas = anna.dial("3000").await;
    anna.answered(&mut annas).await;
    bertil.dial("3000").await;
    bertil.established().await;
    annas.sound.hears_tone(BERTILS_TONE).await;
    let mut cecilias = cecilia.dial("3000").await;
    cecilia.answered(&mut cecilias).await;
    // Each hears the two others, about as loud.
    let both = |heard: &Recording, one, other| heard.tone(one).min(heard.tone(other)) > 0.4;
    while !both(&annas.sound.hears(500).await, BERTILS_TONE, CECILIAS_TONE) {}
    while !both(&cecilias.sound.hears(500).await, BERTILS_TONE, ANNAS_TONE) {}
    while !both(&bertil.hears(500).await, ANNAS_TONE, CECILIAS_TONE) {}
    anna.hang_up(annas).await;
    cecilia.hang_up(cecilias).await;
    bertil.hang_up().await;
    bertil.closed().await;
    for _ in 0..3 {
        company.ended().await;
    }
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_hears_itself_and_a_tone() {
    let company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, BERTILS_TONE).await;
    let mut call = anna.dial("*43").await;
    anna.answered(&mut call).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    anna.hang_up(call).await;
    let mut call = anna.dial("*44").await;
    anna.answered(&mut call).await;
    call.sound.hears_tone(440).await;
    anna.hang_up(call).await;
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_phone_hears_itself_and_a_tone() {
    let mut company = Company::open(FOUR).await;
    let anna = Phone::start(company.phone("1000").playing(BERTILS_TONE)).await;
    anna.registered().await;
    for (code, hz) in [("*43", BERTILS_TONE), ("*44", 440)] {
        anna.dial(code).await;
        anna.established().await;
        while anna.hears(500).await.tone(hz) < 0.95 {}
        anna.hang_up().await;
        anna.closed().await;
        assert_eq!(company.ended().await.outcome, Cause::Normal);
    }
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_outlives_its_browsers_connection_and_goes_on_in_another_network() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    anna.answered(&mut call).await;
    bertil.established().await;
    call.sound.hears_tone(BERTILS_TONE).await;

    anna.cut();
    company.signed_out().await;
    // The sound knows nothing of it.
    call.sound.hears_tone(BERTILS_TONE).await;
    anna.back(&company).await;
    anna.change(&mut call, Change::Network).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    while bertil.hears(500).await.tone(ANNAS_TONE) < 0.95 {}
    bertil.hang_up().await;
    anna.hung_up().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_came_back_is_reached_there_although_its_old_connection_seems_open() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    anna.answered(&mut call).await;
    bertil.established().await;
    let old = anna.leave();
    anna.back(&company).await;
    bertil.hang_up().await;
    anna.hung_up().await;
    drop(old);
    company.ended().await;
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_whose_connection_breaks_while_it_rings_gets_the_answer_when_it_is_back() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let mut bertil = Browser::online(&company, "1001", 0, BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    let invite = bertil.rings().await;
    anna.ringing(&mut call).await;
    anna.cut();
    company.signed_out().await;
    let bertils = bertil.pick_up(&invite).await;
    anna.back(&company).await;
    anna.answered(&mut call).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    bertils.sound.hears_tone(ANNAS_TONE).await;
    bertil.hang_up(bertils).await;
    anna.hung_up().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_is_back_before_the_answer_hears_it_there_although_its_old_connection_seems_open() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let mut bertil = Browser::online(&company, "1001", 0, BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    let invite = bertil.rings().await;
    anna.ringing(&mut call).await;
    let old = anna.leave();
    anna.back(&company).await;
    let bertils = bertil.pick_up(&invite).await;
    anna.answered(&mut call).await;
    bertils.sound.hears_tone(ANNAS_TONE).await;
    anna.hang_up(call).await;
    bertil.hung_up().await;
    drop(old);
    company.ended().await;
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_was_away_when_its_call_was_declined_is_told_when_it_is_back() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let mut bertil = Browser::online(&company, "1001", 0, BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    let invite = bertil.rings().await;
    anna.ringing(&mut call).await;
    anna.cut();
    company.signed_out().await;
    bertil.decline(&invite).await;
    assert_eq!(company.ended().await.outcome, Cause::Declined);
    anna.back(&company).await;
    assert_eq!(anna.refused(&call).await, 603);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_does_not_come_back_rings_nobody_for_long() {
    for picks_up in [false, true] {
        let mut company = impatient().await;
        let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
        let mut bertil = Browser::online(&company, "1001", 0, BERTILS_TONE).await;
        let mut call = anna.dial("1001").await;
        let invite = bertil.rings().await;
        anna.ringing(&mut call).await;
        anna.cut();
        if picks_up {
            company.signed_out().await;
            bertil.pick_up(&invite).await;
            bertil.hung_up().await;
        } else {
            bertil.stopped(&invite).await;
        }
        let record = company.ended().await;
        let told: Vec<String> = record.trace.iter().map(|entry| entry.say(Locale::En)).collect();
        let why = "The caller lost the connection: the browser did not come back.";
        assert!(told.iter().any(|said| said == why), "{told:?}");
        company.quiet().await;
    }
}

/// A company that is quick to give browsers up.
async fn impatient() -> Company {
    let snapshot = Scenario::parse("company", FOUR).unwrap().snapshot;
    Company::of(snapshot, &[], |config| config.lost_after = Duration::from_millis(500)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_that_is_closed_in_a_call_ends_it() {
    let mut company = impatient().await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    anna.answered(&mut call).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    anna.cut();
    drop(call);
    bertil.closed().await;
    company.ended().await;
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_loaded_anew_knows_nothing_of_its_call_which_ends() {
    let mut company = impatient().await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    anna.answered(&mut call).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    drop(call);
    anna.loads_anew(&company).await;
    bertil.closed().await;
    company.ended().await;
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_finds_no_way_is_told_of_with_the_cause() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    bertil.dial("1000").await;
    let invite = anna.rings().await;
    let call = anna.pick_up_behind_a_wall(&invite).await;
    bertil.established().await;
    company.live("no way", |call| call.to.sound == trouble(SoundTrouble::NoPath)).await;
    let live = company.control.live().calls(LiveScope::Platform);
    assert_eq!(live[0].from.sound, LiveSound::Ok);
    anna.hang_up(call).await;
    bertil.closed().await;
    let told: Vec<String> = company.ended().await.trace.iter().map(|entry| entry.say(Locale::Sv)).collect();
    assert!(told.iter().any(|said| said.contains("hittar ingen väg till varandra")), "{told:?}");
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_falls_silent_is_told_of_and_so_is_its_return() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    anna.answered(&mut call).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    call.sound.mute(true);
    company.live("silence", |call| call.from.sound == trouble(SoundTrouble::NothingHeard)).await;
    call.sound.mute(false);
    company.live("sound", |call| call.from.sound == LiveSound::Ok).await;
    anna.hang_up(call).await;
    bertil.closed().await;
    let told: Vec<String> = company.ended().await.trace.iter().map(|entry| entry.say(Locale::En)).collect();
    assert!(
        told.iter().any(|said| said.contains("nothing has come for two seconds"))
            && told.iter().any(|said| said == "The caller is heard."),
        "{told:?}"
    );
    company.quiet().await;
}

const fn trouble(cause: SoundTrouble) -> LiveSound {
    LiveSound::Trouble { cause }
}
