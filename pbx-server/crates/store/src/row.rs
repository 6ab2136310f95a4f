//! From a row to a record: text columns become values of the model, or an error that names the column.

use sqlx::postgres::PgRow;
use sqlx::{ColumnIndex, Decode, Postgres, Row, Type};
use std::fmt::Display;
use std::str::FromStr;

type Outcome<T> = Result<T, sqlx::Error>;

fn refuse(column: &str, error: impl Display) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: error.to_string().into() }
}

/// Reads columns by name.
pub(crate) trait Columns {
    fn raw<'r, T: Decode<'r, Postgres> + Type<Postgres>>(&'r self, column: &'static str) -> Outcome<T>;

    /// A text column that is a value of the model.
    fn parsed<T: FromStr<Err: Display>>(&self, column: &'static str) -> Outcome<T> {
        self.raw::<&str>(column)?.parse().map_err(|e| refuse(column, e))
    }

    /// The same, where the column may be null.
    fn maybe<T: FromStr<Err: Display>>(&self, column: &'static str) -> Outcome<Option<T>> {
        let text: Option<&str> = self.raw(column)?;
        text.map(|text| text.parse().map_err(|e| refuse(column, e))).transpose()
    }

    /// A count or version, which is never negative.
    fn unsigned<T: TryFrom<i64>>(&self, column: &'static str) -> Outcome<T> {
        T::try_from(self.raw::<i64>(column)?).map_err(|_| refuse(column, "negative or too large"))
    }

    /// A `jsonb` column as a value that knows serde.
    fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Outcome<T> {
        let value: serde_json::Value = self.raw(column)?;
        serde_json::from_value(value).map_err(|e| refuse(column, e))
    }

    /// The same, where the column may be null.
    fn maybe_json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Outcome<Option<T>> {
        let value: Option<serde_json::Value> = self.raw(column)?;
        value.map(|value| serde_json::from_value(value).map_err(|e| refuse(column, e))).transpose()
    }

    /// A whole number that is never negative, such as milliseconds.
    fn whole<T: TryFrom<i32>>(&self, column: &'static str) -> Outcome<T> {
        T::try_from(self.raw::<i32>(column)?).map_err(|_| refuse(column, "negative or too large"))
    }

    /// The same, where the column may be null.
    fn maybe_whole<T: TryFrom<i32>>(&self, column: &'static str) -> Outcome<Option<T>> {
        let number: Option<i32> = self.raw(column)?;
        number.map(|number| T::try_from(number).map_err(|_| refuse(column, "negative"))).transpose()
    }

    /// A text column that is a unit variant of an enum that knows serde.
    fn word<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Outcome<T> {
        let text: String = self.raw(column)?;
        serde_json::from_value(serde_json::Value::String(text)).map_err(|e| refuse(column, e))
    }
}

impl Columns for PgRow {
    fn raw<'r, T: Decode<'r, Postgres> + Type<Postgres>>(&'r self, column: &'static str) -> Outcome<T>
    where
        &'static str: ColumnIndex<Self>,
    {
        self.try_get(column)
    }
}

/// The text of a unit variant, for a text column.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

/// What a `jsonb` column keeps of a value.
pub(crate) fn document(value: &impl serde::Serialize) -> Result<serde_json::Value, sqlx::Error> {
    serde_json::to_value(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// A count in the form that the database keeps; what is too large becomes what it would refuse.
pub(crate) fn integer(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// An address in the text form that `inet` reads.
pub(crate) fn address(value: Option<std::net::IpAddr>) -> Option<String> {
    value.map(|address| address.to_string())
}

/// Hexadecimal digits, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
