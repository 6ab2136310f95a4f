//! Reading an `Authorization` field and computing a digest.

use md5::{Digest as _, Md5};
use sha2::Sha256;

/// How a digest is computed. The `-sess` forms are refused: they would let a proxy stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// The text of the challenge.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// The hash of parts joined by colons, in lower-case hexadecimal.
    #[must_use]
    pub fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Self::Md5 => hex::encode(Md5::digest(text.as_bytes())),
            Self::Sha256 => hex::encode(Sha256::digest(text.as_bytes())),
        }
    }
}

/// What a phone proves itself with. Always `qop=auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    /// Lower-case hexadecimal.
    pub response: String,
    pub algorithm: Algorithm,
    pub cnonce: String,
    pub nc: u32,
    /// As written, 8 hexadecimal digits: it is part of what is hashed.
    pub nc_text: String,
}

/// Not a digest that we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusable;

impl Credentials {
    /// Reads one field. Refused: another scheme than `Digest`, a parameter given twice or missing,
    /// no `qop=auth`, an algorithm that we did not offer, hashed user names.
    pub fn parse(field: &str) -> Result<Self, Unusable> {
        let (scheme, rest) = field.trim().split_once(char::is_whitespace).ok_or(Unusable)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(Unusable);
        }
        let mut params = Params::read(rest)?;
        let algorithm = match params.take("algorithm") {
            None => Algorithm::Md5,
            Some(text) if text.eq_ignore_ascii_case("MD5") => Algorithm::Md5,
            Some(text) if text.eq_ignore_ascii_case("SHA-256") => Algorithm::Sha256,
            Some(_) => return Err(Unusable),
        };
        let auth = params.take("qop").is_some_and(|qop| qop.eq_ignore_ascii_case("auth"));
        let hashed_name = params.take("userhash").is_some_and(|on| on.eq_ignore_ascii_case("true"));
        if !auth || hashed_name || params.take("username*").is_some() {
            return Err(Unusable);
        }
        let nc_text = params.need("nc")?;
        let eight = nc_text.len() == 8 && nc_text.bytes().all(|b| b.is_ascii_hexdigit());
        let nc = u32::from_str_radix(&nc_text, 16).ok().filter(|nc| eight && *nc > 0).ok_or(Unusable)?;
        let cnonce = params.need("cnonce")?;
        if cnonce.is_empty() {
            return Err(Unusable);
        }
        Ok(Self {
            username: params.need("username")?,
            realm: params.need("realm")?.to_ascii_lowercase(),
            nonce: params.need("nonce")?,
            uri: params.need("uri")?,
            response: params.need("response")?.to_ascii_lowercase(),
            algorithm,
            cnonce,
            nc,
            nc_text,
        })
    }
}

/// The hash of method and address.
#[must_use]
pub fn ha2(algorithm: Algorithm, method: &str, uri: &str) -> String {
    algorithm.hash(&[method, uri])
}

/// The response that the right password gives.
#[must_use]
pub fn response(c: &Credentials, ha1: &str, ha2: &str) -> String {
    c.algorithm.hash(&[ha1, &c.nonce, &c.nc_text, &c.cnonce, "auth", ha2])
}

/// The parameters of one field.
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `name=token` and `name="text"`, comma-separated. Refused: a name that comes twice.
    pub fn read(text: &str) -> Result<Self, Unusable> {
        parameters(text).map(Self)
    }

    /// Takes one out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes one out that must be there.
    pub fn need(&mut self, name: &str) -> Result<String, Unusable> {
        self.take(name).ok_or(Unusable)
    }
}

/// `name=token` and `name="text"`, comma-separated, each name once.
fn parameters(text: &str) -> Result<Vec<(String, String)>, Unusable> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(Unusable)?;
        let name = name.trim().to_ascii_lowercase();
        let after = after.trim_start();
        let (value, tail) = if let Some(inner) = after.strip_prefix('"') {
            quoted(inner)?
        } else {
            let end = after.find(',').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        if found.len() >= 20 || found.iter().any(|(n, _)| *n == name) {
            return Err(Unusable);
        }
        found.push((name, value));
        let tail = tail.trim_start();
        rest = match tail.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if tail.is_empty() => tail,
            None => return Err(Unusable),
        };
    }
    Ok(found)
}

/// The text up to the closing quote, and what follows it.
fn quoted(inner: &str) -> Result<(String, &str), Unusable> {
    let mut text = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((text, &inner[at + 1..])),
            '\\' => text.push(chars.next().ok_or(Unusable)?.1),
            _ => text.push(c),
        }
    }
    Err(Unusable)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    /// The example of RFC 7616, section 3.9.1.
    const FIELD: &str = r#"Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html",
        algorithm=ALGORITHM, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001,
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="RESPONSE",
        opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

    #[test]
    fn the_vectors_of_rfc_7616_agree() {
        for (name, algorithm, expected) in [
            ("MD5", Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let field = FIELD.replace("ALGORITHM", name).replace("RESPONSE", expected);
            let credentials = Credentials::parse(&field).unwrap();
            assert_eq!(credentials.algorithm, algorithm);
            let ha1 = algorithm.hash(&["Mufasa", "http-auth@example.org", "Circle of Life"]);
            let ha2 = ha2(algorithm, "GET", &credentials.uri);
            assert_eq!(response(&credentials, &ha1, &ha2), expected);
        }
    }

    #[test]
    fn a_counter_beyond_nine_and_beyond_255_is_read() {
        for (text, nc) in [("0000000a", 10), ("00000100", 256), ("ffffffff", u32::MAX)] {
            let field = FIELD.replace("ALGORITHM", "MD5").replace("00000001", text);
            assert_eq!(Credentials::parse(&field).unwrap().nc, nc);
        }
    }

    #[test]
    fn weaker_or_ambiguous_credentials_are_unusable() {
        let good = FIELD.replace("ALGORITHM", "MD5");
        assert!(Credentials::parse(&good).is_ok());
        for (from, to) in [
            ("qop=auth,", ""),
            ("qop=auth,", "qop=auth-int,"),
            ("algorithm=MD5", "algorithm=MD5-sess"),
            ("algorithm=MD5", "algorithm=SHA-512-256"),
            ("algorithm=MD5", "algorithm=plain"),
            ("nc=00000001", "nc=1"),
            ("nc=00000001", "nc=00000000"),
            ("nc=00000001", "nc=+0000001"),
            ("qop=auth,", "qop=auth, userhash=true,"),
            ("qop=auth,", "qop=auth, username=\"other\","),
            ("Digest", "Basic"),
            ("response=\"RESPONSE\",", ""),
            ("response=\"RESPONSE\",", "response=\"RESPONSE,"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{to}");
            assert_eq!(Credentials::parse(&bad), Err(Unusable), "{to}");
        }
    }
}
