//! One field at a time.

use crate::problem::{FieldError, Problem};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;
use voxera_model::{
    AccountId, AudioId, Colour, CustomerId, Email, Engine, ExtensionId, ExtensionNumber, FlowId, Invalid,
    Locale, Name, OrgNumber, PbxId, PhoneNumber, Pin, Realm, Role, Slug, Status, TenantId, UserId, Zone,
};

/// Where the fields come from; decides how a field is named and whether text may stand for a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Body,
    Query,
}

/// Reads the fields of one object and collects what is wrong with them.
#[derive(Debug)]
pub struct Reader {
    source: Source,
    fields: Map<String, Value>,
    known: BTreeSet<&'static str>,
    errors: Vec<FieldError>,
}

impl Reader {
    pub(super) fn body(fields: Map<String, Value>) -> Self {
        Self { source: Source::Body, fields, known: BTreeSet::new(), errors: Vec::new() }
    }

    pub(super) fn query(fields: Map<String, Value>) -> Self {
        Self { source: Source::Query, fields, known: BTreeSet::new(), errors: Vec::new() }
    }

    /// The value of a field, or `None` after its refusal was noted.
    pub fn field<T: Field>(&mut self, name: &'static str) -> Option<T> {
        self.known.insert(name);
        let from_query = self.source == Source::Query;
        match T::read_deep(self.fields.get(name), from_query) {
            Ok(value) => Some(value),
            Err(refused) => {
                for inner in refused {
                    self.refuse_inside(name, inner);
                }
                None
            }
        }
    }

    /// Notes a refusal of a field.
    pub fn refuse(&mut self, name: &str, code: impl Into<Cow<'static, str>>, message: impl Into<String>) {
        let field = match self.source {
            Source::Body => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            Source::Query => format!("?{name}"),
        };
        self.errors.push(FieldError { field, code: code.into(), message: message.into() });
    }

    fn refuse_inside(&mut self, name: &str, inner: FieldError) {
        self.refuse(name, inner.code, inner.message);
        if let Some(noted) = self.errors.last_mut() {
            noted.field.push_str(&inner.field);
        }
    }

    /// All refusals, those of unknown fields too.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        let unknown: Vec<String> =
            self.fields.keys().filter(|key| !self.known.contains(key.as_str())).cloned().collect();
        for name in unknown {
            let shown: String = name.chars().take(60).collect();
            self.refuse(&shown, "unknown_field", "There is no such field here.");
        }
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            Some(_) | None => Err(match self.source {
                Source::Body => Problem::invalid(self.errors),
                Source::Query => Problem::bad_query(self.errors),
            }),
        }
    }
}

/// A type that one field can hold.
pub trait Field: Sized {
    /// Reads the value; `None`: the field is absent. In a query every value is text.
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid>;

    /// The same for what has fields of its own: each refusal with its place inside the field.
    fn read_deep(value: Option<&Value>, from_query: bool) -> Result<Self, Vec<FieldError>> {
        Self::read(value, from_query).map_err(|invalid| {
            vec![FieldError { field: String::new(), code: invalid.code.into(), message: invalid.message }]
        })
    }
}

fn missing() -> Invalid {
    Invalid::new("required", "This field is required.")
}

fn text(value: Option<&Value>) -> Result<&str, Invalid> {
    match value {
        None | Some(Value::Null) => Err(missing()),
        Some(Value::String(text)) if text.contains('\0') => {
            Err(Invalid::new("text", "Text cannot contain a NUL character."))
        }
        Some(Value::String(text)) => Ok(text),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Invalid::new("type", "This field is a text."))
        }
    }
}

macro_rules! text_fields {
    ($($name:ty),+ $(,)?) => {$(
        impl Field for $name {
            fn read(value: Option<&Value>, _from_query: bool) -> Result<Self, Invalid> {
                <$name>::from_str(text(value)?)
            }
        }
    )+};
}
text_fields!(
    Email,
    Realm,
    Slug,
    OrgNumber,
    ExtensionNumber,
    PhoneNumber,
    Name,
    Colour,
    Locale,
    Role,
    Status,
    Engine,
    Pin
);

macro_rules! id_fields {
    ($($name:ty),+ $(,)?) => {$(
        impl Field for $name {
            fn read(value: Option<&Value>, _from_query: bool) -> Result<Self, Invalid> {
                <$name>::from_str(text(value)?).map_err(|_| Invalid::new("id", "This field is an id (a UUID)."))
            }
        }
    )+};
}
id_fields!(AccountId, AudioId, CustomerId, ExtensionId, FlowId, PbxId, TenantId, UserId);

impl Field for Zone {
    fn read(value: Option<&Value>, _from_query: bool) -> Result<Self, Invalid> {
        let zone = Self::parse(text(value)?)?;
        zone.as_str()
            .parse::<chrono_tz::Tz>()
            .map(|_| zone)
            .map_err(|_| Invalid::new("time_zone", "There is no such time zone. Example: Europe/Stockholm."))
    }
}

impl Field for String {
    fn read(value: Option<&Value>, _from_query: bool) -> Result<Self, Invalid> {
        let text = text(value)?.trim();
        if text.chars().count() > 500 {
            return Err(Invalid::new("too_long", "At most 500 characters."));
        }
        Ok(text.to_owned())
    }
}

impl Field for u32 {
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid> {
        let refuse = || Invalid::new("number", "This field is a whole number from 0 to 4294967295.");
        match value {
            None | Some(Value::Null) => Err(missing()),
            Some(Value::Number(number)) => {
                number.as_u64().and_then(|n| Self::try_from(n).ok()).ok_or_else(refuse)
            }
            Some(Value::String(text)) if from_query => text.parse().map_err(|_| refuse()),
            Some(Value::String(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(refuse()),
        }
    }
}

impl Field for u64 {
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid> {
        let refuse = || Invalid::new("number", "This field is a whole number, 0 or more.");
        match value {
            None | Some(Value::Null) => Err(missing()),
            Some(Value::Number(number)) => number.as_u64().ok_or_else(refuse),
            Some(Value::String(text)) if from_query => text.parse().map_err(|_| refuse()),
            Some(Value::String(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(refuse()),
        }
    }
}

impl Field for bool {
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid> {
        match value {
            None | Some(Value::Null) => Err(missing()),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if from_query && text == "true" => Ok(true),
            Some(Value::String(text)) if from_query && text == "false" => Ok(false),
            Some(Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Invalid::new("flag", "This field is true or false."))
            }
        }
    }
}

impl Field for chrono::DateTime<chrono::Utc> {
    fn read(value: Option<&Value>, _from_query: bool) -> Result<Self, Invalid> {
        chrono::DateTime::parse_from_rfc3339(text(value)?)
            .map(|time| time.to_utc())
            .map_err(|_| Invalid::new("time", "Write a time as 2026-11-21T08:00:00Z."))
    }
}

impl<T: Field> Field for Option<T> {
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid> {
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if from_query && text.is_empty() => Ok(None),
            Some(_) => T::read(value, from_query).map(Some),
        }
    }

    fn read_deep(value: Option<&Value>, from_query: bool) -> Result<Self, Vec<FieldError>> {
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if from_query && text.is_empty() => Ok(None),
            Some(_) => T::read_deep(value, from_query).map(Some),
        }
    }
}

/// A change of a value that may be empty: absent keeps it, `null` empties it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// The field was not sent.
    #[default]
    Keep,
    /// The field was `null`.
    Clear,
    /// The field has a new value.
    Set(T),
}

impl<T> Change<T> {
    /// `None`: keep; `Some(None)`: clear; `Some(Some(_))`: set.
    #[expect(clippy::option_option, reason = "the store's changes are written so")]
    pub fn into_option(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }
}

impl<T: Field> Field for Change<T> {
    fn read(value: Option<&Value>, from_query: bool) -> Result<Self, Invalid> {
        match value {
            None => Ok(Self::Keep),
            Some(Value::Null) => Ok(Self::Clear),
            Some(_) => T::read(value, from_query).map(Self::Set),
        }
    }

    fn read_deep(value: Option<&Value>, from_query: bool) -> Result<Self, Vec<FieldError>> {
        match value {
            None => Ok(Self::Keep),
            Some(Value::Null) => Ok(Self::Clear),
            Some(_) => T::read_deep(value, from_query).map(Self::Set),
        }
    }
}

/// A password or a one-time token: never shown, never logged, at most 1000 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Field for Secret {
    fn read(value: Option<&Value>, _from_query: bool) -> Result<Self, Invalid> {
        let text = text(value)?;
        if text.is_empty() {
            return Err(missing());
        }
        if text.len() > 1000 {
            return Err(Invalid::new("too_long", "At most 1000 bytes."));
        }
        Ok(Self(text.to_owned()))
    }
}
