//! Limits of a surface as middleware: requests at one time, and time for one.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::problem::{Kind, Problem};

/// When to come again after too many came at once, in seconds.
const RETRY_SECS: u32 = 1;

/// Middleware: refuses what would be more than the semaphore's permits at one time.
pub async fn admit(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Ok(_place) = places.try_acquire() else {
        return too_busy("too many requests are under way").into_response();
    };
    next.run(request).await
}

/// Middleware: gives up when the answer has not begun in time. What the request wanted may still have been done.
pub async fn hurry(State(wait): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(wait, next.run(request)).await {
        Ok(response) => response,
        Err(_) => too_busy("the server took too long; a change may still have been made").into_response(),
    }
}

/// More than the server can do at one time.
pub fn too_busy(detail: &str) -> Problem {
    Problem::new(Kind::Unavailable, detail).retry_after_secs(RETRY_SECS)
}
