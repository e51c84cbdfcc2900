//! `/tokens`: API tokens. Everybody makes their own; who may change people sees all of the organisation and takes them
//! back.
//!
//! *Must hold*: a token makes no token and takes none back, so that a leaked one neither outlives its end nor shuts its
//! owner out; none allows more than its owner's role. The secret is shown once.

mod make;

pub(crate) use make::{__path_make, make};

use axum::extract::State;
use axum::http::StatusCode;
use guichet_accounts::{Actor, Scope, TokenId};
use guichet_web::{Page, Paging, Parameters};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, Stored};
use crate::path::Number;
use crate::state::Api;

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    /// Its number.
    #[schema(example = 9)]
    id: u64,
    /// The person in whose name it acts.
    #[schema(example = 2)]
    person: u64,
    /// What it is for.
    #[schema(example = "Import of the old archive")]
    name: String,
    /// What it allows, as far as the role of its person does.
    #[schema(example = json!(["tickets:read"]))]
    scopes: Vec<&'static str>,
    /// When it was made; null for those of before this was noted.
    #[schema(required, example = "2026-03-01T09:30:00Z")]
    created: Option<Timestamp>,
    /// From when on it opens nothing; null is never.
    #[schema(required, example = "2026-06-01T00:00:00Z")]
    expires: Option<Timestamp>,
    /// When it was used last, to the hour; null is never.
    #[schema(required, example = "2026-03-02T17:00:00Z")]
    used: Option<Timestamp>,
}

impl Token {
    fn of(api: &Api, token: guichet_accounts::Token) -> Result<Self, Failure> {
        Ok(Self {
            used: api.accounts().token_used(token.organisation, token.id)?,
            id: token.id.0,
            person: token.person.0,
            name: token.name,
            scopes: token.scopes.iter().map(Scope::as_str).collect(),
            created: token.created,
            expires: token.expires,
        })
    }
}

/// List tokens, oldest first
///
/// Yours; all of the organisation for who may change people.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    tag = "sign-in",
    operation_id = "list_tokens",
    params(Paged),
    responses((status = 200, description = "A page of tokens", body = Page<Token>)),
    security(("session" = [])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Token>, Failure> {
    let (actor, _) = caller.session()?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'k')?;
    let mut all = api.accounts().tokens(actor.organisation)?;
    let own = caller.person()?;
    all.retain(|token| token.person == own || sees_all(actor));
    let page = paging.slice(all, |token| token.id.0.to_be_bytes().to_vec());
    let items = page.items.into_iter().map(|token| Token::of(&api, token)).collect::<Result<_, _>>()?;
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// Take a token back
///
/// It opens nothing from then on.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{id}",
    tag = "sign-in",
    operation_id = "revoke_token",
    params(("id" = u64, Path, description = "The token's number", example = 9)),
    responses((status = 204, description = "It opens nothing any more"), Stored),
    security(("session" = [])),
)]
pub(crate) async fn revoke(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<StatusCode, Failure> {
    let (actor, _) = caller.session()?;
    let id = TokenId(id.of("token")?);
    let token = api.accounts().token(actor.organisation, id)?;
    if token.person != caller.person()? && !sees_all(actor) {
        return Err(Failure::not_found("token"));
    }
    caller.accounts(&api).revoke_token(actor.organisation, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn sees_all(actor: &Actor) -> bool {
    actor.may(Scope::PeopleWrite)
}
