#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;
use crate::keys;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use uuid::Uuid;
use voxera_model::{CustomerId, Role, TenantId, UserId};
use voxera_store::SigningKey;

const ISSUER: &str = "https://voxera.example";

struct Bench {
    access: Access,
    ring: KeyRing,
    kept: SigningKey,
    now: DateTime<Utc>,
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn key() -> SigningKey {
    let new = keys::generate().unwrap();
    SigningKey { kid: new.kid, private: new.private, public: new.public, created_at: now(), retired_at: None }
}

fn ring(keys: &[SigningKey]) -> KeyRing {
    KeyRing::new(keys).unwrap().unwrap()
}

fn bench() -> Bench {
    let kept = key();
    let ring = ring(std::slice::from_ref(&kept));
    Bench { access: Access::new(ISSUER.into()), ring, kept, now: now() }
}

fn anna() -> Principal {
    Principal {
        account: AccountId(Uuid::from_u128(1)),
        session: SessionId(Uuid::from_u128(2)),
        email: Email::parse("anna@akesbageri.example").unwrap(),
        name: "Anna Öberg".into(),
        locale: Locale::Sv,
        memberships: vec![Membership {
            user: UserId(Uuid::from_u128(3)),
            role: Role::CustomerAdmin,
            tenant: Some(TenantId(Uuid::from_u128(4))),
            customer: Some(CustomerId(Uuid::from_u128(5))),
        }],
    }
}

impl Bench {
    fn token(&self) -> String {
        self.access.issue(&self.ring, anna(), self.now).unwrap()
    }
    fn verify(&self, token: &str) -> Result<Principal, TokenRefused> {
        self.access.verify(&self.ring, token, self.now)
    }
    /// A token with our own key and whatever claims and header a thief would like.
    fn signed(&self, header: &Header, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = part(&self.token(), 1);
        change(&mut claims);
        jsonwebtoken::encode(header, &claims, self.ring.signing_key()).unwrap()
    }
    fn header(&self) -> Header {
        Header { kid: Some(self.kept.kid.clone()), ..Header::new(Algorithm::ES256) }
    }
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn with_part(token: &str, index: usize, value: &Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[index] = URL_SAFE_NO_PAD.encode(value.to_string());
    parts.join(".")
}

#[test]
fn a_token_carries_its_owner_for_five_minutes() {
    let bench = bench();
    let token = bench.token();
    assert_eq!(bench.verify(&token).unwrap(), anna());
    let at = |seconds| bench.access.verify(&bench.ring, &token, bench.now + TimeDelta::seconds(seconds));
    assert_eq!(at(299).unwrap(), anna());
    assert_eq!(at(300), Err(TokenRefused::Expired));

    let claims = part(&token, 1);
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], ISSUER);
    assert_eq!(claims["sub"], anna().account.to_string());
    assert_eq!(claims["sid"], anna().session.to_string());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(claims["name"], "Anna Öberg");
    assert_eq!(claims["memberships"][0]["role"], "customer_admin");
    assert_eq!(part(&token, 0)["alg"], "ES256");
}

#[test]
fn alg_none_is_refused() {
    let bench = bench();
    let token = bench.token();
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": alg, "typ": "JWT", "kid": bench.kept.kid });
        let unsigned = with_part(&token, 0, &header);
        let body = unsigned.rsplit_once('.').unwrap().0;
        for forged in [format!("{body}."), body.to_owned(), unsigned.clone()] {
            assert!(matches!(bench.verify(&forged), Err(TokenRefused::Invalid(_))), "{forged}");
        }
    }
}

#[test]
fn hs256_with_the_public_key_as_secret_is_refused() {
    let bench = bench();
    let claims = part(&bench.token(), 1);
    let public = &bench.kept.public;
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(public[name].as_str().unwrap()).unwrap();
    let point = [&[4][..], &coordinate("x"), &coordinate("y")].concat();
    let header = Header { kid: Some(bench.kept.kid.clone()), ..Header::new(Algorithm::HS256) };
    for secret in [point.as_slice(), public.to_string().as_bytes(), &coordinate("x")] {
        let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap();
        assert!(matches!(bench.verify(&forged), Err(TokenRefused::Invalid(_))));
    }
}

#[test]
fn a_changed_claim_or_signature_is_refused() {
    let bench = bench();
    let token = bench.token();
    let mut claims = part(&token, 1);
    claims["memberships"][0] = json!({ "user": claims["memberships"][0]["user"], "role": "platform_admin" });
    assert!(matches!(bench.verify(&with_part(&token, 1, &claims)), Err(TokenRefused::Invalid(_))));

    let (body, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[10] ^= 1;
    for signature in [URL_SAFE_NO_PAD.encode(bytes), URL_SAFE_NO_PAD.encode([0; 64]), String::new()] {
        assert!(matches!(bench.verify(&format!("{body}.{signature}")), Err(TokenRefused::Invalid(_))));
    }
}

#[test]
fn an_unknown_missing_or_foreign_key_is_refused() {
    let bench = bench();
    let unknown = Header { kid: Some("unknown".into()), ..bench.header() };
    let missing = Header { kid: None, ..bench.header() };
    for header in [&unknown, &missing] {
        let token = bench.signed(header, |_| ());
        assert_eq!(bench.verify(&token), Err(TokenRefused::Invalid("unknown key".into())));
    }
    // Another installation's key under our key's name.
    let other = self::bench();
    let forged = other.signed(&bench.header(), |_| ());
    assert!(matches!(bench.verify(&forged), Err(TokenRefused::Invalid(_))));
    // A key that the token brings along is not looked at.
    let jwk = serde_json::from_value(other.kept.public.clone()).unwrap();
    let forged = other.signed(&Header { jwk: Some(jwk), ..bench.header() }, |_| ());
    assert!(matches!(bench.verify(&forged), Err(TokenRefused::Invalid(_))));
}

#[test]
fn a_wrong_or_missing_audience_issuer_or_expiry_is_refused() {
    let bench = bench();
    for claim in ["aud", "iss"] {
        for value in [json!("https://evil.example"), json!(""), json!(null)] {
            let token = bench.signed(&bench.header(), |claims| claims[claim] = value.clone());
            assert!(matches!(bench.verify(&token), Err(TokenRefused::Invalid(_))), "{claim} {value}");
        }
    }
    for claim in ["aud", "iss", "exp", "sub", "sid"] {
        let token = bench.signed(&bench.header(), |claims| {
            claims.as_object_mut().unwrap().remove(claim);
        });
        assert!(matches!(bench.verify(&token), Err(TokenRefused::Invalid(_))), "{claim}");
    }
    assert_eq!(bench.verify(&bench.signed(&bench.header(), |_| ())), Ok(anna()));
}

#[test]
fn no_token_at_all_is_refused() {
    let bench = bench();
    for text in ["", ".", "..", "a.b.c", "Bearer x", &"x".repeat(100_000), "åäö.åäö.åäö"] {
        assert!(matches!(bench.verify(text), Err(TokenRefused::Invalid(_))));
    }
}

#[test]
fn an_ended_session_and_a_changed_account_are_refused_at_once() {
    let bench = bench();
    let token = bench.token();
    bench.access.end_session(SessionId(Uuid::from_u128(99)), bench.now);
    assert!(bench.verify(&token).is_ok());
    bench.access.end_session(anna().session, bench.now);
    assert_eq!(bench.verify(&token), Err(TokenRefused::Revoked));

    let bench = self::bench();
    let token = bench.token();
    bench.access.end_account(anna().account, bench.now);
    assert_eq!(bench.verify(&token), Err(TokenRefused::Revoked));
    let later = bench.now + TimeDelta::milliseconds(1);
    let fresh = bench.access.issue(&bench.ring, anna(), later).unwrap();
    assert_eq!(bench.verify(&fresh), Ok(anna()));
}

#[test]
fn what_was_revoked_is_remembered_only_while_it_matters() {
    let bench = bench();
    for minute in 0..1000 {
        let at = bench.now + TimeDelta::minutes(minute);
        bench.access.end_session(SessionId(Uuid::new_v4()), at);
        bench.access.end_account(AccountId(Uuid::new_v4()), at);
    }
    let revoked = bench.access.revoked.read().unwrap();
    assert!(revoked.sessions.len() <= 6 && revoked.accounts.len() <= 6);
}

#[test]
fn a_retired_key_still_verifies_and_the_jwks_shows_only_public_halves() {
    let access = Access::new(ISSUER.into());
    let old = key();
    let token = access.issue(&ring(std::slice::from_ref(&old)), anna(), now()).unwrap();

    let both = [key(), SigningKey { retired_at: Some(now()), ..old }];
    let after = ring(&both);
    assert_eq!(after.signing_kid(), both[0].kid);
    assert_eq!(access.verify(&after, &token, now()), Ok(anna()));
    assert_eq!(after.jwks()["keys"].as_array().unwrap().len(), 2);
    assert!(after.jwks()["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none()));

    let only_new = ring(&both[..1]);
    assert_eq!(access.verify(&only_new, &token, now()), Err(TokenRefused::Invalid("unknown key".into())));
    assert!(KeyRing::new(&both[1..]).unwrap().is_none(), "a retired key does not sign");
}

#[test]
fn a_key_is_due_after_thirty_days() {
    let key = key();
    assert!(!keys::is_due(&key, now() + TimeDelta::days(29)));
    assert!(keys::is_due(&key, now() + TimeDelta::days(30)));
    let retired = SigningKey { retired_at: Some(now()), ..key };
    assert!(!keys::is_due(&retired, now() + TimeDelta::days(60)));
}
