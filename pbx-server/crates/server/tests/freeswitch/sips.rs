//! SIP over TLS, with a certificate that somebody signed.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::{Stage, pem};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use serde_json::json;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use voxera_freeswitch::init::NodeSettings;
use voxera_testkit::node::Node;
use voxera_testkit::phone::{Phone, PhoneConfig, Wire};
use voxera_testkit::product::Setup;

const NAME: &str = "sip.voxera.example";

/// A certificate as an operator gets one: signed by somebody whom somebody else signed.
pub struct Signed {
    /// Whom phones know.
    root: CertificateDer<'static>,
    agent: String,
    between: String,
}

impl Signed {
    pub fn new(name: &str) -> Self {
        let authority = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let root = CertifiedIssuer::self_signed(authority("Root"), KeyPair::generate().unwrap()).unwrap();
        let between = KeyPair::generate().unwrap();
        let between = CertifiedIssuer::signed_by(authority("Between"), between, &root).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let own = params.signed_by(&key, &between).unwrap();
        Self {
            root: root.as_ref().der().clone(),
            agent: pem("PRIVATE KEY", &key.serialize_der()) + &pem("CERTIFICATE", own.der()),
            between: pem("CERTIFICATE", between.as_ref().der()),
        }
    }

    /// Where a node looks for it.
    pub fn put(&self, node: &Path) {
        std::fs::write(node.join("tls/agent.pem"), &self.agent).unwrap();
        std::fs::write(node.join("tls/cafile.pem"), &self.between).unwrap();
    }

    /// Whether somebody who knows the root alone takes whoever answers there for this name.
    fn shown(&self, at: SocketAddr, name: &'static str) -> Result<(), String> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from(name).unwrap();
        let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut tcp = TcpStream::connect(at).unwrap();
        tls.complete_io(&mut tcp).map(drop).map_err(|error| error.to_string())
    }
}

/// A phone that registers over TLS.
fn over_tls(stage: &Stage, extension: &str) -> PhoneConfig {
    let known = stage.product.phone(extension);
    PhoneConfig::of(stage.node.sips(), &known.realm, &known.username, &known.password).over(Wire::Tls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn phones_over_tls_call_and_are_called_and_their_sound_is_encrypted_when_they_want_it() {
    let signed = Signed::new(NAME);
    let start = |node: &mut Node, media: &Path| {
        let command =
            node.init(&NodeSettings { sips_port: Some(node.sips().port()), ..node.settings(media) });
        signed.put(&node.dir());
        node.run(&command);
    };
    let stage = Stage::on(Setup::default(), start).await;
    assert_eq!(signed.shown(stage.node.sips(), NAME), Ok(()));
    let another = signed.shown(stage.node.sips(), "another.example").unwrap_err();
    assert!(another.contains("not valid for name"), "{another}");

    let anna = Phone::start(over_tls(&stage, "1000").playing(CALLERS_TONE)).await;
    anna.registered().await;
    let online = stage.admin.get(&stage.company.pbx("/registrations")).await.ok();
    assert_eq!(online["items"][0]["transport"], "tls", "{online}");
    let bertil = stage.phone("1001", CALLEES_TONE).await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;
    // She has no encryption for sound, and is called without.
    connect(&bertil, &anna, "1000").await;
    hear_each_other(&anna, &bertil).await;
    bertil.hang_up().await;
    anna.closed().await;

    let cecilia = Phone::start(over_tls(&stage, "1002").playing(CALLERS_TONE).encrypting()).await;
    cecilia.registered().await;
    connect(&cecilia, &bertil, "1001").await;
    hear_each_other(&cecilia, &bertil).await;
    cecilia.hang_up().await;
    bertil.closed().await;
    connect(&bertil, &cecilia, "1002").await;
    hear_each_other(&cecilia, &bertil).await;
    bertil.hang_up().await;
    cecilia.closed().await;
    let keys = |phone: &Phone| phone.log().matches("a=crypto:").count();
    assert!(keys(&cecilia) >= 4, "an offer and an answer each time");
    assert_eq!(keys(&bertil), 0, "whoever speaks in the open is offered no keys in the open");
    let calls = stage.listed(4).await;
    assert!(calls.iter().all(|call| call["outcome"] == json!("normal")), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_phone_over_tcp_is_called_over_the_connection_that_it_opened() {
    let stage = Stage::open().await;
    let anna = Phone::start(stage.config("1000").over(Wire::Tcp).playing(CALLERS_TONE)).await;
    anna.registered().await;
    let bertil = stage.phone("1001", CALLEES_TONE).await;
    connect(&bertil, &anna, "1000").await;
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;
    // Its connection ends without a word: it is offline.
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    drop(anna);
    events.until("registration", |event| event["change"] == "unregistered").await;
}
