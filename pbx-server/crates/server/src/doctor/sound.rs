//! The programs that convert sounds and read texts aloud.

use super::Finding;
use crate::config::Config;
use voxera_audio::ToolState;

/// What each is needed for, and how it is had.
const NEEDS: [(&str, &str, &str); 3] = [
    ("ffmpeg", "Uploaded sounds cannot be converted: callers hear a tone instead.", "ffmpeg"),
    ("speech_swedish", "Swedish texts cannot be read aloud: callers hear a tone instead.", "espeak-ng"),
    ("speech_english", "English texts are read by espeak-ng, which sounds like a machine.", "flite"),
];

/// One line for each program.
pub async fn tools(config: &Config) -> Vec<Finding> {
    let tools = config.library().tools();
    let mut findings = Vec::new();
    for ((tool, argument), (check, hurts, package)) in tools.into_iter().zip(NEEDS) {
        findings.push(match tool.state(argument).await {
            ToolState::Ready(says) => Finding::good(check, format!("{says}.")),
            ToolState::Missing => Finding::warning(
                check,
                format!("{} is not installed. {hurts}", tool.program.display()),
                format!("apt-get install {package}"),
            ),
        });
    }
    findings
}
