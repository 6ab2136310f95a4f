//! The machine: folder, disk, key, user, limits, clock.

use super::Finding;
use crate::state::{State, StateError};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;
use std::path::Path;
use std::time::Duration;

/// Below this calls stop being recorded soon.
const LITTLE_SPACE: u64 = 200 << 20;
/// Below this the database's own work becomes tight.
const SOME_SPACE: u64 = 2 << 30;
/// Two sockets for each side of a call, at 500 calls, and the rest.
const FILES_WANTED: u64 = 8192;

/// Whether a server of ours holds the folder now.
pub fn runs_here(dir: &Path) -> bool {
    dir.is_dir() && State::open(dir).is_ok_and(|state| matches!(state.lock(), Err(StateError::InUse(_))))
}

/// The folder is there and ours, or can be made.
pub fn state_folder(dir: &Path) -> Finding {
    use nix::unistd::{AccessFlags, access};
    let check = "state_folder";
    let shown = dir.display();
    if dir.is_dir() {
        return match access(dir, AccessFlags::R_OK | AccessFlags::W_OK | AccessFlags::X_OK) {
            Ok(()) => Finding::good(check, format!("{shown} can be written.")),
            Err(_) => Finding::fault(
                check,
                format!("{shown} cannot be written by this user."),
                format!("Run as the user who owns it, or: chown -R {} {shown}", whoami()),
            ),
        };
    }
    match existing_parent(dir) {
        Some(parent) if parent.is_dir() && access(parent, AccessFlags::W_OK).is_ok() => {
            Finding::good(check, format!("{shown} will be made at the first start."))
        }
        _ => Finding::fault(
            check,
            format!("{shown} does not exist and cannot be made by this user."),
            format!("As root: install -d -m 700 -o {} {shown} (or choose another with state_dir)", whoami()),
        ),
    }
}

/// How much room there is.
pub fn disk(dir: &Path) -> Finding {
    let Some(place) = existing_parent(dir) else {
        return Finding::fault("disk", "There is no such file system.", "Correct state_dir.");
    };
    match statvfs(place) {
        Ok(found) => space(found.blocks_available() * found.fragment_size()),
        Err(error) => {
            Finding::warning("disk", format!("The free space is unknown: {error}."), "Look with df -h.")
        }
    }
}

fn space(free: u64) -> Finding {
    let says = format!("{} MB are free.", free >> 20);
    let cure = "Make room on this file system, or move state_dir to a larger one.";
    match free {
        ..LITTLE_SPACE => Finding::fault("disk", says, cure),
        LITTLE_SPACE..SOME_SPACE => Finding::warning("disk", says, cure),
        _ => Finding::good("disk", says),
    }
}

/// The key that opens what is sealed.
pub fn seal_key(dir: &Path) -> Finding {
    let check = "seal_key";
    if !dir.join("seal.key").exists() && !dir.join("postgres").exists() && !dir.join("calls").exists() {
        return Finding::good(
            check,
            "It will be made at the first start; keep a copy of seal.key with the backups.",
        );
    }
    match State::open(dir).and_then(|state| state.seal_key()) {
        Ok(_) => Finding::good(check, "It is there, and only its owner can read it."),
        Err(error) => Finding::fault(check, error.to_string(), "Do what the message says."),
    }
}

/// Who we are.
pub fn user() -> Finding {
    if nix::unistd::Uid::effective().is_root() {
        Finding::warning(
            "user",
            "This is root; the server needs no such power.",
            "Run it as the user voxera with the packaged unit: systemctl start voxera",
        )
    } else {
        Finding::good("user", format!("This is {}.", whoami()))
    }
}

/// How many files may be open at once.
pub fn open_files() -> Option<u64> {
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft)
}

/// Enough for sockets of calls.
pub fn file_limit(open_files: Option<u64>) -> Finding {
    let check = "file_limit";
    match open_files {
        Some(limit) if limit >= FILES_WANTED => Finding::good(check, format!("{limit} files may be open.")),
        Some(limit) => Finding::warning(
            check,
            format!("Only {limit} files may be open: about {} calls at once.", limit.saturating_sub(256) / 8),
            format!("ulimit -n {FILES_WANTED}, or LimitNOFILE=65536 in the unit (the packaged one has it)"),
        ),
        None => Finding::warning(check, "The limit of open files is unknown.", "Look with ulimit -n."),
    }
}

/// Sign-ins, one-time links and call records depend on the time.
pub async fn clock() -> Finding {
    let asked = tokio::process::Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .output();
    let answer = match tokio::time::timeout(Duration::from_secs(3), asked).await {
        Ok(Ok(output)) if output.status.success() => {
            Some(String::from_utf8_lossy(&output.stdout).trim() == "yes")
        }
        _ => None,
    };
    clock_finding(chrono::Utc::now(), answer)
}

fn clock_finding(now: chrono::DateTime<chrono::Utc>, synchronised: Option<bool>) -> Finding {
    let cure = "Install chrony or systemd-timesyncd: apt-get install chrony";
    let shown = now.format("%Y-%m-%d %H:%M UTC");
    // Before this program was written: the clock has never been set.
    if now.timestamp() < 1_780_000_000 {
        return Finding::fault("clock", format!("The clock says {shown}, which is long ago."), cure);
    }
    match synchronised {
        Some(true) => Finding::good("clock", format!("{shown}, kept right by the network.")),
        Some(false) => Finding::warning("clock", format!("{shown}, but nothing keeps it right."), cure),
        None => Finding::good(
            "clock",
            format!("{shown}. Whether the network keeps it right cannot be told here."),
        ),
    }
}

/// The portal is part of the binary.
pub fn portal() -> Finding {
    if voxera_api::portal_is_built() {
        Finding::good("portal", "The portal is in this binary.")
    } else {
        Finding::fault(
            "portal",
            "This binary was built without the portal.",
            "Build the portal before the server: scripts/web.sh && cargo build (make run does both)",
        )
    }
}

fn existing_parent(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|path| path.exists())
}

fn whoami() -> String {
    let uid = nix::unistd::Uid::effective();
    nix::unistd::User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::super::Health;
    use super::*;

    #[test]
    fn a_full_disk_is_a_fault_and_a_small_one_a_warning() {
        for (free, health) in
            [(100 << 20, Health::Fault), (1 << 30, Health::Warning), (20 << 30, Health::Good)]
        {
            let finding = space(free);
            assert_eq!((finding.health, finding.cure.is_some()), (health, health != Health::Good));
        }
    }

    #[test]
    fn few_open_files_are_counted_in_calls() {
        let finding = file_limit(Some(1024));
        assert!(finding.says.contains("about 96 calls") && finding.cure.unwrap().contains("LimitNOFILE"));
        assert_eq!(file_limit(Some(65_536)).health, Health::Good);
    }

    #[test]
    fn a_clock_that_was_never_set_is_a_fault() {
        let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!(clock_finding(at(0), Some(true)).health, Health::Fault);
        assert_eq!(clock_finding(at(1_795_000_000), Some(false)).health, Health::Warning);
        assert_eq!(clock_finding(at(1_795_000_000), Some(true)).health, Health::Good);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_a_fault_with_its_command() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let finding = state_folder(&file.join("state"));
        assert_eq!(finding.health, Health::Fault);
        assert!(finding.cure.unwrap().contains("install -d"));
        assert_eq!(state_folder(&dir.path().join("new")).health, Health::Good);
        assert!(!dir.path().join("new").exists(), "looking makes nothing");
    }
}
