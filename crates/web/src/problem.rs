//! Problems: what every answer is that is not a success.
//!
//! *Standards*: RFC 9457; RFC 9110 15 (status codes), RFC 9110 10.2.3 (`Retry-After`).
//!
//! *Security*: a problem says what the caller did and can do. Causes within the server are logged, never told.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// How many faults of one request are told: who sends thousands needs no answer as long.
const FAULTS_TOLD_MAX: usize = 30;
/// How much of what a caller wrote is told back in one place, in characters.
const TOLD_CHARS_MAX: usize = 500;

/// What kind of problem it is: each has one type, one title, one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request can't be read: syntax, parameters.
    BadRequest,
    /// No token, or one that opens nothing.
    Unauthenticated,
    /// The password is right, and a second factor is needed.
    CodeRequired,
    /// The token or the role does not allow this.
    Forbidden,
    /// A page of another site sent the request.
    CrossOrigin,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The address exists, but not for this method.
    MethodNotAllowed,
    /// The request's body came too slowly.
    RequestTimeout,
    /// It was changed since the caller read it.
    PreconditionFailed,
    /// The request's body is too large.
    ContentTooLarge,
    /// The request's body is of a type that is not read here.
    UnsupportedMediaType,
    /// The body can be read, but not done.
    UnprocessableContent,
    /// More at once than one organisation may.
    TooManyRequests,
    /// A fault of the server.
    Internal,
    /// The server can't do it now.
    Unavailable,
    /// The disk is full.
    InsufficientStorage,
}

impl Kind {
    fn status(self) -> StatusCode {
        match self {
            Kind::BadRequest => StatusCode::BAD_REQUEST,
            Kind::Unauthenticated | Kind::CodeRequired => StatusCode::UNAUTHORIZED,
            Kind::Forbidden | Kind::CrossOrigin => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Kind::ContentTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::UnprocessableContent => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::InsufficientStorage => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// The type, a name for programs: stable, and nothing to be fetched.
    fn type_uri(self) -> &'static str {
        match self {
            Kind::BadRequest => "urn:guichet:problem:bad-request",
            Kind::Unauthenticated => "urn:guichet:problem:unauthenticated",
            Kind::CodeRequired => "urn:guichet:problem:code-required",
            Kind::Forbidden => "urn:guichet:problem:forbidden",
            Kind::CrossOrigin => "urn:guichet:problem:cross-origin",
            Kind::NotFound => "urn:guichet:problem:not-found",
            Kind::MethodNotAllowed => "urn:guichet:problem:method-not-allowed",
            Kind::RequestTimeout => "urn:guichet:problem:request-timeout",
            Kind::PreconditionFailed => "urn:guichet:problem:changed",
            Kind::ContentTooLarge => "urn:guichet:problem:content-too-large",
            Kind::UnsupportedMediaType => "urn:guichet:problem:unsupported-media-type",
            Kind::UnprocessableContent => "urn:guichet:problem:invalid",
            Kind::TooManyRequests => "urn:guichet:problem:too-many",
            Kind::Internal => "urn:guichet:problem:internal",
            Kind::Unavailable => "urn:guichet:problem:unavailable",
            Kind::InsufficientStorage => "urn:guichet:problem:disk-full",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Kind::BadRequest => "The request can't be read",
            Kind::Unauthenticated => "A valid token or session is needed",
            Kind::CodeRequired => "A second factor is needed",
            Kind::Forbidden => "This is not allowed",
            Kind::CrossOrigin => "No page of this server is shown to have sent the request",
            Kind::NotFound => "There is no such thing",
            Kind::MethodNotAllowed => "The method is not possible here",
            Kind::RequestTimeout => "The request came too slowly",
            Kind::PreconditionFailed => "It was changed in the meantime",
            Kind::ContentTooLarge => "The request is too large",
            Kind::UnsupportedMediaType => "The media type is not read here",
            Kind::UnprocessableContent => "The request makes no sense",
            Kind::TooManyRequests => "Too many at once",
            Kind::Internal => "The server made a mistake",
            Kind::Unavailable => "The server can't do that now",
            Kind::InsufficientStorage => "The disk is full",
        }
    }
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Where in the body, as a JSON pointer in a fragment (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "#/state")]
    pub pointer: Option<String>,
    /// Which query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "limit")]
    pub parameter: Option<String>,
    /// What is wrong, and what would be right.
    #[schema(example = "`done` is none of new, open, pending, solved, closed, spam, trash")]
    pub detail: String,
}

impl Fault {
    /// In the member of the body's object.
    pub fn of_member(name: &str, detail: impl Into<String>) -> Self {
        // RFC 6901 3: these two are the only characters with a meaning.
        let name = cut(name.to_owned()).replace('~', "~0").replace('/', "~1");
        Self { pointer: Some(format!("#/{name}")), parameter: None, detail: cut(detail.into()) }
    }

    /// In a query parameter.
    pub fn of_parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: Some(cut(name.to_owned())), detail: cut(detail.into()) }
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(TOLD_CHARS_MAX) {
        None => text,
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
    }
}

/// An answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    detail: String,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A problem as JSON (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// The type of problem, for programs.
    #[serde(rename = "type")]
    #[schema(example = "urn:guichet:problem:bad-request")]
    type_uri: &'a str,
    /// The type of problem, for people.
    #[schema(example = "The request can't be read")]
    title: &'a str,
    /// The HTTP status again.
    #[schema(example = 400)]
    status: u16,
    /// This occurrence of it.
    #[schema(example = "limit: `0` is no number from 1 to 200")]
    detail: &'a str,
    /// Each thing that is wrong with the request, where there is more to say.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [Fault],
}

impl Problem {
    /// A problem of this kind; the text says what happened and what would help.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), faults: Vec::new(), headers: Vec::new() }
    }

    /// A request with these faults, of which there is at least one; the first are told.
    pub fn of_faults(kind: Kind, mut faults: Vec<Fault>) -> Self {
        faults.truncate(FAULTS_TOLD_MAX);
        let told: Vec<String> = faults.iter().map(told).collect();
        Self { faults, ..Self::new(kind, told.join("; ")) }
    }

    /// Nothing stands at this address.
    pub fn no_such_address() -> Self {
        Self::new(Kind::NotFound, "there is nothing at this address")
    }

    /// Also sends this header field.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Also says when it may work.
    #[must_use]
    pub fn retry_after_secs(self, secs: u32) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from(secs))
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its JSON.
    pub fn document(&self) -> Document<'_> {
        Document {
            type_uri: self.kind.type_uri(),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            errors: &self.faults,
        }
    }
}

fn told(fault: &Fault) -> String {
    let place = fault.parameter.as_deref().or(fault.pointer.as_deref()).unwrap_or("request");
    format!("{place}: {}", fault.detail)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Strings and numbers: there is no way for this to fail.
        let body = serde_json::to_vec(&self.document()).unwrap_or_default();
        let mut response = (self.kind.status(), body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response.headers_mut().extend(self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_bounded() {
        let long = "\u{e9}".repeat(100_000);
        let faults = (0..5_000).map(|_| Fault::of_member(&long, long.clone())).collect();
        let problem = Problem::of_faults(Kind::UnprocessableContent, faults);
        let json = serde_json::to_value(problem.document()).unwrap();
        assert_eq!(json["errors"].as_array().unwrap().len(), 30);
        assert!(json.to_string().len() < 200_000);
    }

    #[test]
    fn a_problem_is_what_rfc_9457_says() {
        let fault = Fault::of_member("a/b~c", "too long");
        let problem = Problem::of_faults(Kind::UnprocessableContent, vec![fault]);
        let json = serde_json::to_value(problem.document()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:guichet:problem:invalid",
                "title": "The request makes no sense",
                "status": 422,
                "detail": "#/a~1b~0c: too long",
                "errors": [{"pointer": "#/a~1b~0c", "detail": "too long"}],
            })
        );
        let response = problem.retry_after_secs(5).into_response();
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
    }
}
