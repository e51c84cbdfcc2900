//! Proof of origin: a browser sends its cookies whoever wrote the page, so a request that changes something has to come
//! from a page of ours.
//!
//! A request with an `Authorization` field needs no proof: no other site's page can make a browser send one.
//!
//! *Must hold*: a request that changes something and brings a session is refused unless the browser says that a page of
//! ours sent it; silence is no proof. A log-in has no session yet: silence passes there, another site's page does not, so
//! that nobody is logged in as somebody else.
//!
//! *Standards*: Fetch, 3.2 (`Origin`); Fetch Metadata, 2.4 (`Sec-Fetch-Site`). The rules are those of tower-http's layer.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HeaderName, ORIGIN};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::{Layer, ServiceExt};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::cookie;
use crate::problem::{Kind, Problem};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Tells our own pages from others'.
#[derive(Clone, Debug)]
pub struct Origins(CsrfLayer<fn(ProtectionError) -> Response>);

impl Origins {
    /// Pages of the host that a request is sent to, and of this one (`https://desk.example`), which a proxy may hide.
    pub fn new(public: &str) -> Self {
        let refusal: fn(ProtectionError) -> Response = |_| another_site().into_response();
        let layer = CsrfLayer::new().with_rejection_response(refusal);
        // What is no origin is none that a browser names: it adds nothing.
        Self(layer.clone().add_trusted_origin(public).unwrap_or(layer))
    }
}

/// Middleware: refuses what a page of another site had a browser send.
pub async fn prove(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if request.method().is_safe() || headers.contains_key(AUTHORIZATION) {
        return next.run(request).await;
    }
    let is_silent = !headers.contains_key(ORIGIN) && !headers.contains_key(SEC_FETCH_SITE);
    if is_silent && cookie::is_brought(headers, cookie::SESSION) {
        return unproven().into_response();
    }
    match origins.0.layer(next).oneshot(request).await {
        Ok(response) => response,
    }
}

fn another_site() -> Problem {
    Problem::new(Kind::CrossOrigin, "a page of another site sent this request; nothing was done")
}

fn unproven() -> Problem {
    let detail = "the request doesn't say which page sent it: with a session's cookie it needs `Origin` (a browser \
                  sends it); or use a token in the header `Authorization: Bearer ...`";
    Problem::new(Kind::CrossOrigin, detail)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::any;

    use super::*;

    async fn status(method: &str, fields: &[(&str, &str)]) -> u16 {
        let origins = Origins::new("https://public.example");
        let app = Router::new().route("/", any(async || "done")).layer(from_fn_with_state(origins, prove));
        let mut request = Request::builder().method(method).uri("/").header("host", "desk.example");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
    }

    const SESSION: (&str, &str) = ("cookie", "__Host-guichet_session=x");

    #[tokio::test]
    async fn a_page_of_another_site_changes_nothing() {
        for method in ["POST", "PATCH", "PUT", "DELETE", "BREW"] {
            for field in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("sec-fetch-site", "SAME-ORIGIN"),
                ("origin", "https://evil.example"),
                ("origin", "https://desk.example.evil.example"),
                ("origin", "https://desk.example:8443"),
                ("origin", "null"),
            ] {
                assert_eq!(status(method, &[SESSION, field]).await, 403, "{method} {field:?}");
                assert_eq!(status(method, &[field]).await, 403, "without a session: {method} {field:?}");
            }
        }
        let liar = [SESSION, ("sec-fetch-site", "cross-site"), ("origin", "https://desk.example")];
        assert_eq!(status("POST", &liar).await, 403);
    }

    #[tokio::test]
    async fn a_page_of_ours_does() {
        for field in [
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
            ("origin", "https://desk.example"),
            ("origin", "https://public.example"),
        ] {
            assert_eq!(status("POST", &[SESSION, field]).await, 200, "{field:?}");
        }
    }

    #[tokio::test]
    async fn silence_is_no_proof_for_a_session_but_a_log_in_needs_none() {
        assert_eq!(status("POST", &[SESSION]).await, 403);
        assert_eq!(status("POST", &[("cookie", "a=b;__Host-guichet_session")]).await, 403);
        assert_eq!(status("POST", &[("cookie", "a=b")]).await, 200);
        assert_eq!(status("POST", &[]).await, 200);
    }

    #[tokio::test]
    async fn a_token_and_a_read_need_no_proof() {
        let cross = ("sec-fetch-site", "cross-site");
        assert_eq!(status("POST", &[SESSION, cross, ("authorization", "Bearer x")]).await, 200);
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(status(method, &[SESSION, cross]).await, 200, "{method}");
        }
    }
}
