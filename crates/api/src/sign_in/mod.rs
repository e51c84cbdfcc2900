//! `/session`, `/sessions`, `/password-resets`: logging in, seeing where one is logged in, logging out, a new password.
//!
//! *Must hold*: a log-in makes a new secret and never adopts one that the browser brought; the session that the same
//! browser had before ends. A refusal is the same for whatever was wrong.
//!
//! *Standards*: RFC 6265 (cookies), RFC 6585 4 (`429`), RFC 9110 15.5.2 (`401`).

mod list;
mod log_in;
mod refusal;
mod reset;

pub(crate) use list::{__path_end, __path_list, end, list};
pub(crate) use log_in::{__path_log_in, __path_log_out, __path_read, log_in, log_out, read};
pub(crate) use reset::{
    __path_redeem as __path_redeem_reset, __path_request as __path_request_reset, redeem as redeem_reset,
    request as request_reset,
};

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue, USER_AGENT};
use guichet_accounts::{Actor, LoggedIn};
use guichet_web::cookie;
use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::Failure;
use crate::people::Person;
use crate::state::Api;

/// How long a browser keeps the cookie of a session, in seconds: as long as the longest session. It may end sooner.
const SESSION_COOKIE_SECS: u64 = 60 * 24 * 3_600;
/// How long a browser is known as one that has logged in, in seconds: as long as browsers keep a cookie.
pub(crate) const DEVICE_COOKIE_SECS: u64 = 400 * 24 * 3_600;

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// The person.
    person: Person,
    /// Their organisation.
    organisation: Organisation,
    /// What their role allows.
    #[schema(example = json!(["tickets:read", "tickets:write"]))]
    scopes: Vec<&'static str>,
}

/// An organisation, by its names.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Organisation {
    /// Its short name.
    #[schema(example = "acme")]
    pub(crate) slug: String,
    /// Its name as people write it.
    #[schema(example = "Acme Ltd")]
    pub(crate) name: String,
}

impl SignedIn {
    pub(crate) fn of(api: &Api, actor: &Actor) -> Result<Self, Failure> {
        let id = crate::caller::person_of(actor)?;
        let organisation = api.accounts().organisation(actor.organisation)?;
        Ok(Self {
            person: api.accounts().person(actor.organisation, id)?.into(),
            organisation: Organisation { slug: organisation.slug, name: organisation.name },
            scopes: actor.scopes.iter().map(guichet_accounts::Scope::as_str).collect(),
        })
    }
}

/// The cookies of somebody who has just come in.
pub(crate) fn cookies(logged_in: &LoggedIn) -> Result<[(HeaderName, HeaderValue); 2], Failure> {
    let unfit = || Failure::internal(&"a secret does not fit into a cookie");
    Ok([
        cookie::set(cookie::SESSION, logged_in.session.reveal(), SESSION_COOKIE_SECS).ok_or_else(unfit)?,
        cookie::set(cookie::DEVICE, logged_in.device.reveal(), DEVICE_COOKIE_SECS).ok_or_else(unfit)?,
    ])
}

/// What a browser says of itself.
pub(crate) fn agent(headers: &HeaderMap) -> &str {
    headers.get(USER_AGENT).and_then(|field| field.to_str().ok()).unwrap_or("")
}
