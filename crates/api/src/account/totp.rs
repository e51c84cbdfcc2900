//! `/account/totp`, `/account/recovery-codes`: the second factor.
//!
//! *Standards*: RFC 6238; the `otpauth` address is that of authenticator apps.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use guichet_web::{Members, body, members};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Stored, Throttled};
use crate::state::Api;

/// The password again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct Proof {
    /// Your password.
    #[schema(example = "nine quiet purple bicycles", format = Password)]
    password: String,
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct Code {
    /// What the app shows now.
    #[schema(example = "287082")]
    code: String,
}

/// What an authenticator app has to know. It is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Setup {
    /// The secret, to be typed.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as an address, to be shown as a QR code.
    #[schema(
        example = "otpauth://totp/Demo:rui%40demo.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Demo"
    )]
    uri: String,
}

/// Codes for the day on which the telephone is lost. They are shown this once; each works once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// The codes.
    #[schema(example = json!(["k7m3-x9q2-ab4d", "p2w8-c5tz-mn6r"]))]
    recovery_codes: Vec<String>,
}

/// Begin a second factor
///
/// Nothing changes until a code of it is confirmed.
#[utoipa::path(
    post,
    path = "/api/v1/account/totp",
    tag = "sign-in",
    operation_id = "begin_totp",
    request_body(
        description = "Your password",
        content((Proof = "application/json", example = json!({"password": "nine quiet purple bicycles"}))),
    ),
    responses((status = 201, description = "What the app has to know", body = Setup), Posted, Throttled, Stored),
    security(("session" = [])),
)]
pub(crate) async fn begin(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, Json<Setup>), Failure> {
    let (actor, _) = caller.session()?;
    let password = one(&api, request, "password").await?;
    let random = api.wiring.random.as_ref();
    let accounts = caller.accounts(&api);
    let setup =
        accounts.begin_totp(actor.organisation, caller.person()?, &password, caller.at(), random).await?;
    Ok((StatusCode::CREATED, Json(Setup { secret: setup.secret, uri: setup.uri })))
}

/// Confirm the second factor
///
/// From now on it is needed to log in.
#[utoipa::path(
    post,
    path = "/api/v1/account/totp/confirm",
    tag = "sign-in",
    operation_id = "confirm_totp",
    request_body(
        description = "A code",
        content((Code = "application/json", example = json!({"code": "287082"}))),
    ),
    responses((status = 200, description = "It is needed from now on", body = RecoveryCodes), Posted, Throttled, Stored),
    security(("session" = [])),
)]
pub(crate) async fn confirm(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<Json<RecoveryCodes>, Failure> {
    let (actor, _) = caller.session()?;
    let code = one(&api, request, "code").await?;
    let random = api.wiring.random.as_ref();
    let accounts = caller.accounts(&api);
    let codes =
        accounts.confirm_totp(actor.organisation, caller.person()?, &code, caller.at(), random).await?;
    Ok(Json(RecoveryCodes { recovery_codes: codes.0 }))
}

/// Remove the second factor
#[utoipa::path(
    post,
    path = "/api/v1/account/totp/remove",
    tag = "sign-in",
    operation_id = "remove_totp",
    request_body(
        description = "Your password",
        content((Proof = "application/json", example = json!({"password": "nine quiet purple bicycles"}))),
    ),
    responses((status = 204, description = "A password is enough again"), Posted, Throttled, Stored),
    security(("session" = [])),
)]
pub(crate) async fn remove(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<StatusCode, Failure> {
    let (actor, _) = caller.session()?;
    let password = one(&api, request, "password").await?;
    let random = api.wiring.random.as_ref();
    let accounts = caller.accounts(&api);
    accounts.remove_totp(actor.organisation, caller.person()?, &password, caller.at(), random).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes
///
/// Those before are worth nothing any more.
#[utoipa::path(
    post,
    path = "/api/v1/account/recovery-codes",
    tag = "sign-in",
    operation_id = "renew_recovery_codes",
    request_body(
        description = "Your password",
        content((Proof = "application/json", example = json!({"password": "nine quiet purple bicycles"}))),
    ),
    responses((status = 201, description = "The new ones", body = RecoveryCodes), Posted, Throttled, Stored),
    security(("session" = [])),
)]
pub(crate) async fn renew(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, Json<RecoveryCodes>), Failure> {
    let (actor, _) = caller.session()?;
    let password = one(&api, request, "password").await?;
    let random = api.wiring.random.as_ref();
    let accounts = caller.accounts(&api);
    let codes = accounts
        .renew_recovery_codes(actor.organisation, caller.person()?, &password, caller.at(), random)
        .await?;
    Ok((StatusCode::CREATED, Json(RecoveryCodes { recovery_codes: codes.0 })))
}

/// The one member of a body.
async fn one(api: &Api, request: Request, name: &'static str) -> Result<String, Failure> {
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let text = members.require(name, members::text);
    members.finish()?;
    Ok(text.unwrap_or_default())
}
