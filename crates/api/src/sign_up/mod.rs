//! `/sign-ups`: an organisation for whoever asks, where the operator opened that.
//!
//! *Security*: the answer is the same whoever asks with which address, and the work is done after it.

mod redeem;

pub(crate) use redeem::{__path_redeem, redeem};

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use guichet_accounts::{NewSignUp, SignUpError, SignUpRequest};
use guichet_desk::SystemMailKind;
use guichet_web::limits::too_busy;
use guichet_web::{Client, Kind, Members, Problem, body, members};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::failure::Failure;
use crate::openapi::{Posted, Stored, Throttled};
use crate::state::Api;
use crate::{mailbox, post};

/// Somebody who wants an organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToSignUp {
    /// The name of the organisation.
    #[schema(example = "Acme Ltd")]
    organisation: String,
    /// Your own name.
    #[schema(example = "Ana Silva")]
    name: String,
    /// Where you read mail: a link goes there.
    #[schema(example = "ana@customer.example")]
    address: String,
}

/// Sign up
///
/// A link goes to the address; it is good for a day, and who opens it chooses a password. The answer tells nothing of
/// the address. 403 while the operator has not opened it (`PATCH /operator/sign-up`).
#[utoipa::path(
    post,
    path = "/api/v1/sign-ups",
    tag = "sign-in",
    operation_id = "sign_up",
    request_body(
        description = "Who",
        content((ToSignUp = "application/json", example = json!(
            {"organisation": "Acme Ltd", "name": "Ana Silva", "address": "ana@customer.example"}))),
    ),
    responses(
        (status = 202, description = "A mail is on its way, unless the address had several today"),
        Posted,
        Throttled,
        Stored,
    ),
    security(()),
)]
pub(crate) async fn ask(
    State(api): State<Api>,
    client: Client,
    request: Request,
) -> Result<StatusCode, Failure> {
    check_open(&api)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let organisation = members.require("organisation", members::text);
    let name = members.require("name", members::text);
    let address = members.require("address", |value| mailbox::address(&members::text(value)?));
    members.finish()?;
    let (Some(organisation), Some(name), Some(address)) = (organisation, name, address) else {
        // `finish` has refused a body without them.
        return Err(Failure::not_found("sign-up"));
    };
    let place = Arc::clone(&api.resets).try_acquire_owned();
    let place = place.map_err(|_| too_busy("too many sign up just now"))?;
    let (now, random) = (api.wiring.clock.now(), api.wiring.random.as_ref());
    let wanted = NewSignUp { organisation, name, address };
    let per_hour_max = api.wiring.sign_ups_per_hour_max;
    let asked = api.accounts().request_sign_up(&wanted, per_hour_max, client.address, now, random);
    let asked = asked.await.map_err(refused)?;
    if let Some(asked) = asked {
        let work = async move {
            send(&api, asked, now).await;
            drop(place);
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "it outlives the answer, which must not wait for it; `place` bounds it"
        )]
        drop(tokio::spawn(work));
    }
    Ok(StatusCode::ACCEPTED)
}

pub(super) fn check_open(api: &Api) -> Result<(), Failure> {
    if api.accounts().sign_up_is_open()? { Ok(()) } else { Err(guichet_accounts::Error::Closed.into()) }
}

fn refused(error: SignUpError) -> Failure {
    let text = error.to_string();
    match error {
        SignUpError::TooMany { retry_secs } => {
            Problem::new(Kind::TooManyRequests, text).retry_after_secs(retry_secs).into()
        }
        SignUpError::Accounts(error) => error.into(),
    }
}

/// From the operator's own organisation: there is no other yet.
async fn send(api: &Api, asked: SignUpRequest, now: Timestamp) {
    let letter = asked.letter(&api.wiring.public_url);
    let mail = post::mail(asked.address.clone(), &asked.name, letter, SystemMailKind::SignUp);
    let sent = match api.accounts().house() {
        Ok(house) => {
            api.wiring.desk.send_system_mail(house, mail, now).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = sent {
        tracing::warn!(error, "the mail for a sign-up was not sent");
    }
}
