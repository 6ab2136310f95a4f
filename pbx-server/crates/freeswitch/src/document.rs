//! What we answer: XML documents, printed by templates that are part of the program.

use crate::escape::Text;
use serde::Serialize;
use std::sync::LazyLock;
use tera::{Context, Tera};

/// One answer to `FreeSWITCH`: a whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document(String);

const TEMPLATES: &[(&str, &str)] = &[
    ("acl", include_str!("../../../templates/freeswitch/acl.xml")),
    ("callcenter", include_str!("../../../templates/freeswitch/callcenter.xml")),
    ("conference", include_str!("../../../templates/freeswitch/conference.xml")),
    ("dialplan", include_str!("../../../templates/freeswitch/dialplan.xml")),
    ("directory", include_str!("../../../templates/freeswitch/directory.xml")),
    ("gateways", include_str!("../../../templates/freeswitch/gateways.xml")),
    ("local_stream", include_str!("../../../templates/freeswitch/local_stream.xml")),
    ("network_list", include_str!("../../../templates/freeswitch/network_list.xml")),
    ("not_found", include_str!("../../../templates/freeswitch/not_found.xml")),
    ("sofia", include_str!("../../../templates/freeswitch/sofia.xml")),
];

#[expect(clippy::expect_used, reason = "they are part of the program; a test prints each")]
static PRINTER: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::default();
    // A `Text` comes escaped, and nothing but texts and numbers is printed.
    tera.autoescape_on(Vec::new());
    tera.add_raw_templates(TEMPLATES.iter().copied()).expect("our own templates are well formed");
    tera
});

impl Document {
    /// Prints a template. What cannot be printed becomes "not found", which is safe everywhere.
    pub(crate) fn print(template: &str, of: &impl Serialize) -> Self {
        let printed = Context::from_serialize(of).and_then(|context| PRINTER.render(template, &context));
        match printed {
            Ok(text) => Self(text),
            Err(error) => {
                tracing::error!(template, %error, "a document for FreeSWITCH cannot be printed");
                Self::not_found()
            }
        }
    }

    /// A valid "there is no such thing": `FreeSWITCH` then refuses the phone or ends the call.
    #[must_use]
    pub fn not_found() -> Self {
        Self(include_str!("../../../templates/freeswitch/not_found.xml").to_owned())
    }

    /// Whether it says "not found".
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        *self == Self::not_found()
    }

    /// The XML.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The XML.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A name and its value, as most documents are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    pub name: Text,
    pub value: Text,
}

impl Setting {
    pub fn new(name: &str, value: Text) -> Self {
        Self { name: Text::ours(name.to_owned()), value }
    }
}
