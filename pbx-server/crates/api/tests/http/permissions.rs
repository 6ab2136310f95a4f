//! Every operation, everybody who might ask.

use crate::common::{Operation, Who, World, goodbye, json_body, operations};
use axum::body::Body;
use serde_json::{Value, json};
use voxera_api::Carrier;
use voxera_callcontrol::Call;
use voxera_model::Role;

/// Who asks, seen from the company `akes` of the partner `nordtel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Anonymous,
    Platform,
    OwnTenant,
    ForeignTenant,
    Own(Role),
    /// Of another company of the same partner.
    Neighbour(Role),
    /// Of another partner's company.
    Stranger(Role),
}

const ROLES: [(Role, &str); 3] =
    [(Role::CustomerAdmin, "admin"), (Role::Manager, "manager"), (Role::User, "user")];

async fn askers(world: &World) -> Vec<(Asker, Who)> {
    let mut all = vec![
        (Asker::Anonymous, world.anonymous()),
        (Asker::Platform, world.platform().await),
        (Asker::OwnTenant, world.sign_in(&world.nordtel.admin).await),
        (Asker::ForeignTenant, world.sign_in(&world.sydtel.admin).await),
    ];
    for (role, login) in ROLES {
        all.push((Asker::Own(role), world.sign_in(&world.akes().login(login)).await));
        all.push((Asker::Neighbour(role), world.sign_in(&world.bolaget().login(login)).await));
        all.push((Asker::Stranger(role), world.sign_in(&world.city().login(login)).await));
    }
    all
}

/// What must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Served,
    Unauthenticated,
    Forbidden(Role),
    NotFound,
}

/// The rule, written a second time and from the contract alone.
fn verdict(operation: &Operation, asker: Asker) -> Verdict {
    use Verdict::{Forbidden, NotFound, Served, Unauthenticated};
    let needed = match operation.permission.as_str() {
        "public" => return Served,
        _ if asker == Asker::Anonymous => return Unauthenticated,
        // What has an id there is the user's of the company.
        "signed_in" if operation.ids().is_empty() || asker == Asker::Own(Role::User) => return Served,
        "signed_in" => return NotFound,
        role => role.parse::<Role>().unwrap(),
    };
    if asker == Asker::Platform {
        return Served;
    }
    let ids = operation.ids();
    let (in_tenant, in_customer) = (ids.contains(&"tenant"), ids.contains(&"customer"));
    let own = match asker {
        Asker::Anonymous | Asker::Platform => unreachable!("answered above"),
        Asker::OwnTenant => Some(Role::TenantAdmin),
        Asker::Own(role) => Some(role),
        // A colleague of the partner belongs to the tenant; its other companies are foreign.
        Asker::Neighbour(role) => (!in_customer).then_some(role),
        Asker::ForeignTenant | Asker::Stranger(_) => None,
    };
    match own {
        _ if !in_tenant => Forbidden(needed),
        None => NotFound,
        // Roles are declared from the strongest to the weakest.
        Some(role) if role <= needed => Served,
        Some(_) => Forbidden(needed),
    }
}

/// A body that the operation accepts, new each time.
pub fn body(operation: &Operation) -> (Body, Option<&'static str>) {
    let fresh = voxera_store::new_id().simple().to_string();
    let digits: String = fresh.bytes().rev().take(6).map(|byte| char::from(b'0' + byte % 10)).collect();
    let mail = format!("{fresh}@new.example");
    json_body(&match operation.id.as_str() {
        "tenants_logo_put" | "me_avatar_put" => return (Body::from(picture()), Some("image/png")),
        "me_greeting_put" => return (Body::from(tone()), Some("audio/wav")),
        "audio_upload" => return (Body::from(sound()), Some("audio/wav")),
        "extensions_import" => {
            let table = format!("number;name\n4{};Ny\n", &digits[..5]);
            return (Body::from(table), Some("text/csv"));
        }
        "flows_save_draft" => json!({ "document": goodbye() }),
        "flows_rollback" => json!({ "version": 1 }),
        "pbxs_simulate" => json!({ "story": { "from": { "kind": "outside", "number": null },
            "dialled": "1000", "at": "2026-12-24T10:30" } }),
        "pbxs_replay" => json!({ "drafts": [], "days": 7 }),
        "trunks_create" => json!({ "name": fresh, "kind": "address", "host": "192.0.2.1" }),
        "platform_nodes_create" => node(&fresh),
        "tenants_set_engine" => json!({ "engine": "freeswitch" }),
        "messages_change" | "me_messages_change" => json!({ "heard": true }),
        "login" | "password_reset" | "verify_email_resend" => json!({ "email": mail, "password": "x" }),
        "register" => json!({ "email": mail, "password": "x", "organization_name": "x", "name": "x" }),
        "verify_email" => json!({ "token": fresh }),
        "password_reset_confirm" => json!({ "token": fresh, "password": "x" }),
        "tenants_create" | "customers_create" | "flows_create" | "flows_change" | "flows_duplicate"
        | "audio_change" => json!({ "name": fresh }),
        "tenant_users_create" | "platform_users_create" => json!({ "email": mail, "name": "Ny" }),
        "users_create" => json!({ "email": mail, "name": "Ny", "role": "user" }),
        "pbxs_create" => json!({ "name": "Ny", "realm": format!("{fresh}.pbx.test") }),
        "extensions_create" => json!({ "number": format!("2{digits}").get(..6), "name": "Ny" }),
        "numbers_create" => json!({ "number": format!("+4670{digits}") }),
        "live_transfer" => json!({ "to": "1777" }),
        "live_listen" => json!({ "extension": "1777", "mode": "listen" }),
        "me_password" => json!({ "current_password": "x", "new_password": "another battery staple" }),
        _ if operation.has_body() => json!({}),
        _ => return (Body::empty(), None),
    })
}

/// A node that is nowhere.
fn node(name: &str) -> Value {
    json!({ "name": format!("n-{}", &name[12..]), "host": format!("{name}.test"), "password": "x" })
}

pub fn picture() -> Vec<u8> {
    // A PNG of one pixel.
    const PNG: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(PNG).unwrap()
}

/// A WAV file with nothing in it.
pub fn sound() -> Vec<u8> {
    let mut wav = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    wav.extend(8000u32.to_le_bytes());
    wav.extend(16000u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data\0\0\0\0");
    wav
}

/// A WAV file with a tenth of a second of a tone.
pub fn tone() -> Vec<u8> {
    let samples: Vec<u8> = (0..800_i16).flat_map(|n| (n % 16 * 1000 - 8000).to_le_bytes()).collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend(u32::try_from(36 + samples.len()).unwrap().to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(8000u32.to_le_bytes());
    wav.extend(16000u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(u32::try_from(samples.len()).unwrap().to_le_bytes());
    wav.extend(samples);
    wav
}

/// Turns two-step sign-in on for somebody, with a secret that nobody knows.
async fn two_steps(world: &World, user: &str) {
    let on = "insert into platform.totp (account_id, sealed_secret, offered_until, confirmed_at)
        select account_id, '', now(), now() from platform.users where id =";
    world.database().execute(&format!("{on} '{user}'")).await;
}

/// Another sign-in of the same person.
async fn elsewhere(world: &World, login: &str) -> Value {
    let again = json!({ "email": login, "password": crate::common::PASSWORD });
    world.anonymous().post("/api/v1/auth/login", again).await.expect(200);
    let sessions = world.sign_in(login).await.get("/api/v1/me/sessions").await.expect(200);
    sessions.as_array().unwrap().iter().find(|one| one["current"] == false).unwrap().clone()
}

/// That many digits, as little alike as the texts.
fn digits(text: &str, many: usize) -> String {
    text.bytes().rev().take(many).map(|b| char::from(b'0' + b % 10)).collect()
}

/// What an operation that is allowed acts on: for what removes or ends something, a thing made for
/// the occasion.
async fn target(world: &World, operation: &Operation) -> (String, Option<Call>) {
    let (akes, platform) = (world.akes(), world.platform().await);
    let made = |reply: Value| reply["id"].as_str().unwrap().to_owned();
    let post = async |path: String, body: Value| made(platform.post(&path, body).await.expect(201));
    let unique = || voxera_store::new_id().simple().to_string();
    let person = || json!({ "email": format!("{}@new.example", unique()), "name": "Ny" });
    let mut ids = std::collections::HashMap::new();
    let mut call = None;
    let tenant = format!("/api/v1/tenants/{}", akes.tenant);
    match operation.id.as_str() {
        "tenants_delete" | "tenants_suspend" => {
            ids.insert("tenant", post("/api/v1/tenants".into(), json!({ "name": unique() })).await);
        }
        "customers_delete" | "customers_suspend" => {
            ids.insert("customer", post(format!("{tenant}/customers"), json!({ "name": unique() })).await);
        }
        "tenant_users_get"
        | "tenant_users_change"
        | "tenant_users_delete"
        | "tenant_users_resend_invitation" => {
            ids.insert("user", post(format!("{tenant}/users"), person()).await);
        }
        "platform_users_delete" => {
            ids.insert("user", post("/api/v1/platform/users".into(), person()).await);
        }
        "users_delete" | "users_resend_invitation" | "users_reset_totp" => {
            let mut new = person();
            new["role"] = json!("user");
            let user = post(akes.at("/users"), new).await;
            if operation.id == "users_reset_totp" {
                two_steps(world, &user).await;
            }
            ids.insert("user", user);
        }
        "me_sessions_end" => {
            ids.insert("session", made(elsewhere(world, &akes.login("user")).await));
        }
        "pbxs_delete" => {
            let new = json!({ "name": "Ny", "realm": format!("{}.pbx.test", unique()) });
            ids.insert("pbx", post(akes.at("/pbxs"), new).await);
        }
        "extensions_delete" => {
            let new = json!({ "number": format!("3{}", digits(&unique(), 5)), "name": "Ny" });
            ids.insert("extension", post(akes.pbx("/extensions"), new).await);
        }
        "me_greeting" => {
            let me = world.sign_in(&akes.login("user")).await;
            let path = format!("/api/v1/me/extensions/{}/greeting", akes.extension);
            me.send("PUT", &path, (Body::from(tone()), Some("audio/wav"))).await.expect(200);
        }
        "devices_delete" | "me_devices_delete" => {
            let phones = akes.pbx(&format!("/extensions/{}/devices", akes.extension));
            ids.insert("device", post(phones, json!({})).await);
        }
        "numbers_delete" => {
            let new = json!({ "number": format!("+4673{}", digits(&unique(), 6)) });
            ids.insert("number", post(akes.at("/numbers"), new).await);
        }
        "flows_delete" => {
            ids.insert("flow", world.menu(akes, &unique()).await);
        }
        "audio_delete" => {
            ids.insert("audio", world.sound(akes, &unique(), true).await);
        }
        "audio_retry" => {
            ids.insert("audio", world.sound(akes, &unique(), false).await);
        }
        "trunks_delete" => {
            let line = json!({ "name": unique(), "kind": "address", "host": "192.0.2.1" });
            ids.insert("trunk", post(akes.pbx("/trunks"), line).await);
        }
        "messages_delete" | "me_messages_delete" => {
            ids.insert("message", world.message(akes, 5).await);
        }
        "recordings_delete" => {
            ids.insert("recording", world.recording(akes, 5).await);
        }
        "platform_mails_get" => {
            let mails = platform.get("/api/v1/platform/mails").await.items();
            ids.insert("mail", made(mails[0].clone()));
        }
        id if id.starts_with("platform_nodes_") && id != "platform_nodes_list" => {
            ids.insert("node", post("/api/v1/platform/nodes".into(), node(&unique())).await);
        }
        "live_transfer" | "live_park" | "live_listen" => {
            world.supervisor(akes).await;
            ids.insert("call", world.talk(akes).await.id().to_string());
        }
        "live_hangup" => {
            let up = world.ring(akes).await;
            ids.insert("call", up.id().to_string());
            call = Some(up);
        }
        "invitation_show" | "invitation_accept" => {
            ids.insert("token", unique());
        }
        _ => {}
    }
    (operation.at(|name| ids.get(name).cloned().unwrap_or_else(|| akes.id_of(name))), call)
}

/// What public operations answer to a stranger who has nothing to show.
fn public_answer(operation: &str) -> u16 {
    match operation {
        "brand" | "brand_logo" => 200,
        "logout" | "verify_email_resend" | "password_reset" => 204,
        "refresh" => 401,
        "invitation_show" | "verify_email" => 410,
        other => panic!("what does {other} answer?"),
    }
}

#[tokio::test]
async fn every_operation_answers_every_role_as_the_contract_says() {
    let limits = voxera_identity::Limits {
        mail_per_address: voxera_identity::Rate { burst: 1000, every_seconds: 1 },
        link_per_address: voxera_identity::Rate { burst: 1000, every_seconds: 1 },
        ..voxera_identity::Limits::default()
    };
    let world = World::with(limits, |_| {}).await;
    // Else there is no engine to choose.
    world.api.engine_runs(Carrier::Both { address: "127.0.0.1:5060".parse().unwrap() });
    let askers = askers(&world).await;
    let platform = world.platform().await;
    // Something to see for everyone.
    let logo = format!("/api/v1/tenants/{}/logo", world.akes().tenant);
    platform.send("PUT", &logo, (Body::from(picture()), Some("image/png"))).await.expect(204);
    let person = json!({ "email": "kim@voxera.example", "name": "Kim" });
    platform.post("/api/v1/platform/users", person).await.expect(201);

    let mut wrong = Vec::new();
    let mut denials = 0;
    let all = operations();
    for operation in &all {
        for (asker, who) in &askers {
            let verdict = verdict(operation, *asker);
            let (path, call) = if verdict == Verdict::Served {
                target(&world, operation).await
            } else {
                let path = operation.at(|name| match name {
                    // Not seen by whoever is refused.
                    "mail" => voxera_store::new_id().to_string(),
                    name => world.akes().id_of(name),
                });
                (path, None)
            };
            // Whoever has no extension has no picture there either: the user's own is seen as a colleague's is.
            let pictures = ["me_avatar", "me_avatar_delete", "me_colleague_picture"];
            if pictures.contains(&operation.id.as_str()) && verdict == Verdict::Served {
                let picture = (Body::from(picture()), Some("image/png"));
                who.send("PUT", "/api/v1/me/avatar", picture).await.expect(204);
            }
            let own_origin = who.with("origin", "http://portal.test");
            let response = own_origin.open(&operation.method, &path, body(operation)).await;
            let status = response.status().as_u16();
            if ["customer_events", "me_events"].contains(&operation.id.as_str()) && status == 200 {
                continue;
            }
            let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let answer: Value = serde_json::from_slice(&text).unwrap_or_default();
            let right = match verdict {
                Verdict::Served if operation.permission == "public" && operation.has_body() => {
                    // Refused for what is in it, and not for who sends it.
                    matches!(status, 200..=204 | 410 | 422) || answer["code"] == "wrong_credentials"
                }
                Verdict::Served if operation.permission == "public" => status == public_answer(&operation.id),
                Verdict::Served if operation.id == "me_password" => {
                    answer["errors"][0]["field"] == "/current_password"
                }
                // Refused for what is in it: nobody's second factor is touched here.
                Verdict::Served if operation.id == "me_totp_confirm" => {
                    answer["errors"][0]["field"] == "/code"
                }
                Verdict::Served if operation.id.starts_with("me_totp") => {
                    answer["errors"][0]["field"] == "/password"
                }
                // Only who has an extension can be called at it.
                Verdict::Served if operation.id == "me_phone" && *asker != Asker::Own(Role::User) => {
                    matches!(status, 201 | 409) && (status == 201 || answer["code"] == "no_extension")
                }
                Verdict::Served => {
                    operation.spec["responses"][status.to_string()].is_object() && status < 300
                }
                Verdict::Unauthenticated => status == 401 && answer["code"] == "unauthenticated",
                Verdict::Forbidden(needed) => {
                    status == 403 && answer["code"] == "forbidden" && answer["needed_role"] == needed.as_str()
                }
                Verdict::NotFound => status == 404 && answer["code"] == "not_found",
            };
            assert!(call.is_none_or(|call| call.hangup_asked().is_cancelled()), "the engine is told");
            denials += u32::from(verdict != Verdict::Served);
            if !right {
                wrong.push(format!("{} by {asker:?} ({verdict:?}): {status} {answer}", operation.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!((all.len(), askers.len()), (168, 13));
    assert!(denials > 1000, "{denials}");
}

#[tokio::test]
async fn every_operation_that_needs_a_sign_in_refuses_a_token_that_is_none() {
    let world = World::new().await;
    let admin = world.admin(world.akes()).await;
    let good = admin.token.clone().unwrap();
    let (head, rest) = good.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let swapped: String = signature.chars().rev().collect();
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let bad = [
        String::new(),
        "x".into(),
        format!("{head}.{claims}.{swapped}"),
        format!("{head}.{claims}."),
        unsigned,
    ];
    let expired = {
        let token = good.clone();
        world.clock.advance(chrono::TimeDelta::minutes(6));
        token
    };
    let random = voxera_store::new_id().to_string();
    for operation in operations().into_iter().filter(|operation| operation.permission != "public") {
        for token in bad.iter().chain([&expired]) {
            let who = Who { token: Some(token.clone()), ..world.anonymous() };
            let path = operation.at(|_| random.clone());
            let reply = who.send(&operation.method, &path, body(&operation)).await;
            reply.refused(401, "unauthenticated");
            assert_eq!(reply.header("www-authenticate"), "Bearer", "{}", operation.id);
        }
    }
}

#[tokio::test]
async fn what_is_no_id_or_nobodys_id_is_not_found() {
    let world = World::new().await;
    let platform = world.platform().await;
    let unknown = voxera_store::new_id().to_string();
    for operation in operations() {
        for wrong in operation.ids().into_iter().filter(|name| *name != "token") {
            for id in [&unknown, "1000", "'", "%00", "..%2f..", "00000000-0000-0000-0000-000000000000"] {
                let path = operation.at(|name| match name {
                    name if name == wrong => id.to_owned(),
                    "mail" => unknown.clone(),
                    name => world.akes().id_of(name),
                });
                let reply = platform.send(&operation.method, &path, body(&operation)).await;
                assert_eq!(reply.status, 404, "{} {path}: {}", operation.method, reply.text);
                reply.refused(404, "not_found");
            }
        }
    }
}

#[tokio::test]
async fn a_right_that_is_taken_away_is_gone_at_once() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let manager = world.sign_in(&akes.login("manager")).await;
    manager.get(&akes.at("/pbxs")).await.expect(200);

    let users = admin.get(&akes.at("/users?search=manager@")).await.items();
    let user = akes.at(&format!("/users/{}", users[0]["id"].as_str().unwrap()));
    admin.patch(&user, json!({ "role": "user" })).await.expect(200);
    manager.get(&akes.at("/pbxs")).await.refused(401, "unauthenticated");
    let now = Who { token: Some(world.fresh_token(&akes.login("manager")).await), ..world.anonymous() };
    now.get(&akes.at("/pbxs")).await.refused(403, "forbidden");

    admin.delete(&user).await.expect(204);
    now.get("/api/v1/me").await.refused(401, "unauthenticated");

    // A whole company, and then a whole partner.
    let chef = world.sign_in(&world.nordtel.admin).await;
    chef.act(&akes.at("/suspend")).await.expect(200);
    admin.get(&akes.at("/pbxs")).await.refused(401, "unauthenticated");
    let login = json!({ "email": akes.login("admin"), "password": crate::common::PASSWORD });
    world.anonymous().post("/api/v1/auth/login", login.clone()).await.refused(403, "suspended");
    chef.act(&akes.at("/activate")).await.expect(200);
    world.anonymous().post("/api/v1/auth/login", login).await.expect(200);

    let other = world.admin(world.bolaget()).await;
    let tenant = format!("/api/v1/tenants/{}", world.nordtel.id);
    world.platform().await.act(&format!("{tenant}/suspend")).await.expect(200);
    chef.get(&tenant).await.refused(401, "unauthenticated");
    other.get("/api/v1/me").await.refused(401, "unauthenticated");
    world.admin(world.city()).await.get("/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn one_login_acts_where_it_is_a_user_and_nowhere_else() {
    let world = World::new().await;
    let (akes, city) = (world.akes(), world.city());
    // The administrator of akes becomes a manager of city too.
    let invited = json!({ "email": akes.login("admin"), "name": "Gäst", "role": "manager" });
    world.admin(city).await.post(&city.at("/users"), invited).await.expect(201);
    let token = world.fresh_token(&akes.login("admin")).await;
    let both = Who { token: Some(token), ..world.anonymous() };
    let me = both.get("/api/v1/me").await.expect(200);
    assert_eq!(me["memberships"].as_array().unwrap().len(), 2);
    both.get(&akes.at("/pbxs")).await.expect(200);
    both.get(&city.at("/pbxs")).await.expect(200);
    both.post(&akes.at("/pbxs"), json!({ "name": "Två" })).await.expect(201);
    both.post(&city.at("/pbxs"), json!({ "name": "Två" })).await.refused(403, "forbidden");
    both.get(&world.bolaget().at("/pbxs")).await.refused(404, "not_found");
}
