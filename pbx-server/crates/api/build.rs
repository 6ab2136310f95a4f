//! The folder that the portal is built into has to be there when the crate is compiled.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let portal = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../pbx-web/dist");
    std::fs::create_dir_all(&portal)?;
    println!("cargo:rerun-if-changed=build.rs");
    // A debug build reads the files when they are asked for; others hold them.
    if std::env::var("PROFILE").is_ok_and(|profile| profile != "debug") {
        println!("cargo:rerun-if-changed={}", portal.display());
    }
    Ok(())
}
