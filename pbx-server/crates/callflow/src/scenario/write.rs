//! A file with what comes of its steps filled in, for people to read and keep.

use super::{Failure, Scenario};
use crate::cursor::Cursor;
use std::fmt::Write as _;

/// The widest line that a list is kept on.
const WIDTH: usize = 110;

impl Scenario {
    /// The text of a file with `does`, `then`, `sv` and `en` of every step as the core decides now.
    /// Everything else is kept as it was written; in a step, what is written by hand comes first.
    pub fn written(name: &str, text: &str) -> Result<String, Failure> {
        let scenario = Self::parse(name, text)?;
        let mut parts = text.split("[[steps]]\n");
        let mut written = parts.next().unwrap_or_default().to_owned();
        let mut cursor: Option<Cursor> = None;
        for (expected, part) in scenario.steps.iter().zip(parts) {
            written.push_str("[[steps]]\n");
            for line in part.lines() {
                let filled = ["does =", "then =", "sv =", "en ="];
                if filled.iter().any(|key| line.starts_with(key)) {
                    break;
                }
                if !line.is_empty() {
                    written.push_str(line);
                    written.push('\n');
                }
            }
            let came = scenario.take(&mut cursor, expected);
            list(&mut written, "does", &came.does);
            let _ = writeln!(written, "then = {}", quoted(&came.then));
            list(&mut written, "sv", &came.sv);
            list(&mut written, "en", &came.en);
            written.push('\n');
        }
        Ok(format!("{}\n", written.trim_end()))
    }
}

fn list(written: &mut String, key: &str, lines: &[String]) {
    let all: Vec<String> = lines.iter().map(|line| quoted(line)).collect();
    let one = format!("{key} = [{}]", all.join(", "));
    if one.chars().count() <= WIDTH || lines.len() < 2 {
        let _ = writeln!(written, "{one}");
        return;
    }
    let _ = writeln!(written, "{key} = [");
    for line in all {
        let _ = writeln!(written, "    {line},");
    }
    let _ = writeln!(written, "]");
}

/// As TOML writes text; with `"` in it, the way that needs no escapes.
fn quoted(text: &str) -> String {
    if text.contains('"') && !text.contains('\'') {
        return format!("'{text}'");
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
