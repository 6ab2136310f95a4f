//! The event socket: a TCP connection to each node, on which it tells what happens and is told what to do.

mod client;
mod command;
mod event;
mod frame;

pub use client::{Connection, EslError, Login};
pub use command::{Command, Lamp, Phones, Phrase, Unfit, Word, table};
pub use event::{
    Channel, ChannelNews, Ended, Event, GatewayNews, Load, News, PhoneHere, PhoneNews, QueueNews,
};
pub(crate) use frame::decode;
pub use frame::{Frame, FrameError, Frames, Headers};
