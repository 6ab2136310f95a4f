//! Where somebody is signed in, who has tried to be, and a picture.

use crate::world::{OTHER_PASSWORD, PASSWORD, World, from, home};
use chrono::TimeDelta;
use voxera_identity::{IdentityError, TokenRefused};
use voxera_model::{Role, SessionId, Status};
use voxera_store::{LoginOutcome, Page, UserChange, new_id};

const ANNA: &str = "anna@akesbageri.example";
const BERTIL: &str = "bertil@akesbageri.example";

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_signs_out_there() {
    let world = World::create().await;
    world.anna().await;
    world.seed(BERTIL, Role::Manager).await;
    world.sign_in(BERTIL).await;
    let phone = world.identity.login(&from("198.51.100.7"), ANNA, PASSWORD, None).await.unwrap();
    let here = world.principal(ANNA).await;
    let found = world.identity.sign_ins(&here).await.unwrap();
    let seen: Vec<_> = found.iter().map(|one| (one.current, one.session.address)).collect();
    assert_eq!(seen, [(true, home().address), (false, from("198.51.100.7").address)]);
    assert_eq!(found[1].session.user_agent.as_deref(), Some("Firefox"));

    let mut endings = world.identity.endings();
    endings.borrow_and_update();
    world.identity.end_sign_in(&home(), &here, found[1].session.id).await.unwrap();
    // Who listens is woken, the access token is void at once, and so is the refresh token.
    assert!(endings.has_changed().unwrap());
    assert_eq!(world.identity.verify(&phone.access_token), Err(TokenRefused::Revoked));
    let back = world.identity.refresh(&from("198.51.100.7"), phone.refresh_token.expose()).await;
    assert!(matches!(back, Err(IdentityError::SessionEnded)), "{back:?}");
    assert_eq!(world.identity.sign_ins(&here).await.unwrap().len(), 1);
    let entry = world.audit("session.end").await.remove(0);
    assert_eq!(entry.after.unwrap()["reason"], "revoked");
    let again = world.identity.end_sign_in(&home(), &here, found[1].session.id).await;
    assert!(matches!(again, Err(IdentityError::NotFound)), "{again:?}");
}

#[tokio::test]
async fn the_sign_ins_of_others_do_not_exist() {
    let world = World::create().await;
    world.anna().await;
    world.seed(BERTIL, Role::Manager).await;
    let (anna, bertil) = (world.principal(ANNA).await, world.sign_in(BERTIL).await);
    let foreign = world.identity.verify(&bertil.access_token).unwrap().session;
    for id in [foreign, SessionId(new_id())] {
        let refused = world.identity.end_sign_in(&home(), &anna, id).await;
        assert!(matches!(refused, Err(IdentityError::NotFound)), "{refused:?}");
    }
    world.identity.verify(&bertil.access_token).unwrap();
}

#[tokio::test]
async fn signing_out_everywhere_else_leaves_this_one() {
    let world = World::create().await;
    world.anna().await;
    let others = [world.sign_in(ANNA).await, world.sign_in(ANNA).await];
    let signed_in = world.sign_in(ANNA).await;
    let here = world.identity.verify(&signed_in.access_token).unwrap();
    world.identity.end_other_sign_ins(&home(), &here).await.unwrap();
    for other in &others {
        assert_eq!(world.identity.verify(&other.access_token), Err(TokenRefused::Revoked));
    }
    world.identity.verify(&signed_in.access_token).unwrap();
    assert_eq!(world.identity.sign_ins(&here).await.unwrap().len(), 1);
    let entry = world.audit("user.sessions_end").await.remove(0);
    assert_eq!(entry.after.unwrap()["sessions_ended"], 2);
}

#[tokio::test]
async fn a_sign_in_that_ran_out_is_not_shown() {
    let world = World::create().await;
    world.anna().await;
    world.sign_in(ANNA).await;
    world.let_pass(TimeDelta::days(15)).await;
    let here = world.principal(ANNA).await;
    assert_eq!(world.identity.sign_ins(&here).await.unwrap().len(), 1);
}

#[tokio::test]
async fn every_way_in_which_a_sign_in_ends_wakes_who_listens() {
    let world = World::create().await;
    let user = world.anna().await;
    let signed_in = world.sign_in(ANNA).await;
    let principal = world.identity.verify(&signed_in.access_token).unwrap();
    let mut endings = world.identity.endings();
    let mut woken = |what: &str| {
        assert!(endings.has_changed().unwrap(), "{what}");
        endings.borrow_and_update();
    };
    world.sign_in(ANNA).await;
    world.identity.change_password(&home(), &principal, PASSWORD, OTHER_PASSWORD).await.unwrap();
    woken("another password");
    world.identity.logout(&home(), signed_in.refresh_token.expose()).await.unwrap();
    woken("signed out");
    let account = principal.account;
    let mut tx = world.store.platform().await.unwrap();
    let change = UserChange { status: Some(Status::Suspended), ..UserChange::default() };
    tx.users().update(user, change).await.unwrap();
    tx.commit().await.unwrap();
    world.identity.account_changed(account);
    woken("suspended");
}

#[tokio::test]
async fn one_sees_who_has_tried_for_ninety_days() {
    let world = World::create().await;
    let user = world.anna().await;
    world.seed(BERTIL, Role::Manager).await;
    world.sign_in(BERTIL).await;
    let stray = world.identity.login(&from("203.0.113.66"), ANNA, OTHER_PASSWORD, None).await;
    stray.unwrap_err();
    let here = world.principal(ANNA).await;
    let mut tx = world.store.platform().await.unwrap();
    let change = UserChange { status: Some(Status::Suspended), ..UserChange::default() };
    tx.users().update(user, change).await.unwrap();
    tx.commit().await.unwrap();
    world.identity.login(&home(), ANNA, PASSWORD, None).await.unwrap_err();

    let found = world.identity.logins(&here, &Page::all()).await.unwrap();
    assert_eq!(found.total, 3);
    let seen: Vec<_> = found.items.iter().map(|login| login.outcome).collect();
    assert_eq!(seen, [LoginOutcome::Suspended, LoginOutcome::Ok, LoginOutcome::WrongPassword]);
    assert_eq!(found.items[2].address, from("203.0.113.66").address);
    let page = Page { limit: 1, offset: 1, ..Page::default() };
    let one = world.identity.logins(&here, &page).await.unwrap();
    assert_eq!((one.total, one.items[0].outcome), (3, LoginOutcome::Ok));

    world.let_pass(TimeDelta::days(89)).await;
    world.identity.maintain().await.unwrap();
    assert_eq!(world.identity.logins(&here, &Page::all()).await.unwrap().total, 3);
    world.let_pass(TimeDelta::days(2)).await;
    world.identity.maintain().await.unwrap();
    assert_eq!(world.identity.logins(&here, &Page::all()).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_picture_comes_and_goes_with_the_profile_telling_of_it() {
    let world = World::create().await;
    world.anna().await;
    let here = world.principal(ANNA).await;
    let none = world.identity.avatar(&here).await;
    assert!(matches!(none, Err(IdentityError::NotFound)), "{none:?}");
    world.identity.set_avatar(&home(), &here, Some(b"one")).await.unwrap();
    world.identity.set_avatar(&home(), &here, Some(b"two")).await.unwrap();
    assert_eq!(world.identity.avatar(&here).await.unwrap(), b"two");
    assert!(world.identity.profile(&here).await.unwrap().0.avatar);
    assert!(world.sign_in(ANNA).await.account.avatar);
    world.identity.set_avatar(&home(), &here, None).await.unwrap();
    assert!(!world.identity.profile(&here).await.unwrap().0.avatar);
    let again = world.identity.set_avatar(&home(), &here, None).await;
    assert!(matches!(again, Err(IdentityError::NotFound)), "{again:?}");
    assert_eq!(world.audit("account.set_avatar").await.len(), 2);
}
