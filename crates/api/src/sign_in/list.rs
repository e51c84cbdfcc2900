//! `/sessions`: where somebody is logged in.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::StatusCode;
use guichet_accounts::{Session, SessionId};
use guichet_web::{Page, Paging, Parameters};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Paged;
use crate::path::Number;
use crate::state::Api;

/// A session of one's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct Listed {
    /// Its number.
    #[schema(example = 7)]
    id: u64,
    /// When it began.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// When it was used last, to ten minutes.
    #[schema(example = "2026-03-02T17:10:00Z")]
    seen: Timestamp,
    /// When it ends if nobody uses it.
    #[schema(example = "2026-03-16T17:10:00Z")]
    expires: Timestamp,
    /// From which address it began.
    #[schema(required, value_type = Option<String>, example = "192.0.2.7")]
    from: Option<IpAddr>,
    /// What the browser said of itself.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0")]
    agent: String,
    /// Whether it is the one that asks.
    #[schema(example = true)]
    is_current: bool,
}

impl Listed {
    fn of(session: Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id.0,
            created: session.created,
            seen: session.seen,
            expires: session.expires(),
            from: session.from,
            is_current: current == Some(session.id),
            agent: session.agent,
        }
    }
}

/// List your sessions, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "sign-in",
    operation_id = "list_sessions",
    params(Paged),
    responses((status = 200, description = "A page of sessions", body = Page<Listed>)),
    security(("session" = [])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Listed>, Failure> {
    let (actor, secret) = caller.session()?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'o')?;
    let current = api.accounts().session(secret, caller.at()).await?.map(|known| known.session);
    let all = api.accounts().sessions(actor.organisation, caller.person()?, caller.at())?;
    let all = all.into_iter().map(|session| Listed::of(session, current)).collect();
    Ok(paging.slice(all, |session: &Listed| session.id.to_be_bytes().to_vec()))
}

/// End one of your sessions
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "sign-in",
    operation_id = "end_session",
    params(("id" = u64, Path, description = "The session's number", example = 7)),
    responses((status = 204, description = "It has ended")),
    security(("session" = [])),
)]
pub(crate) async fn end(caller: Caller, State(api): State<Api>, id: Number) -> Result<StatusCode, Failure> {
    let (actor, _) = caller.session()?;
    let id = SessionId(id.of("session")?);
    caller.accounts(&api).end_session(actor.organisation, caller.person()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
