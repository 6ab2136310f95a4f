//! Lists: searched, sorted and paged by the server.

use crate::input::{Input, Reader};
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::marker::PhantomData;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};
use utoipa::{IntoParams, ToSchema};
use voxera_store::{Page, Sort};

/// One page of a list, and how long the whole list is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Listed<T> {
    /// This page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

impl<T> Listed<T> {
    /// The store's page as it is shown.
    pub fn of<R>(found: voxera_store::Listed<R>, show: impl FnMut(R) -> T) -> Self {
        Self { items: found.items.into_iter().map(show).collect(), total: found.total }
    }
}

/// A query string, read field by field.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: Input> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut fields = Map::new();
        for (name, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            fields.insert(name.into_owned(), Value::String(value.into_owned()));
        }
        let mut reader = Reader::query(fields);
        let value = T::read(&mut reader);
        reader.finish(value).map(Self)
    }
}

/// What a list may be sorted by.
pub trait Sorting: Send + Sync + 'static {
    /// The names; the first is the default (a leading `-` there: newest first).
    const KEYS: &'static [&'static str];
}

/// Names a list's sort keys: `sorting!(ByNumber: "number", "name")`.
macro_rules! sorting {
    ($name:ident: $($key:literal),+) => {
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl $crate::input::Sorting for $name {
            const KEYS: &'static [&'static str] = &[$($key),+];
        }
    };
}
pub(crate) use sorting;

/// A query parameter that may be left out, as the contract describes it.
pub fn parameter(name: &str, says: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(says))
        .schema(Some(schema))
        .build()
}

/// Which page of a list.
#[derive(Debug, Clone)]
pub struct Paging<K> {
    /// Only what contains this text, without regard to case; at most 100 characters.
    pub search: Option<String>,
    /// One of the list's sort keys.
    pub sort: &'static str,
    /// From the end.
    pub descending: bool,
    /// 1 to 200.
    pub limit: u32,
    /// How many to skip.
    pub offset: u32,
    keys: PhantomData<K>,
}

impl<K> From<Paging<K>> for Page {
    fn from(paging: Paging<K>) -> Self {
        Self {
            search: paging.search,
            sort: Sort { key: paging.sort.to_owned(), descending: paging.descending },
            limit: paging.limit,
            offset: paging.offset,
        }
    }
}

const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 200;
const OFFSET_MAX: u32 = 1_000_000;

impl<K: Sorting> Input for Paging<K> {
    fn read(reader: &mut Reader) -> Option<Self> {
        let search = reader.field::<Option<String>>("search");
        let sort = reader.field::<Option<String>>("sort");
        let limit = reader.field::<Option<u32>>("limit");
        let offset = reader.field::<Option<u32>>("offset");
        let search = search.and_then(|search| match search {
            Some(text) if text.chars().count() > 100 => {
                reader.refuse("search", "too_long", "At most 100 characters.");
                None
            }
            other => Some(other),
        });
        let sort = sort.and_then(|sort| {
            let wanted = sort.as_deref().or(K::KEYS.first().copied()).unwrap_or_default();
            let (name, descending) = wanted.strip_prefix('-').map_or((wanted, false), |name| (name, true));
            let known = K::KEYS.iter().map(|key| key.trim_start_matches('-')).find(|key| *key == name);
            if known.is_none() {
                let keys: Vec<_> = K::KEYS.iter().map(|key| key.trim_start_matches('-')).collect();
                let message = format!("Sort by {}; a leading - turns it round.", keys.join(", "));
                reader.refuse("sort", "sort", message);
            }
            known.map(|key| (key, descending))
        });
        let mut within = |name: &'static str, number: Option<u32>, low: u32, high: u32| {
            let found = number.filter(|number| (low..=high).contains(number));
            if number.is_some() && found.is_none() {
                reader.refuse(name, "range", format!("Write a number from {low} to {high}."));
            }
            found
        };
        let limit = within("limit", limit.map(|limit| limit.unwrap_or(LIMIT)), 1, LIMIT_MAX);
        let offset = within("offset", offset.map(|offset| offset.unwrap_or(0)), 0, OFFSET_MAX);
        let ((sort, descending), search) = (sort?, search?);
        Some(Self { search, sort, descending, limit: limit?, offset: offset?, keys: PhantomData })
    }
}

impl<K: Sorting> IntoParams for Paging<K> {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let keys: Vec<String> = K::KEYS
            .iter()
            .map(|key| key.trim_start_matches('-'))
            .flat_map(|key| [key.to_owned(), format!("-{key}")])
            .collect();
        let sort = ObjectBuilder::new()
            .schema_type(Type::String)
            .default(K::KEYS.first().map(|key| json!(key)))
            .enum_values(Some(keys));
        let number = |low: u32, high: u32, usual: u32| {
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(low))
                .maximum(Some(high))
                .default(Some(json!(usual)))
        };
        vec![
            parameter(
                "search",
                "Only what contains this text, without regard to case.",
                ObjectBuilder::new().schema_type(Type::String).max_length(Some(100)),
            ),
            parameter("sort", "What to sort by; a leading `-` turns it round.", sort),
            parameter("limit", "How many at most.", number(1, LIMIT_MAX, LIMIT)),
            parameter("offset", "How many to skip.", number(0, OFFSET_MAX, 0)),
        ]
    }
}
