//! Calls as a file for a spreadsheet.

use crate::customer::calls::{Call, HungUpBy};
use crate::permit::CustomerReader;
use crate::problem::Answer;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use voxera_store::{CallFilter, Page};

const HEAD: &str = "started_at,answered_at,ended_at,from_number,from_name,from_extension,to_number,to_name,to_extension,\
                    outcome,hung_up_by,duration_seconds,talk_seconds,codec\r\n";
const ROWS: u32 = 200;

/// All calls that match, a page at a time: nobody who reads slowly holds a connection to the
/// database. Calls that begin after the request are left out, so that pages do not move.
pub(super) fn file(reader: CustomerReader, page: Page, filter: CallFilter) -> Response {
    let now = Utc::now();
    let filter = CallFilter { to: Some(filter.to.map_or(now, |to| to.min(now))), ..filter };
    let first = Page { limit: ROWS, offset: 0, ..page };
    let rows = stream::try_unfold(Some(first), move |next| {
        let (reader, filter) = (reader.clone(), filter.clone());
        async move {
            let Some(page) = next else { return Ok::<_, std::io::Error>(None) };
            let (text, more) = rows(&reader, &page, &filter).await.map_err(|problem| {
                std::io::Error::other(format!("the list ends early: {}", problem.status()))
            })?;
            let next = more.then(|| Page { offset: page.offset + ROWS, ..page });
            Ok(Some((Bytes::from(text), next)))
        }
    });
    // The mark tells spreadsheets that the text is UTF-8.
    let head = stream::once(async { Ok(Bytes::from(format!("\u{feff}{HEAD}"))) });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"calls.csv\""),
    ];
    (headers, Body::from_stream(head.chain(rows).into_stream())).into_response()
}

async fn rows(reader: &CustomerReader, page: &Page, filter: &CallFilter) -> Answer<(String, bool)> {
    let mut act = reader.open().await?;
    let found = act.calls().list(page, filter).await?;
    let more = found.items.len() == ROWS as usize;
    Ok((found.items.into_iter().map(Call::show).map(|call| row(&call)).collect(), more))
}

fn row(call: &Call) -> String {
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let cells = [
        time(call.started_at),
        call.answered_at.map(time).unwrap_or_default(),
        time(call.ended_at),
        call.from.number.clone(),
        call.from.name.as_ref().map(ToString::to_string).unwrap_or_default(),
        call.from.extension.as_ref().map(ToString::to_string).unwrap_or_default(),
        call.to.number.clone(),
        call.to.name.as_ref().map(ToString::to_string).unwrap_or_default(),
        call.to.extension.as_ref().map(ToString::to_string).unwrap_or_default(),
        call.outcome.as_str().to_owned(),
        match call.hung_up_by {
            HungUpBy::Caller => "caller",
            HungUpBy::Callee => "callee",
            HungUpBy::System => "system",
        }
        .to_owned(),
        call.duration_seconds.to_string(),
        call.talk_seconds.to_string(),
        call.codec.clone().unwrap_or_default(),
    ];
    let mut line = cells.map(|text| cell(&text)).join(",");
    line.push_str("\r\n");
    line
}

/// One cell: what a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r', '\n']);
    let guarded = if formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\r', '\n', ';']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, expected) in [
            ("1001", "1001"),
            ("+4681234567", "'+4681234567"),
            ("=1+1", "'=1+1"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "' =1"),
            ("Öberg, Anna", "\"Öberg, Anna\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
