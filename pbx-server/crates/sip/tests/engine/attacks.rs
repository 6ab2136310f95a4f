//! What somebody without rights tries. Each is refused, each is reported, and no answer tells more
//! than another.

use crate::rig::{AKES, BERITS, Rig, all_reported, device, phone, reported};
use crate::ua::{Message, Proof, Ua, proven, word};

const URI: &str = "sip:akes.pbx.localhost";

/// Registers with a proof that a test changes; the final answer.
async fn attempt(ua: &mut Ua, uri: &str, change: impl FnOnce(&mut Proof)) -> Message {
    let text = ua.request("REGISTER", uri, "", "");
    ua.send(&text).await;
    let challenge = ua.told().await;
    assert_eq!(challenge.code(), 401, "{}", challenge.0);
    let mut proof = ua.proof(&challenge, uri);
    change(&mut proof);
    ua.send(&proven(&text, &proof)).await;
    ua.told().await
}

/// What an answer says, without what differs in every answer.
fn shape(answer: &Message) -> String {
    let fields = answer.0.lines().map(|line| line.split(':').next().unwrap_or_default().to_owned());
    format!("{} {}", answer.start(), fields.skip(1).collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn no_refusal_tells_more_than_another() {
    let rig = Rig::start().await;
    let mut shapes = Vec::new();
    // A wrong password.
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    shapes.push(shape(&attempt(&mut ua, URI, |proof| proof.password = "guess".into()).await));
    assert_eq!(reported("bad_password"), 1);
    // An extension number as the user name.
    let mut me = phone(AKES, "1000", 0);
    me.user = "1000".into();
    let mut ua = Ua::new(&rig, me).await;
    shapes.push(shape(&attempt(&mut ua, URI, |_| {}).await));
    assert_eq!(reported("extension_as_user"), 1);
    // A device that nobody has.
    let mut me = phone(AKES, "1000", 0);
    me.user = device(AKES, "1000", 99).to_string();
    let mut ua = Ua::new(&rig, me).await;
    shapes.push(shape(&attempt(&mut ua, URI, |_| {}).await));
    // Another tenant's device, with its right password, under this realm.
    let mut me = phone(BERITS, "1000", 0);
    me.realm = AKES.into();
    let mut ua = Ua::new(&rig, me).await;
    shapes.push(shape(&attempt(&mut ua, URI, |_| {}).await));
    assert_eq!(reported("unknown_device"), 2);
    // A realm that nobody has.
    let mut me = phone(AKES, "1000", 0);
    me.realm = "nowhere.pbx.localhost".into();
    let mut ua = Ua::new(&rig, me).await;
    shapes.push(shape(&attempt(&mut ua, "sip:nowhere.pbx.localhost", |_| {}).await));
    assert_eq!(reported("unknown_realm"), 1);
    // Credentials of the own realm for another one.
    let mut ua = Ua::new(&rig, phone(BERITS, "1000", 0)).await;
    ua.me.realm = AKES.into();
    shapes.push(shape(&attempt(&mut ua, URI, |proof| proof.realm = BERITS.into()).await));
    assert_eq!(reported("cross_realm"), 1);

    assert!(shapes[0].starts_with("SIP/2.0 403 "), "{}", shapes[0]);
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:#?}");
    assert_eq!((all_reported(), rig.engine.stats().registrations), (6, 0));
}

#[tokio::test]
async fn a_nonce_that_was_seen_is_of_no_use_to_who_saw_it() {
    let rig = Rig::start().await;
    let mut anna = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let text = anna.request("REGISTER", URI, "", "");
    anna.send(&text).await;
    let challenge = anna.told().await;
    let good = proven(&text, &anna.proof(&challenge, URI));
    anna.send(&good).await;
    assert_eq!(anna.told().await.code(), 200);
    // The same credentials, from another port, for another contact.
    let mut thief = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let theirs = good
        .replace(&anna.here().to_string(), &thief.here().to_string())
        .replace("branch=z9hG4bK", &format!("branch=z9hG4bK{}", word()));
    thief.send(&theirs).await;
    let answer = thief.told().await;
    assert_eq!(answer.code(), 401);
    assert!(answer.field("WWW-Authenticate").ends_with("stale=true"), "{}", answer.0);
    assert_eq!((reported("replayed_nonce"), rig.engine.stats().registrations), (1, 1));
}

#[tokio::test]
async fn a_nonce_that_was_never_issued_is_refused_with_the_right_password() {
    let rig = Rig::start().await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let answer = attempt(&mut ua, URI, |proof| proof.nonce = "0".repeat(64)).await;
    assert_eq!((answer.code(), reported("replayed_nonce")), (401, 1));
}

#[tokio::test]
async fn a_digest_for_another_address_is_refused_with_the_right_password() {
    let rig = Rig::start().await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let answer = attempt(&mut ua, URI, |proof| proof.uri = "sip:berits.pbx.localhost".into()).await;
    assert_eq!((answer.code(), reported("wrong_digest_uri")), (403, 1));
    assert_eq!(rig.engine.stats().registrations, 0);
}

#[tokio::test]
async fn nobody_registers_for_somebody_else() {
    let rig = Rig::start().await;
    let anna = phone(AKES, "1000", 0);
    let victim = phone(AKES, "1001", 0);
    let other_realm = anna.user.clone() + "@" + BERITS;
    for (from, to) in [
        (format!("To: <sip:{}", anna.user), format!("To: <sip:{}", victim.user)),
        (format!("To: <sip:{}", anna.user), "To: <sip:1001".to_owned()),
        (
            format!("From: \"Somebody\" <sip:{}", anna.user),
            format!("From: \"Somebody\" <sip:{}", victim.user),
        ),
    ] {
        let mut ua = Ua::new(&rig, anna.clone()).await;
        let text = ua.request("REGISTER", URI, "", "").replace(&from, &to);
        assert_eq!(ua.prove(text, URI).await.code(), 403, "{to}");
    }
    // One realm in `To`, the other in the request.
    let mut ua = Ua::new(&rig, anna.clone()).await;
    let text = ua.request("REGISTER", "sip:berits.pbx.localhost", "", "");
    assert_eq!(ua.prove(text, "sip:berits.pbx.localhost").await.code(), 403, "{other_realm}");
    assert_eq!((reported("foreign_address"), rig.engine.stats().registrations), (4, 0));
}

#[tokio::test]
async fn nobody_calls_under_somebody_elses_name() {
    let rig = Rig::start().await;
    let mut bertil = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let uri = "sip:1001@akes.pbx.localhost";
    let body = anna.sdp("sendrecv");
    for forged in ["1001", "vd", &phone(AKES, "1002", 0).user] {
        let text = anna.request("INVITE", uri, "Content-Type: application/sdp\r\n", &body);
        let text = text.replace(&format!("<{}>;tag", anna.address()), &format!("<sip:{forged}@{AKES}>;tag"));
        anna.send(&text).await;
        let challenge = anna.told().await;
        assert_eq!(challenge.code(), 407);
        anna.acknowledge(&text, &challenge).await;
        let text = proven(&text, &anna.proof(&challenge, uri));
        anna.send(&text).await;
        let answer = anna.told().await;
        assert_eq!(answer.code(), 403, "{forged}");
        anna.acknowledge(&text, &answer).await;
    }
    assert_eq!(reported("forged_caller"), 3);
    bertil.hears_nothing().await;
}

#[tokio::test]
async fn a_call_without_proof_rings_nowhere() {
    let rig = Rig::start().await;
    let mut bertil = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    let mut stranger = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    stranger.me.password = "guess".into();
    let talk = stranger.dial("1001").await;
    assert_eq!(stranger.refused(&talk).await, 403);
    assert_eq!(reported("bad_password"), 1);
    bertil.hears_nothing().await;
    assert_eq!(rig.engine.stats().calls, 0);
}

#[tokio::test]
async fn a_third_party_ends_no_call_and_changes_none() {
    let rig = Rig::start().await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut bertil = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    let mut talk = anna.dial("1001").await;
    let invite = bertil.asked("INVITE").await;
    bertil.pick_up(&invite).await;
    anna.connected(&mut talk).await;
    // Knows the Call-ID and both names, but not the tags.
    let mut stranger = Ua::new(&rig, phone(AKES, "1002", 0)).await;
    let mut guess = talk.clone();
    guess.remote = format!("{};tag={}", guess.remote.split(";tag=").next().unwrap(), word());
    stranger.inside(&mut guess, "BYE", "", "").await;
    assert_eq!(stranger.told().await.code(), 481);
    let mut guess = talk.clone();
    guess.local = format!("{};tag={}", guess.local.split(";tag=").next().unwrap(), word());
    stranger.inside(&mut guess, "BYE", "", "").await;
    assert_eq!(stranger.told().await.code(), 481);
    // Says the same again that was said before.
    let old = anna.inside_at(&talk, "BYE", 1, "", "");
    stranger.send(&old.replace(&anna.here().to_string(), &stranger.here().to_string())).await;
    assert_eq!(stranger.told().await.code(), 500);
    bertil.hears_nothing().await;
    assert_eq!(rig.engine.stats().calls, 1);
}

#[tokio::test]
async fn a_guesser_is_not_heard_any_more_and_its_registered_neighbour_is() {
    let rig = Rig::with(|config| config.limits.failures = 3).await;
    let mut neighbour = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut guesser = Ua::new(&rig, phone(AKES, "1001", 0)).await;
    for _ in 0..3 {
        attempt(&mut guesser, URI, |proof| proof.password = "guess".into()).await;
    }
    let text = guesser.request("REGISTER", URI, "", "");
    guesser.send(&text).await;
    assert_eq!(neighbour.register(300).await.code(), 200);
    // Both share an address; the guesser's request was there first and got no answer.
    let mut bytes = [0; 100];
    assert!(guesser.socket.try_recv(&mut bytes).is_err());
}

#[tokio::test]
async fn whoever_may_have_made_up_an_address_leaves_no_trace_and_bans_nobody() {
    let rig = Rig::with(|config| config.limits.failures = 2).await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    for _ in 0..10 {
        for (method, code) in [("REGISTER", 401), ("INVITE", 407)] {
            let uri = "sip:1001@akes.pbx.localhost";
            let text = ua.request(method, uri, "", "");
            ua.send(&text).await;
            let challenge = ua.told().await;
            assert_eq!(challenge.code(), code);
            let mut proof = ua.proof(&challenge, uri);
            proof.nonce = "0".repeat(64);
            ua.send(&proven(&text, &proof)).await;
            assert_eq!(ua.told().await.code(), code);
            proof.realm = BERITS.into();
            ua.send(&proven(&text, &proof)).await;
            assert_eq!(ua.told().await.code(), 403);
        }
    }
    let stats = rig.engine.stats();
    assert_eq!((stats.transactions, stats.nonces), (0, 0), "nothing is kept before a proof");
    assert_eq!(ua.register(300).await.code(), 200);
}

#[tokio::test]
async fn scanners_hear_nothing() {
    let rig = Rig::start().await;
    let mut scanner = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let text = scanner.request("REGISTER", URI, "User-Agent: friendly-scanner\r\n", "");
    scanner.send(&text).await;
    scanner.hears_nothing().await;
}
