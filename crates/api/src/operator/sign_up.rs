//! `/operator/sign-up`: whether anybody may sign up for an organisation.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use guichet_accounts::{Accounts, Scope};
use guichet_web::{Members, body, members};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Stored};
use crate::state::Api;

/// Whether anybody may sign up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignUpSwitch {
    /// Whoever wants gets an organisation, by a link that is mailed to their address.
    #[schema(example = false)]
    open: bool,
}

impl SignUpSwitch {
    fn of(accounts: &Accounts) -> Result<Json<Self>, Failure> {
        Ok(Json(Self { open: accounts.sign_up_is_open()? }))
    }
}

/// Read whether anybody may sign up
#[utoipa::path(
    get,
    path = "/api/v1/operator/sign-up",
    tag = "operator",
    operation_id = "get_sign_up",
    responses((status = 200, description = "Open or closed", body = SignUpSwitch), Stored),
    security(("token" = ["operator:read"])),
)]
pub(crate) async fn show(caller: Caller, State(api): State<Api>) -> Result<Json<SignUpSwitch>, Failure> {
    caller.may(Scope::OperatorRead)?;
    SignUpSwitch::of(api.accounts())
}

/// Whether anybody may sign up from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToSwitch {
    /// Whether they may.
    #[schema(example = true)]
    open: bool,
}

/// Open or close sign-up
///
/// At once, for the whole server. Links that were mailed before it was closed open nothing until it is open again.
#[utoipa::path(
    patch,
    path = "/api/v1/operator/sign-up",
    tag = "operator",
    operation_id = "change_sign_up",
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (ToSwitch = "application/merge-patch+json", example = json!({"open": true})),
            (ToSwitch = "application/json", example = json!({"open": true})),
        ),
    ),
    responses((status = 200, description = "As it is now", body = SignUpSwitch), Posted, Stored),
    security(("token" = ["operator:write"])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<Json<SignUpSwitch>, Failure> {
    caller.may(Scope::OperatorWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::merge_patch(request, wait).await?);
    let open = members.require("open", members::flag);
    members.finish()?;
    if let Some(open) = open {
        caller.accounts(&api).open_sign_up(open).await?;
    }
    SignUpSwitch::of(api.accounts())
}
