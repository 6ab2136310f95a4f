//! FreeSWITCH as engine: what it asks for, what it tells, and what it is told.

pub mod esl;
