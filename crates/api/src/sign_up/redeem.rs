//! `/sign-ups/redeem`: the link was opened.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue};
use axum::response::AppendHeaders;
use guichet_accounts::Secret;
use guichet_web::{Client, Members, body, cookie, members};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check_open;
use crate::failure::Failure;
use crate::openapi::{Posted, Stored, Throttled};
use crate::sign_in::DEVICE_COOKIE_SECS;
use crate::state::Api;

/// A sign-up that is confirmed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToConfirm {
    /// What stands in the link behind `#`.
    #[schema(example = "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs")]
    secret: String,
    /// The password from now on.
    #[schema(example = "nine quiet purple bicycles", format = Password)]
    password: String,
}

/// A new organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Confirmed {
    /// The short name of the organisation.
    #[schema(example = "acme-ltd")]
    slug: String,
    /// Its name.
    #[schema(example = "Acme Ltd")]
    organisation: String,
    /// What you log in with.
    #[schema(example = "ana@customer.example")]
    address: String,
    /// Where mail can be sent from now on: it becomes tickets.
    #[schema(example = "support@k7m3x9q2.desk.example")]
    channel: String,
}

/// Confirm a sign-up
///
/// The organisation is made, with an address that works at once and you as its admin. Log in afterwards.
#[utoipa::path(
    post,
    path = "/api/v1/sign-ups/redeem",
    tag = "sign-in",
    operation_id = "confirm_sign_up",
    request_body(
        description = "The secret of the link, and a password",
        content((ToConfirm = "application/json",
            example = json!({"secret": "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs",
                "password": "nine quiet purple bicycles"}))),
    ),
    responses(
        (status = 201, description = "Welcome", body = Confirmed,
            headers(("Set-Cookie" = String, description = "The browser is known from now on"))),
        Posted,
        Throttled,
        Stored,
    ),
    security(()),
)]
pub(crate) async fn redeem(
    State(api): State<Api>,
    client: Client,
    request: Request,
) -> Result<(StatusCode, AppendHeaders<Option<(HeaderName, HeaderValue)>>, Json<Confirmed>), Failure> {
    check_open(&api)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let secret = members.require("secret", members::text);
    let password = members.require("password", members::text);
    members.finish()?;
    let secret = Secret::presented(&secret.unwrap_or_default());
    let (password, now) = (password.unwrap_or_default(), api.wiring.clock.now());
    let random = api.wiring.random.as_ref();
    let made = api.accounts().redeem_sign_up(&secret, &password, client.address, now, random).await?;
    let known = cookie::set(cookie::DEVICE, made.device.reveal(), DEVICE_COOKIE_SECS);
    let confirmed = Confirmed {
        slug: made.organisation.slug,
        organisation: made.organisation.name,
        address: made.person.address.to_string(),
        channel: made.channel.address.to_string(),
    };
    Ok((StatusCode::CREATED, AppendHeaders(known), Json(confirmed)))
}
