//! Folders of nodes, without a FreeSWITCH.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;
use tempfile::TempDir;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn folder() -> TempDir {
    tempfile::Builder::new().prefix("node-").tempdir().unwrap()
}

fn settings() -> NodeSettings {
    NodeSettings {
        name: "node-1".into(),
        sip: "192.0.2.10:5060".parse().unwrap(),
        external: None,
        media_ports: (20_000, 29_999),
        wss: "192.0.2.10:7443".parse().unwrap(),
        ws_port: ws_port(),
        sips_port: None,
        esl: "127.0.0.1:8021".parse().unwrap(),
        server: "http://127.0.0.1:8090".parse().unwrap(),
        server_addresses: Vec::new(),
        media_dir: "/var/lib/voxera/media".into(),
        program: "/usr/bin/freeswitch".into(),
        max_sessions: 1000,
    }
}

fn text(dir: &Path, path: &str) -> String {
    std::fs::read_to_string(dir.join(path)).unwrap()
}

/// The value of a `<param>`.
fn param<'a>(file: &'a str, name: &str) -> &'a str {
    let rest = file.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}")).1;
    rest.split('"').next().unwrap()
}

#[test]
fn a_new_folder_becomes_a_node_that_only_its_owner_can_read() {
    let dir = folder();
    let dir = dir.path().join("node");
    let made = init(&dir, &settings(), SECRET).unwrap();
    assert!(made.written.contains(&"conf/freeswitch.xml".to_owned()));
    assert_eq!(made.command[..2], ["/usr/bin/freeswitch", "-nf"]);
    let mut folders = vec![dir.clone()];
    while let Some(folder) = folders.pop() {
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{folder:?}");
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{:?}", entry.path());
            }
        }
    }
}

#[test]
fn what_is_dangerous_is_off_and_what_could_hang_has_an_end() {
    let dir = folder();
    init(dir.path(), &settings(), SECRET).unwrap();
    let file = |name: &str| text(dir.path(), &format!("conf/autoload_configs/{name}.conf.xml"));
    let switch = file("switch");
    assert_eq!((param(&switch, "api-expansion"), param(&switch, "switchname")), ("false", "node-1"));
    assert_eq!((param(&switch, "max-sessions"), param(&switch, "rtp-start-port")), ("1000", "20000"));
    let curl = file("xml_curl");
    assert_eq!(param(&curl, "gateway-url"), "http://127.0.0.1:8090/freeswitch/xml");
    assert_eq!(param(&curl, "gateway-credentials"), format!("voxera:{SECRET}"));
    assert!(param(&curl, "timeout").parse::<u8>().unwrap() > 0, "0 is for ever");
    let esl = file("event_socket");
    let password = text(dir.path(), ESL_PASSWORD);
    assert_eq!(param(&esl, "password"), password.trim());
    assert!(password.trim().len() == 48 && password.trim() != SECRET);
    assert_eq!((param(&esl, "listen-ip"), param(&esl, "apply-inbound-acl")), ("127.0.0.1", "127.0.0.1/32"));
    assert_eq!(esl.matches("apply-inbound-acl").count(), 1);
    assert!(param(&file("json_cdr"), "err-log-dir").ends_with("/cdr"));
    // What opens doors is not asked of the network.
    let modules = file("modules");
    let place = |module: &str| modules.find(&format!("\"{module}\"")).unwrap();
    assert!(place("mod_event_socket") < place("mod_xml_curl") && place("mod_xml_curl") < place("mod_sofia"));
    assert!(
        !modules.contains("mod_xml_rpc") && !modules.contains("mod_httapi") && !modules.contains("mod_lua")
    );
}

#[test]
fn a_second_time_changes_nothing_and_another_setting_only_what_it_is_about() {
    let dir = folder();
    init(dir.path(), &settings(), SECRET).unwrap();
    let password = text(dir.path(), ESL_PASSWORD);
    assert_eq!(init(dir.path(), &settings(), SECRET).unwrap().written, Vec::<String>::new());
    let wider = NodeSettings { max_sessions: 4000, ..settings_of(dir.path()).unwrap().unwrap() };
    let made = init(dir.path(), &wider, SECRET).unwrap();
    assert_eq!(made.written, ["conf/autoload_configs/switch.conf.xml"]);
    assert_eq!(text(dir.path(), ESL_PASSWORD), password, "a known password stays");
    assert_eq!(settings_of(dir.path()).unwrap(), Some(wider));
}

#[test]
fn what_somebody_else_wrote_or_changed_is_left_alone_and_named() {
    let dir = folder();
    std::fs::create_dir_all(dir.path().join("conf/autoload_configs")).unwrap();
    let vanilla = dir.path().join("conf/freeswitch.xml");
    std::fs::write(&vanilla, "<document/>").unwrap();
    let said = init(dir.path(), &settings(), SECRET).unwrap_err().to_string();
    assert!(said.contains("conf/freeswitch.xml") && said.contains("nothing was written"), "{said}");
    assert_eq!(text(dir.path(), "conf/freeswitch.xml"), "<document/>");
    assert!(!dir.path().join("esl.password").exists());
    std::fs::remove_file(vanilla).unwrap();

    // A file of another name would be included as well.
    let lua = dir.path().join("conf/autoload_configs/lua.conf.xml");
    std::fs::write(&lua, "<configuration/>").unwrap();
    let said = init(dir.path(), &settings(), SECRET).unwrap_err().to_string();
    assert!(said.contains("conf/autoload_configs/lua.conf.xml"), "{said}");
    std::fs::remove_file(lua).unwrap();

    init(dir.path(), &settings(), SECRET).unwrap();
    let switch = dir.path().join("conf/autoload_configs/switch.conf.xml");
    std::fs::write(&switch, "<!-- mine -->").unwrap();
    let said = init(dir.path(), &settings(), SECRET).unwrap_err().to_string();
    assert!(said.contains("switch.conf.xml"), "{said}");
    assert_eq!(std::fs::read_to_string(switch).unwrap(), "<!-- mine -->");
}

#[test]
fn a_setting_that_freeswitch_would_misread_is_refused_with_its_name() {
    let dir = folder();
    let refused = |setting: &str, change: &dyn Fn(&mut NodeSettings)| {
        let mut wrong = settings();
        change(&mut wrong);
        let said = init(dir.path(), &wrong, SECRET).unwrap_err().to_string();
        assert!(said.starts_with(&format!("{setting}: ")), "{said}");
    };
    refused("name", &|of| of.name = "Node 1".into());
    refused("name", &|of| of.name = "$${domain}".into());
    refused("sip", &|of| of.sip = "0.0.0.0:5060".parse().unwrap());
    refused("sip", &|of| of.sip = "192.0.2.1:0".parse().unwrap());
    refused("media-ports", &|of| of.media_ports = (20_000, 20_001));
    refused("max-sessions", &|of| of.max_sessions = 1);
    refused("server", &|of| of.server = "http://127.0.0.1:8090/somewhere?x".parse().unwrap());
    refused("server", &|of| of.server = "file:///etc/passwd".parse().unwrap());
    refused("server-address", &|of| of.server = "https://voxera.example".parse().unwrap());
    refused("esl", &|of| of.server = "http://192.0.2.1:8090".parse().unwrap());
    refused("media-dir", &|of| of.media_dir = "/var/${system(id)}".into());
    refused("media-dir", &|of| of.media_dir = "media".into());
    refused("program", &|of| of.program = "/usr/bin/free switch".into());
    assert!(!dir.path().join("conf").exists(), "nothing is half written");
    let said = init(dir.path(), &settings(), "a\"b").unwrap_err().to_string();
    assert!(said.starts_with("freeswitch.secret: "), "{said}");
    let said = init(&dir.path().join("a b"), &settings(), SECRET).unwrap_err().to_string();
    assert!(said.starts_with("DIR: "), "{said}");
}

#[test]
fn a_node_on_another_machine_lets_in_only_its_server() {
    let dir = folder();
    let away = NodeSettings {
        server: "https://voxera.example".parse().unwrap(),
        server_addresses: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        esl: "192.0.2.10:8021".parse().unwrap(),
        ..settings()
    };
    init(dir.path(), &away, SECRET).unwrap();
    let esl = text(dir.path(), "conf/autoload_configs/event_socket.conf.xml");
    assert_eq!(param(&esl, "listen-ip"), "192.0.2.10");
    assert!(esl.contains("\"192.0.2.1/32\"") && esl.contains("\"2001:db8::1/128\""), "{esl}");
}

#[test]
fn a_folder_is_looked_at_and_what_was_changed_or_opened_is_named() {
    let dir = folder();
    assert_eq!(inspect(dir.path(), SECRET).unwrap(), None);
    init(dir.path(), &settings(), SECRET).unwrap();
    let found = inspect(dir.path(), SECRET).unwrap().unwrap();
    assert!(found.changed.is_empty() && found.open.is_empty() && found.knows_the_secret, "{found:?}");
    assert_eq!(found.esl_password, text(dir.path(), ESL_PASSWORD).trim());

    let vars = dir.path().join("conf/vars.xml");
    std::fs::write(&vars, "<include/>").unwrap();
    std::fs::set_permissions(&vars, std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = inspect(dir.path(), "another").unwrap().unwrap();
    assert_eq!((found.changed, found.open), (vec!["conf/vars.xml".to_owned()], vec![vars]));
    assert!(!found.knows_the_secret);
}

#[test]
fn the_unit_runs_exactly_this_folder() {
    let dir = folder();
    let made = init(dir.path(), &settings(), SECRET).unwrap();
    let unit = text(dir.path(), "voxera-freeswitch.service");
    assert!(unit.contains(&format!("ExecStart={}\n", made.command.join(" "))), "{unit}");
    assert!(
        unit.contains(&format!("ReadWritePaths={} -/var/lib/voxera/media\n", dir.path().display())),
        "{unit}"
    );
}
