//! The one door for text on its way to `FreeSWITCH`.
//!
//! `FreeSWITCH` reads its XML through a preprocessor and expands `${…}` in what applications are told;
//! neither XML escapes nor backslashes stop the second. So whatever reaches a template is a [`Text`]:
//! it holds no `$` before a `{`, no control character and no directive, and is escaped when printed.

use serde::{Serialize, Serializer};
use std::fmt::Write as _;

/// Text that may stand anywhere in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(String);

impl Text {
    /// Makes any text harmless: control characters, `$`, backslashes, backquotes and the brackets of
    /// expansions become spaces. For what people write; nothing that a program reads has them.
    #[must_use]
    pub fn tame(text: &str) -> Self {
        let harmless = |c: char| {
            if c.is_control() || matches!(c, '$' | '{' | '}' | '\\' | '`' | '<' | '>') { ' ' } else { c }
        };
        let text: String = text.chars().map(harmless).collect();
        Self(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// What people write, where commas, quotes and signs would end a value: letters, digits, spaces,
    /// `.`, `-` and `_`, at most 60 characters.
    #[must_use]
    pub fn word(text: &str) -> Self {
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { ' ' };
        let text: String = text.chars().map(plain).take(60).collect();
        Self(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// What our own code wrote: passed on as it is, `${…}` included. The parts that come from outside
    /// are themselves texts.
    #[must_use]
    pub const fn ours(text: String) -> Self {
        Self(text)
    }

    /// As `FreeSWITCH` reads it once the XML is parsed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands in XML, in an attribute or between tags.
    #[must_use]
    pub fn escaped(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c if c.is_control() => {
                    let _ = write!(out, "&#{};", u32::from(' '));
                }
                c => out.push(c),
            }
        }
        out
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<uuid::Uuid> for Text {
    fn from(id: uuid::Uuid) -> Self {
        Self(id.to_string())
    }
}

/// Templates print what is serialised: the escaped form, and nothing else.
impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.escaped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_write_is_expanded_or_run() {
        for bad in [
            "${system(id)}",
            "$${base_dir}",
            "$ {x}",
            "a\\${b}",
            "<X-PRE-PROCESS cmd=\"exec\" data=\"id\"/>",
            "<!--#exec id-->",
            "`id`",
            "a\nb\0c",
        ] {
            let tame = Text::tame(bad);
            assert!(!tame.as_str().contains(['$', '{', '}', '<', '>', '\\', '`', '\n', '\0']), "{tame}");
            let word = Text::word(bad);
            assert!(word.as_str().chars().all(|c| c.is_alphanumeric() || " .-_".contains(c)), "{word}");
        }
    }

    #[test]
    fn names_stay_what_they_are() {
        assert_eq!(Text::tame("Åsa O'Brien, Växel & Co").as_str(), "Åsa O'Brien, Växel & Co");
        assert_eq!(Text::word("Åsa O'Brien, Växel & Co").as_str(), "Åsa O Brien Växel Co");
        assert_eq!(Text::tame("a & \"b\" 'c'").escaped(), "a &amp; &quot;b&quot; &#39;c&#39;");
    }
}
