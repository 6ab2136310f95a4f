//! The PBX of the measurements, the same in every process: pairs of phones, made from their index.

use crate::Outcome;
use md5::{Digest, Md5};
use sha2::Sha256;
use std::collections::BTreeMap;
use uuid::Uuid;
use voxera_callcontrol::{DeviceSecret, PbxConfig};
use voxera_callflow::{Extension, Kind, Snapshot, User};
use voxera_model::{
    CustomerId, DeviceId, Engine, ExtensionId, ExtensionNumber, Name, PbxId, Realm, TenantId,
};

pub const REALM: &str = "bench.localhost";
/// Phones; even ones call, odd ones answer.
pub const PHONES: u32 = 200;

pub fn user(phone: u32) -> String {
    Uuid::from_u128(0x1000 + u128::from(phone)).to_string()
}

pub fn number(phone: u32) -> String {
    (2000 + phone).to_string()
}

/// MD5 of user, realm and password.
pub fn ha1(phone: u32) -> String {
    hex::encode(Md5::digest(format!("{}:{REALM}:{}", user(phone), password(phone))))
}

fn password(phone: u32) -> String {
    format!("password-of-phone-{phone}")
}

pub fn pbx() -> Outcome<PbxConfig> {
    let mut extensions = BTreeMap::new();
    let mut devices = Vec::new();
    for phone in 0..PHONES {
        let number = ExtensionNumber::parse(&number(phone)).map_err(|e| e.message)?;
        let name = Name::parse(&format!("Phone {phone}")).map_err(|e| e.message)?;
        let device = DeviceId(Uuid::parse_str(&user(phone))?);
        let secret = format!("{}:{REALM}:{}", user(phone), password(phone));
        devices.push(DeviceSecret {
            device,
            extension: number.clone(),
            name: name.clone(),
            ha1_md5: Md5::digest(&secret).into(),
            ha1_sha256: Sha256::digest(&secret).into(),
        });
        let extension = Extension {
            id: ExtensionId(Uuid::from_u128(0x2000 + u128::from(phone))),
            name,
            kind: Kind::User(User::new(vec![device])),
            recording: None,
        };
        extensions.insert(number, extension);
    }
    let mut snapshot = Snapshot {
        extensions,
        ..Snapshot::new(
            TenantId(Uuid::from_u128(1)),
            CustomerId(Uuid::from_u128(2)),
            PbxId(Uuid::from_u128(3)),
            Name::parse("Bench").map_err(|e| e.message)?,
            Realm::parse(REALM).map_err(|e| e.message)?,
        )
    };
    snapshot.index();
    Ok(PbxConfig { snapshot, engine: Engine::Embedded, devices, trunks: Vec::new() })
}
