//! Who calls: the token of a request, and what it allows.
//!
//! *Must hold*: a handler gets at the [`Actor`] only by naming the scope that it needs.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use guichet_accounts::{Accounts, Actor, Error, Scope, Secret};
use guichet_web::bearer;

use crate::failure::Failure;
use crate::state::Api;

/// Somebody with a valid token.
pub(crate) struct Caller {
    actor: Actor,
    secret: Secret,
}

impl Caller {
    /// The actor, if the token has this scope.
    pub(crate) fn may(&self, scope: Scope) -> Result<&Actor, Failure> {
        if self.actor.may(scope) { Ok(&self.actor) } else { Err(bearer::insufficient(scope.as_str()).into()) }
    }

    /// The actor, if the token has one of these scopes.
    pub(crate) fn may_either(&self, one: Scope, other: Scope) -> Result<&Actor, Failure> {
        self.may(one).or_else(|missing| self.may(other).map_err(|_| missing))
    }

    /// The token, for those who look at it again later.
    pub(crate) fn into_secret(self) -> Secret {
        self.secret
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let secret = Secret::presented(bearer::token(&parts.headers)?);
        let actor = authenticate(api.accounts(), &secret)?.ok_or_else(bearer::invalid)?;
        Ok(Self { actor, secret })
    }
}

/// Who presents this secret; a token whose person is gone opens nothing.
pub(crate) fn authenticate(accounts: &Accounts, secret: &Secret) -> Result<Option<Actor>, Error> {
    match accounts.authenticate(secret) {
        Err(Error::NotFound { .. }) => Ok(None),
        known => known,
    }
}
