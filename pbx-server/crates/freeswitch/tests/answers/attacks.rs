//! What strangers, phones and companies try: each trap that was met with a real `FreeSWITCH`.

use crate::world::{ANNA, BERTIL, GLOBEX, LINE, Question, SECRET, World, apps};
use uuid::Uuid;
use voxera_callflow::{Kind, Snapshot};
use voxera_model::{ExtensionNumber, Name};

fn auth(name: &str) -> Question {
    Question::captured(&format!("directory_sip_auth_{name}"))
}

#[tokio::test]
async fn nobody_registers_under_an_extensions_number() {
    let world = World::new().await;
    assert!(world.asks("directory_sip_auth_register_extension_number").await.is_not_found());
}

#[tokio::test]
async fn no_answer_has_an_alias_and_a_password() {
    let world = World::new().await;
    for name in ["sip_auth_register", "sip_auth_invite", "user_call", "user_call_by_alias", "user_exists"] {
        let answer = world.asks(&format!("directory_{name}")).await;
        let alias = answer.body.contains("number-alias");
        let proof = answer.body.contains("a1-hash") || answer.body.contains("password\" value=\"g");
        assert!(!(alias && proof), "{name}: {}", answer.body);
    }
}

/// A user without any password parameter proves itself with whatever it says.
#[tokio::test]
async fn whoever_has_no_password_is_said_to_need_one() {
    let world = World::new().await;
    for name in ["directory_user_call", "directory_user_call_by_alias"] {
        let xml = world.asks(name).await.xml();
        assert_eq!(xml.all("user")[0].value("allow-empty-password"), Some("false"), "{name}");
    }
}

#[tokio::test]
async fn a_phone_of_one_company_is_nobody_in_another() {
    let world = World::new().await;
    assert!(world.asks("directory_sip_auth_register_wrong_tenant").await.is_not_found());
    let mut foreign = auth("register");
    foreign.set("user", GLOBEX).set("sip_to_user", GLOBEX).set("sip_from_user", GLOBEX);
    assert!(world.ask(&foreign).await.is_not_found());
}

#[tokio::test]
async fn a_realm_cannot_be_borrowed() {
    let world = World::new().await;
    assert!(world.asks("directory_sip_auth_forged_realm_invite").await.is_not_found());
    assert!(world.asks("directory_sip_auth_forged_to_register").await.is_not_found());
    for field in ["sip_to_host", "sip_from_host"] {
        let mut forged = auth("register");
        assert!(world.ask(forged.set(field, "globex.test")).await.is_not_found(), "{field}");
        forged.0.retain(|(name, _)| name != field);
        assert!(world.ask(&forged).await.is_not_found(), "without {field}");
    }
    let mut others = auth("register");
    assert!(world.ask(others.set("sip_to_user", BERTIL)).await.is_not_found(), "another's address");
    let mut shouted = auth("register");
    shouted.set("user", &ANNA.to_uppercase()).set("sip_to_user", &ANNA.to_uppercase());
    assert!(world.ask(&shouted).await.is_not_found(), "its hash is of another name");
}

/// Parameters of `Authorization` are posted under `sip_auth_*`: a phone may send one twice.
#[tokio::test]
async fn a_field_that_comes_twice_opens_nothing() {
    let world = World::new().await;
    for (field, value) in [
        ("sip_auth_method", "INVITE"),
        ("user", ANNA),
        ("domain", "globex.test"),
        ("sip_to_host", "acme.test"),
        ("action", "user_call"),
    ] {
        let mut first = auth("forged_to_register");
        first.0.insert(0, (field.to_owned(), value.to_owned()));
        assert!(world.ask(&first).await.is_not_found(), "{field} first");
        let mut last = auth("forged_to_register");
        last.0.push((field.to_owned(), value.to_owned()));
        assert!(world.ask(&last).await.is_not_found(), "{field} last");
    }
    let mut hunt = Question::hunt(ANNA, "1001");
    hunt.0.push(("variable_voxera_device".into(), BERTIL.into()));
    assert!(world.ask(&hunt).await.is_not_found());
}

#[tokio::test]
async fn a_call_is_known_by_what_the_directory_said_and_by_nothing_else() {
    let world = World::new().await;
    let refused = async |question: &Question| apps(&world.ask(question).await.xml())["respond"].clone();
    // As it was captured: the channel has no variables of ours.
    for name in ["ext_to_ext", "forged_from", "outbound_pstn", "webrtc", "other_tenant_same_number"] {
        let question = Question::captured(&format!("dialplan_{name}"));
        assert_eq!(refused(&question).await, "403", "{name}");
    }
    let two = Uuid::from_u128(2).to_string();
    for (field, value) in [
        ("variable_sip_from_host", "globex.test"),
        ("variable_domain_name", "globex.test"),
        ("variable_user_context", "globex.test"),
        ("Hunt-Context", "globex.test"),
        ("variable_voxera_pbx", two.as_str()),
        ("variable_sip_authorized", "false"),
        ("variable_sip_acl_authed_by", "voxera-lines"),
    ] {
        let mut forged = Question::hunt(ANNA, "1001");
        assert_eq!(refused(forged.set(field, value)).await, "403", "{field}");
    }
    for (field, value) in [
        ("Hunt-Caller-ID-Number", "1001"),
        ("variable_sip_from_user", BERTIL),
        ("Hunt-Caller-ID-Name", "Chefen"),
    ] {
        let mut forged = Question::hunt(ANNA, "1001");
        let told = apps(&world.ask(forged.set(field, value)).await.xml());
        let shown = "origination_caller_id_number=1000,origination_caller_id_name='Anna Åkesson'";
        assert!(told["bridge"].contains(shown), "{field}: {told:?}");
    }
}

#[tokio::test]
async fn a_phone_is_no_line_and_a_line_no_phone() {
    let world = World::new().await;
    let mut phone = Question::hunt(ANNA, "18005550100");
    phone.set("Hunt-Context", "voxera-lines").set("variable_voxera_trunk", LINE);
    assert_eq!(apps(&world.ask(&phone).await.xml())["respond"], "403");
    let mut line = Question::captured("dialplan_trunk_inbound_did");
    line.set("Hunt-Context", "acme.test");
    assert_eq!(apps(&world.ask(&line).await.xml())["respond"], "403");
    let mut nobody = Question::hunt(ANNA, "1001");
    assert_eq!(apps(&world.ask(nobody.set("Hunt-Context", "nobody")).await.xml())["respond"], "403");
}

/// A number of another company is none here, even where both have the same one.
#[tokio::test]
async fn a_number_of_another_realm_is_not_dialled() {
    let world = World::new().await;
    let mut question = Question::hunt(ANNA, "1001");
    question.set("variable_sip_req_host", "globex.test");
    assert_eq!(apps(&world.ask(&question).await.xml())["respond"], "404");
}

#[tokio::test]
async fn our_own_destinations_cannot_be_dialled() {
    let world = World::new().await;
    let marker = format!("voxera-{}-done", "0".repeat(32));
    assert_eq!(apps(&world.ask(&Question::hunt(ANNA, &marker)).await.xml())["respond"], "480");
    // Inside a call it is no key to anything: the script is made anew, and nothing happened.
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let mut again = question.next(&script, &[("variable_originate_disposition", "NO_ANSWER")]);
    again.set("Hunt-Destination-Number", &marker);
    let told = apps(&world.ask(&again).await.xml());
    assert!(told.contains_key("bridge") && !told.contains_key("playback"), "{told:?}");
}

/// Names are what people write. Most of this is refused at the door of the portal; here stands the
/// second one, for what was stored before or comes another way.
const NASTY: [&str; 7] = [
    "Bertil, [x=y] {a=b}",
    "Bo's \"Bar\" & Grill",
    "'],sofia/external/evil@evil.test,['",
    "|error/user_busy",
    ":_:loopback/1000",
    "a:b=c^^;d",
    "#%*()!;~?@/",
];

fn rename(snapshot: &mut Snapshot, number: &str, name: &str) {
    let number = ExtensionNumber::parse(number).unwrap();
    // As an older version may have stored it.
    let name: Name = Name::parse(name).unwrap_or_else(|_| Name::parse("Bertil").unwrap());
    snapshot.extensions.get_mut(&number).unwrap().name = name;
}

#[tokio::test]
async fn a_name_stays_a_name_in_dial_strings() {
    for nasty in NASTY {
        let world = World::with(|acme| {
            rename(acme, "1000", nasty);
            rename(acme, "1001", nasty);
        })
        .await;
        let told = apps(&world.ask(&Question::hunt(ANNA, "1001")).await.xml());
        let dial = &told["bridge"];
        for sign in ["sofia/external", "loopback/", "error/", "@evil"] {
            assert!(!dial.contains(sign), "{dial}");
        }
        assert_eq!(dial.matches("user/").count(), 1, "{dial}");
        assert_eq!((dial.matches('[').count(), dial.matches('\'').count()), (1, 2), "{dial}");
        let xml = world.asks("directory_user_call").await.xml();
        let dial = xml.all("user")[0].value("dial-string").unwrap().to_owned();
        assert_eq!((dial.matches('[').count(), dial.matches("sofia/").count()), (1, 1), "{dial}");
        assert_eq!(dial.matches(':').count(), 4, "{dial}");
    }
}

/// Nothing that comes from outside puts `${` into an answer, nor a directive.
#[tokio::test]
async fn nothing_is_expanded_or_preprocessed() {
    let world = World::new().await;
    let evil =
        ["${system(id)}", "$${base_dir}", "<X-PRE-PROCESS cmd=\"exec\" data=\"id\"/>", "<!--#exec id-->"];
    for text in evil {
        for field in
            ["Hunt-Destination-Number", "Hunt-Caller-ID-Number", "Hunt-Context", "variable_sip_to_user"]
        {
            let mut question = Question::hunt(ANNA, "1001");
            question.set(field, text);
            let answer = world.ask(&question).await;
            clean(&answer.body, text);
        }
        for (capture, field) in [
            ("directory_sip_auth_register", "domain"),
            ("directory_user_call", "user"),
            ("directory_group_call", "group_name"),
            ("configuration_callcenter_queue_load", "CC-Queue"),
            ("configuration_conference_profile", "conference_name"),
        ] {
            let mut question = Question::captured(capture);
            question.set(field, text);
            clean(&world.ask(&question).await.body, text);
        }
    }
}

fn clean(body: &str, text: &str) {
    assert!(!body.contains("${"), "{text}: {body}");
    assert!(!body.contains("<X-PRE-PROCESS") && !body.contains("<!--"), "{text}: {body}");
}

#[tokio::test]
async fn only_nodes_are_answered() {
    let world = World::new().await;
    let form = Question::captured("directory_sip_auth_register").form();
    for secret in [None, Some(""), Some("wrong"), Some(&SECRET[1..])] {
        let answer = world.post("/freeswitch/xml", &form, secret).await;
        assert_eq!(answer.status, 403, "{secret:?}");
        assert!(!answer.body.contains("a1-hash"));
    }
    assert_eq!(world.post("/freeswitch/other", &form, Some(SECRET)).await.status, 404);
}

/// At anything but a valid answer, a node looks into its own files.
#[tokio::test]
async fn whatever_is_asked_the_answer_is_valid() {
    let world = World::new().await;
    for body in [
        "",
        "section=dialplan",
        "section=directory",
        "section=",
        "x",
        "%ff%fe=%00",
        "section=directory&domain=",
        "section=directory&action=sip_auth&domain=acme.test",
        "section=configuration",
        "section=phrases",
        "section=dialplan&Hunt-Unique-ID=no&Core-UUID=x",
    ] {
        let answer = world.post("/freeswitch/xml", body, Some(SECRET)).await;
        assert!(answer.is_not_found(), "{body}: {} {}", answer.status, answer.body);
    }
}

/// The wall between companies: who listens needs the group of the company, and each call has its own.
#[tokio::test]
async fn nobody_listens_to_another_company() {
    let world = World::with(|acme| {
        for extension in acme.extensions.values_mut() {
            if let Kind::User(user) = &mut extension.kind {
                user.may_listen = true;
            }
        }
    })
    .await;
    let script = world.ask(&Question::hunt(ANNA, "1001")).await.xml();
    let pbx = Uuid::from_u128(1).to_string();
    assert!(script.actions().contains(&("set".into(), format!("eavesdrop_group={pbx}"))));
    assert!(apps(&script)["bridge"].contains(&format!("eavesdrop_group={pbx}")));
    for asked in ["*88all", "*881000", "*88"] {
        let script = world.ask(&Question::hunt(BERTIL, asked)).await.xml();
        let listens = apps(&script);
        assert!(listens.get("eavesdrop").is_none_or(|whom| whom != "all"), "{asked}: {listens:?}");
    }
}
