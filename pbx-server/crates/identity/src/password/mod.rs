//! Passwords: what is acceptable, and how they are kept.

mod hasher;
mod rules;

pub(crate) use hasher::Hasher;
pub(crate) use rules::check;
