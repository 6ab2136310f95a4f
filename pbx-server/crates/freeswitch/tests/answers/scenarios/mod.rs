//! The golden calls, as `FreeSWITCH` plays them: each step's actions are rendered, run by a small
//! model of `FreeSWITCH` (set, bridge, read, playback, …, transfer, and the next hunt), and what its
//! variables then say is interpreted. What comes of it must be what the file says, words included.

mod switch;
mod walk;
mod walked;
