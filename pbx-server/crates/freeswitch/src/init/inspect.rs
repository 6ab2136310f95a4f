//! What `voxera doctor` sees of a node's folder, without changing it.

use super::{ESL_PASSWORD, InitError, KEPT, NodeSettings, digest, kept, read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A node's folder as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    pub settings: NodeSettings,
    /// Empty: the file is missing.
    pub esl_password: String,
    /// Files that are not as they were written, or gone.
    pub changed: Vec<String>,
    /// Paths that others can read.
    pub open: Vec<PathBuf>,
    /// FreeSWITCH asks with the secret that Voxera knows.
    pub knows_the_secret: bool,
}

/// Looks at a folder. `None`: there is no node in it.
pub fn inspect(dir: &Path, server_secret: &str) -> Result<Option<Inspection>, InitError> {
    let Some(kept) = kept(dir)? else { return Ok(None) };
    let mut changed = Vec::new();
    for (path, hash) in &kept.files {
        if read(&dir.join(path))?.is_none_or(|text| digest(&text) != *hash) {
            changed.push(path.clone());
        }
    }
    let places = ["", "conf", "conf/autoload_configs", "tls", "cdr", KEPT].map(str::to_owned);
    let open =
        places.iter().chain(kept.files.keys()).map(|path| dir.join(path)).filter(|path| {
            std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
        });
    let asks = read(&dir.join("conf/autoload_configs/xml_curl.conf.xml"))?.unwrap_or_default();
    Ok(Some(Inspection {
        open: open.collect(),
        changed,
        esl_password: read(&dir.join(ESL_PASSWORD))?.unwrap_or_default().trim().to_owned(),
        knows_the_secret: asks.contains(&format!("\"voxera:{server_secret}\"")),
        settings: kept.settings,
    }))
}
