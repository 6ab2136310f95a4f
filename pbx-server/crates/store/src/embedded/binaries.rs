//! Finds the installed database server.

use super::EmbeddedError;
use std::path::{Path, PathBuf};

/// Where Debian puts one folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder of `postgres` and `initdb` that fits data of `version`; the newest without data.
pub(super) fn find(
    configured: Option<&Path>,
    version: Option<&str>,
    data_dir: &Path,
) -> Result<PathBuf, EmbeddedError> {
    if let Some(dir) = configured {
        let missing = || EmbeddedError::Missing { looked: dir.display().to_string() };
        return if is_complete(dir) { Ok(dir.to_owned()) } else { Err(missing()) };
    }
    let mut installed: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, dir)| is_complete(dir))
        .collect();
    installed.sort();
    match version {
        Some(version) => installed
            .into_iter()
            .find(|(number, _)| number.to_string() == version)
            .map(|(_, dir)| dir)
            .ok_or_else(|| EmbeddedError::WrongVersion {
                dir: data_dir.to_owned(),
                version: version.to_owned(),
            }),
        None => installed
            .pop()
            .map(|(_, dir)| dir)
            .ok_or_else(|| EmbeddedError::Missing { looked: format!("{DEBIAN}/*/bin") }),
    }
}

fn is_complete(dir: &Path) -> bool {
    dir.join("postgres").is_file() && dir.join("initdb").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_cure() {
        let data = Path::new("/var/lib/voxera/postgres");
        let missing = find(Some(Path::new("/nowhere")), None, data).map_err(|e| e.to_string());
        assert!(missing.is_err_and(|text| text.contains("Debian package `postgresql`")));
        let old = find(None, Some("9"), data).map_err(|e| e.to_string());
        assert!(old.is_err_and(|text| text.contains("`postgresql-9`")));
    }
}
