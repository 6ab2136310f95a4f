//! Signing in, staying signed in, signing out; mails with links; limits.

use crate::common::{PASSWORD, Reply, Who, World};
use serde_json::{Value, json};
use voxera_identity::{Limits, Rate};

const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";

/// The cookie of an answer: its value, and all of it.
fn cookie(reply: &Reply) -> (String, String) {
    let line = reply.header("set-cookie").to_owned();
    let value = line.strip_prefix("voxera_refresh=").unwrap().split(';').next().unwrap().to_owned();
    (value, line)
}

/// The portal in a browser that has this cookie.
fn browser(world: &World, cookie: &str) -> Who {
    world.anonymous().with("origin", "http://portal.test").with("cookie", format!("voxera_refresh={cookie}"))
}

async fn login(world: &World, email: &str, password: &str) -> Reply {
    world.anonymous().post(LOGIN, json!({ "email": email, "password": password })).await
}

/// The one-time token of the last mail to somebody.
async fn mailed(world: &World, to: &str, purpose: &str) -> String {
    let platform = world.platform().await;
    let mails = platform.get("/api/v1/platform/mails?limit=200").await.items();
    let mail = mails.iter().find(|mail| mail["to"] == to && mail["purpose"] == purpose).unwrap();
    let mail =
        platform.get(&format!("/api/v1/platform/mails/{}", mail["id"].as_str().unwrap())).await.expect(200);
    let text = mail["text"].as_str().unwrap();
    let link = text.split_whitespace().find(|word| word.starts_with("http://portal.test/")).unwrap();
    link.rsplit(['=', '/']).next().unwrap().to_owned()
}

#[tokio::test]
async fn a_sign_in_sets_a_cookie_that_no_script_reads_and_tells_where_one_may_act() {
    let world = World::new().await;
    let akes = world.akes();
    let reply = login(&world, &akes.login("admin"), PASSWORD).await;
    let answer = reply.expect(200);
    let (value, line) = cookie(&reply);
    assert!(value.len() >= 43);
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth", "Max-Age="] {
        assert!(line.contains(flag), "{line}");
    }
    assert!(!line.contains("Secure") && !line.contains("Domain"), "{line}");
    assert!(!reply.text.contains(&value), "the refresh token is in the cookie only");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(answer["expires_in"], 300);
    assert_eq!(answer["account"]["email"], akes.login("admin"));
    let membership = &answer["memberships"][0];
    assert_eq!(membership["role"], "customer_admin");
    assert_eq!((&membership["tenant"], &membership["customer"]), (&json!(akes.tenant), &json!(akes.id)));
    assert_eq!(
        (&membership["tenant_slug"], &membership["customer_name"]),
        (&json!("nordtel"), &json!("akes AB"))
    );
    // Whoever asks for a wrong password and for nobody's hears the same.
    let wrong = login(&world, &akes.login("admin"), "wrong").await.refused(401, "wrong_credentials");
    let nobody = login(&world, "nobody@akes.example", "wrong").await.refused(401, "wrong_credentials");
    assert_eq!(wrong["detail"], nobody["detail"]);
}

#[tokio::test]
async fn over_tls_the_cookie_is_secure_and_browsers_stay_with_tls() {
    let world =
        World::with(Limits::default(), |config| config.public_url = "https://portal.test".into()).await;
    let reply = login(&world, &world.akes().login("admin"), PASSWORD).await;
    assert!(cookie(&reply).1.ends_with("; Secure"));
    assert_eq!(reply.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair_and_a_stolen_token_ends_the_sign_in() {
    let world = World::new().await;
    let email = world.akes().login("admin");
    let (first, _) = cookie(&login(&world, &email, PASSWORD).await);
    let reply = browser(&world, &first).act(REFRESH).await;
    let answer = reply.expect(200);
    let (second, _) = cookie(&reply);
    assert_ne!(first, second);
    let now = Who { token: answer["access_token"].as_str().map(str::to_owned), ..world.anonymous() };
    now.get("/api/v1/me").await.expect(200);

    // Eleven seconds later the used one comes again: somebody has a copy.
    world
        .database()
        .execute("update platform.refresh_tokens set used_at = used_at - interval '11 seconds'")
        .await;
    let reused = browser(&world, &first).act(REFRESH).await;
    reused.refused(401, "session_reused");
    assert!(cookie(&reused).1.contains("Max-Age=0"));
    browser(&world, &second).act(REFRESH).await.refused(401, "session_ended");
    now.get("/api/v1/me").await.refused(401, "unauthenticated");
    // The person is told by mail, and the log knows.
    let mails = world.platform().await.get("/api/v1/platform/mails").await.items();
    assert!(mails.iter().any(|mail| mail["purpose"] == "session_reused" && mail["to"] == email.as_str()));
}

#[tokio::test]
async fn signing_out_ends_the_sign_in_and_takes_the_cookie() {
    let world = World::new().await;
    let reply = login(&world, &world.akes().login("admin"), PASSWORD).await;
    let (value, _) = cookie(&reply);
    let token = reply.expect(200)["access_token"].as_str().unwrap().to_owned();
    let out = browser(&world, &value).act(LOGOUT).await;
    out.expect(204);
    assert!(cookie(&out).1.contains("Max-Age=0"));
    browser(&world, &value).act(REFRESH).await.refused(401, "session_ended");
    Who { token: Some(token), ..world.anonymous() }.get("/api/v1/me").await.refused(401, "unauthenticated");
    browser(&world, &value).act(LOGOUT).await.expect(204);
}

#[tokio::test]
async fn the_cookie_counts_from_the_portals_own_pages_only() {
    let world = World::new().await;
    let (value, _) = cookie(&login(&world, &world.akes().login("admin"), PASSWORD).await);
    let cookie = format!("voxera_refresh={value}");
    let bare = world.anonymous().with("cookie", cookie);
    for who in [
        bare.clone(),
        bare.with("origin", "http://evil.test"),
        bare.with("origin", "null"),
        bare.with("origin", "http://portal.test.evil.test"),
        bare.with("origin", "https://evil.test/portal.test"),
    ] {
        who.act(REFRESH).await.refused(403, "wrong_origin");
        who.act(LOGOUT).await.refused(403, "wrong_origin");
    }
    let evil = world.anonymous().with("origin", "http://evil.test");
    let login = json!({ "email": world.akes().login("admin"), "password": PASSWORD });
    evil.post(LOGIN, login).await.refused(403, "wrong_origin");
    // Nothing of it has used the token up.
    browser(&world, &value).act(REFRESH).await.expect(200);
}

#[tokio::test]
async fn a_company_signs_up_verifies_its_address_and_begins() {
    let world = World::new().await;
    let anonymous = world.anonymous().with("accept-language", "en");
    let (email, password) = ("lisa@lisas.example", "a long enough secret");
    let new = json!({ "email": email, "password": password, "organization_name": "Lisas Tyger", "name": "Lisa Lind" });
    let short = json!({ "email": email, "password": "short", "organization_name": "L", "name": "L" });
    let refused = anonymous.post("/api/v1/auth/register", short).await.fields(422);
    assert_eq!(refused[0].0, "/password");
    let answer = anonymous.post("/api/v1/auth/register", new.clone()).await.expect(202);
    assert_eq!(answer, json!({ "email": email }));
    login(&world, email, password).await.refused(403, "email_unverified");
    login(&world, email, "wrong").await.refused(401, "wrong_credentials");

    anonymous.post("/api/v1/auth/verify-email/resend", json!({ "email": email })).await.expect(204);
    let token = mailed(&world, email, "verification").await;
    anonymous
        .post("/api/v1/auth/verify-email", json!({ "token": "x".repeat(43) }))
        .await
        .refused(410, "link_invalid");
    anonymous.post("/api/v1/auth/verify-email", json!({ "token": token })).await.expect(204);
    anonymous.post("/api/v1/auth/verify-email", json!({ "token": token })).await.refused(410, "link_invalid");
    let answer = login(&world, email, password).await.expect(200);
    let membership = &answer["memberships"][0];
    assert_eq!(
        (&membership["tenant_slug"], &membership["role"]),
        (&json!("direct"), &json!("customer_admin"))
    );
    let lisa = Who { token: answer["access_token"].as_str().map(str::to_owned), ..world.anonymous() };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let customer = format!(
        "/api/v1/tenants/{}/customers/{}",
        text(&membership["tenant"]),
        text(&membership["customer"])
    );
    assert_eq!(lisa.get(&customer).await.expect(200)["name"], "Lisas Tyger");
    lisa.post(&format!("{customer}/pbxs"), json!({ "name": "Växel" })).await.expect(201);
    // The address is taken now.
    anonymous.post("/api/v1/auth/register", new).await.refused(409, "email_taken");
}

#[tokio::test]
async fn a_forgotten_password_is_chosen_anew_and_every_sign_in_ends() {
    let world = World::new().await;
    let email = world.akes().login("manager");
    let (value, _) = cookie(&login(&world, &email, PASSWORD).await);
    let anonymous = world.anonymous();
    // Whether there is such an account is not told.
    for address in [email.as_str(), "nobody@nowhere.example"] {
        anonymous.post("/api/v1/auth/password-reset", json!({ "email": address })).await.expect(204);
    }
    let token = mailed(&world, &email, "password_reset").await;
    let confirm = "/api/v1/auth/password-reset/confirm";
    let bad =
        anonymous.post(confirm, json!({ "token": token, "password": "123456789012" })).await.fields(422);
    assert_eq!(bad[0].0, "/password");
    let new = "seven silver spoons";
    anonymous.post(confirm, json!({ "token": token, "password": new })).await.expect(204);
    anonymous.post(confirm, json!({ "token": token, "password": new })).await.refused(410, "link_invalid");
    browser(&world, &value).act(REFRESH).await.refused(401, "session_ended");
    login(&world, &email, PASSWORD).await.refused(401, "wrong_credentials");
    login(&world, &email, new).await.expect(200);
}

#[tokio::test]
async fn an_invitation_is_seen_and_accepted_once() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    let email = "ny@akes.example";
    let new = json!({ "email": email, "name": "Nils Ny", "role": "manager" });
    let user = admin.post(&akes.at("/users"), new).await.expect(201);
    assert_eq!((&user["invited"], &user["extension"]), (&json!(true), &Value::Null));
    let first = mailed(&world, email, "invitation").await;
    let user = akes.at(&format!("/users/{}", user["id"].as_str().unwrap()));
    admin.act(&format!("{user}/resend-invitation")).await.expect(204);
    let token = mailed(&world, email, "invitation").await;
    let at = |token: &str| format!("/api/v1/auth/invitations/{token}");
    let anonymous = world.anonymous();
    anonymous.get(&at(&first)).await.refused(410, "link_invalid");
    let shown = anonymous.get(&at(&token)).await.expect(200);
    assert_eq!(shown["email"], email);
    assert_eq!(shown["role"], "manager");
    assert_eq!(shown["organization"], "akes AB");
    assert_eq!(shown["needs_password"], true);
    let none = anonymous.post(&at(&token), json!({})).await.fields(422);
    assert_eq!(none, [("/password".into(), "password_required".into())]);
    let said = json!({ "password": "seven silver spoons", "name": "Nisse Ny" });
    anonymous.post(&at(&token), said.clone()).await.expect(204);
    anonymous.post(&at(&token), said).await.refused(410, "link_invalid");
    let answer = login(&world, email, "seven silver spoons").await.expect(200);
    assert_eq!(answer["account"]["name"], "Nisse Ny");
    let shown = admin.get(&user).await.expect(200);
    assert_eq!((&shown["invited"], &shown["name"]), (&json!(false), &json!("Nisse Ny")));
    admin.act(&format!("{user}/resend-invitation")).await.refused(409, "already_accepted");
}

#[tokio::test]
async fn one_changes_ones_own_name_language_and_password() {
    let world = World::new().await;
    let email = world.akes().login("user");
    let (elsewhere, _) = cookie(&login(&world, &email, PASSWORD).await);
    let me = Who { token: Some(world.fresh_token(&email).await), ..world.anonymous() };
    let changed = me.patch("/api/v1/me", json!({ "name": "Ulla Ny", "locale": "en" })).await.expect(200);
    assert_eq!((&changed["name"], &changed["locale"]), (&json!("Ulla Ny"), &json!("en")));
    let path = "/api/v1/me/password";
    let new = "seven silver spoons";
    let wrong = me.post(path, json!({ "current_password": "x", "new_password": new })).await.fields(422);
    assert_eq!(wrong, [("/current_password".into(), "wrong_password".into())]);
    let weak = me.post(path, json!({ "current_password": PASSWORD, "new_password": "x" })).await.fields(422);
    assert_eq!(weak[0].0, "/new_password");
    me.post(path, json!({ "current_password": PASSWORD, "new_password": new })).await.expect(204);
    me.get("/api/v1/me").await.expect(200);
    browser(&world, &elsewhere).act(REFRESH).await.refused(401, "session_ended");
    login(&world, &email, new).await.expect(200);
}

#[tokio::test]
async fn too_many_attempts_have_to_wait() {
    let world = World::new().await;
    let email = world.akes().login("admin");
    for attempt in 0..10 {
        // From everywhere: the account is what is counted.
        let who = world.anonymous().from(&format!("198.51.100.{attempt}"));
        who.post(LOGIN, json!({ "email": email, "password": "wrong" }))
            .await
            .refused(401, "wrong_credentials");
    }
    let right = json!({ "email": email, "password": PASSWORD });
    let refused = world.anonymous().from("203.0.113.1").post(LOGIN, right.clone()).await;
    refused.refused(429, "too_many_attempts");
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
    // Another person is not concerned.
    login(&world, &world.akes().login("manager"), PASSWORD).await.expect(200);
    world.clock.advance(chrono::TimeDelta::seconds(wait));
    world.anonymous().from("203.0.113.1").post(LOGIN, right).await.expect(200);
}

#[tokio::test]
async fn one_address_is_served_so_much_and_no_more() {
    let limits = Limits { login_per_address: Rate { burst: 1000, every_seconds: 1 }, ..Limits::default() };
    let world = World::with(limits, |config| {
        config.requests_per_second = 1;
        config.request_burst = 100;
    })
    .await;
    let greedy = world.anonymous().from("2001:db8:1:2::1");
    let mut served = 0;
    let refused = loop {
        let reply = greedy.get("/api/v1/brand").await;
        if reply.status != 200 {
            break reply;
        }
        served += 1;
        assert!(served < 1000, "no limit");
    };
    assert!(served >= 100, "{served}");
    refused.refused(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    // The same household, then another one; and what is no data is served to all.
    world.anonymous().from("2001:db8:1:2:ffff::9").get("/api/v1/brand").await.refused(429, "rate_limited");
    world.anonymous().from("2001:db8:1:3::1").get("/api/v1/brand").await.expect(200);
    greedy.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_address_is_the_one_that_the_proxy_saw() {
    let world = World::with(Limits::default(), |config| {
        config.trust_proxy = true;
        config.requests_per_second = 1;
        config.request_burst = 60;
    })
    .await;
    let through = |client: &str| world.anonymous().from("192.0.2.1").with("x-forwarded-for", client);
    // What the client wrote itself stands before what the proxy added.
    let mut served = 0;
    while through(&format!("10.0.0.{served}, 198.51.100.7")).get("/api/v1/brand").await.status == 200 {
        served += 1;
        assert!(served < 250, "no limit");
    }
    through("198.51.100.8").get("/api/v1/brand").await.expect(200);
}
