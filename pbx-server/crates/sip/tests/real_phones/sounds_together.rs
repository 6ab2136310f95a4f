//! Who hears whom: rooms, listening in, picking up, holding.

use crate::company::{Company, come_true};
use crate::listening::found_of;
use voxera_callflow::Cause;
use voxera_testkit::phone::Phone;
use voxera_testkit::tone::Recording;

pub const ANNAS_TONE: u32 = 440;
pub const BERTILS_TONE: u32 = 620;
pub const CECILIAS_TONE: u32 = 830;

pub const THREE: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
may_listen = true
[extensions.1001]
name = "Bertil Berg"
[extensions.1002]
name = "Cecilia Cederlund"
[extensions.3000]
name = "Måndagsmötet"
kind = "conference"
"#;

pub async fn three(company: &Company) -> [Phone; 3] {
    let (anna, bertil, cecilia) = tokio::join!(
        Phone::start(company.phone("1000").playing(ANNAS_TONE)),
        Phone::start(company.phone("1001").playing(BERTILS_TONE)),
        Phone::start(company.phone("1002").playing(CECILIAS_TONE)),
    );
    tokio::join!(anna.registered(), bertil.registered(), cecilia.registered());
    [anna, bertil, cecilia]
}

/// The three tones' shares of what is heard.
fn shares(heard: &Recording) -> [f64; 3] {
    [ANNAS_TONE, BERTILS_TONE, CECILIAS_TONE].map(|hz| heard.tone(hz))
}

/// Until somebody hears these of the three for a second, without a gap, and nothing else.
pub async fn hears(who: &str, phone: &Phone, whom: [bool; 3]) {
    let share = whom.iter().filter(|heard| **heard).fold(0.0, |sum, _| sum + 1.0);
    let right = |shares: [f64; 3]| {
        let others = shares.iter().zip(whom);
        let each =
            others.into_iter().all(|(tone, heard)| if heard { *tone > 0.8 / share } else { *tone < 0.001 });
        each && shares.iter().sum::<f64>() > 0.95
    };
    let mut last = Vec::new();
    for _ in 0..15 {
        let heard = phone.hears(1_000).await;
        last.push((shares(&heard), heard.longest_gap()));
        if right(shares(&heard)) && heard.longest_gap() < 20 {
            println!("{who} hears {:.4?}, {:.1} dB, no gap", shares(&heard), heard.level());
            return;
        }
    }
    panic!("{who} does not hear {whom:?}: {last:.4?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_a_conference_hears_the_others_and_not_itself() {
    let mut company = Company::open(THREE).await;
    let phones = three(&company).await;
    for phone in &phones {
        phone.dial("3000").await;
        phone.established().await;
    }
    let [anna, bertil, cecilia] = &phones;
    tokio::join!(
        hears("Anna", anna, [false, true, true]),
        hears("Bertil", bertil, [true, false, true]),
        hears("Cecilia", cecilia, [true, true, false]),
    );
    cecilia.hang_up().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    tokio::join!(hears("Anna", anna, [false, true, false]), hears("Bertil", bertil, [true, false, false]));
    anna.hang_up().await;
    bertil.hang_up().await;
    assert_eq!(
        (company.ended().await.outcome, company.ended().await.outcome),
        (Cause::Normal, Cause::Normal)
    );
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_listens_in_whispers_and_joins() {
    let mut company = Company::open(THREE).await;
    let [anna, bertil, cecilia] = three(&company).await;
    cecilia.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    tokio::join!(bertil.established(), cecilia.established());
    anna.dial("*881001").await;
    anna.established().await;
    let only = async |at_bertil, at_cecilia| {
        tokio::join!(
            hears("Anna", &anna, [false, true, true]),
            hears("Bertil", &bertil, at_bertil),
            hears("Cecilia", &cecilia, at_cecilia),
        );
    };
    only([false, false, true], [false, true, false]).await;
    anna.command("sndcode", Some("2")).await;
    println!("whisper");
    only([true, false, true], [false, true, false]).await;
    anna.command("sndcode", Some("3")).await;
    println!("barge");
    only([true, false, true], [true, true, false]).await;
    anna.command("sndcode", Some("1")).await;
    println!("listen");
    only([false, false, true], [false, true, false]).await;
    cecilia.hang_up().await;
    tokio::join!(bertil.closed(), anna.closed());
    assert_eq!(
        (company.ended().await.outcome, company.ended().await.outcome),
        (Cause::Normal, Cause::Normal)
    );
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colleague_picks_up_what_rings() {
    let mut company = Company::open(THREE).await;
    let [anna, bertil, cecilia] = three(&company).await;
    anna.dial("1001").await;
    tokio::join!(bertil.called(), anna.ringing());
    cecilia.dial("*81001").await;
    tokio::join!(cecilia.established(), anna.established(), bertil.closed());
    tokio::join!(
        hears("Anna", &anna, [false, false, true]),
        hears("Cecilia", &cecilia, [true, false, false])
    );
    anna.hang_up().await;
    cecilia.closed().await;
    assert_eq!(
        (company.ended().await.outcome, company.ended().await.outcome),
        (Cause::Normal, Cause::Normal)
    );
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_held_hears_music_and_then_the_other_again() {
    let mut company = Company::open(THREE).await;
    let [anna, bertil, _cecilia] = three(&company).await;
    anna.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    tokio::join!(bertil.established(), anna.established());
    hears("Bertil", &bertil, [true, false, false]).await;
    anna.hold().await;
    anna.agreed().await;
    let before = bertil.heard().unwrap().milliseconds();
    // The music fades in, and the last of the tone waits in the phone.
    bertil.hears(500).await;
    let heard = bertil.hears(3_000).await;
    let music = found_of(&heard.samples, &voxera_audio::music());
    println!("on hold after {before} ms: {music:?}, Anna's tone {:.6}", heard.tone(ANNAS_TONE));
    assert!(music.missing <= 20 && music.likeness > 0.95 && music.louder.abs() < 1.0, "{music:?}");
    anna.resume().await;
    anna.agreed().await;
    hears("Bertil", &bertil, [true, false, false]).await;
    anna.receives(50).await;
    bertil.hang_up().await;
    anna.closed().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    come_true("nothing is left", || company.engine.stats().media_ports == 0).await;
}
