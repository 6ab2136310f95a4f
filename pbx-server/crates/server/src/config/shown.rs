//! The configuration as a file again.

use super::{Config, Encryption, LogFormat};
use url::Url;

impl Config {
    /// The effective configuration as a file, without secrets.
    pub fn shown(&self) -> String {
        let hidden = |secret: bool| if secret { "\"***\"" } else { "\"\"" };
        let text = |value: Option<String>| format!("{:?}", value.unwrap_or_default());
        let level = match self.mail.encryption {
            Encryption::Starttls => "starttls",
            Encryption::Tls => "tls",
            Encryption::None => "none",
        };
        let format = match self.log.format {
            LogFormat::Auto => "auto",
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        let engine = self.engine.as_str();
        format!(
            "state_dir = \"{}\"\nlisten = \"{}\"\npublic_url = \"{}\"\ntrusted_proxies = {}\nmetrics_token = {}\nengine = \"{engine}\"\n\n\
             [limits]\nrequests_per_minute = {}\n\n\
             [database]\nurl = {}\nmax_connections = {}\nbinaries = {}\n\n\
             [sip]\nlisten = \"{}\"\nhost = {}\nrealm_suffix = \"{}\"\nexternal_address = {}\nmedia_ports = \"{}\"\n\n\
             [freeswitch]\nlisten = \"{}\"\nallowed = \"{}\"\nsecret = {}\nphones = {}\n\n\
             [media]\ndir = {}\nffmpeg = {:?}\nespeak = {:?}\nflite = {:?}\n\n\
             [mail]\nfrom = \"{}\"\nhost = {}\nport = {}\nencryption = \"{level}\"\nuser = {}\npassword = {}\n\n\
             [log]\nlevel = {:?}\nformat = \"{format}\"\n\n[demo]\nenabled = {}\n",
            self.state_dir.display(),
            self.listen,
            self.public_url(),
            self.trusted_proxies,
            hidden(self.metrics_token.is_some()),
            self.limits.requests_per_minute,
            text(self.database.url.clone().map(without_password)),
            self.database.max_connections,
            text(self.database.binaries.as_ref().map(|path| path.display().to_string())),
            self.sip.listen,
            text(self.sip.host.clone()),
            self.sip.realm_suffix,
            text(self.sip.external_address.map(|address| address.to_string())),
            self.sip.media_ports,
            self.freeswitch.listen,
            self.freeswitch.allowed,
            hidden(self.freeswitch.secret.is_some()),
            text(self.freeswitch.phones.as_ref().map(ToString::to_string)),
            text(self.media.dir.as_ref().map(|path| path.display().to_string())),
            self.media.ffmpeg.display().to_string(),
            self.media.espeak.display().to_string(),
            self.media.flite.display().to_string(),
            self.mail.from,
            text(self.mail.host.clone()),
            self.mail.port,
            text(self.mail.user.clone()),
            hidden(self.mail.password.is_some()),
            self.log.level,
            self.demo.enabled,
        )
    }
}

fn without_password(mut url: Url) -> String {
    if url.password().is_some() {
        // Fails only for URLs without a host, which have no password either.
        let _ = url.set_password(Some("***"));
    }
    url.into()
}
