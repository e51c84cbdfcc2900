//! The pages that the links of our mails lead to: accept an invitation, choose a new password, confirm an
//! address, open a help desk.
//!
//! Static, and the same for everybody: the secret of a link stands in its fragment, which a browser sends to nobody, and
//! the script posts it to the API.
//!
//! *Standards*: CSP 3; RFC 3986 3.5 (fragments stay with the client).
//!
//! *Security*: a page loads and runs what stands here and nothing else, talks to this server alone, and can't be framed.

use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use axum::routing::{MethodRouter, get};

/// Our own script, our own style, requests to ourselves; nothing else from anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The pages and what they load.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/invitation", page("text/html; charset=utf-8", include_str!("invitation.html")))
        .route("/password-reset", page("text/html; charset=utf-8", include_str!("password_reset.html")))
        .route("/sign-up", page("text/html; charset=utf-8", include_str!("sign_up.html")))
        .route("/address", page("text/html; charset=utf-8", include_str!("address.html")))
        .route("/pages/redeem.js", page("text/javascript; charset=utf-8", include_str!("redeem.js")))
        .route("/pages/page.css", page("text/css; charset=utf-8", include_str!("page.css")))
}

fn page<S: Clone + Send + Sync + 'static>(media_type: &'static str, text: &'static str) -> MethodRouter<S> {
    let fields: [(HeaderName, &str); 2] = [(CONTENT_TYPE, media_type), (CONTENT_SECURITY_POLICY, POLICY)];
    get(async move || (fields, text))
}
