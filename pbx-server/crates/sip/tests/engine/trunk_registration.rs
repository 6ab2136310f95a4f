//! A line registers, stays registered, and says why when it does not.

use crate::rig::{PATIENCE, Rig};
use crate::trunk_lines::{at_address, give_lines, registers, trunk_id, with_password};
use voxera_callcontrol::{LineFault, LineState, TrunkSecret, TrunkTransport};
use voxera_testkit::line::{Line, LineConfig};

async fn line(change: impl FnOnce(&mut LineConfig)) -> Line {
    let mut config = LineConfig::default();
    change(&mut config);
    Line::start(config).await
}

/// Waits until the line is like this.
async fn is(rig: &Rig, state: LineState) {
    let mut changes = rig.control.lines().changes();
    let reached = changes.wait_for(|_| rig.control.lines().get(trunk_id(1)) == state);
    let reached = tokio::time::timeout(PATIENCE, reached).await.is_ok();
    assert!(reached, "{:?}", rig.control.lines().list());
}

#[tokio::test]
async fn a_line_registers_stays_registered_and_says_goodbye() {
    let rig = Rig::start().await;
    // A second is granted, so that it is renewed; each nonce serves twice, so that one gets too old.
    let line = line(|config| (config.grants, config.nonce_serves) = (Some(1), 2)).await;
    give_lines(&rig, vec![registers(1, &line)]);
    let contact = line.registered().await;
    assert!(contact.contains(&rig.engine.local_addr().to_string()), "{contact}");
    line.registered_times(4).await;
    assert_eq!(*line.refusals().borrow(), 0);
    rig.engine.shutdown().await;
    line.unregistered().await;
}

#[tokio::test]
async fn the_stronger_digest_is_used_where_a_line_has_it() {
    let rig = Rig::start().await;
    let line = line(|config| config.algorithms = vec!["SHA-256", "MD5"]).await;
    give_lines(&rig, vec![registers(1, &line)]);
    line.registered().await;
    assert_eq!(*line.refusals().borrow(), 0);
}

#[tokio::test]
async fn a_registrar_that_wants_longer_registrations_gets_them() {
    let rig = Rig::start().await;
    let line = line(|config| config.least_expires = 3600).await;
    give_lines(&rig, vec![registers(1, &line)]);
    line.registered().await;
}

#[tokio::test]
async fn a_wrong_password_is_seen_and_its_correction_works_at_once() {
    let rig = Rig::start().await;
    let line = line(|_| {}).await;
    give_lines(&rig, vec![with_password("mistyped", registers(1, &line))]);
    line.refused_times(1).await;
    is(&rig, LineState::Down { why: LineFault::Password }).await;
    give_lines(&rig, vec![registers(1, &line)]);
    line.registered().await;
    is(&rig, LineState::Up).await;
}

#[tokio::test]
async fn an_operator_who_is_not_there_is_said_to_be_silent() {
    let rig = Rig::start().await;
    let line = line(|_| {}).await;
    let trunk = registers(1, &line);
    drop(line);
    give_lines(&rig, vec![trunk.clone()]);
    is(&rig, LineState::Down { why: LineFault::Silent }).await;
    give_lines(&rig, vec![TrunkSecret { transport: TrunkTransport::Tcp, ..trunk.clone() }]);
    is(&rig, LineState::Down { why: LineFault::NoConnection }).await;
    for host in ["operator.invalid", "op eratör>\r\nVia: x"] {
        give_lines(&rig, Vec::new());
        give_lines(&rig, vec![TrunkSecret { host: host.into(), ..trunk.clone() }]);
        is(&rig, LineState::Down { why: LineFault::NameUnknown }).await;
    }
    give_lines(&rig, vec![TrunkSecret { transport: TrunkTransport::Tls, ..trunk }]);
    is(&rig, LineState::Down { why: LineFault::Encrypted }).await;
}

#[tokio::test]
async fn a_line_that_knows_us_by_address_is_asked_whether_it_is_there() {
    let rig = Rig::start().await;
    let line = line(|_| {}).await;
    give_lines(&rig, vec![at_address(1, &line)]);
    is(&rig, LineState::Up).await;
    assert_eq!(*line.registrations().borrow(), 0);
}

#[tokio::test]
async fn a_line_that_is_taken_away_is_signed_off() {
    let rig = Rig::start().await;
    let line = line(|_| {}).await;
    give_lines(&rig, vec![registers(1, &line)]);
    line.registered().await;
    give_lines(&rig, Vec::new());
    line.unregistered().await;
}

#[tokio::test]
async fn a_line_over_tcp_comes_back_when_its_connection_is_cut() {
    let rig = Rig::start().await;
    let line = line(|config| config.tcp = true).await;
    give_lines(&rig, vec![registers(1, &line)]);
    line.registered_times(1).await;
    line.cut();
    line.registered_times(2).await;
    give_lines(&rig, Vec::new());
    line.unregistered().await;
}
