//! `/password-resets`: a new password by who reads the mail of the address.
//!
//! *Security*: the answer is the same, and as quick, whether anybody has the address: the work is done after it. Too many
//! at once are refused before anything is looked up.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::AppendHeaders;
use guichet_accounts::{PasswordReset, Secret};
use guichet_desk::SystemMailKind;
use guichet_web::limits::too_busy;
use guichet_web::{Client, Members, body, members};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::failure::Failure;
use crate::invitations::{Accepted, Cookie};
use crate::openapi::{Posted, Stored, Throttled};
use crate::post;
use crate::state::Api;

/// Somebody who can't get in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToReset {
    /// The address that they log in with.
    #[schema(example = "rui@demo.example")]
    address: String,
    /// The short name of the organisation; all that know the address if not given.
    #[schema(required = false, example = "demo")]
    organisation: String,
}

struct Asked {
    address: String,
    organisation: Option<String>,
    client: Client,
    at: Timestamp,
}

/// Ask for a new password
///
/// If somebody has the address, they get a mail with a link that holds for an hour. The answer does not tell.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets",
    tag = "sign-in",
    operation_id = "request_password_reset",
    request_body(
        description = "Whose",
        content((ToReset = "application/json", example = json!({"address": "rui@demo.example"}))),
    ),
    responses((status = 202, description = "If somebody has the address, a mail is on its way"), Posted),
    security(()),
)]
pub(crate) async fn request(
    State(api): State<Api>,
    client: Client,
    request: Request,
) -> Result<StatusCode, Failure> {
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let address = members.require("address", members::text);
    let organisation = members.read("organisation", members::text).filter(|slug| !slug.is_empty());
    members.finish()?;
    let place = Arc::clone(&api.resets).try_acquire_owned();
    let place = place.map_err(|_| too_busy("too many ask for a new password just now"))?;
    let at = api.wiring.clock.now();
    let asked = Asked { address: address.unwrap_or_default(), organisation, client, at };
    let work = async move {
        carry_out(&api, &asked).await;
        drop(place);
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "it outlives the answer, which must not wait for it; `place` bounds it"
    )]
    drop(tokio::spawn(work));
    Ok(StatusCode::ACCEPTED)
}

async fn carry_out(api: &Api, asked: &Asked) {
    let organisation = asked.organisation.as_deref();
    let random = api.wiring.random.as_ref();
    let from = asked.client.address;
    let made = api.accounts().request_reset(&asked.address, organisation, from, asked.at, random).await;
    let made = made.unwrap_or_else(|error| {
        tracing::error!(%error, "a new password was asked for in vain");
        Vec::new()
    });
    for reset in made {
        send(api, reset, asked.at).await;
    }
}

async fn send(api: &Api, reset: PasswordReset, now: Timestamp) {
    let letter = reset.letter(&api.wiring.public_url);
    let person = reset.person;
    let mail = post::mail(person.address, &person.name, letter, SystemMailKind::PasswordReset);
    if let Err(error) = api.wiring.desk.send_system_mail(reset.organisation.id, mail, now).await {
        tracing::warn!(%error, person = person.id.0, "the mail for a new password was not sent");
    }
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToRedeem {
    /// What stands in the link behind `#`.
    #[schema(example = "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs")]
    secret: String,
    /// The password from now on.
    #[schema(example = "slow rivers carry warm stones", format = Password)]
    password: String,
}

/// Choose a new password
///
/// All sessions end; a second factor stays. Log in afterwards.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets/redeem",
    tag = "sign-in",
    operation_id = "reset_password",
    request_body(
        description = "The secret of the link, and a password",
        content((ToRedeem = "application/json",
            example = json!({"secret": "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs",
                "password": "slow rivers carry warm stones"}))),
    ),
    responses(
        (status = 200, description = "It is changed", body = Accepted,
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
) -> Result<(AppendHeaders<Cookie>, Json<Accepted>), Failure> {
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let secret = members.require("secret", members::text);
    let password = members.require("password", members::text);
    members.finish()?;
    let secret = Secret::presented(&secret.unwrap_or_default());
    let (password, now) = (password.unwrap_or_default(), api.wiring.clock.now());
    let random = api.wiring.random.as_ref();
    let used = api.accounts().redeem_reset(&secret, &password, client.address, now, random).await?;
    Accepted::of(&api, &used)
}
