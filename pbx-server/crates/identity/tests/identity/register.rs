//! A company that signs up by itself.

use crate::world::{PASSWORD, URL, World, email, home, name, registration, token_in};
use chrono::TimeDelta;
use voxera_identity::{IdentityError, Registration};
use voxera_model::{Locale, Role, Status};
use voxera_store::{MailFilter, Page, StoreError};

const BENGT: &str = "bengt@bengtsbil.example";

impl World {
    async fn direct_customers(&self) -> Vec<voxera_store::Customer> {
        let scope = self.store.tenant_scope(self.builtin).await.unwrap();
        let mut tx = self.store.tenant(&scope).await.unwrap();
        tx.customers().list(&Page::all()).await.unwrap().items
    }

    async fn knows(&self, address: &str) -> bool {
        let mut tx = self.store.platform().await.unwrap();
        match tx.accounts().by_email(&email(address)).await {
            Ok(_) => true,
            Err(StoreError::NotFound) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_company_signs_up_confirms_its_address_and_is_in() {
    let world = World::create().await;
    world.identity.register(&home(), registration(BENGT)).await.unwrap();
    let customers = world.direct_customers().await;
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0].name, name("Bengts Bil AB"));
    assert_eq!((customers[0].max_agents, customers[0].monthly_tokens), (2, 1000));
    assert_eq!(customers[0].locale, Locale::Sv);

    // Nobody is in before the address is confirmed, and only who knows the password is told why.
    let refused = world.identity.login(&home(), BENGT, PASSWORD, None).await;
    assert!(matches!(refused, Err(IdentityError::EmailUnverified)), "{refused:?}");
    let refused = world.identity.login(&home(), BENGT, "fel lösenord", None).await;
    assert!(matches!(refused, Err(IdentityError::WrongCredentials)), "{refused:?}");
    let mail = world.last_mail(BENGT).await;
    assert_eq!(mail.subject, "Bekräfta din e-postadress hos Voxera");
    assert!(
        mail.text.contains("Bengt Bengtsson") && mail.text.contains(&format!("{URL}/verify-email?token="))
    );
    let token = token_in(&mail);
    world.identity.verify_email(&home(), &token).await.unwrap();
    let again = world.identity.verify_email(&home(), &token).await;
    assert!(matches!(again, Err(IdentityError::LinkInvalid)), "{again:?}");

    let bengt = world.principal(BENGT).await;
    bengt.for_customer(world.builtin, customers[0].id, Role::CustomerAdmin).unwrap();
    assert!(bengt.for_tenant(world.builtin, Role::TenantAdmin).is_err());
    let entry = world.audit("account.register").await.remove(0);
    assert_eq!((entry.tenant, entry.customer), (Some(world.builtin), Some(customers[0].id)));
    assert!(!entry.after.unwrap().to_string().contains(PASSWORD));
}

#[tokio::test]
async fn a_verification_link_lasts_a_day_and_is_sent_again_on_request() {
    let world = World::create().await;
    let registration = Registration { locale: Some(Locale::En), ..registration(BENGT) };
    world.identity.register(&home(), registration).await.unwrap();
    let first = world.last_mail(BENGT).await;
    assert_eq!(first.subject, "Confirm your e-mail address with Voxera");
    world.let_pass(TimeDelta::hours(25)).await;
    let late = world.identity.verify_email(&home(), &token_in(&first)).await;
    assert!(matches!(late, Err(IdentityError::LinkInvalid)), "{late:?}");
    world.identity.resend_verification(&home(), &email(BENGT)).await.unwrap();
    let second = world.last_mail(BENGT).await;
    assert_ne!(token_in(&first), token_in(&second));
    world.identity.verify_email(&home(), &token_in(&second)).await.unwrap();
    world.sign_in(BENGT).await;
}

#[tokio::test]
async fn whatever_goes_wrong_nothing_is_half_registered() {
    let world = World::create().await;
    // The last thing that is written, the audit entry, fails.
    world.database.execute("revoke insert on platform.audit from voxera_app").await;
    let failed = world.identity.register(&home(), registration(BENGT)).await;
    assert!(matches!(failed, Err(IdentityError::Store(StoreError::Other(_)))), "{failed:?}");
    assert!(!world.knows(BENGT).await);
    assert!(world.direct_customers().await.is_empty());
    let mut tx = world.store.platform().await.unwrap();
    assert_eq!(tx.mails().list(&Page::all(), &MailFilter::default()).await.unwrap().total, 0);
    drop(tx);
    world.database.execute("grant insert on platform.audit to voxera_app").await;
    world.identity.register(&home(), registration(BENGT)).await.unwrap();
    assert_eq!(world.direct_customers().await.len(), 1);
}

#[tokio::test]
async fn an_address_registers_once_however_many_try() {
    let world = World::create().await;
    let (caller, identity) = (home(), &world.identity);
    let (one, two) = tokio::join!(
        identity.register(&caller, registration(BENGT)),
        identity.register(&caller, registration("BENGT@bengtsbil.example"))
    );
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    for refused in [one, two, identity.register(&caller, registration(BENGT)).await] {
        assert!(matches!(refused, Ok(_) | Err(IdentityError::EmailTaken)), "{refused:?}");
    }
    assert_eq!(world.direct_customers().await.len(), 1);
    assert_eq!(world.mails(BENGT).await.len(), 1);
}

#[tokio::test]
async fn a_weak_password_is_told_at_its_field_and_nothing_is_made() {
    let world = World::create().await;
    for weak in ["", "kort", "1234567890", "password", BENGT, &"x".repeat(10_000)] {
        let registration = Registration { password: weak.into(), ..registration(BENGT) };
        let refused = world.identity.register(&home(), registration).await;
        let Err(IdentityError::Invalid { field: "/password", .. }) = refused else {
            panic!("{weak}: {refused:?}")
        };
    }
    assert!(!world.knows(BENGT).await);
}

#[tokio::test]
async fn an_installation_whose_own_tenant_is_suspended_takes_nobody() {
    let world = World::create().await;
    let mut tx = world.store.platform().await.unwrap();
    tx.tenants().set_status(world.builtin, Status::Suspended).await.unwrap();
    tx.commit().await.unwrap();
    let refused = world.identity.register(&home(), registration(BENGT)).await;
    assert!(matches!(refused, Err(IdentityError::Suspended)), "{refused:?}");
    assert!(!world.knows(BENGT).await);
}

#[tokio::test]
async fn one_address_cannot_register_without_end() {
    let world = World::create().await;
    let burst = voxera_identity::Limits::default().mail_per_address.burst;
    // Refused attempts count too.
    for _ in 0..burst {
        let registration = Registration { password: "kort".into(), ..registration(BENGT) };
        assert!(world.identity.register(&home(), registration).await.is_err());
    }
    let refused = world.identity.register(&home(), registration(BENGT)).await;
    assert!(matches!(refused, Err(IdentityError::TooMany { .. })), "{refused:?}");
}
