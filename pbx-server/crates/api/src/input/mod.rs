//! What comes in: bodies and queries read field by field, so that all errors are told at once.

mod body;
mod caller;
mod doc;
mod field;
mod language;
mod list;
mod macros;
mod path;

pub use body::{Body, DOCUMENT, JSON, read_all, too_large};
pub use caller::From;
pub use doc::{Doc, escaped, parse};
pub use field::{Change, Field, Reader, Secret};
pub use language::language;
pub(crate) use list::sorting;
pub use list::{Listed, Paging, Query, Sorting, parameter};
pub(crate) use macros::input;
pub use path::{
    AudioPath, CallPath, CallbackPath, ColleaguePath, CustomerPath, CustomerUserPath, DevicePath,
    ExtensionPath, FlowPath, FlowRef, FlowVersionPath, MailPath, MessagePath, MyDevicePath, MyExtensionPath,
    MyMessagePath, MyRecordingPath, MySessionPath, NodePath, NumberPath, PbxPath, RecordingPath, TenantPath,
    TenantUserPath, TrunkPath, Url, UserPath,
};

/// Something that a request carries.
pub trait Input: Sized {
    /// The largest body that it is read from, bytes.
    const LARGEST: usize = JSON;

    /// Takes the fields; `None` when one of them was refused (the reader knows why).
    fn read(reader: &mut Reader) -> Option<Self>;
}
