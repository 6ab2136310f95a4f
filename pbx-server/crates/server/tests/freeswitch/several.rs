//! Two nodes, and phones of one company at both.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::Stage;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Instant;
use uuid::Uuid;
use voxera_callflow::Kind;
use voxera_freeswitch::esl::{Command, Word};
use voxera_testkit::PATIENCE;
use voxera_testkit::node::{LOOK, Node};
use voxera_testkit::phone::{Phone, PhoneConfig};
use voxera_testkit::product::{PLATFORM, Setup};

const BINARY: &str = env!("CARGO_BIN_EXE_voxera");

/// The stage with its node, and a second one.
struct Two {
    stage: Stage,
    second: Node,
}

impl Two {
    async fn open() -> Self {
        Self::with(Setup::default()).await
    }

    async fn with(setup: Setup) -> Self {
        let stage = Stage::with(setup).await;
        let mut second = Node::planned();
        second.listener = stage.node.listener;
        second.start(&stage.product.state_dir().join("media"));
        let platform = stage.product.api(PLATFORM).await;
        let new = json!({
            "name": "second", "host": second.address.to_string(), "port": second.sip().port(),
            "control_host": second.address.to_string(), "control_port": second.control().port(),
            "password": second.password(),
        });
        platform.post("/platform/nodes", &new).await.ok();
        let two = Self { stage, second };
        two.up().await;
        two
    }

    /// Until both nodes take calls, each of the other's phones too: they say so with where browsers go.
    async fn up(&self) {
        self.until("up", |nodes| {
            nodes.len() == 2 && nodes.iter().all(|node| node["state"] == "up" && node["browsers"] == true)
        })
        .await;
        tokio::join!(self.stage.node.listens(), self.second.listens());
    }

    /// The channel of the first node that leads to the second. FreeSWITCH's list of channels follows late.
    async fn leg_to_the_other(&self) -> Uuid {
        let listed = async {
            loop {
                let channels = self.stage.node.asked(&Command::Channels).await;
                let channels: Value = serde_json::from_str(&channels).unwrap();
                let rows = channels["rows"].as_array().into_iter().flatten();
                let mut legs = rows.filter(|row| row["direction"] == "outbound");
                if let Some(leg) = legs.next() {
                    return leg["uuid"].as_str().unwrap().parse().unwrap();
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, listed).await.expect("a leg to the other node")
    }

    async fn until(&self, what: &str, are_so: impl Fn(&[Value]) -> bool) {
        let platform = self.stage.product.api(PLATFORM).await;
        let so = async {
            loop {
                let list = platform.get("/platform/nodes").await.ok();
                if are_so(list["items"].as_array().unwrap()) {
                    return;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, so).await.is_ok(), "never {what}\n{}", self.second.log());
    }

    fn config(&self, extension: &str, at: SocketAddr, tone: u32) -> PhoneConfig {
        let known = self.stage.product.phone(extension);
        PhoneConfig::of(at, &known.realm, &known.username, &known.password).playing(tone)
    }

    /// A phone that is registered at the first node.
    async fn at_first(&self, extension: &str, tone: u32) -> Phone {
        self.at(extension, self.stage.node.sip(), tone).await
    }

    /// A phone that is registered at the second node.
    async fn at_second(&self, extension: &str, tone: u32) -> Phone {
        self.at(extension, self.second.sip(), tone).await
    }

    async fn at(&self, extension: &str, node: SocketAddr, tone: u32) -> Phone {
        let before = self.online().await;
        let phone = Phone::start(self.config(extension, node, tone)).await;
        phone.registered().await;
        // The server hears of it a moment later.
        while self.online().await == before {
            tokio::time::sleep(LOOK).await;
        }
        phone
    }

    async fn online(&self) -> u64 {
        let online = self.stage.admin.get(&self.stage.company.pbx("/registrations")).await.ok();
        online["total"].as_u64().unwrap()
    }

    async fn without_mailboxes(&self, numbers: &[&str]) {
        for number in numbers {
            let none = json!({ "settings": { "mailbox": null } });
            let has_none = |of: &Kind| matches!(of, Kind::User(user) if user.mailbox.is_none());
            self.stage.change(number, &none, |of| has_none(&of.kind)).await;
        }
    }

    fn logs(&self) -> String {
        format!("{}\n---\n{}", self.stage.node.log(), self.second.log())
    }
}

fn outcomes(calls: &[Value]) -> Vec<(&str, &str)> {
    calls
        .iter()
        .map(|call| (call["outcome"].as_str().unwrap(), call["hung_up_by"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn phones_at_two_nodes_call_each_other_and_it_is_one_call() {
    let two = Two::open().await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    anna.dial("1001").await;
    let (called, ()) = tokio::join!(bertil.called(), anna.ringing());
    assert_eq!(called.peer_name, "Anna Åkesson", "{called}");
    assert!(called.peer.starts_with("sip:1000@"), "{called}");
    bertil.answer().await;
    tokio::join!(anna.established(), bertil.established());
    hear_each_other(&anna, &bertil).await;
    let live = two.stage.admin.get(&two.stage.company.pbx("/live")).await.ok();
    assert_eq!(live["items"].as_array().unwrap().len(), 1, "{live}");
    bertil.hang_up().await;
    anna.closed().await;

    connect(&bertil, &anna, "1000").await;
    hear_each_other(&anna, &bertil).await;
    bertil.hang_up().await;
    anna.closed().await;

    let calls = two.stage.listed(2).await;
    assert_eq!(outcomes(&calls), [("normal", "callee"), ("normal", "caller")], "{}", two.logs());
    for (call, from, to) in [(&calls[0], "1000", "1001"), (&calls[1], "1001", "1000")] {
        assert_eq!((&call["from"]["extension"], &call["to"]["extension"]), (&json!(from), &json!(to)));
        assert_eq!(call["codec"], "PCMA", "{call}");
        assert!(call["talk_seconds"].as_u64().unwrap() >= 2, "{call}");
    }
    assert_eq!(
        two.stage.story(&calls[0]).await,
        [
            "Anna Åkesson (1000) called Bertil Berg (1001).",
            "Bertil Berg (1001) is ringing: 1 phone for 25 seconds.",
            "Bertil Berg (1001) answered.",
            "Bertil Berg (1001) hung up.",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn busy_and_cancelled_come_back_from_another_node() {
    let two = Two::open().await;
    two.without_mailboxes(&["1001"]).await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    anna.dial("1001").await;
    tokio::join!(bertil.called(), anna.ringing());
    bertil.hang_up().await;
    let why = anna.closed().await;
    assert!(why.starts_with("486"), "{why}");

    anna.dial("1001").await;
    tokio::join!(bertil.called(), anna.ringing());
    anna.hang_up().await;
    tokio::join!(anna.closed(), bertil.closed());

    bertil.unregister().await;
    while two.online().await == 2 {
        tokio::time::sleep(LOOK).await;
    }
    anna.dial("1001").await;
    let why = anna.closed().await;
    assert!(why.starts_with("480"), "{why}");
    let calls = two.stage.listed(3).await;
    let all: Vec<_> = calls.iter().map(|call| call["outcome"].as_str().unwrap()).collect();
    assert_eq!(all, ["busy", "cancelled", "offline"], "{}", two.logs());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_group_rings_at_both_nodes_and_the_slower_one_stops() {
    let two = Two::open().await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    let elin = two.at_first("1004", CALLEES_TONE).await;
    for (takes, stops) in [(&elin, &bertil), (&bertil, &elin)] {
        anna.dial("2002").await;
        tokio::join!(bertil.called(), elin.called());
        takes.answer().await;
        tokio::join!(takes.established(), anna.established());
        stops.closed().await;
        hear_each_other(&anna, takes).await;
        takes.hang_up().await;
        anna.closed().await;
    }
    let calls = two.stage.listed(2).await;
    assert_eq!(outcomes(&calls), [("normal", "callee"), ("normal", "callee")], "{}", two.logs());
    let who: Vec<_> = calls.iter().map(|call| call["to"]["extension"].as_str().unwrap()).collect();
    assert_eq!(who, ["1004", "1001"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn one_device_at_four_addresses_rings_at_all_of_them() {
    let two = Two::open().await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let here = [two.at_first("1001", CALLEES_TONE).await, two.at_first("1001", CALLEES_TONE).await];
    let there = [two.at_second("1001", CALLEES_TONE).await, two.at_second("1001", CALLEES_TONE).await];
    for takes in [&there[1], &here[0]] {
        anna.dial("1001").await;
        for phone in here.iter().chain(&there) {
            phone.called().await;
        }
        takes.answer().await;
        tokio::join!(takes.established(), anna.established());
        for phone in here.iter().chain(&there).filter(|phone| phone.address() != takes.address()) {
            phone.closed().await;
        }
        hear_each_other(&anna, takes).await;
        anna.hang_up().await;
        takes.closed().await;
    }
    let calls = two.stage.listed(2).await;
    assert_eq!(outcomes(&calls), [("normal", "caller"), ("normal", "caller")], "{}", two.logs());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn members_of_a_queue_ring_at_both_nodes() {
    let two = Two::open().await;
    let mut members = Vec::new();
    for number in ["1001", "1002"] {
        members.push(json!({ "extension": two.stage.extension(number).await, "tier": 1 }));
    }
    let settings = json!({ "kind": "queue", "strategy": "ring_all", "members": members });
    let new = json!({ "number": "2100", "name": "Kundtjänst", "settings": settings });
    two.stage.admin.post(&two.stage.company.pbx("/extensions"), &new).await.ok();
    two.stage.known(|number, _| number == "2100").await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    let cecilia = two.at_first("1002", CALLEES_TONE).await;
    anna.dial("2100").await;
    tokio::join!(anna.established(), bertil.called(), cecilia.called());
    bertil.answer().await;
    bertil.established().await;
    cecilia.closed().await;
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;
    let call = &two.stage.listed(1).await[0];
    let who = (&call["to"]["number"], &call["to"]["extension"], &call["outcome"]);
    assert_eq!(who, (&json!("2100"), &json!("1001"), &json!("normal")), "{call}\n{}", two.logs());
}

/// Who knows where the nodes are, and nothing else; and who knows what a leg proved itself with, too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_stranger_who_calls_as_a_node_does_rings_nobody() {
    let two = Two::open().await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    connect(&anna, &bertil, "1001").await;
    let leg = two.leg_to_the_other().await;
    let told = async |name: &str| {
        let name = Word::parse(name).unwrap();
        let told = two.stage.node.asked(&Command::Variable { channel: leg, name }).await;
        told.trim().to_owned()
    };
    let (name, password) = (told("sip_auth_username").await, told("sip_auth_password").await);
    assert_eq!((name.len(), password.len()), (32, 32), "{name}");
    anna.hang_up().await;
    bertil.closed().await;

    let made_up = "0123456789abcdef0123456789abcdef";
    for (name, password, what) in [
        (&*name, &*password, "used"),
        (&*name, made_up, "used, with another password"),
        (made_up, made_up, "made up"),
        (made_up, "", "made up, without a password"),
    ] {
        let mut config = PhoneConfig::of(two.second.sip(), "nodes.voxera.invalid", name, password);
        config.register_seconds = 0;
        let stranger = Phone::start(config).await;
        for whom in [name, "1001"] {
            stranger.dial(whom).await;
            let why = stranger.closed().await;
            assert!(["401", "403", "407"].iter().any(|code| why.starts_with(code)), "{what} {whom}: {why}");
        }
    }
    // Whoever rings Bertil now is the first since.
    anna.dial("1001").await;
    let called = bertil.called().await;
    assert!(called.peer.starts_with("sip:1000@"), "{called}");
    anna.hang_up().await;
    bertil.closed().await;
    assert_eq!(outcomes(&two.stage.listed(2).await), [("normal", "caller"), ("cancelled", "caller")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_call_is_closed_when_the_node_of_its_phone_is_killed() {
    let mut two = Two::open().await;
    let mut events = two.stage.admin.events(&two.stage.company.path("/events")).await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    two.second.kill().await;
    let killed = Instant::now();
    let over = events.until("call", |call| call["state"] == "ended").await;
    println!(
        "the call is closed {:.1} s after the other node was killed: {over}",
        killed.elapsed().as_secs_f64()
    );
    anna.closed().await;
    let call = &two.stage.listed(1).await[0];
    assert_eq!((&call["id"], call["hung_up_by"].as_str()), (&over["id"], Some("system")), "{call}");
    let story = two.stage.story(call).await;
    assert!(story.contains(&"The machine that carried the call stopped answering.".to_owned()), "{story:?}");
    // Whoever was there is offline, and is not rung.
    assert_eq!(two.online().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_phone_is_let_go_when_the_node_of_its_call_is_killed() {
    let mut two = Two::open().await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    two.stage.node.kill().await;
    let killed = Instant::now();
    bertil.closed().await;
    println!(
        "the phone is let go {:.1} s after the node of its call was killed",
        killed.elapsed().as_secs_f64()
    );
    assert_eq!(outcomes(&two.stage.listed(1).await), [("normal", "system")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn the_server_is_killed_in_a_call_between_nodes_and_the_record_has_its_end() {
    let mut two = Two::with(Setup::default().binary(BINARY)).await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    two.stage.product.kill().await;
    hear_each_other(&anna, &bertil).await;
    two.stage.product.start_again().await;
    two.up().await;
    hear_each_other(&anna, &bertil).await;
    bertil.hang_up().await;
    anna.closed().await;
    let call = two.stage.ended_as("normal").await;
    assert_eq!(call["hung_up_by"], "callee", "{call}");
    assert_eq!(two.stage.listed(1).await.len(), 1);
}

/// Whoever was called sends the caller on, to either node, and then the caller does it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn either_side_of_a_call_between_nodes_sends_the_other_on() {
    let two = Two::open().await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_second("1001", CALLEES_TONE).await;
    let cecilia = two.at_second("1002", CALLEES_TONE).await;
    let realm = two.stage.product.phone("1000").realm;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    bertil.command("transfer", Some(&format!("sip:1002@{realm}"))).await;
    tokio::join!(bertil.closed(), cecilia.called());
    cecilia.answer().await;
    cecilia.established().await;
    hear_each_other(&anna, &cecilia).await;

    anna.command("transfer", Some(&format!("sip:1001@{realm}"))).await;
    tokio::join!(anna.closed(), bertil.called());
    bertil.answer().await;
    bertil.established().await;
    tokio::join!(bertil.receives(50), cecilia.receives(50));
    bertil.hang_up().await;
    cecilia.closed().await;
    let calls = two.stage.listed(1).await;
    println!("{:?}", two.stage.story(&calls[0]).await);
    assert_eq!(calls[0]["outcome"], "normal", "{calls:?}\n{}", two.logs());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_call_that_rings_at_one_node_is_taken_from_the_other() {
    let two = Two::open().await;
    let anna = two.at_first("1000", CALLERS_TONE).await;
    let bertil = two.at_first("1001", CALLEES_TONE).await;
    let cecilia = two.at_second("1002", CALLEES_TONE).await;
    anna.dial("1001").await;
    tokio::join!(anna.ringing(), bertil.called());
    cecilia.dial("*81001").await;
    tokio::join!(cecilia.established(), anna.established(), bertil.closed());
    hear_each_other(&anna, &cecilia).await;
    cecilia.hang_up().await;
    anna.closed().await;
    // Cecilia's own call gave way to Anna's.
    let calls = two.stage.listed(2).await;
    println!("{:?}", two.stage.story(&calls[0]).await);
    assert_eq!(
        (&calls[0]["from"]["extension"], &calls[0]["outcome"]),
        (&json!("1000"), &json!("normal")),
        "{calls:?}"
    );
}
