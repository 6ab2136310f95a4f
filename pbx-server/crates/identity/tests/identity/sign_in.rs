//! Signing in, staying in, getting out, being thrown out.

use crate::world::{OTHER_PASSWORD, PASSWORD, URL, World, email, from, home, name};
use chrono::TimeDelta;
use voxera_identity::{IdentityError, Level, Limits, NewMember, Rate, TokenRefused};
use voxera_model::{Role, Status};
use voxera_store::UserChange;

#[tokio::test]
async fn the_right_password_signs_in_and_the_token_says_who_and_where() {
    let world = World::create().await;
    let user = world.anna().await;
    let signed_in = world.identity.login(&home(), " Anna@AkesBageri.example ", PASSWORD, None).await.unwrap();
    assert_eq!(signed_in.expires_in, 300);
    assert_eq!(signed_in.refresh_max_age.div_ceil(24 * 3600), 14);
    assert_eq!(signed_in.account.name, "Anna Åkesson");
    let there = &signed_in.memberships[0];
    assert_eq!((there.user, there.role, there.customer), (user, Role::CustomerAdmin, Some(world.bakery)));
    assert_eq!(there.tenant_slug.as_deref(), Some("nordtel"));
    assert_eq!(there.customer_name.as_deref(), Some("Åkes Bageri AB"));

    let principal = world.identity.verify(&signed_in.access_token).unwrap();
    assert_eq!(principal.account, signed_in.account.id);
    let grant = principal.for_customer(world.nordtel, world.bakery, Role::CustomerAdmin).unwrap();
    assert_eq!(grant.level(), Level::Customer(world.nordtel, world.bakery));
    let entry = world.audit("session.login").await.remove(0);
    assert_eq!((entry.tenant, entry.customer), (Some(world.nordtel), Some(world.bakery)));
    assert_eq!((entry.address, entry.actor_label.as_str()), (home().address, "anna@akesbageri.example"));
    // Five minutes later the token is nothing.
    world.clock.advance(TimeDelta::minutes(5));
    assert_eq!(world.identity.verify(&signed_in.access_token), Err(TokenRefused::Expired));
}

#[tokio::test]
async fn a_wrong_password_an_unknown_address_and_an_invited_person_get_the_same_answer() {
    let world = World::create().await;
    world.anna().await;
    let partner = "partner@nordtel.example";
    world.seed(partner, Role::TenantAdmin).await;
    let grant = world.principal(partner).await.for_tenant(world.nordtel, Role::TenantAdmin).unwrap();
    let member = NewMember {
        email: email("ny@nordtel.example"),
        name: name("Ny"),
        role: Role::TenantAdmin,
        locale: None,
    };
    world.identity.invite(&home(), &grant, member).await.unwrap();
    for (address, password) in [
        ("anna@akesbageri.example", "fel lösenord helt"),
        ("anna@akesbageri.example", ""),
        ("anna@akesbageri.example", &PASSWORD.to_uppercase()),
        ("anna@akesbageri.example", &format!("{PASSWORD} ")),
        ("okänd@example.com", PASSWORD),
        ("unknown@example.com", PASSWORD),
        ("ny@nordtel.example", ""),
        ("ny@nordtel.example", PASSWORD),
        ("' or 1=1 --", PASSWORD),
        ("", ""),
        (&"x".repeat(10_000), &"y".repeat(100_000)),
    ] {
        let refused = world.identity.login(&home(), address, password, None).await;
        assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{address}: {refused:?}");
    }
    // Each is in the log, without what was typed.
    let failures = world.audit("session.login_failed").await;
    assert_eq!(failures.len(), 11);
    assert!(failures.iter().all(|entry| entry.actor_label == "unknown" && entry.after.is_none()));
    let about_anna = failures.iter().filter(|entry| entry.customer == Some(world.bakery)).count();
    assert_eq!(about_anna, 4, "the bakery sees the attempts on its own people");
}

#[tokio::test]
async fn an_account_under_attack_is_locked_from_everywhere_and_opens_by_itself() {
    let world = World::create().await;
    world.anna().await;
    world.seed("bertil@akesbageri.example", Role::Manager).await;
    let limit = Limits::default().login_per_account;
    for n in 0..limit.burst {
        let from = from(&format!("198.51.100.{n}"));
        let refused = world.identity.login(&from, "anna@akesbageri.example", "fel lösenord", None).await;
        assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{n}: {refused:?}");
    }
    // From now on not even the right password is tried, in whatever spelling of the address.
    for address in ["anna@akesbageri.example", "ANNA@akesbageri.example "] {
        let refused = world.identity.login(&home(), address, PASSWORD, None).await;
        let Err(IdentityError::TooMany { retry_after_seconds }) = refused else { panic!("{refused:?}") };
        assert!((1..=u64::from(limit.every_seconds)).contains(&retry_after_seconds));
    }
    world.sign_in("bertil@akesbageri.example").await;
    world.clock.advance(TimeDelta::seconds(i64::from(limit.every_seconds)));
    world.sign_in("anna@akesbageri.example").await;
    // Who gets it right is not counted.
    for _ in 0..limit.burst {
        world.clock.advance(TimeDelta::seconds(i64::from(limit.every_seconds)));
        world.sign_in("anna@akesbageri.example").await;
    }
}

#[tokio::test]
async fn one_address_may_not_try_one_account_after_the_other() {
    let limits = Limits { login_per_address: Rate { burst: 5, every_seconds: 10 }, ..Limits::default() };
    let world = World::with(limits).await;
    world.anna().await;
    for n in 0..5 {
        let refused =
            world.identity.login(&home(), &format!("nobody{n}@example.com"), "fel lösenord", None).await;
        assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{refused:?}");
    }
    let refused = world.identity.login(&home(), "anna@akesbageri.example", PASSWORD, None).await;
    assert!(matches!(refused, Err(IdentityError::TooMany { retry_after_seconds: 1..=10 })), "{refused:?}");
    // The neighbour is not to blame.
    world.identity.login(&from("192.0.2.11"), "anna@akesbageri.example", PASSWORD, None).await.unwrap();
}

#[tokio::test]
async fn each_refresh_gives_another_token_and_two_tabs_may_share_a_moment() {
    let world = World::create().await;
    world.anna().await;
    let first = world.sign_in("anna@akesbageri.example").await;
    let second = world.identity.refresh(&home(), first.refresh_token.expose()).await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    // The other tab woke at the same moment.
    let tab = world.identity.refresh(&home(), first.refresh_token.expose()).await.unwrap();
    for token in [&second.refresh_token, &tab.refresh_token] {
        let next = world.identity.refresh(&home(), token.expose()).await.unwrap();
        world.identity.verify(&next.access_token).unwrap();
    }
}

#[tokio::test]
async fn a_token_that_was_used_before_ends_the_whole_session_and_the_person_is_told() {
    let world = World::create().await;
    world.anna().await;
    let stolen = world.sign_in("anna@akesbageri.example").await;
    let elsewhere = world.sign_in("anna@akesbageri.example").await;
    let current = world.identity.refresh(&home(), stolen.refresh_token.expose()).await.unwrap();
    world.let_pass(TimeDelta::seconds(11)).await;

    let thief = from("203.0.113.66");
    let refused = world.identity.refresh(&thief, stolen.refresh_token.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SessionReused)), "{refused:?}");
    // The whole family is gone, access tokens included; the other sign-in goes on.
    let refused = world.identity.refresh(&home(), current.refresh_token.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)), "{refused:?}");
    assert_eq!(world.identity.verify(&current.access_token), Err(TokenRefused::Revoked));
    world.identity.verify(&elsewhere.access_token).unwrap();
    world.identity.refresh(&home(), elsewhere.refresh_token.expose()).await.unwrap();

    let mail = world.last_mail("anna@akesbageri.example").await;
    assert_eq!(mail.purpose, "session_reused");
    assert!(mail.text.contains("203.0.113.66"), "{}", mail.text);
    let entry = world.audit("session.reuse_detected").await.remove(0);
    assert_eq!((entry.customer, entry.address), (Some(world.bakery), thief.address));
    // Trying on does not make more of it.
    let refused = world.identity.refresh(&thief, stolen.refresh_token.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)), "{refused:?}");
    assert_eq!(world.mails("anna@akesbageri.example").await.len(), 1);
}

#[tokio::test]
async fn of_many_refreshes_at_once_none_is_lost_and_none_counts_as_theft() {
    let world = World::create().await;
    world.anna().await;
    let first = world.sign_in("anna@akesbageri.example").await;
    let caller = home();
    let refresh = || world.identity.refresh(&caller, first.refresh_token.expose());
    let (a, b, c, d) = tokio::join!(refresh(), refresh(), refresh(), refresh());
    for next in [a, b, c, d] {
        world.identity.refresh(&home(), next.unwrap().refresh_token.expose()).await.unwrap();
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once() {
    let world = World::create().await;
    world.anna().await;
    let signed_in = world.sign_in("anna@akesbageri.example").await;
    let elsewhere = world.sign_in("anna@akesbageri.example").await;
    world.identity.logout(&home(), signed_in.refresh_token.expose()).await.unwrap();
    assert_eq!(world.identity.verify(&signed_in.access_token), Err(TokenRefused::Revoked));
    let refused = world.identity.refresh(&home(), signed_in.refresh_token.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)), "{refused:?}");
    world.identity.verify(&elsewhere.access_token).unwrap();
    assert_eq!(world.audit("session.logout").await.len(), 1);
    // Twice, or with anything else, is as good as out.
    for sent in [signed_in.refresh_token.expose(), "", "nonsense", &"x".repeat(43)] {
        world.identity.logout(&home(), sent).await.unwrap();
        let refused = world.identity.refresh(&home(), sent).await;
        assert!(matches!(refused, Err(IdentityError::SessionEnded)), "{sent}: {refused:?}");
    }
    assert_eq!(world.audit("session.logout").await.len(), 1);
}

#[tokio::test]
async fn a_session_ends_after_two_idle_weeks_and_after_ninety_days_in_any_case() {
    let world = World::create().await;
    world.anna().await;
    let idle = world.sign_in("anna@akesbageri.example").await;
    world.let_pass(TimeDelta::days(14)).await;
    let refused = world.identity.refresh(&home(), idle.refresh_token.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)), "{refused:?}");

    let mut used = world.sign_in("anna@akesbageri.example").await;
    for _ in 0..8 {
        world.let_pass(TimeDelta::days(11)).await;
        used = world.identity.refresh(&home(), used.refresh_token.expose()).await.unwrap();
    }
    assert_eq!(used.refresh_max_age.div_ceil(24 * 3600), 2, "the cookie lives no longer than the session");
    world.let_pass(TimeDelta::days(3)).await;
    let refused = world.identity.refresh(&home(), used.refresh_token.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)), "{refused:?}");
}

#[tokio::test]
async fn who_is_suspended_anywhere_above_is_out_until_it_is_lifted() {
    let world = World::create().await;
    let user = world.anna().await;
    let set = async |what: &str, status: Status| {
        let mut platform = world.store.platform().await.unwrap();
        match what {
            "tenant" => drop(platform.tenants().set_status(world.nordtel, status).await.unwrap()),
            "user" => {
                let change = UserChange { status: Some(status), ..UserChange::default() };
                platform.users().update(user, change).await.unwrap();
            }
            _ => {
                let mut tx = world.store.tenant(&world.scope().await).await.unwrap();
                tx.customers().set_status(world.bakery, status).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        platform.commit().await.unwrap();
    };
    for what in ["tenant", "customer", "user"] {
        let signed_in = world.sign_in("anna@akesbageri.example").await;
        set(what, Status::Suspended).await;
        let refused = world.identity.login(&home(), "anna@akesbageri.example", PASSWORD, None).await;
        assert!(matches!(refused, Err(IdentityError::Suspended)), "{what}: {refused:?}");
        let refused = world.identity.login(&home(), "anna@akesbageri.example", OTHER_PASSWORD, None).await;
        assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{what}: {refused:?}");
        let refused = world.identity.refresh(&home(), signed_in.refresh_token.expose()).await;
        assert!(matches!(refused, Err(IdentityError::Suspended)), "{what}: {refused:?}");
        assert_eq!(world.identity.verify(&signed_in.access_token), Err(TokenRefused::Revoked), "{what}");
        set(what, Status::Active).await;
        world.sign_in("anna@akesbageri.example").await;
    }
}

#[tokio::test]
async fn a_changed_role_counts_from_the_moment_it_is_told() {
    let world = World::create().await;
    let user = world.anna().await;
    let signed_in = world.sign_in("anna@akesbageri.example").await;
    let mut tx = world.store.platform().await.unwrap();
    let change = UserChange { role: Some(Role::User), ..UserChange::default() };
    tx.users().update(user, change).await.unwrap();
    tx.commit().await.unwrap();
    world.identity.account_changed(signed_in.account.id);
    assert_eq!(world.identity.verify(&signed_in.access_token), Err(TokenRefused::Revoked));
    world.clock.advance(TimeDelta::milliseconds(1));
    let next = world.identity.refresh(&home(), signed_in.refresh_token.expose()).await.unwrap();
    let principal = world.identity.verify(&next.access_token).unwrap();
    assert_eq!(principal.memberships[0].role, Role::User);
    assert!(principal.for_customer(world.nordtel, world.bakery, Role::Manager).is_err());
}

#[tokio::test]
async fn a_new_key_takes_over_after_a_month_and_what_the_old_one_signed_holds() {
    let world = World::create().await;
    world.anna().await;
    let kids = || {
        let jwks = world.identity.jwks();
        let keys = jwks["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let old = world.sign_in("anna@akesbageri.example").await;
    let first = kids();
    assert_eq!(first.len(), 1);
    world.identity.maintain().await.unwrap();
    assert_eq!(kids(), first, "there is no hurry");
    world.let_pass(TimeDelta::days(30)).await;
    world.identity.maintain().await.unwrap();
    assert_eq!(kids().len(), 2);
    world.identity.verify(&old.access_token).unwrap();
    let new = world.sign_in("anna@akesbageri.example").await;
    let another = world.another_server().await;
    another.verify(&new.access_token).unwrap();
    another.verify(&old.access_token).unwrap();
    world.let_pass(TimeDelta::hours(2)).await;
    world.identity.maintain().await.unwrap();
    assert_eq!(kids().len(), 1);
    assert_ne!(kids(), first);
    assert!(matches!(world.identity.verify(&old.access_token), Err(TokenRefused::Invalid(_))));
    world.identity.verify(&new.access_token).unwrap();
    assert!(!world.identity.jwks().to_string().contains("\"d\""), "the private half is nowhere");
    assert!(world.identity.verify(URL).is_err());
}
