//! A list of applications, as `FreeSWITCH` runs them.

use crate::document::Document;
use crate::escape::Text;
use serde::Serialize;
use voxera_callflow::Cause;

/// One application and what it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct App {
    pub application: &'static str,
    pub data: Text,
}

impl App {
    /// `data` is ours; whatever of it comes from people is a [`Text`] in it.
    #[must_use]
    pub fn new(application: &'static str, data: impl Into<String>) -> Self {
        Self { application, data: Text::ours(data.into()) }
    }

    pub(crate) fn set(name: &str, value: impl std::fmt::Display) -> Self {
        Self::new("set", format!("{name}={value}"))
    }

    pub(crate) fn unset(name: &str) -> Self {
        Self::new("unset", name)
    }
}

/// What a call does until it asks again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub apps: Vec<App>,
}

#[derive(Serialize)]
struct Printed<'a> {
    context: Text,
    actions: &'a [App],
}

impl Script {
    /// As a document for a context.
    #[must_use]
    pub fn document(&self, context: &str) -> Document {
        Document::print("dialplan", &Printed { context: Text::tame(context), actions: &self.apps })
    }
}

/// A call that does not begin.
#[must_use]
pub fn refuse(context: &str, code: u16) -> Document {
    Script { apps: vec![App::new("respond", code.to_string())] }.document(context)
}

/// What a phone is told of a call that nobody took.
#[must_use]
pub const fn sip_code(cause: Cause) -> u16 {
    match cause {
        Cause::Busy => 486,
        Cause::Declined => 603,
        Cause::UnknownNumber => 404,
        Cause::NotAllowed => 403,
        Cause::NoRoute => 503,
        Cause::Fault => 500,
        Cause::Normal
        | Cause::Cancelled
        | Cause::NoAnswer
        | Cause::Offline
        | Cause::Abandoned
        | Cause::Voicemail => 480,
    }
}
