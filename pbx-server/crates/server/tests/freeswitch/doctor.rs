//! `voxera doctor` on a node that runs.

use super::sips::Signed;
use super::stage::Stage;
use serde_json::Value;
use voxera_freeswitch::init::NodeSettings;
use voxera_testkit::node::SECRET;

const BINARY: &str = env!("CARGO_BIN_EXE_voxera");

/// What it says of the node.
async fn examined(stage: &Stage) -> Vec<Value> {
    let mut doctor = tokio::process::Command::new(BINARY);
    doctor.env_clear().env("PATH", std::env::var("PATH").unwrap()).kill_on_drop(true);
    doctor.env("VOXERA_ENGINE", "freeswitch").env("VOXERA_FREESWITCH_SECRET", SECRET);
    doctor.env("VOXERA_FREESWITCH_LISTEN", stage.node.listener.to_string());
    doctor.args(["doctor", "--json", "--state-dir"]).arg(stage.product.state_dir());
    let output = doctor.arg("--freeswitch").arg(stage.node.dir()).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let found: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let of_the_node = |finding: &&Value| finding["check"].as_str().unwrap().starts_with("node");
    found.as_array().unwrap().iter().filter(of_the_node).cloned().collect()
}

/// The checks that are not good, each with what is said of it.
fn amiss(found: &[Value]) -> Vec<(String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let amiss = found.iter().filter(|finding| finding["health"] != "good");
    amiss.map(|finding| (text(finding, "check"), text(finding, "says"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn the_doctor_finds_nothing_wrong_with_a_node_and_says_what_it_lacks() {
    let mut stage = Stage::open().await;
    let found = examined(&stage).await;
    assert!(amiss(&found).is_empty(), "{found:?}");
    let checks: Vec<_> = found.iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    for check in ["node_folder", "node_secret", "node_program", "node_asks", "node_commands", "node_modules"]
    {
        assert!(checks.contains(&check), "{check}: {checks:?}");
    }
    assert!(checks.contains(&"node_browsers") && checks.contains(&"node_phones"), "{checks:?}");

    // Other ports, and the node has not been restarted.
    let before = stage.node.settings(&stage.product.state_dir().join("media"));
    let ports = NodeSettings { ws_port: 5067, sips_port: Some(5061), ..before };
    let command = stage.node.init(&ports);
    let found = examined(&stage).await;
    let address = stage.node.address;
    assert_eq!(
        amiss(&found),
        [
            ("node_browsers".into(), format!("Nothing takes the portal's phones at {address}:5067.")),
            ("node_sips".into(), format!("Nothing speaks TLS with phones at {address}:5061.")),
        ]
    );
    let browsers = found.iter().find(|finding| finding["check"] == "node_browsers").unwrap();
    assert!(browsers["cure"].as_str().unwrap().contains("has not been restarted"), "{browsers}");

    stage.node.kill().await;
    stage.node.run(&command);
    stage.up().await;
    let found = amiss(&examined(&stage).await);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == "node_sips" && found[0].1.contains("tls/agent.pem"), "{found:?}");
    Signed::new("sip.example").put(&stage.node.dir());
    let found = amiss(&examined(&stage).await);
    assert!(found.is_empty(), "{found:?}");
}
