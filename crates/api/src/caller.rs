//! Who calls: the token or the session of a request, and what it allows.
//!
//! *Must hold*: a handler gets at the [`Actor`] only by naming what it needs: a scope, a session, or just somebody known.
//!
//! *Standards*: RFC 9110 11.6.2. A request with an `Authorization` field means that field: its cookie is not looked at, and
//! a wrong token does not fall back on it, so that no page can lend its reader's session to a request with credentials.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use guichet_accounts::{Accounts, Actor, By, Error, PersonId, Role, Scope, Secret, Who};
use guichet_web::{Client, Kind, Problem, bearer, cookie};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::state::Api;

/// By what somebody is known.
#[derive(Clone)]
pub(crate) enum Credential {
    /// An API token.
    Token(Secret),
    /// The session of a browser.
    Session(Secret),
}

/// Somebody with a valid token or session.
pub(crate) struct Caller {
    actor: Actor,
    credential: Credential,
    from: IpAddr,
    at: Timestamp,
}

impl Caller {
    /// The actor, if the token or the person's role has this scope.
    pub(crate) fn may(&self, scope: Scope) -> Result<&Actor, Failure> {
        if self.actor.may(scope) {
            return Ok(&self.actor);
        }
        Err(match self.credential {
            Credential::Token(_) => bearer::insufficient(scope.as_str()).into(),
            Credential::Session(_) => {
                Problem::new(Kind::Forbidden, format!("your role does not have the scope `{scope}`")).into()
            }
        })
    }

    /// The actor, if the token has one of these scopes.
    pub(crate) fn may_either(&self, one: Scope, other: Scope) -> Result<&Actor, Failure> {
        self.may(one).or_else(|missing| self.may(other).map_err(|_| missing))
    }

    /// Refuses to let somebody in who decides about the organisation where the caller may not do all of that: else a
    /// token that may invite people would invite one who may everything.
    pub(crate) fn may_let_in(&self, api: &Api, role: Role) -> Result<(), Failure> {
        if !role.is_admin() {
            return Ok(());
        }
        // Of what the caller's own role does not allow either, accounts says why not.
        let own = api.accounts().person(self.actor.organisation, self.person()?)?.role;
        role.scopes().and(own.scopes()).iter().try_for_each(|scope| self.may(scope).map(drop))
    }

    /// The actor, for what is everybody's own.
    pub(crate) fn known(&self) -> &Actor {
        &self.actor
    }

    /// The actor and their session, for what a token must not do: a leaked one shall not become a lasting one.
    pub(crate) fn session(&self) -> Result<(&Actor, &Secret), Failure> {
        match &self.credential {
            Credential::Session(secret) => Ok((&self.actor, secret)),
            Credential::Token(_) => {
                let detail =
                    "a token is not enough for this: log in (`POST /api/v1/session`) and use the session";
                Err(Problem::new(Kind::Forbidden, detail).into())
            }
        }
    }

    /// The person.
    pub(crate) fn person(&self) -> Result<PersonId, Failure> {
        person_of(&self.actor)
    }

    /// On whose behalf a change is made.
    pub(crate) fn by(&self) -> By {
        By {
            organisation: Some(self.actor.organisation),
            who: self.actor.who,
            from: Some(self.from),
            at: self.at,
        }
    }

    /// The accounts; changes made through them are noted as this caller's.
    pub(crate) fn accounts(&self, api: &Api) -> Accounts {
        api.accounts().on_behalf(self.by())
    }

    /// When the request came.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// The token or session, for those who look at it again later.
    pub(crate) fn into_credential(self) -> Credential {
        self.credential
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let Ok(client) = Client::from_request_parts(parts, api).await;
        let at = api.wiring.clock.now();
        let credential = presented(&parts.headers)?;
        match authenticate(api.accounts(), &credential, at).await? {
            Some(actor) => Ok(Self { actor, credential, from: client.address, at }),
            None => Err(credential.invalid().into()),
        }
    }
}

impl Credential {
    fn invalid(&self) -> Problem {
        match self {
            Credential::Token(_) => bearer::invalid(),
            Credential::Session(_) => {
                let detail = "the session has ended; log in again (`POST /api/v1/session`)";
                Problem::new(Kind::Unauthenticated, detail).with_header(WWW_AUTHENTICATE, bearer::challenge())
            }
        }
    }
}

/// By what the sender of these header fields wants to be known.
fn presented(headers: &HeaderMap) -> Result<Credential, Problem> {
    if !headers.contains_key(AUTHORIZATION)
        && let Some(secret) = cookie::value(headers, cookie::SESSION)
    {
        return Ok(Credential::Session(Secret::presented(secret)));
    }
    bearer::token(headers).map(|token| Credential::Token(Secret::presented(token)))
}

/// Who is known by this now; a token or session whose person is gone opens nothing.
pub(crate) async fn authenticate(
    accounts: &Accounts,
    credential: &Credential,
    now: Timestamp,
) -> Result<Option<Actor>, Error> {
    let known = match credential {
        Credential::Token(secret) => {
            let known = accounts.authenticate(secret, now);
            accounts.note_token_use(secret, now).await;
            known
        }
        Credential::Session(secret) => {
            let known = accounts.session(secret, now).await;
            known.map(|known| known.map(|signed_in| signed_in.actor))
        }
    };
    match known {
        Err(Error::NotFound { .. }) => Ok(None),
        known => known,
    }
}

/// The person that an actor is.
pub(crate) fn person_of(actor: &Actor) -> Result<PersonId, Failure> {
    match actor.who {
        Who::Person(person) => Ok(person),
        Who::System | Who::Operator => Err(Failure::not_found("person")),
    }
}
