//! Two companies with the same numbers never meet.

use crate::rig::{AKES, BERITS, Rig, phone};
use crate::ua::Ua;
use voxera_callflow::Cause;

#[tokio::test]
async fn the_same_number_is_another_person_in_each_company() {
    let rig = Rig::start().await;
    let mut annas = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut ours = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    let mut theirs = Ua::online(&rig, phone(BERITS, "1001", 0)).await;
    annas.dial("1001").await;
    ours.asked("INVITE").await;
    theirs.hears_nothing().await;
}

#[tokio::test]
async fn a_number_of_another_company_is_unknown_however_it_is_written() {
    let mut rig = Rig::start().await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut theirs = Ua::online(&rig, phone(BERITS, "1001", 0)).await;
    let own_contact = theirs.contact();
    for uri in ["sip:1001@berits.pbx.localhost", "sip:1001@nowhere.example", own_contact.as_str()] {
        let offer = anna.sdp("sendrecv");
        let talk = anna.dial_with(uri, "", &offer).await;
        assert_eq!(anna.refused(&talk).await, 404, "{uri}");
        assert_eq!(rig.ended().await.outcome, Cause::UnknownNumber, "{uri}");
    }
    theirs.hears_nothing().await;
}

#[tokio::test]
async fn credentials_of_one_company_open_no_call_in_the_other() {
    let rig = Rig::start().await;
    let mut theirs = Ua::online(&rig, phone(BERITS, "1001", 0)).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    anna.me.realm = BERITS.into();
    let talk = anna.dial("1001").await;
    assert_eq!(anna.refused(&talk).await, 403);
    assert_eq!(crate::rig::reported("unknown_device"), 1);
    theirs.hears_nothing().await;
}
