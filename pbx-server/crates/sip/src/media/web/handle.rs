//! What signalling says to a browser, and what the browser says back.

use super::browser::Agreed;
use crate::media::Expect;
use crate::media::endpoint::Endpoint;
use crate::media::format::{Codec, Format};
use std::time::Instant;
use thiserror::Error;

/// The descriptions of a browser's sound. What they agree on is in force at once: the endpoint's
/// format is set, and sound that the browser wants no more is not sent.
#[derive(Debug)]
pub struct Web<'a> {
    endpoint: &'a Endpoint,
}

/// Why a description is of no use. Nothing was changed, unless it says so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WebError {
    #[error("this is no description of a browser's sound: {0}")]
    Unreadable(String),
    /// It contradicts what was agreed before, or lacks what a browser always says.
    #[error("it does not fit: {0}")]
    Unfit(String),
    #[error("the browser does not speak Opus")]
    NoOpus,
    /// [`Web::accept`] without a [`Web::offer`] before, or after [`Web::answer`] took its place.
    #[error("nothing was offered")]
    NothingOffered,
    #[error("the call can have no secrets: {0}")]
    NoSecrets(String),
}

impl Endpoint {
    /// The browser's side of it; `None` for phones that speak plain RTP.
    #[must_use]
    pub fn web(&self) -> Option<Web<'_>> {
        self.leg.web.as_ref().map(|_| Web { endpoint: self })
    }
}

impl Web<'_> {
    /// A description for a browser that we call: sound both ways, Opus and digits. While a call is
    /// up: the same again, on the way that is open.
    pub fn offer(&self) -> Result<String, WebError> {
        self.endpoint.leg.browser(|browser, socket| browser.offer(Instant::now(), socket))
    }

    /// Takes the browser's answer to the last [`Self::offer`].
    pub fn accept(&self, answer: &str) -> Result<(), WebError> {
        let agreed =
            self.endpoint.leg.browser(|browser, socket| browser.accept(answer, Instant::now(), socket))?;
        self.agree(agreed);
        Ok(())
    }

    /// The answer to a browser's offer: the first one, or one while the call is up (hold, another way
    /// through the network). Its direction is mirrored.
    pub fn answer(&self, offer: &str) -> Result<String, WebError> {
        let (answer, agreed) =
            self.endpoint.leg.browser(|browser, socket| browser.answer(offer, Instant::now(), socket))?;
        self.agree(agreed);
        Ok(answer)
    }

    fn agree(&self, agreed: Agreed) {
        let Agreed { payload, digits, speaks } = agreed;
        let payloads = std::iter::once((payload, Some(Codec::Opus.clock())))
            .chain(digits.iter().map(|(digits, _)| (*digits, None)))
            .collect();
        self.endpoint.expect(Expect { payloads, ..Expect::default() }, false);
        self.endpoint.change(|state| {
            let telephone_event = digits.first().map(|(digits, _)| *digits);
            state.format = Some(Format { codec: Codec::Opus, payload, telephone_event });
            state.digit_clock = digits.first().map_or(8000, |(_, clock)| *clock);
            state.digit_clocks = digits;
            state.watch.described(speaks, Instant::now());
        });
    }
}
