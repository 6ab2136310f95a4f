//! What is read, and what is refused.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;
use crate::config::Engine;

fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("voxera.toml");
    std::fs::write(&path, text).unwrap();
    (dir, Sources { file: Some(path), ..Sources::default() })
}

fn refusal(text: &str) -> String {
    file(text).1.load().unwrap_err().to_string()
}

#[test]
fn the_command_line_beats_the_environment_beats_the_file() {
    let (_dir, mut sources) =
        file("listen = \"127.0.0.1:1\"\n[sip]\nlisten = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\n");
    sources.environment = vec![
        ("VOXERA_SIP_LISTEN".into(), "127.0.0.1:2".into()),
        ("VOXERA_LISTEN".into(), "127.0.0.1:2".into()),
        ("VOXERA_DATABASE_MAX_CONNECTIONS".into(), "7".into()),
        ("HOME".into(), "/nowhere".into()),
    ];
    sources.overrides = vec![("listen", "127.0.0.1:3".into())];
    let config = sources.load().unwrap();
    assert_eq!((config.listen.port(), config.sip.listen.port()), (3, 2));
    assert_eq!((config.database.max_connections, config.log.level.as_str()), (7, "warn"));
    assert_eq!(config.public_url().as_str(), "http://localhost:3/");
}

#[test]
fn a_misspelled_key_is_refused_and_the_right_one_named() {
    let said = refusal("[sip]\nmedia_prots = \"20000-29999\"\n");
    assert!(said.contains("\"sip.media_prots\"; did you mean \"sip.media_ports\"?"), "{said}");
    let said = refusal("listne = \"x\"\n");
    assert!(said.contains("did you mean \"listen\"?"), "{said}");
    let said = refusal("[telephony]\nx = 1\n");
    assert!(said.contains("no key \"telephony\""), "{said}");

    let environment = vec![("VOXERA_SIP_LISTN".to_owned(), "x".to_owned())];
    let (_dir, sources) = file("");
    let said = Sources { environment, ..sources }.load().unwrap_err().to_string();
    assert!(said.contains("did you mean \"VOXERA_SIP_LISTEN\"?"), "{said}");
}

#[test]
fn a_wrong_value_is_refused_with_its_key_and_place() {
    for (text, key, why) in [
        ("listen = \"8080\"\n", "listen", "socket address"),
        ("[sip]\nmedia_ports = \"1-2\"\n", "sip.media_ports", "at least 100 ports"),
        ("[sip]\nexternal_address = \"me.example\"\n", "sip.external_address", "IP address"),
        ("[database]\nmax_connections = 0\n", "database.max_connections", "1 to 500"),
        ("[mail]\nencryption = \"rot13\"\n", "mail.encryption", "starttls"),
        ("[mail]\nfrom = \"me\"\n", "mail.from", "anna@example.se"),
        ("[limits]\nrequests_per_minute = 1\n", "limits.requests_per_minute", "60 to 10000000"),
        ("[mail]\nport = 99999\n", "mail.port", "99999"),
        ("public_url = \"portal\"\n", "public_url", "relative URL"),
        ("engine = \"asterisk\"\n", "engine", "freeswitch"),
        ("[freeswitch]\nphones = \"nodes.example.se\"\n", "freeswitch.phones", "nodes.example.se:5060"),
        ("[freeswitch]\nphones = \"a b:5060\"\n", "freeswitch.phones", "nodes.example.se:5060"),
        (
            "engine = \"per_tenant\"\n[sip]\nhost = \"sip.se\"\n[freeswitch]\nphones = \"sip.se:5060\"\n",
            "freeswitch.phones",
            "another port",
        ),
        ("[freeswitch]\nallowed = \"10.0.0.0/64\"\n", "freeswitch.allowed", "10.0.0.0/64"),
        ("[freeswitch]\nallowed = \"\"\n", "freeswitch.allowed", "at least one"),
        ("[freeswitch]\nsecret = \"kort\"\n", "freeswitch.secret", "20 to 100"),
    ] {
        let said = refusal(text);
        assert!(said.contains(&format!("voxera.toml, {key}: ")) && said.contains(why), "{text}: {said}");
    }
    let said = refusal("listen = \n");
    assert!(said.contains("voxera.toml: TOML parse error at line 1"), "{said}");
}

#[test]
fn phones_of_nodes_beside_this_process_have_a_place_of_their_own() {
    let load = |text: &str| file(text).1.load().unwrap();
    assert_eq!(load("engine = \"freeswitch\"\n").node_port(), 5060);
    let both = load("engine = \"per_tenant\"\n");
    assert_eq!((both.engine, both.node_port()), (Engine::PerTenant, 5080));
    assert!(both.engine.is_here() && both.engine.has_nodes());
    assert_eq!(load("engine = \"per_tenant\"\n[sip]\nlisten = \"0.0.0.0:65530\"\n").node_port(), 65_510);
    let said = load("engine = \"per_tenant\"\n[freeswitch]\nphones = \"[2001:db8::1]:5062\"\n");
    let phones = said.freeswitch.phones.as_ref().unwrap();
    assert_eq!((phones.host.as_str(), said.node_port()), ("2001:db8::1", 5062));
    assert!(said.shown().contains("phones = \"[2001:db8::1]:5062\""), "{}", said.shown());
    assert!(said.shown().contains("engine = \"per_tenant\""));
}

#[test]
fn what_is_shown_can_be_read_again_and_holds_no_secret() {
    let (_dir, sources) = file(
        "[database]\nurl = \"postgres://me:geheim@db/voxera\"\n[mail]\nhost = \"smtp.example\"\nuser = \"u\"\npassword = \"geheim\"\n",
    );
    let shown = sources.load().unwrap().shown();
    assert!(!shown.contains("geheim") && shown.contains("postgres://me:***@db/voxera"), "{shown}");
    let (_dir, again) = file(&shown);
    assert_eq!(again.load().unwrap().shown(), shown);
    assert!(!format!("{:?}", sources.load().unwrap()).contains("geheim"));
}

#[test]
fn every_key_has_a_value_and_the_packaged_file_is_good() {
    let shown: Table = Sources::default().load().unwrap().shown().parse().unwrap();
    let mut flat = Vec::new();
    flatten("", &shown, &mut flat);
    let shown: Vec<&str> = flat.iter().map(|(path, _)| path.as_str()).collect();
    for key in KEYS {
        assert!(shown.contains(&key.path), "{} is not shown", key.path);
    }
}
