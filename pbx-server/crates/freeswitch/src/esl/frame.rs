//! What comes over an event socket: blocks of `Name: value` lines, each ended by an empty line, some with
//! a body whose length a header says.

use std::fmt;

/// Bytes of the lines of one frame.
const LONGEST_HEAD: usize = 64 * 1024;
/// Bytes of a body: an event with every variable of a long call has tens of thousands.
const LONGEST_BODY: usize = 8 * 1024 * 1024;

/// `Name: value` lines in their order. Names are compared without regard to case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// How many lines there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lines as they are. A line without a colon is passed over.
    fn read(text: &str) -> Self {
        let line = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        Self(text.lines().filter_map(line).collect())
    }

    /// Lines of an event, whose values are URL-encoded.
    pub(super) fn read_encoded(text: &str) -> Self {
        let Self(mut lines) = Self::read(text);
        for (_, value) in &mut lines {
            if value.contains('%') {
                *value = decode(value);
            }
        }
        Self(lines)
    }
}

/// Values hold numbers, names and passwords: only how many there are is shown.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({})", self.0.len())
    }
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub headers: Headers,
    /// Not text where the other side sends something odd: what is no UTF-8 becomes `U+FFFD`.
    pub body: String,
}

impl Frame {
    /// What it is, by its `Content-Type`; empty without one.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.headers.get("Content-Type").unwrap_or_default()
    }
}

/// Why what comes is no event socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the lines of a frame are longer than {LONGEST_HEAD} bytes")]
    HeadTooLong,
    #[error("a body is longer than {LONGEST_BODY} bytes")]
    BodyTooLong,
    #[error("a length is no number")]
    Length,
}

/// Bytes as they come, cut into frames.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
    /// Bytes at the start of the buffer in which no empty line was found.
    looked: usize,
}

impl Frames {
    /// More bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where more bytes may be put.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.buffer.reserve(16 * 1024);
        &mut self.buffer
    }

    /// The next whole frame. `None`: more bytes are needed. After an error nothing that follows can be
    /// understood.
    pub fn take(&mut self) -> Result<Option<Frame>, FrameError> {
        // Empty lines between frames mean nothing.
        let blank = self.buffer.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.buffer.drain(..blank);
        self.looked = self.looked.saturating_sub(blank);
        let from = self.looked.saturating_sub(1);
        let Some(end) = self.buffer[from..].windows(2).position(|two| two == b"\n\n").map(|at| from + at)
        else {
            self.looked = self.buffer.len();
            return if self.buffer.len() > LONGEST_HEAD { Err(FrameError::HeadTooLong) } else { Ok(None) };
        };
        let headers = Headers::read(&String::from_utf8_lossy(&self.buffer[..end]));
        let length = match headers.get("Content-Length") {
            Some(length) => length.parse::<usize>().map_err(|_| FrameError::Length)?,
            None => 0,
        };
        if length > LONGEST_BODY {
            return Err(FrameError::BodyTooLong);
        }
        let body = end + 2;
        if self.buffer.len() < body + length {
            self.looked = end;
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&self.buffer[body..body + length]).into_owned();
        self.buffer.drain(..body + length);
        self.looked = 0;
        Ok(Some(Frame { headers, body: text }))
    }
}

/// Reads `%3A`; what is no such pair stays as it is, and `+` is a plus.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = (*byte == b'%').then(|| Some((digit(at + 1)?, digit(at + 2)?))).flatten();
        if let Some(value) = pair.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            out.push(value);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    const TWO: &[u8] = b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n\
        Content-Length: 7\nContent-Type: api/response\n\nUP\n0\n\nxContent-Type: auth/request\n\n";

    fn all(frames: &mut Frames) -> Vec<Frame> {
        std::iter::from_fn(|| frames.take().unwrap()).collect()
    }

    #[test]
    fn frames_are_the_same_however_their_bytes_come() {
        let mut at_once = Frames::default();
        at_once.push(TWO);
        let expected = all(&mut at_once);
        assert_eq!(expected.len(), 3);
        assert_eq!(expected[0].headers.get("reply-text"), Some("+OK accepted"));
        assert_eq!(expected[1].body, "UP\n0\n\nx");
        for cut in 0..TWO.len() {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for part in [&TWO[..cut], &TWO[cut..]] {
                frames.push(part);
                found.extend(all(&mut frames));
            }
            assert_eq!(found, expected, "cut at {cut}");
        }
        let mut frames = Frames::default();
        let by_bytes: Vec<Frame> = TWO
            .iter()
            .flat_map(|byte| {
                frames.push(&[*byte]);
                all(&mut frames)
            })
            .collect();
        assert_eq!(by_bytes, expected);
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let mut frames = Frames::default();
        frames.push(&vec![b'x'; LONGEST_HEAD + 1]);
        assert_eq!(frames.take(), Err(FrameError::HeadTooLong));
        for (length, error) in [("99999999999", FrameError::BodyTooLong), ("-1", FrameError::Length)] {
            let mut frames = Frames::default();
            frames.push(format!("Content-Length: {length}\n\n").as_bytes());
            assert_eq!(frames.take(), Err(error));
        }
    }

    #[test]
    fn values_are_decoded_once_and_odd_ones_stay() {
        for (text, read) in [
            ("sofia%3A%3Aregister", "sofia::register"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("1+1%2B1", "1+1+1"),
            ("%2541", "%41"),
            ("%C3%85sa", "Åsa"),
            ("%FF", "\u{fffd}"),
        ] {
            assert_eq!(decode(text), read);
        }
    }
}
