//! What is kept of what people say: messages and recordings.

use crate::company::{Company, come_true};
use crate::listening::{found_in, heard_complete, lasts, part, sides};
use voxera_callflow::{Cause, Party};
use voxera_model::Locale;
use voxera_testkit::phone::Phone;
use voxera_testkit::tone::Recording;

const ANNAS_TONE: u32 = 440;
const BERTILS_TONE: u32 = 620;
/// Share of the tone: packets that a busy machine delivers late bend it a little where they are bridged.
const PURE: f64 = 0.95;
/// How long Anna speaks at least, in milliseconds.
const SPEAKS: u64 = 3_000;

const GREETING: &str = "Bertil är ute och fiskar. Lämna ett meddelande efter tonen.";
const MAILBOX: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
[extensions.1001]
name = "Bertil Berg"
mailbox = { greeting = "Bertil är ute och fiskar. Lämna ett meddelande efter tonen.", longest = 60 }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_left_and_heard_again() {
    let mut company = Company::open(MAILBOX).await;
    let greeting = company.library.speech(GREETING, Locale::Sv).await.unwrap();
    let anna = Phone::start(company.phone("1000").playing(ANNAS_TONE)).await;
    anna.registered().await;
    anna.dial("1001").await;
    anna.established().await;
    come_true("three seconds of a message are on disk", || {
        let message = company.kept("messages").pop().and_then(|file| Recording::read(&file).ok());
        message.is_some_and(|message| message.milliseconds() >= SPEAKS)
    })
    .await;
    let heard = anna.heard().unwrap();
    anna.hang_up().await;
    let record = company.ended().await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Voicemail, Party::Caller));

    let met = heard_complete("the greeting", &heard, &greeting);
    let end = met.at + i64::try_from(greeting.millis()).unwrap();
    let beep = part(&heard, end, 400);
    println!(
        "the beep: {:.4} of all energy, {:.1} dB, {} ms",
        beep.tone(1000),
        beep.level(),
        beep.sound().milliseconds()
    );
    assert!(beep.tone(1000) > 0.95, "{}", beep.tone(1000));
    assert!((280..=310).contains(&beep.sound().milliseconds()), "{} ms", beep.sound().milliseconds());

    let (pbx, bertil) = (company.snapshot.pbx, company.id("1001"));
    come_true("the message is in the mailbox", || company.control.mailboxes().counts(pbx, bertil) == (1, 0))
        .await;
    let [file] = &company.kept("messages")[..] else { panic!("one message") };
    let message = Recording::read(file).unwrap();
    println!(
        "the message: {} ms, {:.4} of it the tone, {:.1} dB, longest gap {} ms, {} breaks",
        message.milliseconds(),
        message.tone(ANNAS_TONE),
        message.level(),
        message.longest_gap(),
        message.breaks(ANNAS_TONE)
    );
    assert!(message.milliseconds() >= SPEAKS);
    assert!(message.tone(ANNAS_TONE) > PURE, "{}", message.tone(ANNAS_TONE));
    assert!((message.sound().level() + 9.0).abs() < 1.0, "{} dB", message.sound().level());
    assert!(message.longest_gap() < 60, "{} ms", message.longest_gap());

    let owner = Phone::start(company.phone("1001")).await;
    owner.registered().await;
    owner.dial("*97").await;
    owner.established().await;
    come_true("the message is heard", || company.control.mailboxes().counts(pbx, bertil) == (0, 1)).await;
    let heard = owner.heard().unwrap();
    owner.hang_up().await;
    let lasted = lasts(&heard, ANNAS_TONE);
    println!("the owner hears {lasted} ms of {} ms", message.sound().milliseconds());
    assert!(lasted + 300 >= message.sound().milliseconds(), "{lasted} ms");
    let news = company.library.speech("Du har ett nytt meddelande.", Locale::Sv).await.unwrap();
    heard_complete("the number of messages", &heard, &news);
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

const RECORDED: &str = r#"
story = ""
steps = []
[extensions.1000]
name = "Anna Åkesson"
[extensions.1001]
name = "Bertil Berg"
recording = "Samtalet spelas in."
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_call_has_each_side_on_its_own_channel() {
    let mut company = Company::open(RECORDED).await;
    let notice = company.library.speech("Samtalet spelas in.", Locale::Sv).await.unwrap();
    let (anna, bertil) = tokio::join!(
        Phone::start(company.phone("1000").playing(ANNAS_TONE)),
        Phone::start(company.phone("1001").playing(BERTILS_TONE)),
    );
    tokio::join!(anna.registered(), bertil.registered());
    anna.dial("1001").await;
    tokio::join!(bertil.called(), anna.established());
    // What was sent last waits in the phone for a moment.
    anna.hears(300).await;
    heard_complete("the notice", &anna.heard().unwrap(), &notice);
    bertil.answer().await;
    bertil.established().await;
    let (at_anna, at_bertil) = tokio::join!(anna.hears(5_000), bertil.hears(5_000));
    assert!(lasts(&at_anna, BERTILS_TONE) >= 4_000 && lasts(&at_bertil, ANNAS_TONE) >= 4_500);
    anna.hang_up().await;
    bertil.closed().await;
    let record = company.ended().await;
    assert_eq!(record.outcome, Cause::Normal);
    // Bertil's packets began when he answered.
    let talked = record.media.callee.as_ref().unwrap().packets * 20;

    let recordings = company.kept("recordings");
    let [file] = &recordings[..] else { panic!("one recording: {recordings:?}") };
    let (engine, file) = (&company.engine, file.clone());
    come_true("nothing more is written", || {
        engine.stats().calls == 0 && sides(&file)[0].milliseconds() + 100 >= talked
    })
    .await;
    let [left, right] = sides(&file);
    for (side, own, other) in [(&left, ANNAS_TONE, BERTILS_TONE), (&right, BERTILS_TONE, ANNAS_TONE)] {
        println!(
            "{own} Hz: {} ms of {talked} ms talked, {:.4} own, {:.6} other, {:.1} dB, longest gap {} ms, {} breaks",
            side.milliseconds(),
            side.tone(own),
            side.tone(other),
            side.sound().level(),
            side.longest_gap(),
            side.breaks(own)
        );
        assert!(
            side.tone(own) > PURE && side.tone(other) < 0.001,
            "{own} Hz: {}, {}",
            side.tone(own),
            side.tone(other)
        );
        assert!((side.sound().level() + 9.0).abs() < 1.0, "{} dB", side.sound().level());
        assert!(side.longest_gap() <= 60, "{} ms", side.longest_gap());
        assert!(side.milliseconds().abs_diff(talked) <= 300, "{} of {talked} ms", side.milliseconds());
        assert!(
            side.sound().milliseconds() + 400 >= side.milliseconds(),
            "{} ms of sound",
            side.sound().milliseconds()
        );
    }
    let same = found_in(&left.samples, &notice);
    assert!(same.likeness < 0.5, "the notice is no part of it");
    company.quiet().await;
}
