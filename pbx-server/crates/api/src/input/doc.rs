//! Parts of a body that are documents of their own: read by their own shape, refused at the place
//! inside them.

use crate::input::Field;
use crate::problem::FieldError;
use serde::de::DeserializeOwned;
use serde_json::Value;
use voxera_model::Invalid;

/// A part of a body in the shape that it is kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc<T>(pub T);

impl<T: DeserializeOwned> Field for Doc<T> {
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid> {
        Self::read_deep(value, from_query).map_err(|refused| {
            let message = refused.into_iter().next().map(|refused| refused.message).unwrap_or_default();
            Invalid::new("document", message)
        })
    }

    fn read_deep(value: Option<&Value>, _from_query: bool) -> Result<Self, Vec<FieldError>> {
        match value {
            None | Some(Value::Null) => Err(vec![FieldError {
                field: String::new(),
                code: "required".into(),
                message: "This field is required.".to_owned(),
            }]),
            Some(value) => parse(value).map(Self).map_err(|refused| vec![refused]),
        }
    }
}

/// A document, or where inside it something cannot be read and why. The place is a JSON pointer
/// that begins at the document.
pub fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = error.path().iter().fold(String::new(), |path, segment| match segment {
            serde_path_to_error::Segment::Seq { index } => format!("{path}/{index}"),
            serde_path_to_error::Segment::Map { key } => format!("{path}/{}", escaped(key)),
            serde_path_to_error::Segment::Enum { variant } => format!("{path}/{variant}"),
            serde_path_to_error::Segment::Unknown => path,
        });
        FieldError { field, code: "document".into(), message: sentence(&error.into_inner().to_string()) }
    })
}

/// A name as it stands in a JSON pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What serde says, as a sentence.
fn sentence(said: &str) -> String {
    let mut letters = said.chars();
    let mut text: String = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    text.push_str(letters.as_str());
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use serde_json::json;
    use voxera_callflow::Routing;

    #[test]
    fn a_document_is_refused_at_the_place_inside_it() {
        let rule = json!({ "id": "a", "name": "", "priority": 1, "enabled": true, "conditions": [],
            "to": { "kind": "hangup" } });
        let refused = parse::<Routing>(&json!({ "rules": [rule] })).unwrap_err();
        assert_eq!(refused.field, "/rules/0/name");
        let refused = parse::<Routing>(&json!({ "rules": [{ "id": "Ä/" }] })).unwrap_err();
        assert_eq!((refused.field.as_str(), refused.code.as_ref()), ("/rules/0/id", "document"));
        assert!(refused.message.ends_with('.') && refused.message.starts_with('U'), "{}", refused.message);
    }
}
