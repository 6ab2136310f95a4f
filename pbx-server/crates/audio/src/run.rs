//! Programs of the machine.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Nothing that these programs do for us takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// One program, by name or path.
#[derive(Debug, Clone)]
pub struct Tool {
    pub program: PathBuf,
}

/// Whether it can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolState {
    /// With the first line of what it says of itself.
    Ready(String),
    Missing,
}

/// Why a run gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("{0} is not installed")]
    Missing(String),
    #[error("{0} took longer than a minute")]
    Slow(String),
    #[error("{program}: {says}")]
    Failed { program: String, says: String },
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Tool {
    pub(crate) fn new(program: &Path) -> Self {
        Self { program: program.to_owned() }
    }

    fn name(&self) -> String {
        self.program.file_name().unwrap_or(self.program.as_os_str()).to_string_lossy().into_owned()
    }

    /// Asks it for its version.
    pub async fn state(&self, argument: &str) -> ToolState {
        match self.run(&[argument.as_ref()], &[]).await {
            Ok(output) => {
                let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
                ToolState::Ready(String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned())
            }
            Err(RunError::Missing(_)) => ToolState::Missing,
            Err(error) => ToolState::Ready(error.to_string()),
        }
    }

    /// Runs it with these arguments and this on its standard input. It is killed when it takes too
    /// long, or when the caller goes away.
    pub(crate) async fn run(&self, arguments: &[&std::ffi::OsStr], input: &[u8]) -> Result<Output, RunError> {
        let spawned = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) =>
            {
                return Err(RunError::Missing(self.name()));
            }
            Err(error) => return Err(error.into()),
        };
        let stdin = child.stdin.take();
        let tell = async {
            if let Some(mut stdin) = stdin {
                // A program that wants no input closes it; what it says then tells more than we could.
                let _ = stdin.write_all(input).await;
            }
        };
        let work = async { tokio::join!(tell, child.wait_with_output()).1 };
        let output =
            tokio::time::timeout(PATIENCE, work).await.map_err(|_| RunError::Slow(self.name()))??;
        if output.status.success() {
            return Ok(output);
        }
        let says = String::from_utf8_lossy(&output.stderr);
        let says = says.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given").to_owned();
        Err(RunError::Failed { program: self.name(), says })
    }
}
