//! stub
use super::endpoint::EndpointId;
use super::event::MediaEvent;
use super::write::Writer;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use voxera_model::CallId;

/// A recording that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub path: PathBuf,
    /// Of sound in the file.
    pub millis: u64,
}
#[derive(Debug)]
pub struct MessageTape;
#[derive(Debug)]
pub struct CallTape;
pub enum End { Over, Failed(String) }
impl End {
    pub fn event(self, call: CallId, id: EndpointId) -> MediaEvent {
        match self { Self::Over => MediaEvent::Recorded(call, id), Self::Failed(why) => MediaEvent::RecordingFailed(call, id, why) }
    }
}
impl MessageTape {
    pub fn start(_w: &Writer, _path: &Path, _longest: Duration) -> io::Result<Self> { Ok(Self) }
    pub fn is_running(&self) -> bool { true }
    pub fn take(&mut self, _heard: &[i16], _rate: u32) -> Option<End> { None }
    pub async fn stop(self) -> Option<Taken> { None }
}
impl CallTape {
    pub fn start(_w: &Writer, _path: &Path, _left: EndpointId) -> io::Result<Self> { Ok(Self) }
    pub async fn stop(self) -> Option<Taken> { None }
}
