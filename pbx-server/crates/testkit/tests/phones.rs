//! The phones themselves, without a server: what they play is what the other records.

use voxera_testkit::phone::{Phone, PhoneConfig};

#[tokio::test]
async fn two_phones_hear_each_other_without_a_server() {
    let anna = Phone::start(PhoneConfig::alone("anna").named("Anna Åkesson").playing(440)).await;
    let bertil = Phone::start(PhoneConfig::alone("bertil").named("Bertil Berg").playing(620)).await;

    anna.dial(&bertil.uri()).await;
    let call = bertil.called().await;
    assert_eq!(call.peer_name, "Anna Åkesson");
    anna.ringing().await;
    bertil.answer().await;
    tokio::join!(anna.established(), bertil.established());

    let (at_anna, at_bertil) = tokio::join!(anna.hears(2_000), bertil.hears(2_000));
    for (heard, hz, other) in [(at_anna, 620, 440), (at_bertil, 440, 620)] {
        let heard = heard.sound();
        println!(
            "{hz} Hz: {:.4} of all energy, {:.1} dB, longest gap {} ms, {} breaks",
            heard.tone(hz),
            heard.level(),
            heard.longest_gap(),
            heard.breaks(hz)
        );
        assert_eq!(heard.loudest(), Some(hz));
        assert!(heard.tone(hz) > 0.98 && heard.tone(other) < 0.01);
        assert!(heard.longest_gap() < 2, "{} ms", heard.longest_gap());
        assert_eq!(heard.breaks(hz), 0);
    }

    anna.hang_up().await;
    anna.closed().await;
    bertil.closed().await;
}

#[tokio::test]
async fn a_call_that_is_declined_says_so() {
    let anna = Phone::start(PhoneConfig::alone("anna")).await;
    let bertil = Phone::start(PhoneConfig::alone("bertil")).await;
    anna.dial(&bertil.uri()).await;
    bertil.called().await;
    bertil.hang_up().await;
    assert!(anna.closed().await.starts_with("486"));
}

#[tokio::test]
async fn a_held_phone_comes_back() {
    let anna = Phone::start(PhoneConfig::alone("anna").playing(440)).await;
    let bertil = Phone::start(PhoneConfig::alone("bertil").playing(620).answering()).await;
    anna.dial(&bertil.uri()).await;
    tokio::join!(anna.established(), bertil.established(), anna.agreed(), bertil.offered());
    tokio::join!(anna.receives(10), bertil.receives(10));
    anna.hold().await;
    tokio::join!(bertil.offered(), anna.agreed());
    anna.resume().await;
    tokio::join!(bertil.offered(), anna.agreed());
    tokio::join!(anna.receives(50), bertil.receives(50));
}
