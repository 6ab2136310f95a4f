//! What comes in: bodies and queries read field by field, so that all errors are told at once.

mod body;
mod caller;
mod field;
mod language;
mod list;
mod macros;
mod path;

pub use body::{Body, read_all, too_large};
pub use caller::From;
pub use field::{Change, Field, Reader, Secret};
pub use language::language;
pub(crate) use list::sorting;
pub use list::{Listed, Paging, Query, Sorting};
pub(crate) use macros::input;
pub use path::{
    CallPath, CustomerPath, CustomerUserPath, DevicePath, ExtensionPath, MailPath, NumberPath, PbxPath,
    TenantPath, TenantUserPath, Url, UserPath,
};

/// Something that a request carries.
pub trait Input: Sized {
    /// Takes the fields; `None` when one of them was refused (the reader knows why).
    fn read(reader: &mut Reader) -> Option<Self>;
}
