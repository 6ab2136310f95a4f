//! WAV files that are right while they are being written.

use crate::pcm::Pcm;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Bytes before the samples.
const HEAD: u32 = 44;

/// Streams 16-bit samples into a new file that only this user may read. Its head is made right after
/// every write, so that what is on disk can be played even if nobody comes to finish it.
#[derive(Debug)]
pub struct WavWriter {
    file: File,
    rate: u32,
    channels: u16,
    /// Of samples that are safely in the file.
    bytes: u32,
}

impl WavWriter {
    /// Begins a file; one that is there is an error. Its folder is made (mode 0700) when it is missing.
    /// `channels`: 1 or 2.
    pub fn create(path: &Path, rate: u32, channels: u16) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut wav = Self { file, rate, channels: channels.clamp(1, 2), bytes: 0 };
        wav.head()?;
        Ok(wav)
    }

    /// Adds samples; those of two channels alternate, left first. What could not be written, on a
    /// full disk, is not counted: the file stays playable.
    pub fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let more = u32::try_from(bytes.len()).map_err(|_| too_long())?;
        let total =
            self.bytes.checked_add(more).filter(|total| *total < u32::MAX - HEAD).ok_or_else(too_long)?;
        self.file.seek(SeekFrom::Start(u64::from(HEAD + self.bytes)))?;
        self.file.write_all(&bytes)?;
        self.bytes = total;
        self.head()
    }

    /// How long the sound in the file lasts, in milliseconds.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::from(self.bytes) * 1000 / u64::from(self.rate.max(1) * u32::from(self.channels) * 2)
    }

    /// Waits until the disk has it all.
    pub fn finish(self) -> io::Result<()> {
        self.file.set_len(u64::from(HEAD + self.bytes))?;
        self.file.sync_all()
    }

    fn head(&mut self) -> io::Result<()> {
        let frame = self.channels * 2;
        let mut head = Vec::with_capacity(HEAD as usize);
        head.extend(b"RIFF");
        head.extend((self.bytes + HEAD - 8).to_le_bytes());
        head.extend(b"WAVEfmt \x10\0\0\0\x01\0");
        head.extend(self.channels.to_le_bytes());
        head.extend(self.rate.to_le_bytes());
        head.extend((self.rate * u32::from(frame)).to_le_bytes());
        head.extend(frame.to_le_bytes());
        head.extend(b"\x10\0data");
        head.extend(self.bytes.to_le_bytes());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head)
    }
}

/// Reads a WAV file of 16-bit samples. Of two channels the samples alternate, as in the file.
pub fn read(path: &Path) -> io::Result<Pcm> {
    parse(&std::fs::read(path)?)
}

/// Reads 16-bit samples out of a WAV file's bytes. A length that says "until the end" is taken so:
/// programs that write into a pipe cannot know better.
pub(crate) fn parse(bytes: &[u8]) -> io::Result<Pcm> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "no WAV file of 16-bit samples");
    let at = |from: usize| bytes.get(from..from + 4).and_then(|four| four.try_into().ok());
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(wrong());
    }
    let mut rate = None;
    let mut place = 12;
    while let Some(length) = at(place + 4).map(u32::from_le_bytes) {
        let from = place + 8;
        let to = from.saturating_add(length as usize);
        match &bytes[place..place + 4] {
            b"fmt " => {
                let format = bytes.get(from..from + 16).ok_or_else(wrong)?;
                if format[..2] != [1, 0] || format[14..] != [16, 0] {
                    return Err(wrong());
                }
                rate = at(from + 4).map(u32::from_le_bytes);
            }
            b"data" => {
                let sound = &bytes[from..to.min(bytes.len())];
                let samples = sound.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
                return Ok(Pcm { rate: rate.ok_or_else(wrong)?, samples: samples.collect() });
            }
            _ => {}
        }
        place = to + to % 2;
    }
    Err(wrong())
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "a WAV file holds less than 4 GB")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_right_after_every_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let mut wav = WavWriter::create(&path, 8000, 2).unwrap();
        for round in 1..=3_u32 {
            wav.write(&[1, -1].repeat(800)).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(u32::try_from(bytes.len()).unwrap(), HEAD + round * 3200);
            assert_eq!(bytes[40..44], (round * 3200).to_le_bytes());
            assert_eq!(bytes[4..8], (round * 3200 + 36).to_le_bytes());
            assert_eq!(bytes[44..48], [1, 0, 255, 255]);
        }
        assert_eq!(wav.millis(), 300);
        wav.finish().unwrap();
        assert!(WavWriter::create(&path, 8000, 1).is_err());
    }

    #[test]
    fn the_folder_of_a_file_is_made_for_its_user_only() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("tenant").join("recordings");
        drop(WavWriter::create(&folder.join("a.wav"), 8000, 1).unwrap());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("a.wav"))), (0o700, 0o600));
    }

    #[test]
    fn a_full_disk_is_told() {
        assert!(WavWriter::create(Path::new("/dev/full"), 8000, 1).is_err());
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut wav = WavWriter { file, rate: 8000, channels: 1, bytes: 0 };
        assert!(wav.write(&[0; 800]).is_err());
        assert_eq!(wav.millis(), 0);
    }
}
