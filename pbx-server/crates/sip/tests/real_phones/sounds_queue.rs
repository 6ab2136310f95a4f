//! What callers hear before anybody answers: menus and queues.

use crate::company::Company;
use crate::listening::{RATE, found_of, heard_complete, lasts, not_the_tone};
use voxera_audio::Pcm;
use voxera_callflow::{Cause, Kind};
use voxera_model::Locale;
use voxera_testkit::phone::Phone;
use voxera_testkit::tone::Recording;

const ANNAS_TONE: u32 = 440;
const BERTILS_TONE: u32 = 620;
const PROMPT: &str = "Välkommen till Åkes bageri. Tryck 1 för försäljning eller 2 för bullar.";

const MENU: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
[extensions.1001]
name = "Bertil Berg"
[extensions.3000]
name = "Växeln"
kind = "ivr"
menu = "main"
[menus.main]
entry = "start"
[menus.main.nodes.start]
kind = "menu"
prompt = "Välkommen till Åkes bageri. Tryck 1 för försäljning eller 2 för bullar."
keys = { 1 = "sales" }
[menus.main.nodes.sales]
kind = "transfer"
to = "1001"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_menu_is_heard_to_its_end_and_a_key_leads_on() {
    let mut company = Company::open(MENU).await;
    let prompt = company.library.speech(PROMPT, Locale::Sv).await.unwrap();
    let (anna, bertil) = tokio::join!(
        Phone::start(company.phone("1000").playing(ANNAS_TONE)),
        Phone::start(company.phone("1001").playing(BERTILS_TONE)),
    );
    tokio::join!(anna.registered(), bertil.registered());
    anna.dial("3000").await;
    anna.established().await;
    let length = u32::try_from(prompt.millis()).unwrap();
    anna.hears(length + 500).await;
    let heard = anna.heard().unwrap();
    let met = heard_complete("the prompt", &heard, &prompt);
    assert!(met.at <= 500, "{met:?}");

    anna.command("sndcode", Some("1")).await;
    bertil.called().await;
    bertil.answer().await;
    bertil.established().await;
    let (at_anna, at_bertil) = tokio::join!(anna.hears(3_000), bertil.hears(3_000));
    only("Anna", &at_anna, BERTILS_TONE);
    only("Bertil", &at_bertil, ANNAS_TONE);
    anna.hang_up().await;
    bertil.closed().await;
    let record = company.ended().await;
    assert_eq!((record.outcome, record.keys.as_str()), (Cause::Normal, "1"));
    company.quiet().await;
}

const QUEUE: &str = r#"
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
music = "sound: jazz"
"#;

/// The tone, but for the moment in which it takes the place of what was heard before.
fn only(who: &str, heard: &Recording, hz: u32) {
    let (lasted, other) = (lasts(heard, hz), not_the_tone(heard, hz));
    println!("{who} hears {hz} Hz for {lasted} of {} ms, otherwise {other:?}", heard.milliseconds());
    assert!(lasted + 200 >= heard.milliseconds(), "{who}: {other:?}");
}

/// Twenty seconds that sound like themselves only: notes in an order that does not come back soon.
fn melody() -> Recording {
    let notes = (0..80_u32).map(|n| Recording::sine(300 + n * n * 37 % 101 * 10, 250, RATE).samples);
    Recording { rate: RATE, samples: notes.flatten().map(|sample| sample / 2).collect() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_plays_the_uploaded_music_until_a_member_answers() {
    let mut company = Company::open(QUEUE).await;
    let queue = &company.snapshot.extensions.values().find(|one| one.id == company.id("2000")).unwrap().kind;
    let Kind::Queue(queue) = queue else { panic!("no queue") };
    let (music, upload) = (queue.music.unwrap(), company.desk().join("jazz.wav"));
    melody().write(&upload).unwrap();
    let imported = company.library.import(&company.place(), music, &upload).await.unwrap();
    assert!(imported.millis.abs_diff(20_000) < 100, "{} ms", imported.millis);
    let jazz = company.library.sound(&company.place(), music).await.unwrap();

    let (anna, bertil) = tokio::join!(
        Phone::start(company.phone("1000").playing(ANNAS_TONE)),
        Phone::start(company.phone("1001").playing(BERTILS_TONE)),
    );
    tokio::join!(anna.registered(), bertil.registered());
    anna.dial("2000").await;
    tokio::join!(anna.established(), bertil.called());
    // Bertil lets it ring: the music goes on.
    let heard = anna.hears(4_000).await;
    bertil.answer().await;
    bertil.established().await;
    let (at_anna, at_bertil) = tokio::join!(anna.hears(3_000), bertil.hears(3_000));
    only("Anna", &at_anna, BERTILS_TONE);
    only("Bertil", &at_bertil, ANNAS_TONE);
    bertil.hang_up().await;
    anna.closed().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;

    let place = found_of(&heard.samples, &jazz);
    let uploaded = found_of(&heard.samples, &Pcm { rate: RATE, samples: melody().samples });
    println!("the music: {place:?}; the upload: {uploaded:?}; longest gap {} ms", heard.longest_gap());
    assert!(place.missing <= 100 && place.likeness > 0.95 && place.worst > 0.9, "{place:?}");
    assert!(place.louder.abs() < 1.0, "{place:?}");
    assert!(uploaded.likeness > 0.8, "{uploaded:?}");
}
