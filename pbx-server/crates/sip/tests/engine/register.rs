//! Phones come online, stay, and go.

use crate::rig::{AKES, Rig, phone, reported};
use crate::ua::{Ua, word};
use std::time::Duration;
use voxera_callcontrol::{LiveEvent, RegistrationChange};

#[tokio::test]
async fn sha_256_is_offered_first_and_both_algorithms_open_the_door() {
    let rig = Rig::start().await;
    for algorithm in ["SHA-256", "MD5"] {
        let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
        ua.algorithm = algorithm;
        let text = ua.request("REGISTER", "sip:akes.pbx.localhost", "", "");
        ua.send(&text).await;
        let challenge = ua.told().await;
        let offered = challenge.all("WWW-Authenticate");
        assert!(
            offered[0].contains("algorithm=SHA-256,") && offered[1].contains("algorithm=MD5,"),
            "{offered:?}"
        );
        assert_eq!(ua.register(600).await.code(), 200);
    }
    assert_eq!(rig.engine.stats().registrations, 2);
}

#[tokio::test]
async fn the_answer_names_the_contact_and_how_long_it_holds() {
    let rig = Rig::start().await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let answer = ua.register(600).await;
    assert_eq!(answer.all("Contact"), [format!("<{}>;expires=600", ua.contact())]);
    let known = rig.control.presence().list(voxera_model::PbxId(uuid::Uuid::from_u128(1)));
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].source, known[0].extension_number.as_str()), (ua.here(), "1000"));
}

#[tokio::test]
async fn a_wish_that_is_too_short_is_refused_and_one_that_is_too_long_is_cut() {
    let rig = Rig::start().await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let answer = ua.register(10).await;
    assert_eq!((answer.code(), answer.field("Min-Expires")), (423, "60"));
    let answer = ua.register(100_000).await;
    assert_eq!(answer.all("Contact"), [format!("<{}>;expires=3600", ua.contact())]);
}

#[tokio::test]
async fn a_phone_signs_out_by_contact_and_by_star() {
    let rig = Rig::start().await;
    let mut ua = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let answer = ua.register(0).await;
    assert_eq!((answer.code(), answer.all("Contact").len()), (200, 0));
    assert_eq!(rig.engine.stats().registrations, 0);

    ua.register(300).await;
    let uri = "sip:akes.pbx.localhost";
    let text = ua.request("REGISTER", uri, "Expires: 0\r\n", "").replace(&format!("<{}>", ua.contact()), "*");
    assert_eq!(ua.prove(text, uri).await.code(), 200);
    assert_eq!(rig.engine.stats().registrations, 0);
    let text =
        ua.request("REGISTER", uri, "Expires: 60\r\n", "").replace(&format!("<{}>", ua.contact()), "*");
    assert_eq!(ua.prove(text, uri).await.code(), 400, "a star is for signing out only");
}

#[tokio::test]
async fn a_registration_that_is_not_renewed_runs_out() {
    let mut rig = Rig::with(|config| config.registration.shortest = Duration::from_secs(1)).await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    assert_eq!(ua.register(1).await.code(), 200);
    loop {
        if let LiveEvent::Registration { change, .. } = rig.feed.next().await.unwrap()
            && change == RegistrationChange::Expired
        {
            break;
        }
    }
    let mut caller = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    let talk = caller.dial("1000").await;
    assert_eq!(caller.refused(&talk).await, 480);
}

#[tokio::test]
async fn one_device_may_be_in_several_places_and_the_oldest_gives_way() {
    let rig = Rig::with(|config| config.registration.contacts = 2).await;
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(Ua::online(&rig, phone(AKES, "1000", 0)).await);
    }
    let answer = places[2].register(300).await;
    let listed = answer.all("Contact").join(" ");
    assert!(!listed.contains(&places[0].contact()), "{listed}");
    assert!(listed.contains(&places[1].contact()) && listed.contains(&places[2].contact()), "{listed}");
    assert_eq!(rig.engine.stats().registrations, 2);
}

#[tokio::test]
async fn two_contacts_of_one_request_both_stay() {
    let rig = Rig::start().await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let uri = "sip:akes.pbx.localhost";
    for _ in 0..2 {
        let both = "<sip:a@192.0.2.1>, <sip:b@192.0.2.2>;expires=120";
        let text = ua.request("REGISTER", uri, "", "").replace(&format!("<{}>", ua.contact()), both);
        let listed = ua.prove(text, uri).await.all("Contact").join(" ");
        assert!(
            listed.contains("a@192.0.2.1>;expires=3600") && listed.contains("b@192.0.2.2>;expires=120"),
            "{listed}"
        );
    }
    assert_eq!(rig.engine.stats().registrations, 2);
}

#[tokio::test]
async fn a_phone_that_restarts_replaces_what_it_said_before() {
    let rig = Rig::start().await;
    let instance = "<urn:uuid:6a6a2b8a-9b0f-4a8f-9f0e-000000000001>";
    for _ in 0..3 {
        let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
        let uri = "sip:akes.pbx.localhost";
        let named = format!("<{}>;+sip.instance=\"{instance}\"", ua.contact());
        let text = ua.request("REGISTER", uri, "", "").replace(&format!("<{}>", ua.contact()), &named);
        assert_eq!(ua.prove(text, uri).await.code(), 200);
    }
    assert_eq!(rig.engine.stats().registrations, 1);
}

#[tokio::test]
async fn a_nonce_counts_up_and_serves_several_requests() {
    let rig = Rig::start().await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let uri = "sip:akes.pbx.localhost";
    let text = ua.request("REGISTER", uri, "", "");
    ua.send(&text).await;
    let challenge = ua.told().await;
    for nc in [1, 2, 9, 10, 11, 256, 257] {
        let mut proof = ua.proof(&challenge, uri);
        proof.nc = nc;
        let again = ua.request("REGISTER", uri, "", "");
        ua.send(&crate::ua::proven(&again, &proof)).await;
        assert_eq!(ua.told().await.code(), 200, "{nc}");
    }
    assert_eq!(reported("replayed_nonce"), 0);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_changes_nothing() {
    let rig = Rig::start().await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let uri = "sip:akes.pbx.localhost";
    let text = ua.request("REGISTER", uri, "", "");
    ua.send(&text).await;
    let challenge = ua.told().await;
    let proven = crate::ua::proven(&text, &ua.proof(&challenge, uri));
    ua.send(&proven).await;
    let first = ua.raw().await;
    ua.send(&proven).await;
    assert_eq!(ua.raw().await, first);
    assert_eq!((first.code(), reported("replayed_nonce")), (200, 0));
}

#[tokio::test]
async fn keep_alives_are_answered_for_phones_that_are_registered() {
    let rig = Rig::start().await;
    let mut ua = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    ua.send("\r\n\r\n").await;
    assert_eq!(ua.raw().await.0, "\r\n");
}

#[tokio::test]
async fn options_are_answered_and_what_we_do_not_do_is_refused_by_its_right_name() {
    let rig = Rig::start().await;
    let mut ua = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    for (method, code) in [
        ("OPTIONS", 200),
        ("SUBSCRIBE", 489),
        ("PUBLISH", 489),
        ("MESSAGE", 405),
        ("REFER", 405),
        ("BYE", 481),
        ("INFO", 481),
        ("NOTIFY", 481),
    ] {
        let text = ua.request(method, "sip:1001@akes.pbx.localhost", "", "");
        ua.send(&text).await;
        let answer = ua.told().await;
        assert_eq!(answer.code(), code, "{method}");
        assert!(code == 481 || code == 489 || answer.field("Allow").contains("INVITE"), "{method}");
    }
    let tired = ua
        .request("OPTIONS", "sip:akes.pbx.localhost", "", "")
        .replace("Max-Forwards: 70", "Max-Forwards: 0");
    ua.send(&tired).await;
    assert_eq!(ua.told().await.code(), 483);
    let unknown = ua
        .request("BYE", "sip:akes.pbx.localhost", "", "")
        .replace(">\r\nCall-ID", &format!(">;tag={}\r\nCall-ID", word()));
    ua.send(&unknown).await;
    assert_eq!(ua.told().await.code(), 481);
}
