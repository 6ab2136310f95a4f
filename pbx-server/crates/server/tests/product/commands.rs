//! The command line.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use voxera_testkit::postgres::Database;
use voxera_testkit::product::{Product, Setup};

pub const BINARY: &str = env!("CARGO_BIN_EXE_voxera");

/// Runs a command on a state folder, with nothing from the environment of the test.
pub async fn voxera(state: &Path, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(BINARY);
    command.env_clear().env("PATH", std::env::var("PATH").unwrap()).kill_on_drop(true);
    command.args(arguments).arg("--state-dir").arg(state).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_misspelled_key_stops_the_start_and_names_the_right_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("voxera.toml");
    for (written, said) in [
        ("[sip]\nmedia_prots = \"20000-29999\"\n", "did you mean \"sip.media_ports\"?"),
        ("listen = \"8080\"\n", "voxera.toml, listen: "),
        ("[limits]\nrequests_per_minute = \"many\"\n", "voxera.toml, limits.requests_per_minute: "),
    ] {
        std::fs::write(&file, written).unwrap();
        let output = voxera(dir.path(), &["serve", "--config", file.to_str().unwrap()]).await;
        let error = text(&output.stderr);
        assert!(!output.status.success() && error.contains(said), "{written}: {error}");
    }
}

#[tokio::test]
async fn the_packaged_configuration_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../packaging/voxera.toml");
    let output = voxera(dir.path(), &["config", "--config", file.to_str().unwrap()]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    // What is only a comment in it is a key, too.
    let written = std::fs::read_to_string(&file).unwrap();
    let keys = text(&voxera(dir.path(), &["config", "--keys"]).await.stdout);
    let mut section = String::new();
    for line in written.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        }
        if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ") {
            assert!(keys.contains(&format!("{section}{key} ")), "{section}{key} is no key");
        }
    }
}

#[tokio::test]
async fn the_doctor_finds_a_machine_fit_and_says_what_is_wrong_with_another() {
    let dir = super::start::folder();
    let state = dir.path().join("state");
    let free = ["--listen", "127.0.0.1:0", "--sip-listen", "127.0.0.1:0"];
    let output = voxera(&state, &[&["doctor", "--json"][..], &free[..]].concat()).await;
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let health = |check: &str| {
        let findings = found.as_array().unwrap();
        findings.iter().find(|finding| finding["check"] == check).map(|finding| finding["health"].clone())
    };
    for check in ["state_folder", "seal_key", "database"] {
        assert_eq!(health(check).unwrap(), "good", "{check}: {found}");
    }
    assert!(!state.exists(), "looking makes nothing");

    let unreachable = ["--database-url", "postgres://nobody@127.0.0.1:1/voxera"];
    let output = voxera(&state, &[&["doctor"][..], &free[..], &unreachable[..]].concat()).await;
    let said = text(&output.stdout);
    assert!(!output.status.success() && said.contains("FAULT") && said.contains("-> "), "{said}");
}

#[tokio::test]
async fn an_administrator_is_made_on_a_new_machine_before_the_first_start() {
    let dir = super::start::folder();
    let state = dir.path().join("state");
    let made = voxera(&state, &["admin", "create", "ada@example.se", "--name", "Ada"]).await;
    assert!(made.status.success(), "{}", text(&made.stderr));
    let again = voxera(&state, &["migrate"]).await;
    assert!(again.status.success(), "{}", text(&again.stderr));
}

#[tokio::test]
async fn everything_is_sealed_anew_under_another_key_and_what_a_lost_one_sealed_is_named() {
    let dir = super::start::folder();
    let state = dir.path().join("state");
    let run = async |arguments: &[&str]| {
        let output = voxera(&state, arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let key = || std::fs::read_to_string(state.join("seal.key")).unwrap();
    run(&["demo"]).await;
    let before = key();
    let said = run(&["new-seal-key"]).await;
    assert!(said.contains("There is a new seal.key") && !said.contains("phones need"), "{said}");
    assert_ne!(key(), before);
    // It reads the signing keys, as a start does.
    run(&["admin", "create", "ada@example.se", "--name", "Ada"]).await;

    std::fs::remove_file(state.join("seal.key")).unwrap();
    let said = run(&["new-seal-key"]).await;
    assert!(said.contains("phones need a new password"), "{said}");
    run(&["admin", "create", "bo@example.se", "--name", "Bo"]).await;

    // A change that was cut short after all was sealed is taken up again, and nothing starts before.
    std::fs::rename(state.join("seal.key"), state.join("seal.key.next")).unwrap();
    std::fs::write(state.join("seal.key"), before).unwrap();
    std::fs::set_permissions(state.join("seal.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let output = voxera(&state, &["migrate"]).await;
    assert!(text(&output.stderr).contains("run `voxera new-seal-key` again"), "{}", text(&output.stderr));
    run(&["new-seal-key"]).await;
    run(&["admin", "create", "cy@example.se", "--name", "Cy"]).await;
}

#[tokio::test]
async fn the_doctor_of_a_running_server_finds_nothing_wrong_with_its_database() {
    let product = Product::start().await;
    let output = voxera(product.state_dir(), &["doctor", "--json"]).await;
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = found.as_array().unwrap();
    let database = findings.iter().find(|finding| finding["check"] == "database").unwrap();
    assert_eq!(database["health"], "good", "{database}");
}

#[tokio::test]
async fn the_first_administrator_is_made_on_the_command_line() {
    let product = Product::start().await;
    let output = voxera(product.state_dir(), &["admin", "create", "ada@example.se", "--name", "Ada"]).await;
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let token = said.split_once("/invitation/").unwrap().1.split_whitespace().next().unwrap().to_owned();

    let password = serde_json::json!({ "password": "en lång och lugn promenad" });
    product.stranger().post(&format!("/auth/invitations/{token}"), &password).await.ok();
    let ada = product.sign_in("ada@example.se", "en lång och lugn promenad").await;
    assert!(ada.get("/tenants").await.ok()["total"].as_u64().unwrap() >= 2);

    let output = voxera(product.state_dir(), &["admin", "create", "no address"]).await;
    assert!(!output.status.success() && text(&output.stderr).contains("anna@example.se"));
}

#[tokio::test]
async fn a_database_is_migrated_by_command_twice_in_a_row() {
    let database = Database::create().await;
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = voxera(dir.path(), &["migrate", "--database-url", database.url()]).await;
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}

#[tokio::test]
async fn the_contract_that_is_checked_in_is_the_one_that_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let printed = text(&voxera(dir.path(), &["openapi"]).await.stdout);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../contracts/openapi.yaml");
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(printed == checked_in, "contracts/openapi.yaml is stale: run make contract");
}

#[tokio::test]
async fn the_welcome_names_the_address_the_logins_and_the_first_call() {
    let product = Setup::default().binary(BINARY).start().await;
    let demo = product.demo();
    let said = product.said("make first-call").await;
    for part in [demo.portal.unwrap().as_str(), &demo.password, &format!("sip:{}", product.sip_addr())] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    for login in demo.logins {
        assert!(said.contains(&*login.email), "{} is not in {said}", login.email);
    }
}
