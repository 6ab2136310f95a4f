//! Keys that are pressed in browsers, and on phones that talk with browsers.

use super::super::{Codec, MediaEvent};
use super::browsers::{news, talk};
use super::page::{DIGIT, Page};
use super::phone::{CALL, Phone, rig};
use voxera_model::Key;

#[test]
fn keys_pass_both_ways_between_a_browser_and_a_phone() {
    let rig = rig(47_730..=47_739);
    let mut page = Page::calling(&rig, 440.0);
    let mut phone = Phone::new(&rig, Codec::Pcma, 1000.0);
    let _bridge = rig.media.bridge(&page.endpoint, &phone.endpoint);
    talk(&mut page, &mut phone, 5);
    page.press(5, 48_000);
    while phone.digits.len() < 5 {
        phone.hear();
    }
    let time = phone.digits[0].1;
    let told: Vec<_> = phone
        .digits
        .iter()
        .map(|(_, at, body)| (*at == time, body[0], body[1], [body[2], body[3]]))
        .collect();
    let part = |end: u8, duration: u16| (true, 5, end, duration.to_be_bytes());
    assert_eq!(told, [part(10, 160), part(10, 320), part(0x8a, 480), part(0x8a, 480), part(0x8a, 480)]);
    phone.press(7);
    while page.digits.len() < 5 {
        page.hear();
    }
    let time = page.digits[0].1;
    let durations: Vec<_> =
        page.digits.iter().map(|(_, _, body)| u16::from_be_bytes([body[2], body[3]])).collect();
    assert_eq!(durations, [960, 1920, 2880, 2880, 2880]);
    assert!(page.digits.iter().all(|(payload, at, body)| (*payload, *at, body[0]) == (DIGIT, time, 7)));
    phone.assert_unbroken();
    page.assert_unbroken();
}

#[test]
fn keys_between_browsers_count_by_the_clock_of_each() {
    let rig = rig(47_850..=47_859);
    let (mut a, mut b) = (Page::calling(&rig, 440.0), Page::new(&rig, 1000.0, 8000));
    let offer = b.offer(false);
    let answer = b.endpoint.web().unwrap().answer(&offer).unwrap();
    b.accept(&answer);
    b.connect();
    let _bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    for _ in 0..3 {
        a.say();
        b.hear();
    }
    a.press(4, 48_000);
    while b.digits.len() < 5 {
        b.hear();
    }
    let durations: Vec<_> =
        b.digits.iter().map(|(_, _, body)| u16::from_be_bytes([body[2], body[3]])).collect();
    assert_eq!(durations, [160, 320, 480, 480, 480]);
    b.assert_unbroken();
}

#[test]
fn a_browser_presses_keys_in_a_menu_also_by_the_narrow_clock() {
    let mut rig = rig(47_740..=47_749);
    for clock in [48_000, 8000] {
        let mut page = Page::new(&rig, 440.0, clock);
        let offer = page.offer(false);
        let answer = page.endpoint.web().unwrap().answer(&offer).unwrap();
        assert!(answer.contains(&format!("telephone-event/{clock}")), "{answer}");
        page.accept(&answer);
        page.connect();
        page.press(9, u16::try_from(clock).unwrap());
        let id = page.endpoint.id();
        news(&mut rig, &MediaEvent::Key(CALL, id, Key::parse("9").unwrap()));
        assert!(rig.events.try_recv().is_err(), "once");
    }
}

#[test]
fn keys_by_either_clock_of_two_are_heard_among_the_voice_and_passed_on() {
    let mut rig = rig(47_880..=47_889);
    for called in [false, true] {
        let mut page = Page::with(&rig, 440.0, &[48_000, 8000]);
        if called {
            let offer = page.endpoint.web().unwrap().offer().unwrap();
            let answer = page.answer(&offer);
            page.endpoint.web().unwrap().accept(&answer).unwrap();
        } else {
            // Chromium names both clocks, `str0m` in an offer of its own does not.
            let offer = page.offer(false).replacen(" 101\r\n", " 101 102\r\n", 1);
            let wide = "a=rtpmap:101 telephone-event/48000\r\n";
            let offer = offer.replacen(wide, &format!("{wide}a=rtpmap:102 telephone-event/8000\r\n"), 1);
            let answer = page.endpoint.web().unwrap().answer(&offer).unwrap();
            page.accept(&answer);
        }
        page.connect();
        let id = page.endpoint.id();
        for (key, clock) in [(4, 8000), (5, 48_000), (6, 8000)] {
            page.say();
            page.press(key, clock);
            page.say();
            let key = Key::new(char::from(b'0' + key)).unwrap();
            news(&mut rig, &MediaEvent::Key(CALL, id, key));
        }
        assert!(rig.events.try_recv().is_err(), "each once");
        let mut phone = Phone::new(&rig, Codec::Pcma, 1000.0);
        let _bridge = rig.media.bridge(&page.endpoint, &phone.endpoint);
        talk(&mut page, &mut phone, 5);
        for (clock, durations) in [(8000, [160, 320, 480, 480, 480]), (48_000, [160, 320, 480, 480, 480])] {
            page.press(7, clock);
            while phone.digits.len() < 5 {
                phone.hear();
            }
            let lasted: Vec<_> =
                phone.digits.drain(..).map(|(_, _, body)| u16::from_be_bytes([body[2], body[3]])).collect();
            assert_eq!(lasted, durations, "{clock} Hz");
        }
    }
}

#[test]
fn a_browser_that_we_call_and_that_knows_only_the_narrow_clock_gets_it() {
    let mut rig = rig(47_890..=47_899);
    let mut page = Page::new(&rig, 440.0, 8000);
    let offer = page.endpoint.web().unwrap().offer().unwrap();
    assert!(offer.contains("telephone-event/48000") && offer.contains("telephone-event/8000"), "{offer}");
    let answer = page.answer(&offer);
    page.endpoint.web().unwrap().accept(&answer).unwrap();
    page.connect();
    page.press(3, 8000);
    let id = page.endpoint.id();
    news(&mut rig, &MediaEvent::Key(CALL, id, Key::parse("3").unwrap()));
}
