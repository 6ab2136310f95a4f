//! Every question that was captured gets the right answer.

use crate::world::{ANNA, Answer, BERTIL, LINE, Question, World, capture};
use crate::xml::Element;
use uuid::Uuid;
use voxera_freeswitch::NodeName;
use voxera_freeswitch::request::{Asks, DirectoryRequest, Request};

fn read(name: &str) -> Request {
    Request::parse(capture(name).as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names() -> Vec<String> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> =
        names.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_captured_question_is_understood() {
    let all = names();
    assert_eq!(all.len(), 68);
    for name in all {
        match (read(&name), name.split('_').next().unwrap()) {
            (Request::Dialplan(asked), "dialplan") => {
                assert!(!asked.context.is_empty() && !asked.destination.is_empty(), "{name}");
                assert_ne!(asked.channel.0, Uuid::nil(), "{name}");
            }
            (Request::Configuration(asked), "configuration") => {
                assert_eq!(asked.file.rsplit_once('.').map(|(_, kind)| kind), Some("conf"), "{name}");
            }
            (Request::Directory(_), "directory") | (Request::Other { .. }, "languages") => {}
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn each_look_up_is_told_from_the_others() {
    let directory = |name: &str| match read(&format!("directory_{name}")) {
        Request::Directory(asked) => asked,
        other => panic!("{name}: {other:?}"),
    };
    let of = |user: &str| (user.to_owned(), "acme.test".to_owned());
    let asks = |name: &str| {
        let core = Question::captured(&format!("directory_{name}")).get("Core-UUID").to_owned();
        Asks { node: NodeName(core), at: None }
    };
    for name in
        ["user_call", "user_call_originate_vars", "user_call_callee_id_reply", "user_call_from_callcenter"]
    {
        let user = if name == "user_call_originate_vars" { ANNA } else { BERTIL };
        let (user, domain) = of(user);
        assert_eq!(directory(name), DirectoryRequest::UserCall { user, domain, asks: asks(name) }, "{name}");
    }
    let (user, domain) = of("1000");
    let asks = asks("user_call_by_alias");
    assert_eq!(directory("user_call_by_alias"), DirectoryRequest::UserCall { user, domain, asks });
    let profile = Some("internal".to_owned());
    assert_eq!(directory("gateways_boot"), DirectoryRequest::Gateways { profile });
    let (group, domain) = of("sales");
    assert_eq!(directory("group_call"), DirectoryRequest::GroupCall { group, domain });
    assert_eq!(directory("network_list"), DirectoryRequest::NetworkList { domain: "acme.test".into() });
    let (user, domain) = of("trunk-ip");
    assert_eq!(directory("trunk_ip_acl"), DirectoryRequest::User { user, domain });
    let (user, domain) = of(ANNA);
    assert_eq!(directory("message_count"), DirectoryRequest::Mailbox { user, domain });
    for (name, method) in [("sip_auth_register", "REGISTER"), ("sip_auth_invite", "INVITE")] {
        let DirectoryRequest::Auth(auth) = directory(name) else { panic!("{name}") };
        assert_eq!((auth.method.as_str(), auth.user.as_str()), (method, ANNA), "{name}");
    }
}

/// A user that can prove itself: a hash, and no other way.
fn proves(answer: &Answer) {
    let xml = answer.xml();
    let user = xml.all("user");
    assert_eq!((user.len(), user[0].get("id"), user[0].get("number-alias")), (1, Some(ANNA), None));
    assert_eq!(user[0].value("a1-hash"), Some("ab".repeat(16).as_str()));
    assert_eq!(user[0].value("allow-empty-password"), Some("false"));
    for open in ["password", "vm-password", "dial-string"] {
        assert_eq!(user[0].value(open), None, "{open}");
    }
    assert_eq!(xml.all("domain")[0].get("name"), Some("acme.test"));
    let told = |name| user[0].value(name).unwrap_or_default().to_owned();
    assert_eq!(told("user_context"), "acme.test");
    assert_eq!(told("voxera_pbx"), Uuid::from_u128(1).to_string());
    assert_eq!(told("voxera_device"), ANNA);
    assert_eq!(told("effective_caller_id_number"), "1000");
    assert_eq!(told("effective_caller_id_name"), "Anna Åkesson");
    assert_eq!(told("hold_music"), "local_stream://voxera");
}

#[tokio::test]
async fn a_phone_registers_and_calls_with_the_hash_of_its_password() {
    let world = World::new().await;
    for name in ["register", "register_wss", "invite", "invite_wss"] {
        proves(&world.asks(&format!("directory_sip_auth_{name}")).await);
    }
}

#[tokio::test]
async fn a_phone_that_is_to_ring_has_no_password_and_shows_its_persons_name() {
    let world = World::new().await;
    for name in ["", "_callee_id_reply", "_from_callcenter"] {
        let xml = world.asks(&format!("directory_user_call{name}")).await.xml();
        let user = xml.all("user")[0];
        assert_eq!((user.get("id"), user.get("number-alias")), (Some(BERTIL), None));
        assert_eq!((user.value("a1-hash"), user.value("password")), (None, None));
        let dial = user.value("dial-string").unwrap();
        assert!(dial.ends_with(&format!("]sofia/voxera/{BERTIL}%acme.test")), "{dial}");
        assert!(dial.contains("origination_callee_id_number=1001:origination_callee_id_name=Bertil Berg"));
    }
    let xml = world.asks("directory_user_call_by_alias").await.xml();
    let user = xml.all("user")[0];
    assert_eq!((user.get("id"), user.get("number-alias")), (Some(ANNA), Some("1000")));
    assert_eq!((user.value("a1-hash"), user.value("password")), (None, None));
}

#[tokio::test]
async fn lines_are_gateways_and_addresses() {
    let world = World::new().await;
    for name in ["directory_gateways_boot", "directory_gateways_rescan"] {
        let xml = world.asks(name).await.xml();
        let gateway = xml.all("gateway");
        assert_eq!((gateway.len(), gateway[0].get("name")), (1, Some(LINE)));
        let told = |name| gateway[0].value(name).unwrap_or_default();
        assert_eq!((told("username"), told("password")), ("acme-trunk", "gwpass"));
        assert_eq!((told("proxy"), told("register")), ("127.0.0.7:5061", "true"));
        assert_eq!(told("context"), "voxera-lines");
    }
    let acl = world.asks("configuration_acl_boot").await.xml();
    let domain = acl.all("node")[0].get("domain").unwrap().to_owned();
    // The other list is of addresses alone.
    let domains = acl.all("node").iter().filter(|node| node.get("domain").is_some()).count();
    assert_eq!((acl.all("list")[0].get("default"), domains), (Some("deny"), 1));
    assert_eq!(acl.all("list")[0].get("name"), Some("voxera-lines"));

    let mut list = Question::captured("directory_network_list");
    list.set("domain", &domain).set("key_value", &domain);
    let xml = world.ask(&list).await.xml();
    let user = xml.all("user");
    assert_eq!((user.len(), user[0].get("id"), user[0].get("cidr")), (1, Some(LINE), Some("127.0.0.7/32")));
    assert!(world.asks("directory_network_list").await.is_not_found(), "a company's domain has no addresses");

    let mut found = Question::captured("directory_trunk_ip_acl");
    found.set("domain", &domain).set("key_value", &domain).set("user", LINE);
    let xml = world.ask(&found).await.xml();
    let user = xml.all("user")[0];
    assert_eq!((user.value("voxera_trunk"), user.value("user_context")), (Some(LINE), Some("voxera-lines")));
    assert_eq!((user.value("password"), user.value("allow-empty-password")), (None, Some("false")));
    assert_eq!(user.value("sip-forbid-register"), Some("true"));
}

#[tokio::test]
async fn what_administrators_ask_tells_that_a_phone_is_there_and_nothing_that_proves_it() {
    let world = World::new().await;
    for name in ["directory_user_exists", "directory_user_data"] {
        let answer = world.ask(Question::captured(name).set("user", ANNA)).await;
        let xml = answer.xml();
        assert_eq!(xml.all("user").len(), 1, "{name}");
        assert!(!answer.body.contains("a1-hash") && !answer.body.contains("\"password\""), "{name}");
    }
    let xml = world.asks("directory_domain_data").await.xml();
    assert_eq!((xml.all("domain").len(), xml.all("user").len()), (1, 0));
}

#[tokio::test]
async fn mailboxes_and_phrases_are_not_freeswitchs() {
    let world = World::new().await;
    for name in [
        "directory_message_count",
        "directory_voicemail_deposit",
        "directory_voicemail_check",
        "directory_group_call_pointer",
        "languages_phrase_voicemail",
    ] {
        let answer = world.asks(name).await;
        assert!(answer.is_not_found() || !answer.body.contains("a1-hash"), "{name}: {}", answer.body);
    }
    assert!(world.asks("languages_phrase_voicemail").await.is_not_found());
    assert!(world.asks("directory_message_count").await.is_not_found());
}

#[tokio::test]
async fn a_group_is_its_members_phones() {
    let world = World::new().await;
    assert!(world.asks("directory_group_call").await.is_not_found(), "no group is called sales");
    let mut question = Question::captured("directory_group_call");
    let xml = world.ask(question.set("group_name", "2000").set("group", "2000")).await.xml();
    let user = xml.all("user");
    assert_eq!((user.len(), user[0].get("id"), user[0].get("type")), (1, Some(BERTIL), Some("pointer")));
}

#[tokio::test]
async fn what_a_node_has_on_its_own_disk_it_is_not_given() {
    let world = World::new().await;
    for name in names().iter().filter(|name| name.starts_with("configuration_")) {
        let ours = ["acl", "sofia", "callcenter", "conference"];
        let asked = name.trim_start_matches("configuration_");
        let is_ours = ours.iter().any(|ours| asked.starts_with(ours));
        assert_eq!(!world.asks(name).await.is_not_found(), is_ours, "{name}");
    }
}

#[tokio::test]
async fn the_profile_lets_nobody_in_unproved() {
    let world = World::new().await;
    for name in ["boot_all_profiles", "boot_one_profile", "rescan"] {
        let xml = world.asks(&format!("configuration_sofia_{name}")).await.xml();
        assert_eq!(xml.all("profile")[0].get("name"), Some("voxera"));
        let profile = xml.all("profile")[0].clone();
        for (setting, value) in [
            ("auth-calls", "true"),
            ("accept-blind-reg", "false"),
            ("accept-blind-auth", "false"),
            ("inbound-reg-force-matching-username", "true"),
            ("inbound-reg-in-new-thread", "true"),
            ("apply-inbound-acl", "voxera-lines"),
            ("context", "nobody"),
            ("pass-callee-id", "false"),
        ] {
            assert_eq!(profile.value(setting), Some(value), "{setting}");
        }
        assert_eq!(profile.value("wss-binding"), Some("$${voxera_wss}"), "WSS, where the node says");
        assert_eq!(profile.value("tls-cert-dir"), Some("$${voxera_tls}"));
        assert_eq!(xml.value("max-reg-threads"), Some("16"));
    }
}

#[tokio::test]
async fn queues_come_with_their_members_and_music() {
    let world = World::new().await;
    let pbx = Uuid::from_u128(1);
    for name in ["boot", "agent_reload", "module_reload"] {
        let xml = world.asks(&format!("configuration_callcenter_{name}")).await.xml();
        let queue = xml.all("queue");
        assert_eq!(queue.len(), 1);
        let name = queue[0].get("name").unwrap();
        assert!(name.ends_with(&format!("@{pbx}")), "{name}");
        assert_eq!(queue[0].value("strategy"), Some("ring-all"));
        assert_eq!(queue[0].value("moh-sound"), Some("local_stream://voxera"));
        let agent = xml.all("agent");
        assert_eq!(agent.len(), 1);
        let contact = agent[0].get("contact").unwrap();
        assert!(contact.ends_with(&format!("]user/{BERTIL}@acme.test")), "{contact}");
        let tier = xml.all("tier");
        assert_eq!((tier.len(), tier[0].get("queue"), tier[0].get("level")), (1, Some(name), Some("1")));
        assert_eq!(tier[0].get("agent"), agent[0].get("name"));

        let mut one = Question::captured("configuration_callcenter_queue_load");
        let xml = world.ask(one.set("CC-Queue", name)).await.xml();
        assert_eq!((xml.all("queue").len(), xml.all("agent").len(), xml.all("tier").len()), (1, 1, 1));
    }
    for unknown in ["queue_load", "queue_missing"] {
        let xml = world.asks(&format!("configuration_callcenter_{unknown}")).await.xml();
        assert!(xml.all("queue").is_empty() && xml.all("agent").is_empty(), "{unknown}");
    }
}

#[tokio::test]
async fn a_room_has_a_profile_without_keys() {
    let world = World::new().await;
    for name in ["boot", "profile", "controls"] {
        let xml: Element = world.asks(&format!("configuration_conference_{name}")).await.xml();
        assert_eq!(xml.all("profile")[0].get("name"), Some("voxera"));
        assert!(xml.all("control").is_empty(), "keys mean nothing in a room");
    }
}
