//! The `OpenAPI` 3.1 document: put together from what stands beside each handler, plus what holds for all of them.
//!
//! *Must hold*: the document is the same for the same code, and names every address that the router serves under
//! `/api/v1`. Examples of problems are made by the code that answers them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use guichet_accounts::Scope;
use guichet_web::body::{self, BytesMax};
use guichet_web::{Fault, Kind, Problem, bearer, cookie, problem};
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, SecurityRequirement};
use utoipa::{IntoParams, IntoResponses, OpenApi as _, ToSchema};

use crate::events::Event;
use crate::routes;

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is documentation: `guichet_web::Paging` reads them")]
pub(crate) struct Paged {
    /// How many items at most.
    #[param(minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(example = "dQAAAAAAAAAR")]
    cursor: Option<String>,
}

/// Octets as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct Octets(Vec<u8>);

/// The problems of a change by merge patch.
pub(crate) struct Patched;
/// The problems of a JSON object that is posted.
pub(crate) struct Posted;
/// The problem of what is not possible in the state in which something is.
pub(crate) struct Refused;
/// The problems of a file that is posted.
pub(crate) struct Streamed;
/// The problem of a change that may depend on a version.
pub(crate) struct Conditional;
/// The problem of everything that is stored.
pub(crate) struct Stored;
/// The problem of what can be open so many times.
pub(crate) struct TooMany;
/// The problem of what can be tried so often.
pub(crate) struct Throttled;
/// The problem of one who is not let in.
pub(crate) struct Unadmitted;

impl IntoResponses for Patched {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[
            ("400", "BadRequest"),
            ("408", "RequestTimeout"),
            ("412", "PreconditionFailed"),
            ("413", "ContentTooLarge"),
            ("415", "UnsupportedMediaType"),
            ("422", "UnprocessableContent"),
        ])
    }
}

impl IntoResponses for Posted {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[
            ("400", "BadRequest"),
            ("408", "RequestTimeout"),
            ("413", "ContentTooLarge"),
            ("415", "UnsupportedMediaType"),
            ("422", "UnprocessableContent"),
        ])
    }
}

impl IntoResponses for Streamed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[
            ("400", "BadRequest"),
            ("408", "RequestTimeout"),
            ("413", "ContentTooLarge"),
            ("422", "UnprocessableContent"),
        ])
    }
}

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[("422", "UnprocessableContent")])
    }
}

impl IntoResponses for Conditional {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[("412", "PreconditionFailed")])
    }
}

impl IntoResponses for Stored {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[("507", "InsufficientStorage")])
    }
}

impl IntoResponses for TooMany {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[("429", "TooManyRequests")])
    }
}

impl IntoResponses for Throttled {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[("429", "TooManyRequests")])
    }
}

impl IntoResponses for Unadmitted {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&[("401", "Unauthenticated")])
    }
}

fn references(problems: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let reference =
        |(status, name): &(&str, &str)| ((*status).to_owned(), RefOr::Ref(Ref::from_response_name(*name)));
    problems.iter().map(reference).collect()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Guichet",
        description = "Mail that becomes tickets. Times are RFC 3339 in UTC. Lists are pages: follow `next_cursor`. \
                       Whatever a token may not see does not exist for it.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    tags(
        (name = "tickets", description = "Conversations with those who write"),
        (name = "messages", description = "The mails of a ticket"),
        (name = "drafts", description = "What you have written and not sent"),
        (name = "deliveries", description = "What becomes of mail that goes out"),
        (name = "contacts", description = "Those who write"),
        (name = "views", description = "Lists of tickets under a name"),
        (name = "settings", description = "How the organisation is set up"),
        (name = "sign-in", description = "Logging in, and one's own account"),
        (name = "people", description = "Who works in the organisation"),
        (name = "quarantine", description = "Mail that is kept aside"),
        (name = "events", description = "What happens, as it happens"),
        (name = "operator", description = "The server as a whole, for who runs it"),
        (name = "meta", description = "The API itself"),
    ),
    components(schemas(problem::Document<'static>, Event)),
)]
struct Head;

/// The document before the first address.
pub(crate) fn head() -> OpenApi {
    Head::openapi()
}

/// A text that is one of these words.
pub(crate) fn words<const N: usize>(description: &str, words: [&'static str; N]) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words))
        .examples(words.first().copied())
        .build()
}

/// The `OpenAPI` document as it is served and kept in the repository: indented, the same for the same code.
pub fn openapi_json() -> String {
    let mut document = routes::documented().into_openapi();
    add_scheme(&mut document);
    let components = document.components.get_or_insert_default();
    components
        .responses
        .extend(problems().map(|(name, problem)| (name.to_owned(), RefOr::T(response(&problem)))));
    for (path, item) in &mut document.paths.paths {
        let safe = item.get.as_mut().map(|operation| (false, operation));
        let unsafe_ones = [&mut item.post, &mut item.patch, &mut item.put, &mut item.delete];
        let unsafe_ones = unsafe_ones.into_iter().flatten().map(|operation| (true, operation));
        for (is_change, operation) in safe.into_iter().chain(unsafe_ones) {
            complete(path, is_change, operation);
        }
    }
    // Strings, numbers and maps with text for keys: there is no way for this to fail.
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Read this document
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "meta",
    operation_id = "read_openapi",
    responses((status = 200, description = "The OpenAPI document", body = Object, content_type = "application/json")),
    security(()),
)]
pub(crate) async fn serve() -> impl IntoResponse {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = DOCUMENT.get_or_init(openapi_json);
    ([(CONTENT_TYPE, "application/json")], document.as_str())
}

fn add_scheme(document: &mut OpenApi) {
    let scopes = Scope::ALL.map(Scope::as_str).join("`, `");
    let text = format!("An API token, in the header and nowhere else. Its scopes: `{scopes}`.");
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build();
    let text = "The session of somebody who is logged in. What changes something also needs `Origin` or `Sec-Fetch-Site`, \
                as browsers send them, to show that a page of this server asks for it.";
    let session = ApiKey::Cookie(ApiKeyValue::with_description(cookie::SESSION, text));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    components.add_security_scheme("session", SecurityScheme::ApiKey(session));
}

/// Adds the answers that every operation of this kind has.
fn complete(path: &str, is_change: bool, operation: &mut Operation) {
    let is_open = operation.security.iter().flatten().all(|needs| *needs == SecurityRequirement::default());
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            describe(parameter);
        }
    }
    if !is_open {
        allow_sessions(operation);
    }
    let common = [
        (true, "400", "BadRequest"),
        (!is_open, "401", "Unauthenticated"),
        (!is_open || is_change, "403", "Forbidden"),
        (path.contains('{'), "404", "NotFound"),
        (true, "500", "Internal"),
        (true, "503", "Unavailable"),
    ];
    for (_, status, name) in common.into_iter().filter(|(applies, ..)| *applies) {
        let answers = &mut operation.responses.responses;
        answers.entry(status.to_owned()).or_insert(RefOr::Ref(Ref::from_response_name(name)));
    }
}

/// Whatever a token opens, the session of a person whose role has the scope opens as well.
fn allow_sessions(operation: &mut Operation) {
    let session = SecurityRequirement::new("session", Vec::<String>::new());
    let ways = operation.security.get_or_insert_default();
    if !ways.contains(&session) {
        ways.push(session);
    }
}

/// A parameter that is one of some words has its description in their schema.
fn describe(parameter: &mut Parameter) {
    if let (None, Some(RefOr::T(Schema::Object(words)))) = (&parameter.description, &parameter.schema) {
        parameter.description.clone_from(&words.description);
    }
}

/// Every kind of problem that an operation answers, with an example.
fn problems() -> [(&'static str, Problem); 13] {
    let limit = Fault::of_parameter("limit", "`0` is no number from 1 to 200");
    let state =
        Fault::of_member("state", "`done` is none of new, open, pending, solved, closed, spam, trash");
    [
        ("BadRequest", Problem::of_faults(Kind::BadRequest, vec![limit])),
        ("Unauthenticated", bearer::invalid()),
        ("Forbidden", bearer::insufficient(Scope::TicketsRead.as_str())),
        ("NotFound", Problem::new(Kind::NotFound, "there is no such ticket")),
        ("RequestTimeout", Problem::new(Kind::RequestTimeout, "the body did not arrive within 10 seconds")),
        (
            "PreconditionFailed",
            Problem::new(Kind::PreconditionFailed, "somebody else changed this ticket in the meantime"),
        ),
        ("ContentTooLarge", body::too_large(Some(BytesMax(1 << 20)))),
        (
            "UnsupportedMediaType",
            Problem::new(Kind::UnsupportedMediaType, "send `Content-Type: application/merge-patch+json`"),
        ),
        ("UnprocessableContent", Problem::of_faults(Kind::UnprocessableContent, vec![state])),
        (
            "TooManyRequests",
            Problem::new(Kind::TooManyRequests, "the organisation has 200 event streams open"),
        ),
        ("Internal", Problem::new(Kind::Internal, "the request met a fault of the server, which was logged")),
        ("Unavailable", Problem::new(Kind::Unavailable, "the store does not answer")),
        (
            "InsufficientStorage",
            Problem::new(Kind::InsufficientStorage, "there is no room on the server's disk"),
        ),
    ]
}

fn response(problem: &Problem) -> Response {
    let example = serde_json::to_value(problem.document()).unwrap_or_default();
    let title = example.get("title").and_then(|title| title.as_str()).unwrap_or("A problem").to_owned();
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).example(Some(example)).build();
    ResponseBuilder::new().description(title).content(problem::MEDIA_TYPE, content).build()
}
