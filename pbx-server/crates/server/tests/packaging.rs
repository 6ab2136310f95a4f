//! What a packaged installation is made of.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().to_owned()
}

/// `None` where the machine has no such program: then the test says so by name.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    if output.is_err() {
        eprintln!("skipped: {program} is not installed");
    }
    output.ok()
}

/// The unit with a program that exists in the place of ours, because the check looks.
fn unit_in(folder: &Path) -> PathBuf {
    let unit = std::fs::read_to_string(root().join("packaging/systemd/voxera.service")).unwrap();
    let path = folder.join("voxera.service");
    std::fs::write(&path, unit.replace("/usr/bin/voxera", "/bin/true")).unwrap();
    path
}

#[test]
fn systemd_finds_no_fault_in_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let unit = unit_in(folder.path());
    let Some(output) = run("systemd-analyze", &["verify", "--man=no", unit.to_str().unwrap()]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("voxera.service"), "{said}");
}

#[test]
fn the_unit_leaves_little_exposed() {
    let folder = tempfile::tempdir().unwrap();
    let unit = unit_in(folder.path());
    let arguments = ["security", "--offline=true", "--no-pager", "--threshold=20", unit.to_str().unwrap()];
    let Some(output) = run("systemd-analyze", &arguments) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_packaged_configuration_is_understood() {
    let output = Command::new(env!("CARGO_BIN_EXE_voxera"))
        .args(["config", "--config"])
        .arg(root().join("packaging/voxera.toml"))
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("/var/lib/voxera"));
}

#[test]
fn the_debian_package_holds_binary_unit_configuration_and_state() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // Any program will do: what is tested is the package around it.
    let Some(output) = run("packaging/build-deb.sh", &["/bin/true", out]) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let package = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let listing = run("dpkg-deb", &["--contents", package.to_str().unwrap()]).unwrap();
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    for file in ["./usr/bin/voxera", "./lib/systemd/system/voxera.service", "./etc/voxera/voxera.toml"] {
        assert!(listing.contains(file), "{file} is missing from\n{listing}");
    }
    let scripts = run("dpkg-deb", &["--info", package.to_str().unwrap(), "postinst"]).unwrap();
    assert!(String::from_utf8_lossy(&scripts.stdout).contains("/var/lib/voxera"));
}
