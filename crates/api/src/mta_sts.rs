//! `/.well-known/mta-sts.txt`: the policy that says which hosts take the mail of a domain, and that they speak TLS.
//!
//! *Standards*: RFC 8461 3.2 (text/plain, CRLF), 3.3 (fetched over HTTPS from `mta-sts.` before the domain, without
//! redirects).
//!
//! *Must hold*: only hosts of domains that receive here have a policy; all others answer as an address that does not
//! exist.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::uri::Authority;
use axum::response::{IntoResponse, Response};
use guichet_web::Problem;

use crate::failure::Failure;
use crate::state::Api;

/// Where it is fetched.
pub(crate) const PATH: &str = "/.well-known/mta-sts.txt";

/// The policy of the domain that the request's host belongs to.
pub(crate) async fn policy(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Failure> {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()?.parse::<Authority>().ok());
    let host = host.map(|authority| authority.host().trim_end_matches('.').to_ascii_lowercase());
    let policy = match host {
        Some(host) => api.wiring.domains.mta_sts_policy(&host)?,
        None => None,
    };
    let policy = policy.ok_or_else(Problem::no_such_address)?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], policy).into_response())
}
