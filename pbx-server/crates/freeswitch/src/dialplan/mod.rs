//! Calls as `FreeSWITCH` carries them out.
//!
//! The core says what to do, action by action; `FreeSWITCH` runs a list of applications and then asks
//! again. [`Wish`] gathers the actions into what a call is to do now; [`render`] makes a [`Script`] of
//! it that ends with the next question; [`interpret`] tells from the variables of that question what
//! happened in between. All three are pure: a test plays every golden call through them.

mod expect;
mod interpret;
mod render;
mod script;
mod way;
mod wish;

pub use expect::{Expect, KeyUse, Marker, Suffix};
pub use interpret::{interpret, ring_outcome};
pub use render::{PicksUp, Setting, question, render};
pub(crate) use render::{eavesdrop, queue_name};
pub use script::{App, Script, refuse, sip_code};
pub(crate) use way::AT;
pub use way::{Way, Ways};
pub use wish::{Deed, Hears, Listening, Message, Playable, Ringing, Sounds, TimerSet, Wish};
