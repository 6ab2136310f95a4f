//! The database: our own can be started, or the named one answers and obeys.

use super::Finding;
use crate::config::Config;
use std::path::{Path, PathBuf};
use std::time::Duration;
use voxera_store::Inspection;

const PATIENCE: Duration = Duration::from_secs(5);
/// What row-level security and our statements want.
const OLDEST: u32 = 15;
const ROLE: &str = "voxera_app";

/// Looks without changing anything.
pub async fn examine(config: &Config, running: bool) -> Finding {
    match &config.database.url {
        Some(url) => named(url.as_str()).await,
        None if running => {
            Finding::good("database", "Our own PostgreSQL runs, started by the running voxera.")
        }
        None => own(config.database.binaries.as_deref(), Path::new("/usr/lib/postgresql")),
    }
}

fn own(binaries: Option<&Path>, installed: &Path) -> Finding {
    let check = "database";
    let install = "apt-get install postgresql, or name a database with DATABASE_URL";
    let (found, version) = match binaries {
        Some(dir) => (is_complete(dir).then(|| dir.to_owned()), None),
        None => newest(installed).unzip(),
    };
    match (found, version) {
        (Some(dir), Some(version)) if version < OLDEST => Finding::fault(
            check,
            format!("PostgreSQL {version} in {} is too old.", dir.display()),
            format!("Install PostgreSQL {OLDEST} or newer: {install}"),
        ),
        (Some(dir), _) => {
            Finding::good(check, format!("Our own PostgreSQL will run from {}.", dir.display()))
        }
        (None, _) => match binaries {
            Some(dir) => Finding::fault(
                check,
                format!("There is no initdb and postgres in {}.", dir.display()),
                "Correct database.binaries, as /usr/lib/postgresql/15/bin",
            ),
            None => Finding::fault(check, "PostgreSQL is not installed.", install),
        },
    }
}

fn newest(installed: &Path) -> Option<(PathBuf, u32)> {
    let versions = std::fs::read_dir(installed).ok()?.filter_map(Result::ok);
    versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, dir)| is_complete(dir))
        .max()
        .map(|(version, dir)| (dir, version))
}

fn is_complete(dir: &Path) -> bool {
    dir.join("postgres").is_file() && dir.join("initdb").is_file()
}

async fn named(url: &str) -> Finding {
    let check = "database";
    let asked = tokio::time::timeout(PATIENCE, Inspection::of(url)).await;
    let seen = match asked {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => {
            return Finding::fault(
                check,
                format!("The database cannot be used: {error}."),
                "Try: psql \"$DATABASE_URL\" - then correct the address, the password or the server's pg_hba.conf",
            );
        }
        Err(_) => {
            return Finding::fault(
                check,
                "The database does not answer.",
                "Look whether it runs, and whether a firewall stands between",
            );
        }
    };
    judge(&seen)
}

fn judge(seen: &Inspection) -> Finding {
    let check = "database";
    let owner = &seen.owner;
    if u32::try_from(seen.version).unwrap_or_default() < OLDEST {
        return Finding::fault(
            check,
            format!("PostgreSQL {} is too old.", seen.version),
            format!("Move the database to PostgreSQL {OLDEST} or newer"),
        );
    }
    if !seen.creates_schemas {
        return Finding::fault(
            check,
            format!("{owner} may not make schemas in this database, and each partner has one."),
            format!("As the database's administrator: alter database … owner to {owner}"),
        );
    }
    if seen.role_is_strong {
        return Finding::fault(
            check,
            format!(
                "The role {ROLE} has powers that pass row-level security: companies could see each other."
            ),
            format!("As an administrator: alter role {ROLE} nosuperuser nobypassrls nocreaterole"),
        );
    }
    if !seen.has_role && !seen.creates_roles {
        return Finding::fault(
            check,
            format!("The role {ROLE} is missing, and {owner} may not make it."),
            format!("As an administrator: create role {ROLE} nologin; grant {ROLE} to {owner}"),
        );
    }
    if seen.has_role && !seen.is_member {
        return Finding::fault(
            check,
            format!("{owner} may not act as {ROLE}."),
            format!("As an administrator: grant {ROLE} to {owner}"),
        );
    }
    Finding::good(check, format!("PostgreSQL {} answers, and {owner} may do what is needed.", seen.version))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::super::Health;
    use super::*;

    #[test]
    fn a_machine_without_postgresql_is_told_how_to_get_it() {
        let empty = tempfile::tempdir().unwrap();
        let finding = own(None, empty.path());
        assert!(
            finding.health == Health::Fault && finding.cure.unwrap().contains("apt-get install postgresql")
        );
        let finding = own(Some(empty.path()), empty.path());
        assert!(finding.health == Health::Fault && finding.cure.unwrap().contains("database.binaries"));
    }

    #[test]
    fn the_newest_installed_postgresql_is_taken_and_an_old_one_refused() {
        let installed = tempfile::tempdir().unwrap();
        let install = |version: &str| {
            let bin = installed.path().join(version).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            for program in ["postgres", "initdb"] {
                std::fs::write(bin.join(program), "").unwrap();
            }
        };
        install("9");
        assert!(own(None, installed.path()).says.contains("PostgreSQL 9 in"));
        install("15");
        let finding = own(None, installed.path());
        assert!(finding.health == Health::Good && finding.says.contains("/15/bin"), "{finding:?}");
    }

    #[test]
    fn a_named_database_whose_roles_do_not_fit_is_a_fault_with_its_statement() {
        let fit = Inspection {
            version: 15,
            owner: "shop".into(),
            creates_schemas: true,
            creates_roles: false,
            has_role: true,
            role_is_strong: false,
            is_member: true,
        };
        assert_eq!(judge(&fit).health, Health::Good);
        for (seen, statement) in [
            (Inspection { version: 13, ..fit.clone() }, "PostgreSQL 15"),
            (Inspection { creates_schemas: false, ..fit.clone() }, "owner to shop"),
            (Inspection { role_is_strong: true, ..fit.clone() }, "nobypassrls"),
            (Inspection { has_role: false, is_member: false, ..fit.clone() }, "create role voxera_app"),
            (Inspection { is_member: false, ..fit.clone() }, "grant voxera_app to shop"),
        ] {
            let finding = judge(&seen);
            assert!(
                finding.health == Health::Fault && finding.cure.unwrap().contains(statement),
                "{statement}"
            );
        }
    }
}
