//! The data folder: whose it is, whether it holds a cluster, and what an earlier process left.

use super::{EmbeddedError, OWNER, POLL};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, geteuid};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest path of a socket, its end included (`sun_path`).
const SOCKET_PATH: usize = 107;
const SOCKET_NAME: &str = "/.s.PGSQL.5432";
/// A fast stop writes a checkpoint first.
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// A data folder that is ours alone as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    user: RunAs,
    _lock: Flock<File>,
}

/// As whom the database runs.
#[derive(Debug, Clone)]
pub(super) struct RunAs {
    pub(super) name: String,
    /// `None`: as we do.
    pub(super) ids: Option<(Uid, Gid)>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, EmbeddedError> {
        let path = std::path::absolute(path).map_err(EmbeddedError::io(path))?;
        let parent = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(EmbeddedError::io(parent))?;
        let user = RunAs::choose()?;
        user.check_way(&path, parent)?;
        let lock_path = beside(&path, "lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(EmbeddedError::io(&lock_path))?;
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock)
            .map_err(|_| EmbeddedError::InUse(path.clone()))?;
        let folder = Self { path, user, _lock: lock };
        if folder.version()?.is_some() {
            // The data may have been made under another user, for example before a package was installed.
            folder.check_owner()?;
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn user(&self) -> &RunAs {
        &self.user
    }

    pub(super) fn log(&self) -> PathBuf {
        beside(&self.path, "log")
    }

    /// The major version that made the data; `None`: there is no data.
    pub(super) fn version(&self) -> Result<Option<String>, EmbeddedError> {
        let path = self.path.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EmbeddedError::Io { path, source: error }),
        }
    }

    /// Makes the cluster beside its place and then moves it there: it is whole, or not there.
    pub(super) async fn make_cluster(&self, binaries: &Path) -> Result<(), EmbeddedError> {
        let fresh = beside(&self.path, "new");
        match fs::remove_dir_all(&fresh) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(EmbeddedError::Io { path: fresh, source: error });
            }
            Ok(()) | Err(_) => {}
        }
        fs::create_dir(&fresh).map_err(EmbeddedError::io(&fresh))?;
        fs::set_permissions(&fresh, Permissions::from_mode(0o700)).map_err(EmbeddedError::io(&fresh))?;
        self.user.own(&fresh)?;
        let mut command = self.user.command(&binaries.join("initdb"));
        command.arg("--pgdata").arg(&fresh).args(["--username", OWNER, "--encoding", "UTF8"]).args([
            // Names sort as in a Swedish telephone directory, whatever the machine's own language.
            "--locale=C.UTF-8",
            "--locale-provider=icu",
            "--icu-locale=sv",
            "--auth-local=trust",
            "--auth-host=reject",
            "--no-instructions",
        ]);
        let output = tokio::process::Command::from(command)
            .output()
            .await
            .map_err(EmbeddedError::io(&binaries.join("initdb")))?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(EmbeddedError::Failed { what: "initdb", output });
        }
        if self.path.is_dir() {
            // Empty, as a package or a mount may have made it; anything else stays and stops us.
            fs::remove_dir(&self.path).map_err(EmbeddedError::io(&self.path))?;
        }
        fs::rename(&fresh, &self.path).map_err(EmbeddedError::io(&self.path))
    }

    /// Ends a database that still runs on this folder, though the process that started it is gone:
    /// we hold the lock.
    pub(super) async fn end_left_over(&self) -> Result<(), EmbeddedError> {
        let path = self.path.join("postmaster.pid");
        let Some(pid) =
            fs::read_to_string(&path).ok().and_then(|text| text.lines().next()?.trim().parse().ok())
        else {
            return Ok(());
        };
        let pid = Pid::from_raw(pid);
        if !is_postgres(pid) {
            // The number belongs to another process by now, or to none.
            return remove(&path);
        }
        tracing::info!(%pid, "a database that was left running is stopped");
        for signal in [Signal::SIGINT, Signal::SIGQUIT] {
            let _ = kill(pid, signal);
            let deadline = Instant::now() + STOP_LIMIT;
            while is_postgres(pid) && Instant::now() < deadline {
                tokio::time::sleep(POLL).await;
            }
            if !is_postgres(pid) {
                return Ok(());
            }
        }
        Err(EmbeddedError::InUse(self.path.clone()))
    }

    /// The folder of the socket: the data folder itself, which nobody else can enter; a short one
    /// under /run or /tmp when its path is too long for a socket.
    pub(super) fn socket_folder(&self) -> Result<PathBuf, EmbeddedError> {
        if self.path.as_os_str().len() + SOCKET_NAME.len() <= SOCKET_PATH {
            return Ok(self.path.clone());
        }
        let digest =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.path.as_os_str().as_encoded_bytes());
        let name = crate::row::hex(&digest.as_ref()[..8]);
        let base = if geteuid().is_root() { "/run" } else { "/tmp" };
        let dir = Path::new(base).join(format!("voxera-{name}"));
        match fs::create_dir(&dir) {
            Ok(()) => {
                fs::set_permissions(&dir, Permissions::from_mode(0o700)).map_err(EmbeddedError::io(&dir))?;
                self.user.own(&dir)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(EmbeddedError::Io { path: dir, source: error }),
        }
        // In /tmp anyone may have made it before us.
        let meta = fs::symlink_metadata(&dir).map_err(EmbeddedError::io(&dir))?;
        if !meta.is_dir() || meta.uid() != self.user.uid().as_raw() || meta.mode() & 0o077 != 0 {
            return Err(self.user.refuse(&dir, "it belongs to someone else, or others can enter it"));
        }
        Ok(dir)
    }

    fn check_owner(&self) -> Result<(), EmbeddedError> {
        let meta = fs::metadata(&self.path).map_err(EmbeddedError::io(&self.path))?;
        if meta.uid() == self.user.uid().as_raw() {
            return Ok(());
        }
        let owner = User::from_uid(Uid::from_raw(meta.uid())).ok().flatten().map(|user| user.name);
        let owner = owner.unwrap_or_else(|| meta.uid().to_string());
        Err(self.user.refuse(&self.path, &format!("it belongs to {owner}: start as the same user as before")))
    }
}

impl RunAs {
    fn choose() -> Result<Self, EmbeddedError> {
        let own = geteuid();
        if !own.is_root() {
            let name = User::from_uid(own).ok().flatten().map_or_else(|| own.to_string(), |user| user.name);
            return Ok(Self { name, ids: None });
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { name: user.name, ids: Some((user.uid, user.gid)) })
            .ok_or(EmbeddedError::NoUser)
    }

    fn uid(&self) -> Uid {
        self.ids.map_or_else(geteuid, |(uid, _)| uid)
    }

    pub(super) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        let Some((uid, gid)) = self.ids else { return Ok(()) };
        chown(path, Some(uid.as_raw()), Some(gid.as_raw())).map_err(EmbeddedError::io(path))
    }

    /// A command that runs as this user, in a clean environment.
    pub(super) fn command(&self, program: &Path) -> std::process::Command {
        use std::os::unix::process::CommandExt;
        let mut command = std::process::Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        command.current_dir("/").stdin(std::process::Stdio::null());
        if let Some((uid, gid)) = self.ids {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }

    /// Whether this user can walk to the folder: root's home and the like let nobody through.
    fn check_way(&self, dir: &Path, parent: &Path) -> Result<(), EmbeddedError> {
        let Some((uid, gid)) = self.ids else { return Ok(()) };
        for step in parent.ancestors() {
            let meta = fs::metadata(step).map_err(EmbeddedError::io(step))?;
            let bit = if meta.uid() == uid.as_raw() {
                0o100
            } else if meta.gid() == gid.as_raw() {
                0o010
            } else {
                0o001
            };
            if meta.mode() & bit == 0 {
                return Err(self.refuse(
                    dir,
                    &format!(
                        "it may not enter {}; choose a state folder elsewhere, such as /var/lib/voxera",
                        step.display()
                    ),
                ));
            }
        }
        Ok(())
    }

    fn refuse(&self, dir: &Path, why: &str) -> EmbeddedError {
        EmbeddedError::Folder { dir: dir.to_owned(), user: self.name.clone(), why: why.to_owned() }
    }
}

/// `/var/lib/voxera/postgres` and `log` make `/var/lib/voxera/postgres.log`.
fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

fn is_postgres(pid: Pid) -> bool {
    // A process that has ended and was not waited for has no command line any more.
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
        line.split(|byte| *byte == 0).next().is_some_and(|name| name.ends_with(b"postgres"))
    })
}

fn remove(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::Io { path: path.to_owned(), source: error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
