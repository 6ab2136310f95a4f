//! The files of a node, from templates. Every value in them is an address, a number, our own
//! random text or a path without any character that means something to FreeSWITCH.

use super::NodeSettings;
use super::settings::{WrongSetting, plain_path};
use std::path::Path;
use std::sync::LazyLock;
use tera::{Context, Tera};

/// Asked for one by one by `voxera doctor`: packages of FreeSWITCH leave some of them out.
pub const MODULES: &[&str] = &[
    "mod_commands",
    "mod_dptools",
    "mod_dialplan_xml",
    "mod_db",
    "mod_hash",
    "mod_sndfile",
    "mod_native_file",
    "mod_tone_stream",
    "mod_local_stream",
    "mod_opus",
    "mod_loopback",
    "mod_conference",
    "mod_callcenter",
    "mod_sofia",
];

/// Where a file of a node goes, and its template.
macro_rules! file {
    ($folder:literal, $name:literal) => {
        (concat!($folder, $name), include_str!(concat!("../../../../templates/freeswitch/node/", $name)))
    };
}

const FILES: &[(&str, &str)] = &[
    file!("conf/", "freeswitch.xml"),
    file!("conf/", "vars.xml"),
    file!("conf/autoload_configs/", "modules.conf.xml"),
    file!("conf/autoload_configs/", "switch.conf.xml"),
    file!("conf/autoload_configs/", "xml_curl.conf.xml"),
    file!("conf/autoload_configs/", "event_socket.conf.xml"),
    file!("conf/autoload_configs/", "json_cdr.conf.xml"),
    file!("conf/autoload_configs/", "logfile.conf.xml"),
    file!("conf/autoload_configs/", "console.conf.xml"),
    // What Voxera answers itself; for a start without it.
    file!("conf/autoload_configs/", "sofia.conf.xml"),
    file!("conf/autoload_configs/", "callcenter.conf.xml"),
    file!("conf/autoload_configs/", "conference.conf.xml"),
    file!("conf/autoload_configs/", "local_stream.conf.xml"),
    file!("conf/autoload_configs/", "db.conf.xml"),
    file!("conf/autoload_configs/", "opus.conf.xml"),
    file!("", "voxera-freeswitch.service"),
];

/// Folders that FreeSWITCH writes into, and the option that names each.
pub(super) const FOLDERS: &[(&str, &str)] = &[
    ("log", "-log"),
    ("run", "-run"),
    ("db", "-db"),
    ("tmp", "-temp"),
    ("cache", "-cache"),
    ("storage", "-storage"),
    ("recordings", "-recordings"),
    ("tls", "-certs"),
    ("scripts", "-scripts"),
    ("htdocs", "-htdocs"),
    ("grammar", "-grammar"),
    ("cdr", ""),
];

static TEMPLATES: LazyLock<Result<Tera, tera::Error>> = LazyLock::new(|| {
    let mut tera = Tera::default();
    // FreeSWITCH's preprocessor reads values before any XML parser does, so an escape would stay in
    // them. What would need one is refused before.
    tera.autoescape_on(Vec::new());
    tera.add_raw_templates(FILES.iter().copied())?;
    Ok(tera)
});

/// One file as it should be.
pub(super) struct Wanted {
    pub(super) path: &'static str,
    pub(super) text: String,
}

/// The secrets of a node.
pub(super) struct Secrets<'a> {
    /// Between FreeSWITCH and Voxera's listener.
    pub(super) server: &'a str,
    pub(super) esl: &'a str,
}

/// Everything that `init` writes.
pub(super) fn wanted(
    dir: &Path,
    settings: &NodeSettings,
    secrets: &Secrets<'_>,
) -> Result<Vec<Wanted>, super::InitError> {
    let mut values = Context::new();
    values.insert("dir", &plain_path("DIR", dir)?);
    values.insert("media", &plain_path("media-dir", &settings.media_dir)?);
    values.insert("name", &settings.name);
    values.insert("user", &user());
    values.insert("sip_ip", &settings.sip.ip().to_string());
    values.insert("sip_port", &settings.sip.port());
    values.insert("external", &settings.external.unwrap_or(settings.sip.ip()).to_string());
    values.insert("wss", &settings.wss.to_string());
    // Of our own: a colon parts address and port, whatever the address.
    values.insert("ws", &format!("{}:{}", settings.esl.ip(), settings.ws_port));
    let here = settings.sip.ip().is_loopback();
    values.insert("candidates", if here { "loopback.auto" } else { "voxera-browsers" });
    values.insert("sips", if settings.sips_port.is_some() { "true" } else { "false" });
    values.insert("sips_port", &settings.sips_port.unwrap_or(5061));
    values.insert("media_first", &settings.media_ports.0);
    values.insert("media_last", &settings.media_ports.1);
    values.insert("max_sessions", &settings.max_sessions);
    values.insert("sessions_per_second", &(settings.max_sessions / 5).clamp(30, 300));
    values.insert("server", settings.server_base());
    values.insert("secret", secrets.server);
    values.insert("esl_ip", &settings.esl.ip().to_string());
    values.insert("esl_port", &settings.esl.port());
    values.insert("esl_password", secrets.esl);
    let alone = |ip: std::net::IpAddr| format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 });
    let from: Vec<String> = settings.esl_from().into_iter().map(alone).collect();
    values.insert("esl_from", &from);
    values.insert("modules", MODULES);
    values.insert("command", &command_line(dir, settings)?.join(" "));
    let templates = TEMPLATES.as_ref().map_err(|error| super::InitError::Template(format!("{error:?}")))?;
    FILES
        .iter()
        .map(|(path, _)| {
            let text = templates
                .render(path, &values)
                .map_err(|error| super::InitError::Template(format!("{path}: {error:?}")))?;
            Ok(Wanted { path, text })
        })
        .collect()
}

/// The program and its arguments, to run in the foreground: `[program, argument, …]`.
pub fn command_line(dir: &Path, settings: &NodeSettings) -> Result<Vec<String>, WrongSetting> {
    let dir = plain_path("DIR", dir)?;
    let mut line = vec![plain_path("program", &settings.program)?];
    line.extend(["-nf", "-nc", "-nonat"].map(str::to_owned));
    line.extend(["-conf".to_owned(), format!("{dir}/conf")]);
    for (folder, option) in FOLDERS.iter().filter(|(_, option)| !option.is_empty()) {
        line.extend([(*option).to_owned(), format!("{dir}/{folder}")]);
    }
    line.extend(["-sounds".to_owned(), plain_path("media-dir", &settings.media_dir)?]);
    Ok(line)
}

/// Whom the unit runs it as: who makes the folder, because only he can read it.
fn user() -> String {
    let uid = nix::unistd::Uid::effective();
    nix::unistd::User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}
