//! What carries calls.

use crate::Invalid;
use crate::role::text_enum;
use serde::{Deserialize, Serialize};

text_enum!(
    /// What carries the calls of a tenant, where an installation runs both.
    Engine, "engine", "Choose embedded or freeswitch." {
    /// The server itself.
    Embedded = "embedded",
    /// The FreeSWITCH nodes of the installation.
    FreeSwitch = "freeswitch",
});
