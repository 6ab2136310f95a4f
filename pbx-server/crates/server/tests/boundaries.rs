//! Who may know whom: the directions of ARCHITECTURE.md, held.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::collections::BTreeMap;

/// Each crate and the ones of ours that it may use. A test may use the kit, and what it drives.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("callflow", &["model"]),
    ("store", &["model", "callflow"]),
    ("audio", &["model"]),
    ("callcontrol", &["audio", "model", "callflow", "store"]),
    ("sip", &["audio", "model", "callflow", "callcontrol"]),
    ("freeswitch", &["audio", "model", "callflow", "callcontrol", "store"]),
    ("mail", &["model", "store"]),
    ("identity", &["model", "store", "mail"]),
    ("api", &["audio", "model", "callflow", "callcontrol", "identity", "mail", "store"]),
    (
        "server",
        &[
            "audio",
            "model",
            "api",
            "callcontrol",
            "callflow",
            "freeswitch",
            "identity",
            "mail",
            "sip",
            "store",
        ],
    ),
    ("testkit", &["freeswitch", "identity", "server", "store"]),
    (
        "bench",
        &[
            "api",
            "audio",
            "callcontrol",
            "callflow",
            "freeswitch",
            "identity",
            "mail",
            "model",
            "server",
            "sip",
            "store",
            "testkit",
        ],
    ),
];

/// Libraries that open a door, and who may open it.
const DOORS: &[(&str, &[&str])] = &[
    // Everything that is SQL is in the store; the kit makes databases, the bench a bare baseline.
    ("sqlx", &["store", "testkit", "bench"]),
    ("rsipstack", &["sip"]),
    ("axum", &["api", "freeswitch", "server", "bench"]),
    ("lettre", &["mail"]),
    ("argon2", &["identity"]),
    ("jsonwebtoken", &["identity"]),
    ("reqwest", &["testkit", "bench"]),
    // What prints what people wrote has one door each: mails, and FreeSWITCH.
    ("tera", &["freeswitch", "mail"]),
];

/// What a crate without clock, chance and effects may stand on.
const PURE: &[(&str, &[&str])] = &[
    ("model", &["serde", "thiserror", "utoipa", "uuid"]),
    ("callflow", &["serde", "toml", "utoipa", "uuid", "voxera-model"]),
];

fn ours() -> BTreeMap<String, Package> {
    let metadata = MetadataCommand::new().no_deps().other_options(["--offline".to_owned()]).exec().unwrap();
    let short = |package: &Package| package.name.to_string().trim_start_matches("voxera-").to_owned();
    metadata.packages.into_iter().map(|package| (short(&package), package)).collect()
}

/// What the crate itself stands on, tests apart.
fn uses(package: &Package) -> Vec<String> {
    let real =
        package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    real.map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn nobody_knows_more_of_us_than_they_may() {
    for (name, package) in ours() {
        let Some((_, may)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            panic!("{name} is new: say here whom it may use");
        };
        for used in uses(&package).iter().filter_map(|used| used.strip_prefix("voxera-")) {
            assert!(may.contains(&used), "{name} uses {used}, against ARCHITECTURE.md");
        }
    }
}

#[test]
fn each_door_has_its_keeper() {
    for (name, package) in ours() {
        let uses = uses(&package);
        for (door, keepers) in DOORS {
            let opens = uses.iter().any(|used| used == door);
            assert!(!opens || keepers.contains(&name.as_str()), "{name} must not use {door}");
        }
    }
}

#[test]
fn what_decides_knows_no_clock_no_chance_and_no_world() {
    let ours = ours();
    for (name, may) in PURE {
        for used in uses(&ours[*name]) {
            assert!(may.contains(&used.as_str()), "{name} stands on {used}");
        }
    }
}
