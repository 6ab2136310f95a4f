//! The thread that writes recordings, so that a slow disk never holds up sound.

use super::tape::Taken;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;
use voxera_audio::WavWriter;

use super::threads::lock;

/// Blocks of sound, of half a second each, that wait for the disk before recordings fail.
const WAITING: usize = 2000;

/// Takes blocks of sound to the thread. The thread ends with the last of these.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: Sender<Job>,
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Job {
    Block(Arc<Reel>, Vec<i16>),
    End(Arc<Reel>, Option<oneshot::Sender<Taken>>),
}

/// One file.
#[derive(Debug)]
pub struct Reel {
    path: PathBuf,
    file: Mutex<Option<WavWriter>>,
    failed: Mutex<Option<String>>,
}

impl Writer {
    pub fn start() -> io::Result<Self> {
        let (jobs, inbox) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&waiting);
        std::thread::Builder::new().name("recordings".to_owned()).spawn(move || run(&inbox, &counter))?;
        Ok(Self { jobs, waiting })
    }

    /// Begins a file of 8 kHz.
    pub fn begin(path: &Path, channels: u16) -> io::Result<Arc<Reel>> {
        let file = WavWriter::create(path, 8000, channels)?;
        let (file, failed) = (Mutex::new(Some(file)), Mutex::default());
        Ok(Arc::new(Reel { path: path.to_owned(), file, failed }))
    }

    /// Never waits; why the recording cannot go on, when it cannot.
    pub fn write(&self, reel: &Arc<Reel>, block: Vec<i16>) -> Result<(), String> {
        if let Some(why) = lock(&reel.failed).clone() {
            return Err(why);
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err("the disk is too slow".to_owned());
        }
        self.jobs.send(Job::Block(Arc::clone(reel), block)).map_err(|_| "nobody writes".to_owned())
    }

    /// As if the disk took nothing any more.
    #[cfg(test)]
    pub fn hold_up(&self) {
        self.waiting.store(WAITING, Ordering::Relaxed);
    }

    /// Closes the file once all of it is written.
    pub fn end(&self, reel: &Arc<Reel>, tell: Option<oneshot::Sender<Taken>>) {
        // It fails when the thread is gone: then whoever waits is told nothing.
        let _ = self.jobs.send(Job::End(Arc::clone(reel), tell));
    }
}

fn run(inbox: &Receiver<Job>, waiting: &AtomicUsize) {
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Block(reel, block) => {
                waiting.fetch_sub(1, Ordering::Relaxed);
                let mut file = lock(&reel.file);
                if lock(&reel.failed).is_none()
                    && let Some(file) = file.as_mut()
                    && let Err(error) = file.write(&block)
                {
                    reel.fail(&error);
                }
            }
            Job::End(reel, tell) => {
                let Some(file) = lock(&reel.file).take() else { continue };
                let taken = Taken { path: reel.path.clone(), millis: file.millis() };
                if let Err(error) = file.finish() {
                    reel.fail(&error);
                }
                if let Some(tell) = tell {
                    // Whoever asked may have gone.
                    let _ = tell.send(taken);
                }
            }
        }
    }
}

impl Reel {
    fn fail(&self, error: &io::Error) {
        tracing::warn!(path = %self.path.display(), %error, "a recording cannot be written");
        *lock(&self.failed) = Some(error.to_string());
    }
}
