//! Records that the database refuses for good, kept beside the spool until someone has seen to it.

use super::line;
use super::write_segment;
use super::writer::sync_dir;
use crate::record::CallEnded;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Records that are whole, with the reason of the refusal.
const REFUSED: &str = "refused.calls-kept";
/// Lines that nobody can read.
const DAMAGED: &str = "damaged.lines";

/// A refused record.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) call: CallEnded,
}

/// Keeps refused records; on disk when it returns.
pub(super) fn bury(dir: &Path, refused: &[Refused]) -> io::Result<()> {
    let mut bytes = Vec::new();
    for record in refused {
        bytes.extend(line::encode(record).map_err(io::Error::other)?);
    }
    append(dir, REFUSED, &bytes)
}

/// Keeps lines that cannot be read, for whoever can.
pub(super) fn keep_damaged(dir: &Path, lines: &[Vec<u8>]) -> io::Result<()> {
    append(dir, DAMAGED, &lines.concat())
}

/// Gives every refused record another chance: its cause may have been repaired meanwhile.
pub(super) fn revive(dir: &Path) -> io::Result<()> {
    let path = dir.join(REFUSED);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let lines = line::decode::<Refused>(&bytes);
    if !lines.damaged.is_empty() {
        keep_damaged(dir, &lines.damaged)?;
    }
    write_segment(dir, lines.whole.iter().map(|refused| &refused.call))?;
    fs::remove_file(&path)?;
    sync_dir(dir)
}

fn append(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(dir.join(name))?;
    file.write_all(bytes)?;
    file.sync_data()?;
    sync_dir(dir)
}
