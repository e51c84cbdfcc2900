//! `/tokens`, a new one.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use guichet_accounts::{Actor, NewToken, Scope, Scopes, Secret};
use guichet_web::{Members, body, members};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Token;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Stored, Throttled};
use crate::state::Api;

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToMake {
    /// What it is for.
    #[schema(example = "Import of the old archive")]
    name: String,
    /// What it allows: at least one scope, none that your role does not have.
    #[schema(example = json!(["tickets:read"]))]
    scopes: Vec<String>,
    /// From when on it opens nothing; without it never.
    #[schema(required = false, example = "2027-06-01T00:00:00Z")]
    expires: Timestamp,
    /// Your password: a token outlives the session that makes it.
    #[schema(example = "nine quiet purple bicycles", format = Password)]
    password: String,
}

/// A token with its secret, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Made {
    #[serde(flatten)]
    token: Token,
    /// What opens: send it as `Authorization: Bearer ...`.
    #[schema(example = "guichet_ge3dmnzxha4tamjsgm2tmnzyhe3tamzsgq2tmnzyhe4tamjs")]
    secret: String,
}

struct Wanted {
    name: String,
    scopes: Scopes,
    expires: Option<Timestamp>,
    password: String,
}

/// Make a token
///
/// It acts in your name.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    tag = "sign-in",
    operation_id = "make_token",
    request_body(
        description = "What for",
        content((ToMake = "application/json",
            example = json!({"name": "Import of the old archive", "scopes": ["tickets:read"],
                "password": "nine quiet purple bicycles"}))),
    ),
    responses(
        (status = 201, description = "The token, with its secret", body = Made,
            headers(("Location" = String, description = "Where it is taken back"))),
        Posted,
        Throttled,
        Stored,
    ),
    security(("session" = [])),
)]
pub(crate) async fn make(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Made>), Failure> {
    let (actor, _) = caller.session()?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let wanted = read(actor, caller.at(), body::json(request, wait).await?)?;
    let (random, accounts) = (api.wiring.random.as_ref(), caller.accounts(&api));
    let person = caller.person()?;
    accounts.prove_password((actor.organisation, person), &wanted.password, caller.at(), random).await?;
    let secret = Secret::random(random);
    let new = NewToken { person, name: wanted.name, scopes: wanted.scopes };
    let made = accounts.create_token_until(actor.organisation, new, wanted.expires, &secret).await?;
    let location = (LOCATION, format!("/api/v1/tokens/{}", made.id));
    let made = Made { token: Token::of(&api, made)?, secret: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, [location], Json(made)))
}

fn read(actor: &Actor, now: Timestamp, body: Map<String, Value>) -> Result<Wanted, Failure> {
    let mut members = Members::of(body);
    let name = members.require("name", members::text);
    let scopes = members.require("scopes", members::list(Scope::ALL.len(), |word| scope(actor, word)));
    let expires = members.read("expires", members::time);
    let password = members.require("password", members::text).unwrap_or_default();
    if scopes.as_ref().is_some_and(Vec::is_empty) {
        members.refuse("scopes", "a token without a scope opens nothing; name one");
    }
    if expires.is_some_and(|expires| expires <= now) {
        members.refuse("expires", "it must be in the future");
    }
    members.finish()?;
    let scopes = scopes.unwrap_or_default().into_iter().collect();
    Ok(Wanted { name: name.unwrap_or_default(), scopes, expires, password })
}

fn scope(actor: &Actor, value: &Value) -> Result<Scope, String> {
    let scope: Scope = members::text(value)?
        .parse()
        .map_err(|unknown: guichet_accounts::UnknownScope| unknown.to_string())?;
    if actor.may(scope) { Ok(scope) } else { Err(format!("your role does not have `{scope}`")) }
}
