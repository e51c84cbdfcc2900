//! What an operator sees of requests: counts and times by route, a line for each at debug level.
//!
//! *Security*: the line has the path without its query, and no header: no token, no search, no address of a person;
//! where the path itself holds a token, its route.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, describe_counter, describe_histogram, histogram};
use tokio::time::Instant;

use crate::url_token;

const REQUESTS: &str = "guichet_http_requests_total";
const SECONDS: &str = "guichet_http_request_seconds";

/// Says what the metrics mean; once, after the recorder is installed.
pub fn describe() {
    describe_counter!(REQUESTS, "HTTP requests answered, by method, route and status.");
    describe_histogram!(SECONDS, metrics::Unit::Seconds, "Time until an HTTP answer began, by route.");
}

/// Middleware: counts and logs.
pub async fn observe(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let method = method(request.method());
    let path = if url_token::is_exposed(request.uri()) { &*route } else { request.uri().path() }.to_owned();
    let response = next.run(request).await;
    let (status, elapsed) = (response.status().as_u16(), begun.elapsed());
    tracing::debug!(method, path, status, micros = elapsed.as_micros() as u64, "request");
    let labels = [("method", method.to_owned()), ("route", route.clone()), ("status", status.to_string())];
    counter!(REQUESTS, &labels).increment(1);
    histogram!(SECONDS, "route" => route).record(elapsed.as_secs_f64());
    response
}

/// Methods that strangers invent count as one.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
