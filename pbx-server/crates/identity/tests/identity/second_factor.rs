//! Two-step sign-in: on, used, lost, off.

use crate::world::{OTHER_PASSWORD, PASSWORD, World, from, home};
use chrono::{DateTime, TimeDelta, Utc};
use totp_rs::Totp;
use voxera_identity::{IdentityError, Offer, Principal, SignedIn};
use voxera_model::{Role, UserId};
use voxera_store::{LoginOutcome, Page};

const ANNA: &str = "anna@akesbageri.example";

/// Anna's telephone, whose clock may be wrong.
struct App(Totp);

impl App {
    fn scan(offer: &Offer) -> Self {
        Self(Totp::from_url(offer.uri.as_str()).unwrap())
    }

    fn code(&self, at: DateTime<Utc>) -> String {
        self.0.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
    }
}

/// Anna with two-step sign-in.
struct Anna {
    world: World,
    user: UserId,
    app: App,
    recovery: Vec<String>,
    principal: Principal,
}

impl Anna {
    async fn create() -> Self {
        let world = World::create().await;
        let user = world.anna().await;
        let principal = world.principal(ANNA).await;
        let offer = world.identity.offer_second_factor(&principal, PASSWORD).await.unwrap();
        let app = App::scan(&offer);
        let code = app.code(world.clock.now());
        let codes = world.identity.confirm_second_factor(&home(), &principal, &code).await.unwrap();
        let recovery = codes.iter().map(|code| code.to_string()).collect();
        // The code that confirmed it is used up.
        world.clock.advance(TimeDelta::seconds(60));
        Self { world, user, app, recovery, principal }
    }

    async fn sign_in(&self, code: &str) -> Result<SignedIn, IdentityError> {
        self.world.identity.login(&home(), ANNA, PASSWORD, Some(code)).await
    }

    fn code_in(&self, seconds: i64) -> String {
        self.app.code(self.world.clock.now() + TimeDelta::seconds(seconds))
    }

    async fn outcomes(&self) -> Vec<LoginOutcome> {
        let found = self.world.identity.logins(&self.principal, &Page::all()).await.unwrap();
        found.items.into_iter().map(|login| login.outcome).collect()
    }
}

#[tokio::test]
async fn once_it_is_on_a_code_is_asked_for_and_lets_in() {
    let anna = Anna::create().await;
    let security = anna.world.identity.security(&anna.principal).await.unwrap();
    assert!(security.second_factor_since.is_some());
    assert_eq!(security.recovery_codes_left, 10);
    assert!(security.password_changed_at.is_some());

    let asked = anna.world.identity.login(&home(), ANNA, PASSWORD, None).await;
    assert!(matches!(asked, Err(IdentityError::SecondFactorRequired)), "{asked:?}");
    // Who does not know the password is told nothing of it, whatever the code.
    let stray = anna.world.identity.login(&home(), ANNA, OTHER_PASSWORD, None).await;
    assert!(matches!(stray, Err(IdentityError::WrongCredentials)), "{stray:?}");
    let code = anna.code_in(0);
    let stray = anna.world.identity.login(&home(), ANNA, OTHER_PASSWORD, Some(&code)).await;
    assert!(matches!(stray, Err(IdentityError::WrongCredentials)), "{stray:?}");

    anna.sign_in(&code).await.unwrap();
    let entry = anna.world.audit("session.login").await.remove(0);
    assert_eq!(entry.after.unwrap()["second_factor"], "app");
    assert_eq!(anna.world.audit("user.totp_on").await.len(), 1);
    let mail = anna.world.mails(ANNA).await.remove(0);
    assert_eq!(
        (mail.purpose.as_str(), mail.subject.as_str()),
        ("second_factor_on", "Tvåstegsinloggning är på")
    );
    assert!(mail.text.contains("192.0.2.10"), "{}", mail.text);
}

#[tokio::test]
async fn a_clock_that_is_half_a_minute_off_lets_in_and_one_that_is_a_minute_off_does_not() {
    for off in [-30, 0, 30] {
        let anna = Anna::create().await;
        let code = anna.code_in(off);
        anna.sign_in(&code).await.unwrap();
    }
    let anna = Anna::create().await;
    for off in [-60, 60] {
        let code = anna.code_in(off);
        let refused = anna.sign_in(&code).await;
        assert!(matches!(refused, Err(IdentityError::SecondFactorWrong)), "{off} s: {refused:?}");
    }
    let failures = anna.world.audit("session.login_failed").await;
    assert_eq!(failures.len(), 2);
    assert!(failures.iter().all(|entry| entry.after.as_ref().unwrap()["reason"] == "wrong_code"));
    let seen = [LoginOutcome::WrongCode, LoginOutcome::WrongCode, LoginOutcome::Ok];
    assert_eq!(anna.outcomes().await, seen);
}

#[tokio::test]
async fn a_code_that_was_used_lets_nobody_in_again_nor_does_an_earlier_one() {
    let anna = Anna::create().await;
    let (earlier, code, later) = (anna.code_in(-30), anna.code_in(0), anna.code_in(30));
    anna.sign_in(&code).await.unwrap();
    for used in [&code, &earlier] {
        let replayed = anna.sign_in(used).await;
        assert!(matches!(replayed, Err(IdentityError::SecondFactorWrong)), "{replayed:?}");
    }
    anna.sign_in(&later).await.unwrap();
}

#[tokio::test]
async fn of_two_that_send_the_same_code_at_once_one_gets_in() {
    let anna = Anna::create().await;
    let code = anna.code_in(0);
    let (one, other) = tokio::join!(anna.sign_in(&code), anna.sign_in(&code));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_however_it_is_written() {
    let anna = Anna::create().await;
    let written = anna.recovery[3].to_uppercase().replace('-', " ");
    anna.sign_in(&written).await.unwrap();
    let entry = anna.world.audit("session.login").await.remove(0);
    assert_eq!(entry.after.unwrap()["second_factor"], "recovery_code");
    let again = anna.sign_in(&anna.recovery[3]).await;
    assert!(matches!(again, Err(IdentityError::SecondFactorWrong)), "{again:?}");
    let security = anna.world.identity.security(&anna.principal).await.unwrap();
    assert_eq!(security.recovery_codes_left, 9);
}

#[tokio::test]
async fn new_recovery_codes_need_the_password_and_void_the_old() {
    let anna = Anna::create().await;
    let identity = &anna.world.identity;
    let stray = identity.renew_recovery_codes(&home(), &anna.principal, OTHER_PASSWORD).await;
    assert!(matches!(stray, Err(IdentityError::WrongPassword { field: "/password" })), "{stray:?}");
    let fresh = identity.renew_recovery_codes(&home(), &anna.principal, PASSWORD).await.unwrap();
    assert_eq!(fresh.len(), 10);
    assert_eq!(anna.world.last_mail(ANNA).await.purpose, "recovery_codes");
    assert_eq!(anna.world.audit("user.recovery_codes").await.len(), 1);
    let old = anna.sign_in(&anna.recovery[0]).await;
    assert!(matches!(old, Err(IdentityError::SecondFactorWrong)), "{old:?}");
    anna.sign_in(&fresh[0]).await.unwrap();
}

#[tokio::test]
async fn guessing_codes_is_stopped_from_everywhere_and_opens_by_itself() {
    let anna = Anna::create().await;
    for n in 0..5 {
        let caller = from(&format!("198.51.100.{n}"));
        let wrong = anna.world.identity.login(&caller, ANNA, PASSWORD, Some("000000")).await;
        assert!(matches!(wrong, Err(IdentityError::SecondFactorWrong)), "{wrong:?}");
    }
    let code = anna.code_in(0);
    let stopped = anna.sign_in(&code).await;
    assert!(matches!(stopped, Err(IdentityError::TooMany { .. })), "{stopped:?}");
    anna.world.clock.advance(TimeDelta::minutes(5));
    let code = anna.code_in(0);
    anna.sign_in(&code).await.unwrap();
}

#[tokio::test]
async fn nothing_is_asked_for_until_the_app_has_shown_a_code_in_time() {
    let world = World::create().await;
    world.anna().await;
    let principal = world.principal(ANNA).await;
    let identity = &world.identity;
    let early = identity.confirm_second_factor(&home(), &principal, "123456").await;
    assert!(matches!(early, Err(IdentityError::SecondFactorNotOffered)), "{early:?}");
    let stray = identity.offer_second_factor(&principal, OTHER_PASSWORD).await;
    assert!(matches!(stray, Err(IdentityError::WrongPassword { field: "/password" })), "{stray:?}");

    let first = App::scan(&identity.offer_second_factor(&principal, PASSWORD).await.unwrap());
    let second = App::scan(&identity.offer_second_factor(&principal, PASSWORD).await.unwrap());
    // The first offer is void since there was a second.
    let code = first.code(world.clock.now());
    let refused = identity.confirm_second_factor(&home(), &principal, &code).await;
    assert!(matches!(refused, Err(IdentityError::SecondFactorWrong)), "{refused:?}");
    world.sign_in(ANNA).await;

    world.clock.advance(TimeDelta::minutes(15));
    let code = second.code(world.clock.now());
    let late = identity.confirm_second_factor(&home(), &principal, &code).await;
    assert!(matches!(late, Err(IdentityError::SecondFactorNotOffered)), "{late:?}");
    identity.maintain().await.unwrap();
    world.sign_in(ANNA).await;
    assert!(world.mails(ANNA).await.is_empty());
}

#[tokio::test]
async fn while_it_is_on_no_other_secret_is_offered() {
    let anna = Anna::create().await;
    let identity = &anna.world.identity;
    let again = identity.offer_second_factor(&anna.principal, PASSWORD).await;
    assert!(matches!(again, Err(IdentityError::SecondFactorOn)), "{again:?}");
    let code = anna.code_in(0);
    let again = identity.confirm_second_factor(&home(), &anna.principal, &code).await;
    assert!(matches!(again, Err(IdentityError::SecondFactorOn)), "{again:?}");
}

#[tokio::test]
async fn off_needs_the_password_and_is_told_by_mail() {
    let anna = Anna::create().await;
    let identity = &anna.world.identity;
    let stray = identity.remove_second_factor(&home(), &anna.principal, OTHER_PASSWORD).await;
    assert!(matches!(stray, Err(IdentityError::WrongPassword { .. })), "{stray:?}");
    identity.remove_second_factor(&home(), &anna.principal, PASSWORD).await.unwrap();
    anna.world.sign_in(ANNA).await;
    assert_eq!(anna.world.last_mail(ANNA).await.purpose, "second_factor_off");
    assert_eq!(anna.world.audit("user.totp_off").await.len(), 1);
    let again = identity.remove_second_factor(&home(), &anna.principal, PASSWORD).await;
    assert!(matches!(again, Err(IdentityError::SecondFactorOff)), "{again:?}");
    let codes = identity.renew_recovery_codes(&home(), &anna.principal, PASSWORD).await;
    assert!(matches!(codes, Err(IdentityError::SecondFactorOff)), "{codes:?}");
}

#[tokio::test]
async fn a_new_password_by_mail_does_not_go_round_it() {
    let anna = Anna::create().await;
    let identity = &anna.world.identity;
    identity.request_password_reset(&home(), &crate::world::email(ANNA)).await.unwrap();
    let token = crate::world::token_in(&anna.world.last_mail(ANNA).await);
    identity.confirm_password_reset(&home(), &token, OTHER_PASSWORD).await.unwrap();
    let asked = identity.login(&home(), ANNA, OTHER_PASSWORD, None).await;
    assert!(matches!(asked, Err(IdentityError::SecondFactorRequired)), "{asked:?}");
}

#[tokio::test]
async fn an_administrator_takes_it_away_for_who_has_lost_everything() {
    let anna = Anna::create().await;
    let world = &anna.world;
    let partner = "partner@nordtel.example";
    world.seed(partner, Role::TenantAdmin).await;
    let partner = world.principal(partner).await;
    let grant = partner.for_customer(world.nordtel, world.bakery, Role::CustomerAdmin).unwrap();
    world.identity.reset_second_factor(&home(), &partner, &grant, anna.user).await.unwrap();
    world.sign_in(ANNA).await;
    let mail = world.last_mail(ANNA).await;
    assert_eq!(mail.purpose, "second_factor_reset");
    let entry = world.audit("user.totp_reset").await.remove(0);
    assert_eq!((entry.customer, entry.resource_id), (Some(world.bakery), anna.user.to_string()));
    let again = world.identity.reset_second_factor(&home(), &partner, &grant, anna.user).await;
    assert!(matches!(again, Err(IdentityError::SecondFactorOff)), "{again:?}");
}

#[tokio::test]
async fn who_runs_the_server_takes_it_from_anybody_by_address() {
    let anna = Anna::create().await;
    let identity = &anna.world.identity;
    identity.reset_second_factor_of(&crate::world::email(ANNA)).await.unwrap();
    anna.world.sign_in(ANNA).await;
    assert_eq!(anna.world.last_mail(ANNA).await.purpose, "second_factor_reset");
    assert_eq!(anna.world.audit("user.totp_reset").await.remove(0).actor_label, "system");
    let again = identity.reset_second_factor_of(&crate::world::email(ANNA)).await;
    assert!(matches!(again, Err(IdentityError::SecondFactorOff)), "{again:?}");
    let nobody = identity.reset_second_factor_of(&crate::world::email("nobody@example.com")).await;
    assert!(matches!(nobody, Err(IdentityError::NotFound)), "{nobody:?}");
}

#[tokio::test]
async fn nobody_takes_it_from_a_person_who_is_somebody_elsewhere_too() {
    let anna = Anna::create().await;
    let world = &anna.world;
    // Anna also helps to run the partner; the bakery's other administrator does not.
    world.seed(ANNA, Role::TenantAdmin).await;
    let bertil = "bertil@akesbageri.example";
    world.seed(bertil, Role::CustomerAdmin).await;
    let bertil = world.principal(bertil).await;
    let grant = bertil.for_customer(world.nordtel, world.bakery, Role::CustomerAdmin).unwrap();
    let refused = world.identity.reset_second_factor(&home(), &bertil, &grant, anna.user).await;
    assert!(matches!(refused, Err(IdentityError::Forbidden { .. })), "{refused:?}");
    let asked = world.identity.login(&home(), ANNA, PASSWORD, None).await;
    assert!(matches!(asked, Err(IdentityError::SecondFactorRequired)), "{asked:?}");
}

#[tokio::test]
async fn the_secret_is_not_in_the_database_as_it_is() {
    let anna = Anna::create().await;
    // The owner of the database compares: neither the secret nor a code is there.
    let secret = anna.app.0.secret().as_bytes();
    let secret = secret.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let code = anna.recovery[0].replace('-', "");
    anna.world
        .database
        .execute(&format!(
            "do $$ begin
                if exists (select 1 from platform.totp where position(decode('{secret}', 'hex') in sealed_secret) > 0)
                    or exists (select 1 from platform.recovery_codes where hash = '{code}'::bytea)
                    or (select count(*) from platform.recovery_codes) <> 10
                then raise 'found'; end if;
            end $$"
        ))
        .await;
}
