//! What comes in: bodies and queries read field by field, so that all errors are told at once.

mod body;
mod caller;
mod field;
mod language;
mod list;
mod macros;
mod path;

pub use caller::From;
pub use body::{Body, read_all, too_large};
pub use field::{Change, Field, Flag, Reader, Secret};
pub use language::language;
pub use list::{Listed, Paging, Query, Sorting};
pub(crate) use list::sorting;
pub(crate) use macros::input;
pub use path::{
    CallPath, CustomerPath, DevicePath, ExtensionPath, MailPath, NumberPath, PbxPath, TenantPath, Url, UserPath,
    CustomerUserPath, TenantUserPath,
};

/// Something that a request carries.
pub trait Input: Sized {
    /// Takes the fields; `None` when one of them was refused (the reader knows why).
    fn read(reader: &mut Reader) -> Option<Self>;
}
