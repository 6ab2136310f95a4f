//! Many extensions at once, from a table.

use crate::act::Act;
use crate::customer::extensions::settings;
use crate::input::{Input, PbxPath, Query, Reader, Url, read_all, too_large};
use crate::permit::CustomerAdmin;
use crate::problem::{Answer, FieldError, Problem};
use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::{IntoParams, ToSchema};
use voxera_callflow::ExtensionType;
use voxera_model::{Email, ExtensionId, ExtensionNumber, Name, PbxId, PhoneNumber, UserId};
use voxera_store::{Constraint, NewExtension, Page, StoreError, TenantTx};

/// The largest table, bytes.
pub(crate) const TABLE: usize = 1024 * 1024;
/// The most rows.
const ROWS: usize = 1000;

/// How to import.
#[derive(Debug, Clone, Copy, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Only looks; nothing is made.
    #[param(value_type = Option<bool>)]
    pub dry_run: bool,
}

impl Input for ImportQuery {
    fn read(reader: &mut Reader) -> Option<Self> {
        Some(Self { dry_run: reader.field::<Option<bool>>("dry_run")?.unwrap_or(false) })
    }
}

/// What became of a table, or would.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExtensionImport {
    /// Nothing was made.
    pub dry_run: bool,
    pub rows: Vec<ImportRow>,
    /// Extensions that were made.
    pub created: usize,
    /// Rows with errors.
    pub wrong: usize,
}

/// One row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRow {
    /// In the file; the first is 1, and holds the names of the columns.
    pub line: usize,
    pub number: String,
    pub name: String,
    pub kind: Option<ExtensionType>,
    /// The extension that was made.
    pub id: Option<ExtensionId>,
    /// What cannot be accepted: `field` is the name of a column.
    pub errors: Vec<FieldError>,
}

/// Import extensions from a table (CSV): all of them, or none when a row has an error.
///
/// The first row names the columns: `number`, `name`, and if wanted `kind` (`user`, `hunt_group`, `queue`, `conference`, `external`; empty: `user`), `email` (of a user of the company), `ring_seconds`, `voicemail` (`yes` or `no`), `outside` (the number of an `external`). Comma, semicolon or tab; UTF-8 or Windows-1252; at most 1,000 rows and 1 MB. 422 `validation` when a row has an error: `field` is `/rows/<line>/<column>`.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/import", operation_id = "extensions_import", tag = "Extensions",
    params(PbxPath, ImportQuery),
    request_body(description = "The table.", content((String = "text/csv"))),
    responses((status = 200, description = "What was made; with `dry_run` what would be, with the errors of each row.", body = ExtensionImport),
        (status = 409, description = "The PBX would have more extensions than it may (`extension_limit`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn import(
    admin: CustomerAdmin,
    Url(path): Url<PbxPath>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Answer<Json<ExtensionImport>> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(kind.as_str(), "text/csv" | "application/csv" | "application/vnd.ms-excel" | "text/plain") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send a table",
            "Send the table as CSV, with Content-Type: text/csv.",
        ));
    }
    let sent = read_all(request, &()).await?;
    if sent.len() > TABLE {
        return Err(too_large());
    }
    let table = table(&text(&sent));
    let mut act = admin.open().await?;
    let people = people(&mut act).await?;
    let known = numbers(&mut act, path.pbx).await?;
    let (mut rows, extensions) = read(&table, &people, &known)?;
    let wrong = rows.iter().filter(|row| !row.errors.is_empty()).count();
    if query.dry_run || wrong > 0 {
        if !query.dry_run {
            return Err(refused(&rows));
        }
        return Ok(Json(ExtensionImport { dry_run: true, rows, created: 0, wrong }));
    }
    for (row, new) in rows.iter_mut().zip(extensions) {
        let number = new.number.clone();
        let made = match act.extensions(path.pbx).create(new).await {
            // Somebody was faster.
            Err(StoreError::Conflict(Constraint::ExtensionNumberTaken)) => {
                row.refuse("number", "extension_number_taken", format!("{number} is in use already."));
                return Err(refused(&rows));
            }
            other => other?,
        };
        act.made("extension.create", made.id, &made).await?;
        row.id = Some(made.id);
    }
    act.commit().await?;
    Ok(Json(ExtensionImport { dry_run: false, created: rows.len(), rows, wrong: 0 }))
}

fn refused(rows: &[ImportRow]) -> Problem {
    let errors = rows.iter().flat_map(|row| {
        row.errors
            .iter()
            .map(|error| FieldError { field: format!("/rows/{}/{}", row.line, error.field), ..error.clone() })
    });
    Problem::invalid(errors.collect())
}

impl ImportRow {
    fn refuse(&mut self, column: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError { field: column.to_owned(), code: code.into(), message: message.into() });
    }
}

/// The company's people by address.
async fn people(act: &mut Act<TenantTx<'static>>) -> Answer<BTreeMap<String, UserId>> {
    let mut page = Page::all();
    let mut all = BTreeMap::new();
    loop {
        let found = act.users().list(&page).await?.items;
        let last = found.len() < page.limit as usize;
        all.extend(found.into_iter().map(|user| (user.email.as_str().to_lowercase(), user.id)));
        if last {
            return Ok(all);
        }
        page.offset += page.limit;
    }
}

/// The numbers that the PBX has.
async fn numbers(act: &mut Act<TenantTx<'static>>, pbx: PbxId) -> Answer<BTreeSet<ExtensionNumber>> {
    act.pbxs().get(pbx).await?;
    let mut page = Page::all();
    let mut all = BTreeSet::new();
    loop {
        let found = act.extensions(pbx).list(&page).await?.items;
        let last = found.len() < page.limit as usize;
        all.extend(found.into_iter().map(|extension| extension.number));
        if last {
            return Ok(all);
        }
        page.offset += page.limit;
    }
}

const COLUMNS: [&str; 7] = ["number", "name", "kind", "email", "ring_seconds", "voicemail", "outside"];

fn read(
    table: &[(usize, Vec<String>)],
    people: &BTreeMap<String, UserId>,
    known: &BTreeSet<ExtensionNumber>,
) -> Answer<(Vec<ImportRow>, Vec<NewExtension>)> {
    let refuse = |code: &'static str, why: String| Err(Problem::field("", code, why));
    let Some(((_, head), body)) = table.split_first() else {
        return refuse("empty", "The table is empty.".to_owned());
    };
    let head: Vec<String> = head.iter().map(|name| name.trim().to_lowercase()).collect();
    for name in &head {
        if !COLUMNS.contains(&name.as_str()) {
            let shown: String = name.chars().take(40).collect();
            return refuse(
                "unknown_column",
                format!("There is no column {shown:?}. The columns are {}.", COLUMNS.join(", ")),
            );
        }
    }
    for needed in ["number", "name"] {
        if !head.iter().any(|name| name == needed) {
            return refuse("missing_column", format!("The first row has to name the column {needed}."));
        }
    }
    if body.is_empty() {
        return refuse("empty", "The table has no rows below the names of its columns.".to_owned());
    }
    if body.len() > ROWS {
        return refuse("too_many", format!("Import at most {ROWS} rows at once."));
    }
    let mut seen = known.clone();
    let mut rows = Vec::new();
    let mut extensions = Vec::new();
    for (line, cells) in body {
        let cell = |column: &str| {
            let at = head.iter().position(|name| name == column);
            at.and_then(|at| cells.get(at)).map_or("", |cell| cell.trim())
        };
        let mut row = ImportRow {
            line: *line,
            number: cell("number").chars().take(40).collect(),
            name: cell("name").chars().take(120).collect(),
            kind: None,
            id: None,
            errors: Vec::new(),
        };
        if cells.len() > head.len() {
            row.refuse("number", "cells", "This row has more cells than the first one has columns.");
        }
        extensions.extend(extension(&mut row, &cell, people, &mut seen));
        rows.push(row);
    }
    Ok((rows, extensions))
}

/// The extension of one row; `None` after its errors were noted.
fn extension<'a>(
    row: &mut ImportRow,
    cell: &impl Fn(&str) -> &'a str,
    people: &BTreeMap<String, UserId>,
    seen: &mut BTreeSet<ExtensionNumber>,
) -> Option<NewExtension> {
    let number = ExtensionNumber::parse(cell("number"));
    if let Err(invalid) = &number {
        row.refuse("number", invalid.code, invalid.message.clone());
    }
    if let Ok(number) = &number
        && !seen.insert(number.clone())
    {
        row.refuse("number", "extension_number_taken", format!("{number} is in use already."));
    }
    let name = Name::parse(cell("name"));
    if let Err(invalid) = &name {
        row.refuse("name", invalid.code, invalid.message.clone());
    }
    let user = match cell("email") {
        "" => None,
        text => match Email::parse(text) {
            Err(invalid) => {
                row.refuse("email", invalid.code, invalid.message);
                None
            }
            Ok(email) => {
                let found = people.get(&email.as_str().to_lowercase()).copied();
                if found.is_none() {
                    row.refuse("email", "no_such_user", "The company has no user with this address.");
                }
                found
            }
        },
    };
    row.kind = match cell("kind").to_lowercase().replace([' ', '-'], "_").as_str() {
        "" | "user" => Some(ExtensionType::User),
        "hunt_group" => Some(ExtensionType::HuntGroup),
        "queue" => Some(ExtensionType::Queue),
        "conference" => Some(ExtensionType::Conference),
        "external" => Some(ExtensionType::External),
        _ => {
            row.refuse("kind", "kind", "Write user, hunt_group, queue, conference or external.");
            None
        }
    };
    let kind = row.kind?;
    let sent = settings_of(row, kind, cell);
    let sent = match settings::fresh(Some(&sent)) {
        Ok(sent) => Some(sent),
        Err(problem) => {
            for error in problem.errors() {
                let column = match error.field.rsplit('/').next() {
                    Some("number") => "outside",
                    Some("ring_seconds") => "ring_seconds",
                    _ => "kind",
                };
                row.refuse(column, "settings", error.message.clone());
            }
            None
        }
    };
    if !row.errors.is_empty() {
        return None;
    }
    Some(NewExtension {
        id: ExtensionId(voxera_store::new_id()),
        number: number.ok()?,
        name: name.ok()?,
        user,
        kind: sent?.kind,
        recording: None,
    })
}

fn settings_of<'a>(
    row: &mut ImportRow,
    kind: ExtensionType,
    cell: &impl Fn(&str) -> &'a str,
) -> Map<String, Value> {
    let mut sent = Map::new();
    sent.insert("kind".into(), json!(kind));
    let rings = matches!(kind, ExtensionType::User | ExtensionType::HuntGroup | ExtensionType::Queue);
    match cell("ring_seconds") {
        "" => {}
        _ if !rings => row.refuse("ring_seconds", "kind", "Only people, groups and queues ring."),
        text => match text.parse::<u32>() {
            Ok(seconds) => drop(sent.insert("ring_seconds".into(), json!(seconds))),
            Err(_) => row.refuse("ring_seconds", "number", "Write a number of seconds, 5 to 120."),
        },
    }
    match cell("voicemail").to_lowercase().as_str() {
        "" | "no" | "nej" | "false" | "0" => {}
        "yes" | "ja" | "true" | "1" if kind == ExtensionType::User => {
            sent.insert("mailbox".into(), json!({}));
        }
        "yes" | "ja" | "true" | "1" => row.refuse("voicemail", "kind", "Only people have a mailbox."),
        _ => row.refuse("voicemail", "flag", "Write yes or no."),
    }
    match (cell("outside"), kind) {
        ("", ExtensionType::External) => {
            row.refuse("outside", "required", "Write the number that an external extension leads to.");
        }
        ("", _) => {}
        (number, ExtensionType::External) => match PhoneNumber::parse(number) {
            Ok(number) => drop(sent.insert("number".into(), json!(number))),
            Err(invalid) => row.refuse("outside", invalid.code, invalid.message),
        },
        (_, _) => row.refuse("outside", "kind", "Only external extensions lead outside."),
    }
    sent
}

/// UTF-8, or what spreadsheets in Sweden write otherwise.
fn text(sent: &[u8]) -> String {
    let sent = sent.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sent);
    match std::str::from_utf8(sent) {
        Ok(text) => text.to_owned(),
        // Windows-1252: for letters the same as Latin-1.
        Err(_) => sent.iter().copied().map(char::from).collect(),
    }
}

/// Rows with their line numbers; empty rows are left out. Cells in quotes may hold anything (RFC 4180).
fn table(text: &str) -> Vec<(usize, Vec<String>)> {
    let first = text.lines().next().unwrap_or_default();
    let separator = [';', '\t', ','].into_iter().max_by_key(|c| first.matches(*c).count()).unwrap_or(',');
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut line, mut began) = (false, 1, 1);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push((began, std::mem::take(&mut row)));
                began = line;
            }
            '\r' if !quoted => {}
            letter if letter == separator && !quoted => row.push(std::mem::take(&mut cell)),
            letter => cell.push(letter),
        }
    }
    row.push(cell);
    rows.push((began, row));
    rows.retain(|(_, cells)| cells.iter().any(|cell| !cell.trim().is_empty()));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_come_with_quotes_bom_semicolons_and_old_letters() {
        let rows =
            table(&text(b"\xef\xbb\xbfnumber;name\r\n1001;\"K\xc3\xb6k; \"\"stora\"\"\"\r\n\r\n1002;Bar"));
        let cells = |row: &(usize, Vec<String>)| row.1.join("|");
        assert_eq!(
            rows.iter().map(cells).collect::<Vec<_>>(),
            ["number|name", "1001|Kök; \"stora\"", "1002|Bar"]
        );
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(table(&text(b"number,name\n1001,K\xf6k"))[1].1, ["1001", "Kök"]);
        assert_eq!(table("number\tname\n1\tA\n")[1].1, ["1", "A"]);
    }
}
