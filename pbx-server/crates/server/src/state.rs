//! The folder of everything that an installation keeps, and the lock on it.

use hex::FromHex;
use rand::RngCore;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use voxera_store::SealKey;

const LOCK: &str = "lock";
const SEAL_KEY: &str = "seal.key";
const NEXT_SEAL_KEY: &str = "seal.key.next";
const DATABASE_URL: &str = "database.url";
const FREESWITCH_SECRET: &str = "freeswitch.secret";

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot use the state folder {path}: {source}")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(
        "another voxera runs on the state folder {0}; stop it, or give this one a folder of its own with --state-dir"
    )]
    InUse(PathBuf),
    #[error(
        "{0} is missing, but there is data that was sealed with it: put the file back from the backup. \
         If it is lost for good, make a new one with `voxera new-seal-key`; every phone then needs a new password"
    )]
    KeyGone(PathBuf),
    #[error("the change to another seal.key was cut short: run `voxera new-seal-key` again")]
    KeyHalf,
    #[error("{0} is damaged: it must hold 64 hexadecimal digits; put it back from the backup")]
    KeyDamaged(PathBuf),
    #[error("{path} can be read by others (mode {mode:o}); run: chmod 600 {path}")]
    KeyOpen { path: PathBuf, mode: u32 },
}

/// The folder, made when it was missing.
#[derive(Debug, Clone)]
pub struct State {
    dir: PathBuf,
}

/// Held for as long as a server runs on the folder.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl State {
    /// Opens or makes the folder. As root others may pass through, because the database's user
    /// must reach its own folder inside; every file of ours is 0600.
    pub fn open(dir: &Path) -> Result<Self, StateError> {
        let state = Self { dir: dir.to_owned() };
        let mode = if nix::unistd::Uid::effective().is_root() { 0o711 } else { 0o700 };
        if !dir.is_dir() {
            DirBuilder::new().recursive(true).mode(mode).create(dir).map_err(|error| state.folder(error))?;
        }
        Ok(state)
    }

    /// The path of something inside.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes the folder for this process; freed by the kernel however the process ends.
    pub fn lock(&self) -> Result<Lock, StateError> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.path(LOCK))
            .map_err(|error| self.folder(error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse(self.dir.clone())),
            Err(TryLockError::Error(error)) => Err(self.folder(error)),
        }
    }

    /// The key of sealed values. Made on the first start; never replaced by itself.
    pub fn seal_key(&self) -> Result<SealKey, StateError> {
        if self.path(NEXT_SEAL_KEY).exists() {
            return Err(StateError::KeyHalf);
        }
        if let Some(key) = self.read_key(SEAL_KEY)? {
            return Ok(key);
        }
        let has_data = ["postgres", "calls", "spool"].iter().any(|name| self.path(name).exists());
        if has_data {
            return Err(StateError::KeyGone(self.path(SEAL_KEY)));
        }
        self.write_key(SEAL_KEY)
    }

    /// The key as it is; `None`: it is lost, or no key any more.
    pub fn kept_seal_key(&self) -> Result<Option<SealKey>, StateError> {
        match self.read_key(SEAL_KEY) {
            Err(StateError::KeyDamaged(_)) => Ok(None),
            read => read,
        }
    }

    /// The key that is to take the place of the one there is: made, or left by a change that was cut
    /// short. No server starts until it is taken, or dropped.
    pub fn next_seal_key(&self) -> Result<SealKey, StateError> {
        match self.read_key(NEXT_SEAL_KEY)? {
            Some(key) => Ok(key),
            None => self.write_key(NEXT_SEAL_KEY),
        }
    }

    /// Puts it in the place of the one there is.
    pub fn take_next_seal_key(&self) -> Result<(), StateError> {
        std::fs::rename(self.path(NEXT_SEAL_KEY), self.path(SEAL_KEY))
            .and_then(|()| File::open(&self.dir)?.sync_all())
            .map_err(|error| self.folder(error))
    }

    /// Stays with the one there is.
    pub fn drop_next_seal_key(&self) -> Result<(), StateError> {
        std::fs::remove_file(self.path(NEXT_SEAL_KEY)).map_err(|error| self.folder(error))
    }

    fn read_key(&self, name: &str) -> Result<Option<SealKey>, StateError> {
        let path = self.path(name);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.folder(error)),
        };
        let mode = std::fs::metadata(&path).map_err(|error| self.folder(error))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(StateError::KeyOpen { path, mode });
        }
        let bytes = <[u8; 32]>::from_hex(text.trim()).map_err(|_| StateError::KeyDamaged(path))?;
        Ok(Some(SealKey::from_bytes(bytes)))
    }

    fn write_key(&self, name: &str) -> Result<SealKey, StateError> {
        let key = SealKey::generate();
        self.write_secret(name, &hex::encode(key.as_bytes()))?;
        Ok(key)
    }

    /// What FreeSWITCH nodes prove themselves with: 48 letters and digits, made when there is none.
    pub fn freeswitch_secret(&self) -> Result<String, StateError> {
        if let Some(secret) = self.known_freeswitch_secret()? {
            return Ok(secret);
        }
        let mut bytes = [0; 24];
        rand::rng().fill_bytes(&mut bytes);
        let secret = hex::encode(bytes);
        self.write_secret(FREESWITCH_SECRET, &secret)?;
        Ok(secret)
    }

    /// The same, where it was made before.
    pub fn known_freeswitch_secret(&self) -> Result<Option<String>, StateError> {
        match std::fs::read_to_string(self.path(FREESWITCH_SECRET)) {
            Ok(secret) => Ok(Some(secret.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.folder(error)),
        }
    }

    /// Writes a file that only we can read, whole or not at all.
    pub fn write_secret(&self, name: &str, text: &str) -> Result<(), StateError> {
        let write = || -> std::io::Result<()> {
            let draft = self.path(&format!("{name}.new"));
            let mut file =
                OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&draft, self.path(name))?;
            File::open(&self.dir)?.sync_all()
        };
        write().map_err(|error| self.folder(error))
    }

    /// Lets other commands find the database of a running server.
    pub fn publish_database(&self, url: &str) -> Result<(), StateError> {
        self.write_secret(DATABASE_URL, url)
    }

    /// The database of the server that runs on this folder now.
    #[must_use]
    pub fn running_database(&self) -> Option<String> {
        match self.lock() {
            Err(StateError::InUse(_)) => std::fs::read_to_string(self.path(DATABASE_URL)).ok(),
            _ => None,
        }
    }

    fn folder(&self, source: std::io::Error) -> StateError {
        StateError::Folder { path: self.dir.clone(), source }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_we_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("a/b")).unwrap();
        let key = state.seal_key().unwrap();
        assert_eq!(state.seal_key().unwrap().as_bytes(), key.as_bytes());
        let mode = std::fs::metadata(state.path(SEAL_KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        std::fs::set_permissions(state.path(SEAL_KEY), Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(state.seal_key(), Err(StateError::KeyOpen { mode: 0o644, .. })));
    }

    #[test]
    fn a_lost_key_is_not_replaced_behind_the_data() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path()).unwrap();
        std::fs::create_dir(state.path("postgres")).unwrap();
        let said = state.seal_key().unwrap_err().to_string();
        assert!(said.contains("put the file back") && said.contains("voxera new-seal-key"), "{said}");
        assert!(state.kept_seal_key().unwrap().is_none());
        let next = state.next_seal_key().unwrap();
        assert!(matches!(state.seal_key(), Err(StateError::KeyHalf)), "nothing starts in between");
        assert_eq!(state.next_seal_key().unwrap().as_bytes(), next.as_bytes(), "it is not made twice");
        state.take_next_seal_key().unwrap();
        assert_eq!(state.seal_key().unwrap().as_bytes(), next.as_bytes());
        std::fs::write(state.path(SEAL_KEY), "zz").unwrap();
        assert!(matches!(state.seal_key(), Err(StateError::KeyDamaged(_))));
        assert!(state.kept_seal_key().unwrap().is_none());
    }

    #[test]
    fn nodes_have_a_secret_that_stays() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path()).unwrap();
        assert_eq!(state.known_freeswitch_secret().unwrap(), None);
        let secret = state.freeswitch_secret().unwrap();
        assert!(secret.len() == 48 && secret.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_eq!(state.freeswitch_secret().unwrap(), secret);
        assert_eq!(state.known_freeswitch_secret().unwrap(), Some(secret));
    }

    #[test]
    fn one_server_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path()).unwrap();
        assert_eq!(state.running_database(), None);
        let held = state.lock().unwrap();
        state.publish_database("postgres://x").unwrap();
        assert!(matches!(state.lock(), Err(StateError::InUse(_))));
        assert_eq!(state.running_database().as_deref(), Some("postgres://x"));
        drop(held);
        assert!(state.lock().is_ok());
        assert_eq!(state.running_database(), None);
    }
}
