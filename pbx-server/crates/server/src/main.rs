//! `voxera`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    voxera_server::commands::run(voxera_server::cli::Cli::parse())
}
