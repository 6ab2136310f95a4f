//! `voxera freeswitch init`: the configuration of a FreeSWITCH that asks Voxera for everything else,
//! and lets in nobody else.
//!
//! A folder may be made again: what stands as it was written is renewed, secrets stay. What somebody
//! else wrote or changed is never overwritten.

mod files;
mod inspect;
mod settings;

pub use files::{MODULES, command_line};
pub use inspect::{Inspection, inspect};
pub use settings::{NodeSettings, WrongSetting, ws_port};

use files::{FOLDERS, Secrets, wanted};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The one profile of SIP that a node has.
pub const PROFILE: &str = "voxera";

/// What is known of a folder: its settings, and what every file of ours held.
const KEPT: &str = "voxera-node.json";
/// The password of the event socket, for the portal.
const ESL_PASSWORD: &str = "esl.password";

/// Why there is no node.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Setting(#[from] WrongSetting),
    #[error(
        "{dir} has files that Voxera did not write, or that were changed since; nothing was written. \
         Move them away, or choose another folder: {}",
        .files.join(", ")
    )]
    NotOurs { dir: PathBuf, files: Vec<String> },
    #[error("{0} was not made by this version of `voxera freeswitch init`")]
    Unknown(PathBuf),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("a template of FreeSWITCH's configuration: {0}")]
    Template(String),
}

/// The content of [`KEPT`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    settings: NodeSettings,
    /// Path inside the folder and SHA-256 of what was written.
    files: BTreeMap<String, String>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The folder, from the root on.
    pub dir: PathBuf,
    /// Files that are new or different; empty: all stood as it should.
    pub written: Vec<String>,
    /// How FreeSWITCH is started.
    pub command: Vec<String>,
}

/// The settings that a folder was made with. `None`: there is no node in it.
pub fn settings_of(dir: &Path) -> Result<Option<NodeSettings>, InitError> {
    Ok(kept(dir)?.map(|kept| kept.settings))
}

/// Makes a folder into a node, or brings one up to these settings and this version.
///
/// `server_secret` opens Voxera's listener. Nothing is written when a file is in the way.
pub fn init(dir: &Path, settings: &NodeSettings, server_secret: &str) -> Result<Made, InitError> {
    settings.check()?;
    if server_secret.is_empty() || !server_secret.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let why = "FreeSWITCH takes only letters and digits in it".to_owned();
        return Err(WrongSetting { setting: "freeswitch.secret", why }.into());
    }
    let dir = &std::path::absolute(dir).map_err(|source| InitError::Read { path: dir.to_owned(), source })?;
    let before = kept(dir)?;
    let esl = match read(&dir.join(ESL_PASSWORD))? {
        Some(password) => password.trim().to_owned(),
        None => random_password(),
    };
    let mut files = wanted(dir, settings, &Secrets { server: server_secret, esl: &esl })?;
    files.push(files::Wanted { path: ESL_PASSWORD, text: format!("{esl}\n") });

    let ours = |path: &str, text: &str| {
        before.as_ref().is_some_and(|kept| kept.files.get(path).is_some_and(|hash| *hash == digest(text)))
    };
    let (mut changed, mut in_the_way) = (Vec::new(), Vec::new());
    for file in &files {
        match read(&dir.join(file.path))? {
            Some(text) if text == file.text => {}
            Some(text) if !ours(file.path, &text) => in_the_way.push(file.path.to_owned()),
            Some(_) | None => changed.push(file),
        }
    }
    in_the_way.extend(strangers(dir, &files)?);
    if !in_the_way.is_empty() {
        return Err(InitError::NotOurs { dir: dir.clone(), files: in_the_way });
    }

    for folder in FOLDERS.iter().map(|(folder, _)| *folder).chain(["conf/autoload_configs"]) {
        let path = dir.join(folder);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|source| InitError::Write { path, source })?;
    }
    // A folder that was there may be open to others.
    let closed = std::fs::set_permissions(dir, Permissions::from_mode(0o700));
    closed.map_err(|source| InitError::Write { path: dir.clone(), source })?;
    let hashes = files.iter().map(|file| (file.path.to_owned(), digest(&file.text)));
    let now = Kept { settings: settings.clone(), files: hashes.collect() };
    let now = serde_json::to_string_pretty(&now).unwrap_or_default() + "\n";
    for file in &changed {
        write(&dir.join(file.path), &file.text)?;
    }
    // Last: a start that was cut short finds its own files as it left them, or as they should be.
    write(&dir.join(KEPT), &now)?;
    Ok(Made {
        dir: dir.clone(),
        written: changed.iter().map(|file| file.path.to_owned()).collect(),
        command: command_line(dir, settings)?,
    })
}

/// Configuration that FreeSWITCH would read beside ours.
fn strangers(dir: &Path, files: &[files::Wanted]) -> Result<Vec<String>, InitError> {
    let mut found = Vec::new();
    for folder in ["conf", "conf/autoload_configs"] {
        let path = dir.join(folder);
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(source) => return Err(InitError::Read { path, source }),
        };
        for entry in entries.filter_map(Result::ok) {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_folder
                && Path::new(&name).extension().is_some_and(|kind| kind == "xml")
                && !files.iter().any(|file| file.path == name)
            {
                found.push(name);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn kept(dir: &Path) -> Result<Option<Kept>, InitError> {
    let path = dir.join(KEPT);
    let Some(text) = read(&path)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|_| InitError::Unknown(dir.to_owned()))
}

fn read(path: &Path) -> Result<Option<String>, InitError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(InitError::Read { path: path.to_owned(), source }),
    }
}

/// Whole or not at all, and only for its owner.
fn write(path: &Path, text: &str) -> Result<(), InitError> {
    let write = || {
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        drop(std::fs::remove_file(&draft));
        let mut file: File = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().map_err(|source| InitError::Write { path: path.to_owned(), source })
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn random_password() -> String {
    let mut bytes = [0; 24];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

#[cfg(test)]
mod tests;
