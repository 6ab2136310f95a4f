//! One-time links: a new password, an invitation, the first administrator.

use crate::world::{OTHER_PASSWORD, PASSWORD, URL, World, email, from, home, name, token_in};
use chrono::TimeDelta;
use voxera_identity::{Acceptance, IdentityError, Limits, NewMember, Rate, TokenRefused};
use voxera_model::{Locale, Role};

const ANNA: &str = "anna@akesbageri.example";
const NEW: &str = "ny@akesbageri.example";

/// The link works no more, and whoever tries learns nothing else.
fn is_gone<T: std::fmt::Debug>(outcome: Result<T, IdentityError>) {
    let refused = outcome.unwrap_err();
    assert!(matches!(refused, IdentityError::LinkInvalid), "{refused:?}");
}

fn field<T: std::fmt::Debug>(outcome: Result<T, IdentityError>) -> (&'static str, &'static str) {
    let Err(IdentityError::Invalid { field, invalid }) = outcome else { panic!("{outcome:?}") };
    (field, invalid.code)
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_link_that_works_once() {
    let world = World::create().await;
    world.anna().await;
    let before = world.sign_in(ANNA).await;
    world.identity.request_password_reset(&home(), &email(ANNA)).await.unwrap();
    let mail = world.last_mail(ANNA).await;
    assert_eq!((mail.purpose.as_str(), mail.tenant), ("password_reset", Some(world.nordtel)));
    assert!(
        mail.text.contains(&format!("{URL}/at/nordtel/reset-password?token="))
            && mail.text.contains("Nordtel")
    );
    let token = token_in(&mail);

    // A weak password leaves the link as it is.
    let refused = world.identity.confirm_password_reset(&home(), &token, "kort").await;
    assert_eq!(field(refused).0, "/password");
    let refused = world.identity.confirm_password_reset(&home(), &token, ANNA).await;
    assert_eq!(field(refused).0, "/password");
    world.clock.advance(TimeDelta::milliseconds(1));
    world.identity.confirm_password_reset(&home(), &token, OTHER_PASSWORD).await.unwrap();
    is_gone(world.identity.confirm_password_reset(&home(), &token, PASSWORD).await);

    // Everybody is out, the old password is nothing, the person is told.
    assert_eq!(world.identity.verify(&before.access_token), Err(TokenRefused::Revoked));
    let refused = world.identity.refresh(&home(), before.refresh_token.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)), "{refused:?}");
    let refused = world.identity.login(&home(), ANNA, PASSWORD, None).await;
    assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{refused:?}");
    world.clock.advance(TimeDelta::milliseconds(1));
    let after = world.identity.login(&home(), ANNA, OTHER_PASSWORD, None).await.unwrap();
    world.identity.verify(&after.access_token).unwrap();
    assert_eq!(world.last_mail(ANNA).await.purpose, "password_changed");
    assert_eq!(world.audit("account.reset_password").await[0].customer, Some(world.bakery));
}

#[tokio::test]
async fn a_reset_link_runs_out_after_an_hour_and_a_newer_one_replaces_it() {
    let world = World::create().await;
    world.anna().await;
    world.identity.request_password_reset(&home(), &email(ANNA)).await.unwrap();
    let first = token_in(&world.last_mail(ANNA).await);
    world.identity.request_password_reset(&home(), &email(ANNA)).await.unwrap();
    let second = token_in(&world.last_mail(ANNA).await);
    is_gone(world.identity.confirm_password_reset(&home(), &first, OTHER_PASSWORD).await);
    world.let_pass(TimeDelta::minutes(61)).await;
    is_gone(world.identity.confirm_password_reset(&home(), &second, OTHER_PASSWORD).await);
    for nonsense in ["", "x", &"A".repeat(43), "../../etc/passwd", "å"] {
        is_gone(world.identity.confirm_password_reset(&home(), nonsense, OTHER_PASSWORD).await);
    }
    world.sign_in(ANNA).await;
}

#[tokio::test]
async fn of_two_who_take_a_link_at_once_one_gets_it() {
    let world = World::create().await;
    world.anna().await;
    world.identity.request_password_reset(&home(), &email(ANNA)).await.unwrap();
    let token = token_in(&world.last_mail(ANNA).await);
    let (caller, identity) = (home(), &world.identity);
    let (one, two) = tokio::join!(
        identity.confirm_password_reset(&caller, &token, OTHER_PASSWORD),
        identity.confirm_password_reset(&caller, &token, "tredje lösenordet")
    );
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn asking_for_a_link_tells_nobody_who_is_known_and_floods_no_mailbox() {
    let world = World::create().await;
    world.anna().await;
    let unknown = email("unknown@example.com");
    let limit = Limits::default().mail_per_account;
    for address in [email(ANNA), unknown.clone()] {
        for _ in 0..limit.burst {
            world.identity.request_password_reset(&home(), &address).await.unwrap();
        }
        let refused = world.identity.request_password_reset(&home(), &address).await;
        assert!(matches!(refused, Err(IdentityError::TooMany { .. })), "{refused:?}");
    }
    assert_eq!(world.mails(ANNA).await.len(), usize::try_from(limit.burst).unwrap());
    assert!(world.mails(unknown.as_str()).await.is_empty());
    // Verified already: nothing to send.
    world.clock.advance(TimeDelta::hours(1));
    world.identity.resend_verification(&home(), &email(ANNA)).await.unwrap();
    assert_eq!(world.mails(ANNA).await.len(), usize::try_from(limit.burst).unwrap());
}

#[tokio::test]
async fn guessing_links_is_limited_by_address() {
    let limits = Limits { link_per_address: Rate { burst: 4, every_seconds: 10 }, ..Limits::default() };
    let world = World::with(limits).await;
    world.anna().await;
    world.identity.request_password_reset(&home(), &email(ANNA)).await.unwrap();
    let token = token_in(&world.last_mail(ANNA).await);
    let guesser = from("203.0.113.66");
    for _ in 0..4 {
        is_gone(world.identity.invitation(&guesser, &"A".repeat(43)).await);
    }
    let refused = world.identity.invitation(&guesser, &"A".repeat(43)).await;
    assert!(matches!(refused, Err(IdentityError::TooMany { .. })), "{refused:?}");
    world.identity.confirm_password_reset(&home(), &token, OTHER_PASSWORD).await.unwrap();
}

#[tokio::test]
async fn somebody_new_is_invited_by_mail_chooses_a_password_and_signs_in() {
    let world = World::create().await;
    world.anna().await;
    let anna = world.principal(ANNA).await;
    let grant = anna.for_customer(world.nordtel, world.bakery, Role::CustomerAdmin).unwrap();
    let member =
        NewMember { email: email(NEW), name: name("Nils Ny"), role: Role::Manager, locale: Some(Locale::En) };
    let user = world.identity.invite(&home(), &grant, member.clone()).await.unwrap();
    assert!(user.invited);
    let mail = world.last_mail(NEW).await;
    assert_eq!(mail.subject, "Invitation to Åkes Bageri AB");
    assert!(
        mail.text.contains("Anna Åkesson") && mail.text.contains("Nordtel") && mail.text.contains("manager")
    );
    // Nobody is invited twice, and no role of another level is given.
    let again = world.identity.invite(&home(), &grant, member.clone()).await;
    assert!(matches!(again, Err(IdentityError::AlreadyMember)), "{again:?}");
    for role in [Role::TenantAdmin, Role::PlatformAdmin] {
        let member = NewMember { email: email("x@example.com"), role, ..member.clone() };
        assert_eq!(field(world.identity.invite(&home(), &grant, member).await).0, "/role");
    }

    let token = token_in(&mail);
    let shown = world.identity.invitation(&home(), &token).await.unwrap();
    assert_eq!((shown.email, shown.role, shown.has_password), (email(NEW), Role::Manager, false));
    assert_eq!(shown.organization, "Åkes Bageri AB");
    assert_eq!(shown.invited_by.as_deref(), Some("Anna Åkesson"));

    let accept = |password: Option<&str>| Acceptance {
        password: password.map(str::to_owned),
        name: Some(name("Nils Nyberg")),
    };
    let refused = world.identity.accept_invitation(&home(), &token, accept(None)).await;
    assert_eq!(field(refused), ("/password", "password_required"));
    let refused = world.identity.accept_invitation(&home(), &token, accept(Some("kort"))).await;
    assert_eq!(field(refused).0, "/password");
    world.identity.accept_invitation(&home(), &token, accept(Some(PASSWORD))).await.unwrap();
    is_gone(world.identity.accept_invitation(&home(), &token, accept(Some(OTHER_PASSWORD))).await);
    is_gone(world.identity.invitation(&home(), &token).await);
    world.clock.advance(TimeDelta::milliseconds(1));
    let signed_in = world.sign_in(NEW).await;
    assert_eq!(signed_in.account.name, "Nils Nyberg");
    assert_eq!((signed_in.memberships[0].role, signed_in.account.locale), (Role::Manager, Locale::En));
    assert_eq!(world.audit("user.invite").await[0].actor_label, ANNA);
    assert_eq!(world.audit("user.accept_invitation").await[0].actor_label, NEW);
    // Who is in is not invited again.
    let again = world.identity.resend_invitation(&home(), &grant, user.id).await;
    assert!(matches!(again, Err(IdentityError::AlreadyMember)), "{again:?}");
}

#[tokio::test]
async fn who_has_an_account_keeps_the_password_and_is_a_user_at_once() {
    let world = World::create().await;
    world.anna().await;
    world.seed("partner@nordtel.example", Role::TenantAdmin).await;
    let partner = world.principal("partner@nordtel.example").await;
    let grant = partner.for_tenant(world.nordtel, Role::TenantAdmin).unwrap();
    let before = world.sign_in(ANNA).await;
    let member = NewMember { email: email(ANNA), name: name("Anna"), role: Role::TenantAdmin, locale: None };
    world.identity.invite(&home(), &grant, member).await.unwrap();
    let token = token_in(&world.last_mail(ANNA).await);
    assert!(world.identity.invitation(&home(), &token).await.unwrap().has_password);
    let refused = world
        .identity
        .accept_invitation(&home(), &token, Acceptance { password: Some(OTHER_PASSWORD.into()), name: None })
        .await;
    assert_eq!(field(refused), ("/password", "password_not_wanted"));
    world.identity.accept_invitation(&home(), &token, Acceptance::default()).await.unwrap();
    world.clock.advance(TimeDelta::milliseconds(1));
    let after = world.identity.refresh(&home(), before.refresh_token.expose()).await.unwrap();
    assert_eq!(after.memberships.len(), 2);
    world.identity.verify(&after.access_token).unwrap().for_tenant(world.nordtel, Role::TenantAdmin).unwrap();
}

#[tokio::test]
async fn an_invitation_lasts_a_week_and_another_replaces_it() {
    let world = World::create().await;
    world.anna().await;
    let grant =
        world.principal(ANNA).await.for_customer(world.nordtel, world.bakery, Role::CustomerAdmin).unwrap();
    let member = NewMember { email: email(NEW), name: name("Nils"), role: Role::User, locale: None };
    let user = world.identity.invite(&home(), &grant, member).await.unwrap();
    let first = token_in(&world.last_mail(NEW).await);
    world.identity.resend_invitation(&home(), &grant, user.id).await.unwrap();
    let second = token_in(&world.last_mail(NEW).await);
    is_gone(world.identity.invitation(&home(), &first).await);
    world.let_pass(TimeDelta::days(6)).await;
    world.identity.invitation(&home(), &second).await.unwrap();
    world.let_pass(TimeDelta::days(1) + TimeDelta::seconds(1)).await;
    is_gone(world.identity.invitation(&home(), &second).await);
    // A link of one kind opens nothing of another.
    world.identity.resend_invitation(&home(), &grant, user.id).await.unwrap();
    let third = token_in(&world.last_mail(NEW).await);
    is_gone(world.identity.confirm_password_reset(&home(), &third, PASSWORD).await);
    is_gone(world.identity.verify_email(&home(), &third).await);
    // Whoever is removed takes the invitation along; a stranger's user is nobody.
    let mut tx = world.store.platform().await.unwrap();
    tx.users().delete(user.id).await.unwrap();
    tx.commit().await.unwrap();
    is_gone(world.identity.invitation(&home(), &third).await);
    let partner = world.seed("partner@nordtel.example", Role::TenantAdmin).await;
    let gone = world.identity.resend_invitation(&home(), &grant, partner).await;
    assert!(matches!(gone, Err(IdentityError::NotFound)), "{gone:?}");
}

#[tokio::test]
async fn the_first_administrator_gets_a_link_from_who_runs_the_server() {
    let world = World::create().await;
    let first = world.identity.invite_first_admin(&email("root@voxera.example"), None).await.unwrap();
    let link =
        world.identity.invite_first_admin(&email("root@voxera.example"), Some(name("Rot"))).await.unwrap();
    assert!(world.mails("root@voxera.example").await.is_empty());
    assert_eq!(format!("{link:?}"), "Secret(…)");
    let token = |link: &voxera_identity::Secret| {
        link.expose().strip_prefix(&format!("{URL}/invitation/")).unwrap().to_owned()
    };
    is_gone(world.identity.invitation(&home(), &token(&first)).await);
    let shown = world.identity.invitation(&home(), &token(&link)).await.unwrap();
    assert_eq!((shown.role, shown.invited_by), (Role::PlatformAdmin, None));
    let said = Acceptance { password: Some(PASSWORD.into()), name: Some(name("Rot")) };
    world.identity.accept_invitation(&home(), &token(&link), said).await.unwrap();
    world.clock.advance(TimeDelta::milliseconds(1));
    let root = world.principal("root@voxera.example").await;
    root.require_platform_admin().unwrap();
    assert_eq!(root.name, "Rot");
    let entries = world.audit("user.invite").await;
    assert_eq!((entries.len(), entries[0].actor_label.as_str()), (2, "system"));
    // Somebody who has an account already becomes an administrator too, with the password as it is.
    world.anna().await;
    let link = world.identity.invite_first_admin(&email(ANNA), None).await.unwrap();
    world.identity.accept_invitation(&home(), &token(&link), Acceptance::default()).await.unwrap();
    world.clock.advance(TimeDelta::milliseconds(1));
    world.principal(ANNA).await.require_platform_admin().unwrap();
}

#[tokio::test]
async fn whoever_knows_the_password_changes_it_and_stays_in() {
    let world = World::create().await;
    world.anna().await;
    let here = world.sign_in(ANNA).await;
    let elsewhere = world.sign_in(ANNA).await;
    let anna = world.identity.verify(&here.access_token).unwrap();
    let refused = world.identity.change_password(&home(), &anna, "fel lösenord", OTHER_PASSWORD).await;
    assert!(matches!(refused, Err(IdentityError::WrongPassword { .. })), "{refused:?}");
    for weak in ["kort", PASSWORD, ANNA] {
        let refused = world.identity.change_password(&home(), &anna, PASSWORD, weak).await;
        assert_eq!(field(refused).0, "/new_password", "{weak}");
    }
    world.identity.change_password(&home(), &anna, PASSWORD, OTHER_PASSWORD).await.unwrap();
    world.identity.verify(&here.access_token).unwrap();
    world.identity.refresh(&home(), here.refresh_token.expose()).await.unwrap();
    assert_eq!(world.identity.verify(&elsewhere.access_token), Err(TokenRefused::Revoked));
    let refused = world.identity.refresh(&home(), elsewhere.refresh_token.expose()).await;
    assert!(matches!(refused, Err(IdentityError::SessionEnded)), "{refused:?}");
    world.identity.login(&home(), ANNA, OTHER_PASSWORD, None).await.unwrap();
    let mail = world.last_mail(ANNA).await;
    assert!(mail.purpose == "password_changed" && mail.text.contains("192.0.2.10"), "{}", mail.text);
}
