//! Proving who we are to a line: the client's half of digest authentication (RFC 7616, RFC 8760).
//!
//! The library's own cannot spell SHA-256 and miscounts beyond nine.

use crate::auth::digest::{Algorithm, Params};
use crate::wire;
use rsipstack::sip::{Header, Headers, Method, Request, Response};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// How a line knows us, and the challenges that it gave last.
pub struct Proof {
    username: String,
    password: String,
    known: Mutex<Known>,
}

/// The challenges that were answered last: a carrier's registrar and its calls are often two
/// machines, with nonces of their own.
#[derive(Default)]
struct Known {
    registrar: Option<Answered>,
    calls: Option<Answered>,
}

/// A challenge, and how often its nonce was used.
struct Answered {
    challenge: Challenge,
    count: u32,
}

/// What a line asks to be proven.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// Whether it counts (`qop=auth`). Old switches do not.
    counted: bool,
    /// The password may well be right; only the nonce is too old.
    stale: bool,
    /// Where the answer is written.
    field: &'static str,
}

impl Known {
    fn of(&mut self, method: Method) -> &mut Option<Answered> {
        if method == Method::Register { &mut self.registrar } else { &mut self.calls }
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof")
    }
}

impl Proof {
    #[must_use]
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: username.to_owned(), password: password.to_owned(), known: Mutex::default() }
    }

    /// Proves a request before it is asked for, when an earlier challenge still serves: most lines
    /// take one nonce for many requests.
    pub fn add(&self, request: &mut Request) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answered) = known.of(request.method) {
            let field = self.field(request, answered);
            put(&mut request.headers, field);
        }
    }

    /// The request anew, with what the challenge asks for. `tries`: how often this request was
    /// already sent in answer to a challenge. `None`: there is nothing that we could say.
    pub fn again(&self, request: &Request, refusal: &Response, tries: u32) -> Option<Request> {
        let challenge = challenge(refusal)?;
        // Proven and refused: the password is wrong, unless only the nonce was too old.
        if tries > 1 || (tries == 1 && !challenge.stale) {
            return None;
        }
        let mut request = next(request)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known.of(request.method);
        // A nonce that comes again is counted on: the same count twice is a replay.
        let count =
            last.as_ref().filter(|last| last.challenge.nonce == challenge.nonce).map_or(0, |last| last.count);
        let field = self.field(&request, last.insert(Answered { challenge, count }));
        put(&mut request.headers, field);
        Some(request)
    }

    fn field(&self, request: &Request, answered: &mut Answered) -> Header {
        let Challenge { realm, nonce, opaque, algorithm, counted, field, .. } = &answered.challenge;
        let (method, uri) = (request.method.to_string(), request.uri.to_string());
        let ha1 = algorithm.hash(&[&self.username, realm, &self.password]);
        let ha2 = algorithm.hash(&[&method, &uri]);
        let name = quoted(&self.username);
        let (realm, shown) = (quoted(realm), quoted(nonce));
        let mut text = format!("Digest username={name}, realm={realm}, nonce={shown}, uri=\"{uri}\", ");
        let response = if *counted {
            answered.count += 1;
            let (count, own) = (format!("{:08x}", answered.count), wire::random_word());
            let _ = write!(text, "qop=auth, nc={count}, cnonce=\"{own}\", ");
            algorithm.hash(&[&ha1, nonce, &count, &own, "auth", &ha2])
        } else {
            algorithm.hash(&[&ha1, nonce, &ha2])
        };
        let _ = write!(text, "response=\"{response}\", algorithm={}", algorithm.as_str());
        if let Some(opaque) = opaque {
            let _ = write!(text, ", opaque={}", quoted(opaque));
        }
        wire::field(field, text)
    }
}

/// Whether a response asks for a proof.
#[must_use]
pub const fn asks(code: u16) -> bool {
    matches!(code, 401 | 407)
}

/// The best challenge that we can answer: SHA-256 before MD5, whatever their order.
fn challenge(refusal: &Response) -> Option<Challenge> {
    let (asked, field) = match refusal.status_code.code() {
        401 => ("WWW-Authenticate", "Authorization"),
        407 => ("Proxy-Authenticate", "Proxy-Authorization"),
        _ => return None,
    };
    let all = wire::values(&refusal.headers, asked).filter_map(|value| read(value, field));
    all.max_by_key(|challenge| challenge.algorithm == Algorithm::Sha256)
}

fn read(value: &str, field: &'static str) -> Option<Challenge> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let mut params = Params::read(rest).ok()?;
    let algorithm = match params.take("algorithm") {
        None => Algorithm::Md5,
        Some(name) if name.eq_ignore_ascii_case("MD5") => Algorithm::Md5,
        Some(name) if name.eq_ignore_ascii_case("SHA-256") => Algorithm::Sha256,
        Some(_) => return None,
    };
    let counted = match params.take("qop") {
        None => false,
        Some(ways) if ways.split(',').any(|way| way.trim().eq_ignore_ascii_case("auth")) => true,
        // Only with the body hashed in.
        Some(_) => return None,
    };
    Some(Challenge {
        realm: params.need("realm").ok()?,
        nonce: params.need("nonce").ok()?,
        opaque: params.take("opaque"),
        algorithm,
        counted,
        stale: params.take("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        field,
    })
}

/// The same request under the next number, as a transaction of its own.
fn next(request: &Request) -> Option<Request> {
    let mut again = request.clone();
    let sequence = wire::sequence(request)?.checked_add(1)?;
    let headers = again.headers.iter().filter(|header| !is_proof(header)).map(|header| match header {
        Header::Via(via) => wire::field("Via", rebranched(via.value())),
        Header::CSeq(_) => wire::field("CSeq", format!("{sequence} {}", request.method)),
        other => other.clone(),
    });
    again.headers = headers.collect::<Vec<_>>().into();
    Some(again)
}

/// The Via of a request of ours with another branch.
fn rebranched(via: &str) -> String {
    let branch = format!("branch=z9hG4bK{}", wire::random_word());
    via.split(';')
        .map(|part| if part.trim_start().starts_with("branch=") { branch.as_str() } else { part })
        .collect::<Vec<_>>()
        .join(";")
}

fn is_proof(header: &Header) -> bool {
    ["Authorization", "Proxy-Authorization"].iter().any(|name| header.name().eq_ignore_ascii_case(name))
}

fn put(headers: &mut Headers, proof: Header) {
    let mut all: Vec<Header> = headers.iter().filter(|header| !is_proof(header)).cloned().collect();
    all.push(proof);
    *headers = all.into();
}

fn quoted(text: &str) -> String {
    wire::quoted(text)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use crate::auth::digest::{Credentials, ha2, response};
    use rsipstack::sip::{SipMessage, Uri};

    fn request() -> Request {
        let headers = vec![
            wire::field("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKfirst;rport"),
            wire::field("From", "<sip:line@carrier.example>;tag=a"),
            wire::field("To", "<sip:line@carrier.example>"),
            wire::field("Call-ID", "call"),
            wire::field("CSeq", "7 REGISTER"),
        ];
        let uri = Uri::try_from("sip:carrier.example").unwrap();
        wire::request(Method::Register, uri, headers, None)
    }

    fn refusal(code: u16, challenges: &[&str]) -> Response {
        let name = if code == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
        let more = challenges.iter().map(|value| wire::field(name, *value)).collect();
        let text = wire::answer(&request(), code, Some("t"), more, None).to_bytes();
        match wire::read(&text).unwrap() {
            SipMessage::Response(response) => response,
            SipMessage::Request(_) => unreachable!("an answer"),
        }
    }

    /// What the registrar would read, when the response is right.
    fn accepted(request: &Request, field: &str, password: &str) -> Option<Credentials> {
        let value = wire::value(&request.headers, field)?;
        let given = Credentials::parse(value).ok()?;
        let realm = Params::read(value.split_once(' ')?.1).ok()?.need("realm").ok()?;
        let ha1 = given.algorithm.hash(&[&given.username, &realm, password]);
        let ha2 = ha2(given.algorithm, &request.method.to_string(), &given.uri);
        (response(&given, &ha1, &ha2) == given.response).then_some(given)
    }

    #[test]
    fn the_stronger_of_two_challenges_is_answered() {
        let md5 = "Digest realm=\"Carrier\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"";
        let sha =
            "Digest realm=\"Carrier\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth,auth-int\", opaque=\"o\"";
        let odd = "Digest realm=\"Carrier\", nonce=\"n3\", algorithm=SHA-512-256, qop=\"auth\"";
        for order in [[md5, sha, odd], [odd, sha, md5]] {
            let proof = Proof::new("line", "secret");
            let again = proof.again(&request(), &refusal(401, &order), 0).unwrap();
            let given = accepted(&again, "Authorization", "secret").unwrap();
            assert_eq!((given.algorithm, given.nonce.as_str(), given.nc), (Algorithm::Sha256, "n2", 1));
            assert!(again.to_string().contains("opaque=\"o\""));
            assert_eq!(wire::sequence(&again), Some(8));
            assert!(!again.to_string().contains("z9hG4bKfirst"));
        }
    }

    #[test]
    fn a_nonce_is_used_again_and_counted_beyond_nine() {
        let proof = Proof::new("line", "secret");
        let ask = refusal(407, &["Digest realm=\"Carrier\", nonce=\"n\", qop=\"auth\""]);
        proof.again(&request(), &ask, 0).unwrap();
        for count in 2..300 {
            let mut later = request();
            proof.add(&mut later);
            let given = accepted(&later, "Proxy-Authorization", "secret").unwrap();
            assert_eq!((given.nc, given.algorithm), (count, Algorithm::Md5));
        }
    }

    #[test]
    fn a_nonce_that_comes_again_is_counted_on_and_that_of_calls_is_another() {
        let proof = Proof::new("line", "secret");
        let ask = refusal(401, &["Digest realm=\"Carrier\", nonce=\"n\", qop=\"auth\""]);
        proof.again(&request(), &ask, 0).unwrap();
        let again = proof.again(&request(), &ask, 0).unwrap();
        assert_eq!(accepted(&again, "Authorization", "secret").unwrap().nc, 2);
        let mut call = Request { method: Method::Invite, ..request() };
        proof.add(&mut call);
        assert!(!call.to_string().contains("Authorization"), "{call}");
    }

    #[test]
    fn a_refused_proof_is_given_again_only_for_a_new_nonce() {
        let proof = Proof::new("line", "wrong");
        let fresh = refusal(401, &["Digest realm=\"C\", nonce=\"n\", qop=\"auth\""]);
        let stale = refusal(401, &["Digest realm=\"C\", nonce=\"m\", qop=\"auth\", stale=TRUE"]);
        let once = proof.again(&request(), &fresh, 0).unwrap();
        assert!(proof.again(&once, &fresh, 1).is_none());
        let twice = proof.again(&once, &stale, 1).unwrap();
        assert_eq!(wire::values(&twice.headers, "Authorization").count(), 1);
        assert!(proof.again(&twice, &stale, 2).is_none());
    }

    #[test]
    fn an_old_switch_that_does_not_count_is_answered_as_rfc_2069_says() {
        let proof = Proof::new("line", "secret");
        let ask = refusal(401, &["Digest realm=\"C\", nonce=\"n\""]);
        let again = proof.again(&request(), &ask, 0).unwrap();
        let ha1 = Algorithm::Md5.hash(&["line", "C", "secret"]);
        let ha2 = Algorithm::Md5.hash(&["REGISTER", "sip:carrier.example"]);
        let value = wire::value(&again.headers, "Authorization").unwrap();
        assert!(value.contains(&Algorithm::Md5.hash(&[&ha1, "n", &ha2])), "{value}");
        assert!(!value.contains("qop") && !value.contains("nc="), "{value}");
    }

    #[test]
    fn what_nobody_can_answer_is_left() {
        let proof = Proof::new("line", "secret");
        for value in
            ["Basic realm=\"C\"", "Digest realm=\"C\", nonce=\"n\", qop=\"auth-int\"", "Digest realm"]
        {
            assert!(proof.again(&request(), &refusal(401, &[value]), 0).is_none(), "{value}");
        }
        assert!(proof.again(&request(), &refusal(401, &[]), 0).is_none());
    }
}
