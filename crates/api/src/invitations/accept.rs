//! `/invitations/show`, `/invitations/redeem`: from the side of who is invited. Whoever has the secret has read the mail.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{HeaderName, HeaderValue};
use axum::response::AppendHeaders;
use guichet_accounts::{Invited, Redeemed, Secret};
use guichet_web::{Client, Members, body, cookie, members};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::failure::Failure;
use crate::openapi::{Posted, Stored, Throttled};
use crate::sign_in::DEVICE_COOKIE_SECS;
use crate::state::Api;

/// An invitation that is accepted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToAccept {
    /// What stands in the link behind `#`.
    #[schema(example = "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs")]
    secret: String,
    /// What colleagues and customers call you; as you were invited if not given.
    #[schema(required = false, example = "Rui Costa")]
    name: String,
    /// The password from now on.
    #[schema(example = "nine quiet purple bicycles", format = Password)]
    password: String,
}

/// Who may log in now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// With this address,
    #[schema(example = "rui@demo.example")]
    address: String,
    /// in this organisation.
    #[schema(example = "Demo")]
    organisation: String,
}

impl Accepted {
    /// The answer to a link that was used; the browser is known from now on.
    pub(crate) fn of(api: &Api, used: &Redeemed) -> Result<(AppendHeaders<Cookie>, Json<Self>), Failure> {
        let organisation = api.accounts().organisation(used.organisation)?.name;
        let known = cookie::set(cookie::DEVICE, used.device.reveal(), DEVICE_COOKIE_SECS);
        Ok((AppendHeaders(known), Json(Self { address: used.person.address.to_string(), organisation })))
    }
}

/// One that is set, where it can be.
pub(crate) type Cookie = Option<(HeaderName, HeaderValue)>;

/// The secret of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToShow {
    /// What stands in the link behind `#`.
    #[schema(example = "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs")]
    secret: String,
}

/// What an invitation invites to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shown {
    /// Who is invited: what they will log in with,
    #[schema(example = "rui@demo.example")]
    address: String,
    /// under which name, if they were given one,
    #[schema(required, example = "Rui Costa")]
    name: Option<String>,
    /// into which organisation,
    #[schema(example = "Demo")]
    organisation: String,
    /// until when.
    #[schema(example = "2026-03-04T09:30:00Z")]
    expires: Timestamp,
}

/// See what an invitation invites to
///
/// It stays good.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/show",
    tag = "sign-in",
    operation_id = "show_invitation",
    request_body(
        description = "The secret of the link",
        content((ToShow = "application/json",
            example = json!({"secret": "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs"}))),
    ),
    responses((status = 200, description = "What accepting it means", body = Shown), Posted),
    security(()),
)]
pub(crate) async fn show(State(api): State<Api>, request: Request) -> Result<Json<Shown>, Failure> {
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let secret = members.require("secret", members::text);
    members.finish()?;
    let secret = Secret::presented(&secret.unwrap_or_default());
    let Invited { person, organisation, expires } =
        api.accounts().shown_invitation(&secret, api.wiring.clock.now())?;
    let name = (!person.is_nameless()).then_some(person.name);
    let (address, organisation) = (person.address.to_string(), organisation.name);
    Ok(Json(Shown { address, name, organisation, expires }))
}

/// Accept an invitation
///
/// Log in afterwards.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/redeem",
    tag = "sign-in",
    operation_id = "accept_invitation",
    request_body(
        description = "The secret of the link, and a password",
        content((ToAccept = "application/json",
            example = json!({"secret": "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs",
                "name": "Rui Costa", "password": "nine quiet purple bicycles"}))),
    ),
    responses(
        (status = 200, description = "Welcome", body = Accepted,
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
    let name = members.read("name", members::text);
    let password = members.require("password", members::text);
    members.finish()?;
    let secret = Secret::presented(&secret.unwrap_or_default());
    let (password, now) = (password.unwrap_or_default(), api.wiring.clock.now());
    let random = api.wiring.random.as_ref();
    let name = name.as_deref();
    let used =
        api.accounts().redeem_invitation(&secret, name, &password, client.address, now, random).await?;
    Accepted::of(&api, &used)
}
