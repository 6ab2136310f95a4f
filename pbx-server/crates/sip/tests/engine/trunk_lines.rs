//! Companies with lines to the public network.

use crate::rig::{AKES, BERITS, PATIENCE, Rig, pbx};
use std::net::IpAddr;
use uuid::Uuid;
use voxera_callcontrol::{LineState, PbxConfig, TrunkKind, TrunkSecret, TrunkTransport};
use voxera_callflow::{Destination, Trunk};
use voxera_model::{ExtensionNumber, Name, PhoneNumber, TrunkId};
use voxera_testkit::line::Line;

/// Åkes' own number, which leads to Anna.
pub const NUMBER: &str = "+46812345678";
/// Another of Åkes', which leads to Bertil.
pub const SECOND: &str = "+46812345679";
/// Berits' own number.
pub const OTHER: &str = "+46317654321";

pub fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}

pub fn trunk_id(nth: u128) -> TrunkId {
    TrunkId(Uuid::from_u128(0x7000 + nth))
}

/// A line that we register at.
pub fn registers(nth: u128, line: &Line) -> TrunkSecret {
    TrunkSecret {
        id: trunk_id(nth),
        kind: TrunkKind::Registration,
        host: line.address().ip().to_string(),
        port: line.address().port(),
        transport: if line.config.tcp { TrunkTransport::Tcp } else { TrunkTransport::Udp },
        username: Some(line.config.username.clone()),
        password: Some(line.config.password.clone().into()),
        addresses: Vec::new(),
    }
}

/// A line that knows us by our address.
pub fn at_address(nth: u128, line: &Line) -> TrunkSecret {
    TrunkSecret { kind: TrunkKind::Address, ..registers(nth, line) }
}

pub fn with_password(password: &str, trunk: TrunkSecret) -> TrunkSecret {
    TrunkSecret { password: Some(password.to_owned().into()), ..trunk }
}

pub fn from_also(ip: IpAddr, trunk: TrunkSecret) -> TrunkSecret {
    TrunkSecret { addresses: vec![ip], ..trunk }
}

/// Åkes with these lines, the first preferred; all carry emergency calls.
pub fn akes(trunks: Vec<TrunkSecret>) -> PbxConfig {
    company(AKES, 1, &[(NUMBER, "1000"), (SECOND, "1001")], trunks)
}

/// Berits with these lines.
pub fn berits(trunks: Vec<TrunkSecret>) -> PbxConfig {
    company(BERITS, 2, &[(OTHER, "1000")], trunks)
}

fn company(realm: &str, id: u128, numbers: &[(&str, &str)], trunks: Vec<TrunkSecret>) -> PbxConfig {
    let mut config = pbx(realm, id);
    for (own, extension) in numbers {
        let extension = config.snapshot.extensions[&ExtensionNumber::parse(extension).unwrap()].id;
        config.snapshot.numbers.insert(number(own), Destination::Extension { extension });
    }
    config.snapshot.trunks = trunks
        .iter()
        .map(|trunk| Trunk { id: trunk.id, name: Name::parse("Operatören").unwrap(), emergency: true })
        .collect();
    config.snapshot.index();
    config.trunks = trunks;
    config
}

/// Puts Åkes' lines in.
pub fn give_lines(rig: &Rig, trunks: Vec<TrunkSecret>) {
    rig.control.directory().replace(akes(trunks));
}

/// Waits until a line works.
pub async fn up(rig: &Rig, nth: u128) {
    let mut changes = rig.control.lines().changes();
    let reached = changes.wait_for(|_| rig.control.lines().get(trunk_id(nth)) == LineState::Up);
    let reached = tokio::time::timeout(PATIENCE, reached).await.is_ok();
    assert!(reached, "{:?}", rig.control.lines().list());
}
