//! What the log says, and what it must not say.

use crate::world::{OTHER_PASSWORD, PASSWORD, World, email, from, home, name, registration, token_in};
use chrono::TimeDelta;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};
use voxera_identity::{Acceptance, NewMember};
use voxera_model::Role;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level_and_no_person_at_the_usual_one() {
    let (everything, usual) = (Lines::default(), Lines::default());
    let log = Registry::default()
        .with(fmt::layer().with_writer(everything.clone()).with_filter(LevelFilter::TRACE))
        .with(fmt::layer().with_writer(usual.clone()).with_filter(LevelFilter::INFO));
    let _guard = tracing::subscriber::set_default(log);

    // A bit of everything that has a secret in it.
    let anna = "anna@akesbageri.example";
    let world = World::create().await;
    world.anna().await;
    let signed_in = world.sign_in(anna).await;
    let next = world.identity.refresh(&home(), signed_in.refresh_token.expose()).await.unwrap();
    let stray = world.identity.login(&home(), anna, OTHER_PASSWORD, None).await;
    stray.unwrap_err();
    let principal = world.identity.verify(&next.access_token).unwrap();
    let grant = principal.for_customer(world.nordtel, world.bakery, Role::CustomerAdmin).unwrap();
    let member = NewMember {
        email: email("ny@akesbageri.example"),
        name: name("Nils Ny"),
        role: Role::User,
        locale: None,
    };
    world.identity.invite(&home(), &grant, member).await.unwrap();
    let invitation = token_in(&world.last_mail("ny@akesbageri.example").await);
    let said = Acceptance { password: Some(OTHER_PASSWORD.into()), name: None };
    world.identity.accept_invitation(&home(), &invitation, said).await.unwrap();
    world.identity.request_password_reset(&home(), &email(anna)).await.unwrap();
    let reset = token_in(&world.last_mail(anna).await);
    world.identity.confirm_password_reset(&home(), &reset, OTHER_PASSWORD).await.unwrap();
    let link = world.identity.invite_first_admin(&email("root@voxera.example"), None).await.unwrap();
    world.identity.register(&home(), registration("bengt@bengtsbil.example")).await.unwrap();
    let again = world.identity.login(&home(), anna, OTHER_PASSWORD, None).await.unwrap();
    let last = world.identity.refresh(&home(), again.refresh_token.expose()).await.unwrap();
    let here = world.identity.verify(&last.access_token).unwrap();
    let offer = world.identity.offer_second_factor(&here, OTHER_PASSWORD).await.unwrap();
    let app = totp_rs::Totp::from_url(offer.uri.as_str()).unwrap();
    let code = app.generate(u64::try_from(world.clock.now().timestamp()).unwrap()).to_string();
    let codes = world.identity.confirm_second_factor(&home(), &here, &code).await.unwrap();
    world.identity.login(&home(), anna, OTHER_PASSWORD, Some(codes[0].as_str())).await.unwrap();
    world.identity.login(&home(), anna, OTHER_PASSWORD, Some("000000")).await.unwrap_err();
    world.let_pass(TimeDelta::seconds(11)).await;
    world.identity.refresh(&from("203.0.113.66"), again.refresh_token.expose()).await.unwrap_err();

    let everything = everything.text();
    for secret in [
        PASSWORD,
        OTHER_PASSWORD,
        "$argon2id$",
        &signed_in.access_token,
        signed_in.refresh_token.expose(),
        next.refresh_token.expose(),
        last.refresh_token.expose(),
        &invitation,
        &reset,
        link.expose(),
        offer.secret.as_str(),
        codes[0].as_str(),
        codes[0].replace('-', "").as_str(),
    ] {
        assert!(!everything.contains(secret), "the log holds {secret}");
    }
    let usual = usual.text();
    assert!(usual.contains("a refresh token was used twice"), "{usual}");
    for person in ["@", "Anna", "Nils", "Bengt"] {
        assert!(!usual.contains(person), "the usual log names {person}: {usual}");
    }
}
