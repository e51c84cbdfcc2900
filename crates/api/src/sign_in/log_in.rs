//! `/session`: the session of the browser that asks.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::response::AppendHeaders;
use guichet_accounts::{By, LogIn, LogInError, Secret, Who};
use guichet_web::{Client, Members, body, cookie, members};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{SignedIn, agent, cookies};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Throttled, Unadmitted};
use crate::state::Api;

/// What somebody logs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct LogInRequest {
    /// Their address.
    #[schema(example = "rui@demo.example")]
    address: String,
    /// Their password.
    #[schema(example = "nine quiet purple bicycles", format = Password)]
    password: String,
    /// The short name of the organisation; needed where the address is somebody's in several.
    #[schema(required = false, example = "demo")]
    organisation: String,
    /// The second factor, once it was asked for: the code that the telephone shows, or a recovery code.
    #[schema(required = false, example = "287082")]
    code: String,
}

struct Wanted {
    address: String,
    password: String,
    organisation: Option<String>,
    code: Option<String>,
}

/// Log in
///
/// The session is a cookie, `__Host-guichet_session`, for `HTTPS` alone; beside it comes one by which the browser is known
/// again, `__Host-guichet_device`. Who needs a second factor gets 401 of the type `code-required` and sends everything
/// again with the code. Who knows the password of somebody whose organisation is suspended gets 403, which says so.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "sign-in",
    operation_id = "log_in",
    request_body(
        description = "Who",
        content((LogInRequest = "application/json",
            example = json!({"address": "rui@demo.example", "password": "nine quiet purple bicycles"}))),
    ),
    responses(
        (status = 201, description = "Logged in", body = SignedIn,
            headers(("Set-Cookie" = String, description = "The session, and the browser"))),
        Posted,
        Unadmitted,
        Throttled,
    ),
    security(()),
)]
pub(crate) async fn log_in(
    State(api): State<Api>,
    client: Client,
    request: Request,
) -> Result<(StatusCode, AppendHeaders<[(HeaderName, HeaderValue); 2]>, Json<SignedIn>), Failure> {
    let headers = request.headers().clone();
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let wanted = read_wanted(body::json(request, wait).await?)?;
    let now = api.wiring.clock.now();
    let device = cookie::value(&headers, cookie::DEVICE).map(Secret::presented);
    let log_in = LogIn {
        address: &wanted.address,
        organisation: wanted.organisation.as_deref(),
        password: &wanted.password,
        code: wanted.code.as_deref(),
        device: device.as_ref(),
        from: client.address,
        agent: agent(&headers),
    };
    let logged_in = api.accounts().log_in(log_in, now, api.wiring.random.as_ref()).await?;
    end_before(&api, &headers, client, now).await;
    let known = api.accounts().session(&logged_in.session, now).await?;
    // Who is kept out in this very moment is refused as who was kept out before.
    let known = known.ok_or(LogInError::Refused)?;
    Ok((StatusCode::CREATED, AppendHeaders(cookies(&logged_in)?), Json(SignedIn::of(&api, &known.actor)?)))
}

fn read_wanted(body: Map<String, Value>) -> Result<Wanted, Failure> {
    let mut members = Members::of(body);
    let address = members.require("address", members::text);
    let password = members.require("password", members::text);
    let organisation = members.read("organisation", members::text);
    let code = members.read("code", members::text);
    members.finish()?;
    Ok(Wanted {
        address: address.unwrap_or_default(),
        password: password.unwrap_or_default(),
        organisation: organisation.filter(|slug| !slug.is_empty()),
        code: code.filter(|code| !code.is_empty()),
    })
}

/// Ends the session that the same browser had before, whosever it was. Where that can't be done now it ends by its time.
async fn end_before(api: &Api, headers: &HeaderMap, client: Client, now: Timestamp) {
    let Some(before) = cookie::value(headers, cookie::SESSION) else { return };
    let by = By { organisation: None, who: Who::System, from: Some(client.address), at: now };
    if let Err(error) = api.accounts().on_behalf(by).log_out(&Secret::presented(before)).await {
        tracing::warn!(%error, "the session before a log-in did not end");
    }
}

/// See who is logged in
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "sign-in",
    operation_id = "read_session",
    responses((status = 200, description = "Whose session this is", body = SignedIn)),
    security(("session" = [])),
)]
pub(crate) async fn read(caller: Caller, State(api): State<Api>) -> Result<Json<SignedIn>, Failure> {
    let (actor, _) = caller.session()?;
    Ok(Json(SignedIn::of(&api, actor)?))
}

/// Log out
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "sign-in",
    operation_id = "log_out",
    responses((status = 204, description = "The session has ended",
        headers(("Set-Cookie" = String, description = "Takes the cookie away")))),
    security(("session" = [])),
)]
pub(crate) async fn log_out(
    caller: Caller,
    State(api): State<Api>,
) -> Result<(StatusCode, AppendHeaders<Option<(HeaderName, HeaderValue)>>), Failure> {
    let (_, secret) = caller.session()?;
    caller.accounts(&api).log_out(secret).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookie::clear(cookie::SESSION))))
}
