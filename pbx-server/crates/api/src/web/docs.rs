//! The contract as a page to read: written by the server, without a script.

use crate::contract;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::sync::LazyLock;

const STYLE: &str = include_str!("docs.css");

static PAGE: LazyLock<String> = LazyLock::new(|| write(contract::document()).unwrap_or_default());

/// `/docs`.
pub(super) async fn page() -> Html<&'static str> {
    Html(PAGE.as_str())
}

/// `/docs/style.css`.
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// Text that is no markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text with `code` and **strong** and paragraphs, as the contract's descriptions have it.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let mut line = String::new();
        for (at, part) in escape(paragraph).split('`').enumerate() {
            if at % 2 == 1 {
                line.extend(["<code>", part, "</code>"]);
            } else {
                for (at, part) in part.split("**").enumerate() {
                    line.extend(if at % 2 == 1 { ["<strong>", part, "</strong>"] } else { ["", part, ""] });
                }
            }
        }
        html.extend(["<p>", &line, "</p>"]);
    }
    html
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn write(document: &Value) -> Result<String, std::fmt::Error> {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Voxera API</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>",
    );
    let tags: Vec<&Value> = document["tags"].as_array().into_iter().flatten().collect();
    html.push_str("<nav aria-label=\"Contents\"><strong>Voxera API</strong><ul>");
    for tag in &tags {
        let name = escape(text(tag, "name"));
        write!(html, "<li><a href=\"#tag-{name}\">{name}</a></li>")?;
    }
    html.push_str("<li><a href=\"#schemas\">Schemas</a></li><li><a href=\"/openapi.json\">openapi.json</a></li></ul></nav><main>");
    write!(html, "<h1>Voxera API</h1>{}", prose(text(&document["info"], "description")))?;
    for tag in &tags {
        let name = text(tag, "name");
        let shown = escape(name);
        write!(html, "<section><h2 id=\"tag-{shown}\">{shown}</h2>{}", prose(text(tag, "description")))?;
        for (path, item) in entries(&document["paths"]) {
            for (method, operation) in entries(item) {
                if operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == name)) {
                    write_operation(&mut html, path, method, operation)?;
                }
            }
        }
        html.push_str("</section>");
    }
    html.push_str("<section><h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let name = escape(name);
        write!(html, "<details id=\"schema-{name}\"><summary><code>{name}</code></summary>")?;
        html.push_str(&prose(text(schema, "description")));
        write_schema(&mut html, schema)?;
        html.push_str("</details>");
    }
    html.push_str("</section></main></body></html>");
    Ok(html)
}

fn write_operation(html: &mut String, path: &str, method: &str, operation: &Value) -> std::fmt::Result {
    let (id, permission) = (escape(text(operation, "operationId")), escape(text(operation, "x-permission")));
    write!(
        html,
        "<details id=\"{id}\"><summary><b class=\"method {method}\">{}</b> <code>{}</code> <span>{}</span></summary>",
        method.to_uppercase(),
        escape(path),
        escape(text(operation, "summary")),
    )?;
    html.push_str(&prose(text(operation, "description")));
    write!(html, "<p>Permission: <code>{permission}</code></p>")?;
    if let Some(parameters) = operation["parameters"].as_array().filter(|list| !list.is_empty()) {
        html.push_str("<h3>Parameters</h3><table>");
        for parameter in parameters {
            write!(
                html,
                "<tr><th><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(text(parameter, "name")),
                escape(text(parameter, "in")),
                kind(&parameter["schema"]),
                prose(text(parameter, "description")),
            )?;
        }
        html.push_str("</table>");
    }
    for (media, content) in entries(&operation["requestBody"]["content"]) {
        write!(html, "<h3>Body</h3><p><code>{}</code> {}</p>", escape(media), kind(&content["schema"]))?;
    }
    html.push_str("<h3>Answers</h3><table>");
    for (status, response) in entries(&operation["responses"]) {
        let response = match response["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
            Some(name) => &contract::document()["components"]["responses"][name],
            None => response,
        };
        let body = entries(&response["content"]).map(|(_, content)| kind(&content["schema"])).last();
        let (says, body) = (text(response, "description"), body.unwrap_or_default());
        write!(html, "<tr><th>{status}</th><td>{body}</td><td>{}</td></tr>", prose(says))?;
    }
    html.push_str("</table></details>");
    Ok(())
}

/// A schema in one line, with a link where it has a name.
fn kind(schema: &Value) -> String {
    if let Some(to) = schema["$ref"].as_str() {
        let name = escape(to.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    let several = ["oneOf", "allOf", "anyOf"].iter().find_map(|key| schema[*key].as_array());
    if let Some(several) = several {
        return several.iter().map(kind).collect::<Vec<_>>().join(" | ");
    }
    let name = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "object".to_owned(),
    };
    if name == "array" {
        return format!("array of {}", kind(&schema["items"]));
    }
    let mut shown = escape(&name);
    if let Some(format) = schema["format"].as_str() {
        shown.extend([" (", &escape(format), ")"]);
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).map(escape).collect();
        shown.extend([": <code>", &values.join("</code>, <code>"), "</code>"]);
    }
    shown
}

fn write_schema(html: &mut String, schema: &Value) -> std::fmt::Result {
    let parts: Vec<&Value> = match schema["allOf"].as_array() {
        Some(parts) => parts.iter().collect(),
        None => vec![schema],
    };
    html.push_str("<table>");
    for part in parts {
        if part["properties"].is_null() {
            write!(html, "<tr><td colspan=\"3\">{}</td></tr>", kind(part))?;
        }
        let required: Vec<_> = part["required"].as_array().into_iter().flatten().collect();
        for (name, property) in entries(&part["properties"]) {
            let mark = if required.iter().any(|one| *one == name) { "" } else { " <i>optional</i>" };
            write!(
                html,
                "<tr><th><code>{}</code>{mark}</th><td>{}</td><td>{}</td></tr>",
                escape(name),
                kind(property),
                prose(text(property, "description")),
            )?;
        }
    }
    html.push_str("</table>");
    Ok(())
}
