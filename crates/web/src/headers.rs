//! Header fields that every answer has: nothing of it is guessed at, kept, framed or told to others.
//!
//! *Standards*: Fetch (`X-Content-Type-Options`), CSP 3, RFC 9111 5.2.2.5 (`no-store`), Referrer Policy, RFC 6797 7.2
//! (`Strict-Transport-Security` over TLS and never without).
//! *Security*: what an answer sets itself stands; a document that sets none may load and run nothing.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

use crate::client::Client;

const FIELDS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Who came by HTTPS shall come so for a year. Of this host alone: names below it are not ours to speak for.
const HTTPS_FROM_NOW_ON: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Middleware: adds what the answer does not say itself.
pub async fn secure(request: Request, next: Next) -> Response {
    let is_encrypted = request.extensions().get::<Client>().is_some_and(|client| client.is_encrypted);
    let mut response = next.run(request).await;
    if is_encrypted {
        response.headers_mut().entry(STRICT_TRANSPORT_SECURITY).or_insert(HTTPS_FROM_NOW_ON);
    }
    for (name, value) in FIELDS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
