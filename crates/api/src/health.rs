//! What an operator and their monitoring ask: does it live, can it work, what does it count.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use guichet_web::{Kind, Problem};

use crate::failure::Failure;
use crate::state::Api;

/// When to ask again after a no, in seconds.
const RETRY_SECS: u32 = 5;

/// The process lives.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The store answers and the disk has room.
pub(crate) async fn ready(State(api): State<Api>) -> Result<&'static str, Failure> {
    match (api.wiring.readiness)() {
        Ok(()) => Ok("ok\n"),
        Err(why) => Err(Problem::new(Kind::Unavailable, why).retry_after_secs(RETRY_SECS).into()),
    }
}

/// What is counted, in Prometheus' text format.
pub(crate) async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (api.wiring.metrics)())
}
