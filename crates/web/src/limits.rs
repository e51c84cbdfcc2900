//! Limits of a surface as middleware: requests at one time, time for one, and that one that was begun is ended.

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

/// Middleware: carries a request that may change something through to its end, also when its client goes away, so that
/// nothing is done by half. Put it around the others, whose bounds then hold for what is carried through too.
pub async fn carry_through(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    #[expect(clippy::disallowed_methods, reason = "it shall outlive whoever waits for it; `hurry` bounds it")]
    let carried = tokio::spawn(next.run(request));
    match carried.await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => too_busy("the server is stopping; a change may still have been made").into_response(),
        },
    }
}

/// More than the server can do at one time.
pub fn too_busy(detail: &str) -> Problem {
    Problem::new(Kind::Unavailable, detail).retry_after_secs(RETRY_SECS)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use tokio::sync::{mpsc, oneshot};
    use tokio::task::JoinSet;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn promise_1_a_change_is_carried_through_though_its_client_goes() {
        let (began, mut has_begun) = mpsc::channel::<oneshot::Sender<()>>(1);
        let (done, mut is_done) = mpsc::channel::<()>(1);
        let change = move || async move {
            let (go_on, may_go_on) = oneshot::channel();
            began.send(go_on).await.unwrap();
            may_go_on.await.unwrap();
            done.send(()).await.unwrap();
        };
        let app = Router::new().route("/", post(change)).layer(from_fn(carry_through));
        let request = Request::builder().method("POST").uri("/").body(Body::empty()).unwrap();
        let mut client = JoinSet::new();
        client.spawn(app.oneshot(request));
        let go_on = has_begun.recv().await.unwrap();
        client.shutdown().await;
        go_on.send(()).unwrap();
        assert_eq!(is_done.recv().await, Some(()));
    }
}
