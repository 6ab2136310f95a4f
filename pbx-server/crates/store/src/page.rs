//! Lists: searched, sorted, cut by the database.

use crate::error::{Result, StoreError};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, Row};

/// Which part of a list, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Words that people type: found anywhere, upper and lower case alike. Blank: everything.
    pub search: Option<String>,
    pub sort: Sort,
    /// 1 to 200; other values become the nearest of these.
    pub limit: u32,
    pub offset: u32,
}

/// By what a list is sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sort {
    /// One of the list's own keys; empty: the list's own order.
    pub key: String,
    pub descending: bool,
}

impl Sort {
    /// Reads `name` or `-created_at`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.trim().strip_prefix('-') {
            Some(key) => Self { key: key.to_owned(), descending: true },
            None => Self { key: text.trim().to_owned(), descending: false },
        }
    }
}

impl Default for Page {
    /// The first fifty in the list's own order.
    fn default() -> Self {
        Self { search: None, sort: Sort::default(), limit: 50, offset: 0 }
    }
}

impl Page {
    /// The largest page from the start.
    #[must_use]
    pub fn all() -> Self {
        Self { limit: 200, ..Self::default() }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

/// What a noun's list is made of. All text here is the program's own; what people type is bound.
pub(crate) struct List {
    /// `select` columns and `from`, up to and without `where`.
    pub(crate) select: &'static str,
    /// Key of the API and its SQL; the first is the list's own order. Names sort as in a Swedish
    /// directory, also on a server that is not ours and speaks another language.
    pub(crate) sorts: &'static [(&'static str, &'static str)],
    /// The keys alone, for the error.
    pub(crate) keys: &'static [&'static str],
    /// Whether the list's own order is the newest first.
    pub(crate) newest_first: bool,
    /// Makes equal rows keep their order.
    pub(crate) tie: &'static str,
    /// Text that is searched.
    pub(crate) search: &'static [&'static str],
    /// Numbers that are searched by their digits.
    pub(crate) digits: &'static [&'static str],
}

impl List {
    /// Runs the list; `filter` adds ` and …` conditions with bound values.
    pub(crate) async fn fetch<T>(
        &self,
        conn: &mut PgConnection,
        page: &Page,
        filter: impl Fn(&mut QueryBuilder<Postgres>),
    ) -> Result<Listed<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let order = self.order(&page.sort)?;
        let mut query = QueryBuilder::new("select count(*) over () as list_total, ");
        query.push(self.select).push(" where true");
        filter(&mut query);
        self.push_search(&mut query, page.search.as_deref());
        query.push(" order by ").push(order);
        let newest_first = page.sort.key.is_empty() && self.newest_first;
        query.push(if page.sort.descending || newest_first { " desc nulls last" } else { " asc" });
        query.push(", ").push(self.tie);
        query.push(" limit ").push_bind(i64::from(page.limit.clamp(1, 200)));
        query.push(" offset ").push_bind(i64::from(page.offset));
        let rows = query.build().fetch_all(&mut *conn).await?;
        let total = match rows.first() {
            Some(row) => row.try_get::<i64, _>("list_total")?,
            None if page.offset == 0 => 0,
            None => {
                let mut query = QueryBuilder::new("select count(*) from (select ");
                query.push(self.select).push(" where true");
                filter(&mut query);
                self.push_search(&mut query, page.search.as_deref());
                query.push(") counted");
                query.build_query_scalar().fetch_one(&mut *conn).await?
            }
        };
        let items = rows.iter().map(T::from_row).collect::<std::result::Result<_, _>>()?;
        Ok(Listed { items, total: u64::try_from(total).unwrap_or_default() })
    }

    fn order(&self, sort: &Sort) -> Result<&'static str> {
        let wanted = if sort.key.is_empty() { self.sorts.first() } else { None };
        wanted
            .or_else(|| self.sorts.iter().find(|(key, _)| *key == sort.key))
            .map(|(_, sql)| *sql)
            .ok_or_else(|| StoreError::UnknownSort { key: sort.key.clone(), known: self.keys })
    }

    fn push_search(&self, query: &mut QueryBuilder<Postgres>, search: Option<&str>) {
        let Some(text) = search.map(str::trim).filter(|text| !text.is_empty()) else { return };
        // The database keeps no such character, and refuses it in a value too.
        if text.contains('\0') {
            query.push(" and false");
            return;
        }
        let pattern = like(text);
        query.push(" and (false");
        for column in self.search {
            // Whatever the database's own language is, Å is the great å.
            query.push(" or ").push(column).push(" collate \"sv-x-icu\" ilike ").push_bind(pattern.clone());
        }
        if let Some(digits) = digits(text) {
            for column in self.digits {
                query.push(" or ").push(column).push(" like ").push_bind(format!("%{digits}%"));
            }
        }
        query.push(")");
    }
}

/// A pattern that finds `text` itself anywhere: `%` and `_` stand for themselves.
fn like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The digits of a number as it is stored, whichever way it was typed: `08-12` finds `+4681…2`.
/// `None` when the text is no number.
fn digits(text: &str) -> Option<String> {
    let number = text.chars().all(|c| c.is_ascii_digit() || " +-()/\u{a0}".contains(c));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let stored = digits.trim_start_matches('0');
    (number && !stored.is_empty()).then(|| stored.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_that_people_type_stand_for_themselves() {
        assert_eq!(like(r"100%_\a"), r"%100\%\_\\a%");
    }

    #[test]
    fn a_number_is_found_however_it_is_typed() {
        assert_eq!(digits("08-123 45"), Some("812345".into()));
        assert_eq!(digits("+46 8 123"), Some("468123".into()));
        assert_eq!(digits("anna"), None);
        assert_eq!(digits("--"), None);
    }

    #[test]
    fn a_sort_is_a_key_with_a_sign() {
        assert_eq!(Sort::parse("-created_at"), Sort { key: "created_at".into(), descending: true });
        assert_eq!(Sort::parse("name"), Sort { key: "name".into(), descending: false });
        assert_eq!(Sort::parse(""), Sort::default());
    }
}
