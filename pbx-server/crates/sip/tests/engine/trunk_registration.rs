//! A line registers, stays registered, and says why when it does not.

use crate::rig::Rig;
use crate::trunk_lines::{give_lines, registers, with_password};
use voxera_testkit::line::{Line, LineConfig};

async fn line(change: impl FnOnce(&mut LineConfig)) -> Line {
    let mut config = LineConfig::default();
    change(&mut config);
    Line::start(config).await
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
    give_lines(&rig, vec![registers(1, &line)]);
    line.registered().await;
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
