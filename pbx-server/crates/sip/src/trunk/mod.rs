//! Lines to the public network.
//!
//! | module | job |
//! |---|---|
//! | `proof` | answering a line's challenges |
//! | `pace` | when to register or ask again: no clock, no sockets |
//! | `line` | one task per line: names, connections, REGISTER or OPTIONS |
//! | `lines` | all of them, as the directory has them; who a source address belongs to |
//! | `way` | calls out: what an INVITE over a line says |
//! | `inbound` | calls in: whose number is called, and who calls |
//!
//! A line is trusted by where it is: what comes from elsewhere is a stranger, whatever it says.

mod inbound;
mod line;
mod lines;
mod pace;
pub mod proof;
mod settings;
mod way;

pub use inbound::{Inbound, inbound, is_from_line};
pub use lines::{Lines, follow};
pub use way::{tries_next, way};

use proof::Proof;

/// What a call over a line carries with it: how we prove ourselves to it.
#[derive(Debug)]
pub struct Key {
    proof: Option<Proof>,
}

impl Key {
    /// How we prove ourselves; `None`: the line knows us by our address.
    #[must_use]
    pub const fn proof(&self) -> Option<&Proof> {
        self.proof.as_ref()
    }
}
