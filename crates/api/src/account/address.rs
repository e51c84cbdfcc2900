//! `/account/address`: another address, once its owner has read the mail that goes there.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use guichet_accounts::{AddressRequest, Secret};
use guichet_desk::SystemMailKind;
use guichet_web::{Client, Members, body, members};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Stored, Throttled};
use crate::people::Person;
use crate::state::Api;
use crate::{mailbox, post};

/// Another address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct NewAddress {
    /// Where you want to read mail.
    #[schema(example = "rui.costa@demo.example")]
    address: String,
    /// Your password.
    #[schema(example = "nine quiet purple bicycles", format = Password)]
    password: String,
}

/// Ask for another address
///
/// It counts once the link in the mail that goes there is used, within a day. The password is asked for, since a new one
/// would go to the new address.
#[utoipa::path(
    post,
    path = "/api/v1/account/address",
    tag = "sign-in",
    operation_id = "request_address",
    request_body(
        description = "Which",
        content((NewAddress = "application/json",
            example = json!({"address": "rui.costa@demo.example", "password": "nine quiet purple bicycles"}))),
    ),
    responses((status = 202, description = "A mail is on its way to it"), Posted, Throttled, Stored),
    security(("session" = [])),
)]
pub(crate) async fn request(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<StatusCode, Failure> {
    let (actor, _) = caller.session()?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let address = members.require("address", |value| mailbox::address(&members::text(value)?));
    let password = members.require("password", members::text);
    members.finish()?;
    // `finish` has refused a body without one.
    let address = address.ok_or_else(|| Failure::not_found("address"))?;
    let accounts = caller.accounts(&api);
    let random = api.wiring.random.as_ref();
    let (organisation, person) = (actor.organisation, caller.person()?);
    let password = password.unwrap_or_default();
    accounts.prove_password((organisation, person), &password, caller.at(), random).await?;
    let mailed = (&address, SystemMailKind::Invitation);
    api.wiring.desk.check_system_mail(organisation, mailed, caller.at())?;
    let asked = accounts.request_address(organisation, person, &address, caller.at(), random).await?;
    let letter = asked.letter(&api.wiring.public_url);
    let mail = post::mail(asked.address.clone(), &asked.person.name, letter, SystemMailKind::Invitation);
    api.wiring.desk.send_system_mail(organisation, mail, caller.at()).await?;
    warn(&api, &caller, &asked).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Tells the address until now. That it takes no mail is a good reason for another one, and keeps nobody from it.
async fn warn(api: &Api, caller: &Caller, asked: &AddressRequest) -> Result<(), Failure> {
    let person = &asked.person;
    let mail = post::mail(person.address.clone(), &person.name, asked.warning(), SystemMailKind::Alert);
    match api.wiring.desk.send_system_mail(asked.organisation.id, mail, caller.at()).await {
        Ok(_) | Err(guichet_desk::Error::Invalid(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The secret of a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToConfirm {
    /// What stands in the link behind `#`.
    #[schema(example = "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs")]
    secret: String,
}

/// Confirm another address
#[utoipa::path(
    post,
    path = "/api/v1/address-changes/redeem",
    tag = "sign-in",
    operation_id = "confirm_address",
    request_body(
        description = "The secret of the link",
        content((ToConfirm = "application/json",
            example = json!({"secret": "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs"}))),
    ),
    responses((status = 200, description = "The person, with their new address", body = Person), Posted, Stored),
    security(()),
)]
pub(crate) async fn confirm(
    State(api): State<Api>,
    client: Client,
    request: Request,
) -> Result<Json<Person>, Failure> {
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let secret = members.require("secret", members::text);
    members.finish()?;
    let secret = Secret::presented(&secret.unwrap_or_default());
    let person = api.accounts().confirm_address(&secret, client.address, api.wiring.clock.now()).await?;
    Ok(Json(person.into()))
}
