//! `/account/password`: a new password, by who knows the one before.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue};
use axum::response::AppendHeaders;
use guichet_accounts::LogIn;
use guichet_web::{Client, Members, body, members};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Stored, Throttled};
use crate::sign_in::{agent, cookies};
use crate::state::Api;

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct NewPassword {
    /// The one before.
    #[schema(example = "nine quiet purple bicycles", format = Password)]
    current: String,
    /// The one from now on.
    #[schema(example = "slow rivers carry warm stones", format = Password)]
    password: String,
}

/// Change your password
///
/// All your sessions end; the one that asks goes on under a new secret.
#[utoipa::path(
    post,
    path = "/api/v1/account/password",
    tag = "sign-in",
    operation_id = "change_password",
    request_body(
        description = "Both",
        content((NewPassword = "application/json",
            example = json!({"current": "nine quiet purple bicycles", "password": "slow rivers carry warm stones"}))),
    ),
    responses(
        (status = 204, description = "It is changed",
            headers(("Set-Cookie" = String, description = "The new session, and the browser"))),
        Posted,
        Throttled,
        Stored,
    ),
    security(("session" = [])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    client: Client,
    request: Request,
) -> Result<(StatusCode, AppendHeaders<[(HeaderName, HeaderValue); 2]>), Failure> {
    let (actor, _) = caller.session()?;
    let headers = request.headers().clone();
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let current = members.require("current", members::text);
    let password = members.require("password", members::text);
    members.finish()?;
    let person = api.accounts().person(actor.organisation, caller.person()?)?;
    let asked = LogIn {
        address: &person.address.to_string(),
        organisation: None,
        password: &current.unwrap_or_default(),
        code: None,
        device: None,
        from: client.address,
        agent: agent(&headers),
    };
    let (who, new) = ((actor.organisation, person.id), password.unwrap_or_default());
    let random = api.wiring.random.as_ref();
    let changed = caller.accounts(&api).change_password(who, asked, &new, caller.at(), random).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookies(&changed)?)))
}
