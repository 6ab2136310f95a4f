//! Pictures that people send: drawn anew, so that what is kept carries nothing but its pixels.

use crate::problem::{Answer, Problem};
use bytes::Bytes;
use image::{ImageError, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// Pixels at most along one side of what is sent.
const SENT_SIDE: u32 = 2000;

/// What may be sent, and what is kept of it.
pub(crate) struct Kept {
    /// What its bytes may begin as; what the request calls it is not asked.
    pub(crate) formats: &'static [ImageFormat],
    /// What is said of anything else.
    pub(crate) unreadable: &'static str,
    /// Pixels at most along one side; a larger picture is made smaller.
    pub(crate) side: u32,
    /// Bytes at most.
    pub(crate) bytes: usize,
}

/// The picture's pixels as a new PNG, drawn off the async threads.
pub(crate) async fn redraw(sent: Bytes, kept: &'static Kept) -> Answer<Vec<u8>> {
    tokio::task::spawn_blocking(move || draw(&sent, kept)).await.map_err(|_| Problem::internal())?
}

fn draw(sent: &[u8], kept: &Kept) -> Answer<Vec<u8>> {
    let refuse = |why: &str| Problem::field("", "picture", why);
    let unreadable = || refuse(kept.unreadable);
    let mut reader = ImageReader::new(Cursor::new(sent)).with_guessed_format().map_err(|_| unreadable())?;
    if !reader.format().is_some_and(|format| kept.formats.contains(&format)) {
        return Err(unreadable());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SENT_SIDE);
    limits.max_image_height = Some(SENT_SIDE);
    limits.max_alloc = Some(64 * 1024 * 1024);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| match error {
        ImageError::Limits(_) => refuse("The picture is at most 2000 × 2000 pixels."),
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_) => unreadable(),
    })?;
    let small = if picture.width() > kept.side || picture.height() > kept.side {
        picture.thumbnail(kept.side, kept.side)
    } else {
        picture
    };
    let mut drawn = Cursor::new(Vec::new());
    small.to_rgba8().write_to(&mut drawn, ImageFormat::Png).map_err(|_| Problem::internal())?;
    let drawn = drawn.into_inner();
    if drawn.len() > kept.bytes {
        return Err(refuse("The picture has too much detail: send a smaller one."));
    }
    Ok(drawn)
}
