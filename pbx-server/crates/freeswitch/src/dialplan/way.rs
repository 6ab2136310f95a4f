//! Where a phone is reached, seen from the node of a call.

use std::collections::HashMap;
use voxera_model::{DeviceId, NodeId};

/// The variable of a leg that says which way it takes; the directory reads it when the leg begins.
pub(crate) const AT: &str = "voxera_at";

/// One way to a phone: each is a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// At this node, wherever the node itself knows the phone to be.
    Here,
    /// At this node, at one of several addresses of the phone, by a name that is ours.
    Contact(u64),
    /// At another node.
    There(NodeId),
}

/// The ways to phones. One that is not in it is where its node says.
pub type Ways = HashMap<DeviceId, Vec<Way>>;

impl Way {
    /// What [`AT`] said; `None`: nothing of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "here" {
            return Some(Self::Here);
        }
        match text.strip_prefix('c').filter(|name| name.len() == 16) {
            Some(name) => u64::from_str_radix(name, 16).ok().map(Self::Contact),
            None => text.parse().ok().map(NodeId).map(Self::There),
        }
    }

    /// Whether it ends at the node itself.
    #[must_use]
    pub const fn is_here(self) -> bool {
        match self {
            Self::Here | Self::Contact(_) => true,
            Self::There(_) => false,
        }
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Here => f.write_str("here"),
            Self::Contact(name) => write!(f, "c{name:016x}"),
            Self::There(NodeId(node)) => node.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_way_is_read_as_it_was_written() {
        for way in
            [Way::Here, Way::Contact(0), Way::Contact(u64::MAX), Way::There(NodeId(Uuid::from_u128(7)))]
        {
            assert_eq!(Way::parse(&way.to_string()), Some(way));
        }
        for bad in ["", "there", "c", "c12", "cxxxxxxxxxxxxxxxx", "sofia/x"] {
            assert_eq!(Way::parse(bad), None, "{bad}");
        }
    }
}
