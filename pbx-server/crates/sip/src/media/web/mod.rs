//! Phones that live in browsers: ICE, DTLS and SRTP, all of it `str0m`'s. Here it gets our ports,
//! our clock and our descriptions, and its packets become those of any other phone.

mod browser;
mod handle;

pub use browser::{Browser, Told, reachable};
pub use handle::{Web, WebError};

use std::io;
use std::sync::{Arc, OnceLock};
use str0m::RtcConfig;
use str0m::config::DtlsCert;
use str0m::crypto::{self, CryptoProvider};
use str0m::format::{Codec, FormatParams};
use str0m::media::Frequency;
use str0m::rtp::Extension;

/// Payload numbers of our own offers, as browsers have them; an answer takes those of the offer.
const OPUS: u8 = 111;
const DIGITS: u8 = 110;
const NARROW_DIGITS: u8 = 126;

/// What all browsers are met with: one certificate, made at first use.
#[derive(Debug, Default)]
pub struct Setting {
    identity: OnceLock<Option<Identity>>,
}

#[derive(Debug)]
struct Identity {
    crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

impl Setting {
    fn config(&self) -> io::Result<RtcConfig> {
        let identity = self.identity.get_or_init(|| {
            let crypto = Arc::new(crypto::from_feature_flags());
            let certificate = crypto.dtls_provider.generate_certificate()?;
            Some(Identity { crypto, certificate })
        });
        let identity = identity.as_ref().ok_or_else(|| io::Error::other("no certificate can be made"))?;
        let mut config = RtcConfig::new()
            .set_crypto_provider(Arc::clone(&identity.crypto))
            .set_dtls_cert(identity.certificate.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .clear_codecs()
            .clear_extension_map()
            .set_extension(4, Extension::RtpMid);
        let codecs = config.codec_config();
        let sound =
            FormatParams { min_p_time: Some(10), use_inband_fec: Some(true), ..FormatParams::default() };
        codecs.add_config(OPUS.into(), None, Codec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), sound);
        for (payload, clock) in [(DIGITS, Frequency::FORTY_EIGHT_KHZ), (NARROW_DIGITS, Frequency::EIGHT_KHZ)]
        {
            codecs.add_config(
                payload.into(),
                None,
                Codec::Tele,
                clock,
                None,
                FormatParams::parse_line("0-15"),
            );
        }
        Ok(config)
    }
}
