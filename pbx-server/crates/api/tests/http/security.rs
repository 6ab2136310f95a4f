//! My sign-ins, my second factor, my picture, over HTTP.

use crate::common::{PASSWORD, Reply, Who, World};
use axum::body::Body;
use chrono::{DateTime, TimeDelta, Utc};
use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};
use std::io::Cursor;
use totp_rs::Totp;

const LOGIN: &str = "/api/v1/auth/login";
const AVATAR: &str = "/api/v1/me/avatar";

async fn login(world: &World, email: &str, code: Option<&str>) -> Reply {
    let login = json!({ "email": email, "password": PASSWORD, "code": code });
    world.anonymous().post(LOGIN, login).await
}

/// A telephone with an authenticator app.
struct App(Totp);

impl App {
    fn scan(uri: &str) -> Self {
        Self(Totp::from_url(uri).unwrap())
    }

    fn secret(&self) -> String {
        self.0.secret().to_base32()
    }

    fn code(&self, at: DateTime<Utc>) -> String {
        self.0.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
    }
}

/// Who holds the access token of a sign-in.
fn holder(world: &World, reply: &Reply) -> Who {
    let answer = reply.expect(200);
    Who { token: Some(answer["access_token"].as_str().unwrap().to_owned()), ..world.anonymous() }
}

/// Turns two-step sign-in on: the app, and the recovery codes.
async fn two_steps(world: &World, who: &Who) -> (App, Vec<String>) {
    let offer = who.post("/api/v1/me/totp", json!({ "password": PASSWORD })).await;
    assert_eq!(offer.header("cache-control"), "no-store");
    let offer = offer.expect(200);
    let app = App::scan(offer["uri"].as_str().unwrap());
    assert_eq!(app.secret(), offer["secret"]);
    let code = app.code(world.clock.now());
    let codes = who.post("/api/v1/me/totp/confirm", json!({ "code": code })).await.expect(200);
    world.clock.advance(TimeDelta::seconds(60));
    let codes = codes["recovery_codes"].as_array().unwrap();
    (app, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn two_step_sign_in_from_the_first_scan_to_the_last_code() {
    let world = World::new().await;
    let email = world.akes().login("user");
    let who = world.sign_in(&email).await;
    let off = who.get("/api/v1/me/security").await.expect(200);
    assert_eq!(off["totp"], json!({ "on": false, "since": null, "recovery_codes_left": 0 }));
    // Bad input is told where it was written.
    let reply = who.post("/api/v1/me/totp", json!({ "password": "wrong" })).await;
    assert_eq!(reply.refused(422, "validation")["errors"][0]["code"], "wrong_password");
    let reply = who.post("/api/v1/me/totp/confirm", json!({ "code": "123456" })).await;
    reply.refused(409, "totp_not_started");
    let password = || json!({ "password": PASSWORD });
    who.post("/api/v1/me/totp/recovery-codes", password()).await.refused(409, "totp_off");
    let off_again = who.send("DELETE", "/api/v1/me/totp", crate::common::json_body(&password())).await;
    off_again.refused(409, "totp_off");

    let (app, codes) = two_steps(&world, &who).await;
    let on = who.get("/api/v1/me/security").await.expect(200);
    assert_eq!((&on["totp"]["on"], &on["totp"]["recovery_codes_left"]), (&json!(true), &json!(10)));
    assert!(on["totp"]["since"].is_string() && on["password_changed_at"].is_string(), "{on}");
    who.post("/api/v1/me/totp", password()).await.refused(409, "totp_on");

    login(&world, &email, None).await.refused(401, "second_factor_required");
    login(&world, &email, Some("  ")).await.refused(401, "second_factor_required");
    login(&world, &email, Some("000 000")).await.refused(401, "second_factor_wrong");
    let code = app.code(world.clock.now());
    login(&world, &email, Some(&code)).await.expect(200);
    login(&world, &email, Some(&code)).await.refused(401, "second_factor_wrong");
    login(&world, &email, Some(&codes[0])).await.expect(200);
    login(&world, &email, Some(&codes[0])).await.refused(401, "second_factor_wrong");

    let now = world.sign_in(&email).await;
    let found = now.get("/api/v1/me/logins?limit=3").await.expect(200);
    let outcomes: Vec<_> = found["items"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["wrong_code", "ok", "wrong_code"]);

    let off = who.send("DELETE", "/api/v1/me/totp", crate::common::json_body(&password())).await;
    off.expect(204);
    login(&world, &email, None).await.expect(200);
}

#[tokio::test]
async fn the_app_must_show_its_code_before_anything_changes() {
    let world = World::new().await;
    let who = world.sign_in(&world.akes().login("user")).await;
    let offer = who.post("/api/v1/me/totp", json!({ "password": PASSWORD })).await.expect(200);
    let app = App::scan(offer["uri"].as_str().unwrap());
    // The telephone's clock is a minute slow.
    let late = app.code(world.clock.now() - TimeDelta::seconds(60));
    let reply = who.post("/api/v1/me/totp/confirm", json!({ "code": late })).await;
    let problem = reply.refused(422, "validation");
    assert_eq!(
        (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
        (&json!("/code"), &json!("second_factor_wrong"))
    );
    let security = who.get("/api/v1/me/security").await.expect(200);
    assert_eq!(security["totp"]["on"], false);
    login(&world, &world.akes().login("user"), None).await.expect(200);
}

#[tokio::test]
async fn signing_out_elsewhere_ends_it_at_once_and_only_ones_own() {
    let world = World::new().await;
    let email = world.akes().login("user");
    let here = holder(&world, &login(&world, &email, None).await);
    let there = holder(&world, &login(&world, &email, None).await);
    let stranger = holder(&world, &login(&world, &world.akes().login("manager"), None).await);
    let own = |all: Value, current: bool| -> String {
        let found = all.as_array().unwrap().iter().find(|one| one["current"] == current).unwrap().clone();
        found["id"].as_str().unwrap().to_owned()
    };
    let mine = here.get("/api/v1/me/sessions").await.expect(200);
    assert_eq!(mine.as_array().unwrap().iter().filter(|one| one["current"] == true).count(), 1);
    let foreign = own(stranger.get("/api/v1/me/sessions").await.expect(200), true);
    here.delete(&format!("/api/v1/me/sessions/{foreign}")).await.refused(404, "not_found");
    stranger.get("/api/v1/me").await.expect(200);

    let other = own(there.get("/api/v1/me/sessions").await.expect(200), true);
    here.delete(&format!("/api/v1/me/sessions/{other}")).await.expect(204);
    there.get("/api/v1/me").await.refused(401, "unauthenticated");
    here.delete(&format!("/api/v1/me/sessions/{other}")).await.refused(404, "not_found");

    let third = holder(&world, &login(&world, &email, None).await);
    here.delete("/api/v1/me/sessions").await.expect(204);
    third.get("/api/v1/me").await.refused(401, "unauthenticated");
    let left = here.get("/api/v1/me/sessions").await.expect(200);
    assert_eq!(left.as_array().unwrap().len(), 1);
}

fn picture(format: ImageFormat, side: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(side, side).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_picture_is_what_its_bytes_say_and_is_drawn_anew() {
    let world = World::new().await;
    let who = world.sign_in(&world.akes().login("user")).await;
    let put = async |bytes: Vec<u8>, kind: &'static str| {
        who.send("PUT", AVATAR, (Body::from(bytes), Some(kind))).await
    };
    who.get(AVATAR).await.refused(404, "not_found");
    who.delete(AVATAR).await.refused(404, "not_found");
    assert_eq!(who.get("/api/v1/me").await.expect(200)["avatar"], false);

    for (format, kind) in [
        (ImageFormat::Png, "image/png"),
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::WebP, "image/webp"),
    ] {
        put(picture(format, 300), kind).await.expect(204);
        let reply = who.get(AVATAR).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "image/png"));
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    assert_eq!(who.get("/api/v1/me").await.expect(200)["avatar"], true);

    // Text, a web page, a drawing with a script, a cut-off picture, a picture of another kind, a bomb.
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    let cut = picture(ImageFormat::Png, 300)[..60].to_vec();
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec();
    for bad in
        [Vec::new(), b"hello".to_vec(), b"<html>".to_vec(), svg, cut, gif, picture(ImageFormat::Png, 2001)]
    {
        let reply = put(bad, "image/png").await;
        assert_eq!(reply.refused(422, "validation")["errors"][0]["code"], "picture");
    }
    put(picture(ImageFormat::Png, 8), "image/svg+xml").await.refused(415, "unsupported_media_type");
    put(vec![0; 512 * 1024 + 1], "image/png").await.refused(413, "too_large");
    put(vec![0; 512 * 1024], "image/png").await.refused(422, "validation");
    // What was there stays, and is nobody else's.
    assert_eq!(who.get(AVATAR).await.status, 200);
    world.sign_in(&world.akes().login("manager")).await.get(AVATAR).await.refused(404, "not_found");
    who.delete(AVATAR).await.expect(204);
    who.get(AVATAR).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_administrator_helps_who_has_lost_app_and_codes_but_not_oneself() {
    let world = World::new().await;
    let akes = world.akes();
    let (admin, email) = (world.admin(akes).await, akes.login("user"));
    let who = world.sign_in(&email).await;
    two_steps(&world, &who).await;
    let admin_now = Who { token: Some(world.fresh_token(&akes.login("admin")).await), ..admin };
    let users = admin_now.get(&akes.at("/users")).await.items();
    let totp = |email: &str| {
        let user = users.iter().find(|user| user["email"] == email).unwrap();
        akes.at(&format!("/users/{}/totp", user["id"].as_str().unwrap()))
    };
    admin_now.delete(&totp(&akes.login("admin"))).await.refused(409, "cannot_reset_own_totp");
    admin_now.delete(&totp(&akes.login("manager"))).await.refused(409, "totp_off");
    login(&world, &email, None).await.refused(401, "second_factor_required");
    admin_now.delete(&totp(&email)).await.expect(204);
    login(&world, &email, None).await.expect(200);
}
