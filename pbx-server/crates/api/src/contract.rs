//! The contract: what `contracts/openapi.yaml` holds.

use crate::api::Api;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

/// All operations of `/api/v1`, with their descriptions.
pub(crate) fn operations() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Info::openapi())
        .merge(crate::auth::routes())
        .merge(crate::me::routes())
        .merge(crate::platform::routes())
        .merge(crate::tenant::routes())
        .merge(crate::customer::routes())
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Voxera",
        version = "1",
        description = "Telephony for companies: partners (tenants), their customers, users, PBXs, \
            extensions, phones, numbers and calls.\n\n\
            **Permission.** Every operation names the least role that may use it in `x-permission`: \
            `public`, `signed_in`, `manager`, `customer_admin`, `tenant_admin`, `platform_admin`. A role \
            further up may too. What belongs to somebody else answers 404; what is yours but needs a \
            larger role answers 403 with code `forbidden` and `needed_role`.\n\n\
            **Errors** are problem details (RFC 9457) with a stable `code`; 422 lists every field that \
            cannot be accepted.\n\n\
            **Creates** take an `Idempotency-Key`: the same key and body within 24 hours answers what the \
            first request answered.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(crate::problem::Problem, crate::problem::FieldError, crate::input::FlowRef)),
    tags(
        (name = "Sign-in", description = "Accounts, sessions, invitations."),
        (name = "Brand", description = "The face of a tenant."),
        (name = "Me", description = "What is mine."),
        (name = "Platform", description = "This installation."),
        (name = "Tenants", description = "Partners with their own brand."),
        (name = "Tenant", description = "One partner: staff, overview, audit."),
        (name = "Customers", description = "Companies of a tenant."),
        (name = "Customer", description = "One company: overview, events, audit."),
        (name = "Users", description = "People of a company, and what they may do."),
        (name = "PBXs", description = "Cloud PBXs of a company."),
        (name = "Extensions", description = "Dialable numbers inside one PBX."),
        (name = "Flows", description = "Routing rules and menus: drafts, versions, checks, simulation."),
        (name = "Queues", description = "Who waits, and who could answer."),
        (name = "Audio", description = "Uploaded sounds: greetings, announcements, music."),
        (name = "Messages", description = "Messages in mailboxes."),
        (name = "Recordings", description = "Recorded calls."),
        (name = "Callbacks", description = "Callers who asked to be called back."),
        (name = "Trunks", description = "Lines to the public network."),
        (name = "Devices", description = "Phones and their credentials."),
        (name = "Calls", description = "Calls that are up, calls that are over."),
        (name = "Numbers", description = "Public numbers of a company."),
    )
)]
struct Info;

/// The contract as a value.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(build);
    &DOCUMENT
}

fn build() -> Value {
    let (_, document) = operations().split_for_parts();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        // A generic schema repeats its parameter; here it points to it.
        for (name, schema) in schemas {
            if let (Some(of), Some(items)) =
                (name.strip_prefix("Listed_"), schema.pointer_mut("/properties/items"))
            {
                items["items"] = json!({ "$ref": format!("#/components/schemas/{of}") });
            }
        }
    }
    if let Some(components) = document.get_mut("components") {
        components["securitySchemes"] = json!({
            "access_token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "The access token of a sign-in; valid for 5 minutes." },
            "refresh_cookie": { "type": "apiKey", "in": "cookie", "name": "voxera_refresh",
                "description": "Set by the sign-in; HttpOnly, only for /api/v1/auth." }
        });
    }
    let responses: Map<String, Value> = ERRORS
        .iter()
        .map(|(_, name, says)| {
            let content = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
            let response = json!({ "description": says, "content": { "application/problem+json": content } });
            ((*name).to_owned(), response)
        })
        .collect();
    document["components"]["responses"] = Value::Object(responses);
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths {
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                complete(path, operation);
            }
        }
    }
    document
}

/// The problems that follow from an operation's kind.
const ERRORS: [(u16, &str, &str); 11] = [
    (
        400,
        "BadRequest",
        "Query parameters that cannot be accepted (`validation`), all at once in `errors`; or a \
        body that is no JSON (`json_syntax`) or did not arrive whole (`body_incomplete`).",
    ),
    (401, "Unauthenticated", "No valid access token (`unauthenticated`)."),
    (403, "Forbidden", "Your role does not allow this (`forbidden`); `needed_role` says which does."),
    (404, "NotFound", "There is no such thing, or it is not yours (`not_found`)."),
    (409, "Conflict", "It contradicts what is there already; `code` and `errors` say what."),
    (413, "TooLarge", "The body is too large (`too_large`)."),
    (415, "UnsupportedMediaType", "The body has another type (`unsupported_media_type`)."),
    (422, "Invalid", "Fields that cannot be accepted (`validation`), all at once in `errors`."),
    (429, "TooMany", "Too many requests (`rate_limited`); `Retry-After` says when to come back."),
    (500, "Internal", "Our fault (`internal`); the log knows it by `request_id`."),
    (503, "Unavailable", "The database cannot be reached (`database_unavailable`); phones and calls go on."),
];

/// Adds what follows from the operation's kind: its errors, its security, its idempotency key, and
/// in words who may use it.
fn complete(path: &str, operation: &mut Value) {
    let permission = operation["x-permission"].as_str().unwrap_or_default().to_owned();
    let may = match permission.as_str() {
        "public" => "Needs no sign-in.".to_owned(),
        "signed_in" => "For everybody who is signed in, about themselves.".to_owned(),
        role => format!("Needs the role `{role}`, or one that stands above it."),
    };
    let more = operation["description"].as_str().map(|more| format!("{}\n\n", more.trim_end()));
    operation["description"] = json!(format!("{}{may}", more.unwrap_or_default()));
    let signed_in = permission != "public";
    if signed_in {
        operation["security"] = json!([{ "access_token": [] }]);
    }
    let has_body = operation.get("requestBody").is_some();
    let in_query = |list: &Vec<Value>| list.iter().any(|parameter| parameter["in"] == "query");
    let has_query = operation["parameters"].as_array().is_some_and(in_query);
    let creates = operation["x-idempotent"] == json!(true);
    if creates {
        let key = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "1 to 100 printable characters of your choice; a repeat answers what the first answered.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 100 }
        });
        match operation["parameters"].as_array_mut() {
            Some(list) => list.push(key),
            None => operation["parameters"] = json!([key]),
        }
    }
    for (status, name, _) in ERRORS {
        let happens = match status {
            400 => has_body || has_query,
            413 | 415 | 422 => has_body,
            401 => signed_in,
            403 => signed_in && permission != "signed_in",
            404 => path.contains('{'),
            409 => creates,
            _ => true,
        };
        if happens && operation["responses"].get(status.to_string()).is_none() {
            operation["responses"][status.to_string()] =
                json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
}

/// The contract as YAML, as it is checked in as `contracts/openapi.yaml`.
#[must_use]
pub fn contract() -> String {
    let body = yaml_serde::to_string(document()).unwrap_or_default();
    format!("# Generated by `voxera openapi`; do not edit.\n{body}")
}
