//! `/tickets/{number}/watchers/{person}`: who wants to hear of a ticket.

use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::request::Parts;
use guichet_accounts::{Actor, PersonId, Scope, Who};

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Refused, Stored};
use crate::path::Number;
use crate::state::Api;
use crate::tickets::{Ticket, Versioned};

/// The last parameter of the path: the number of a person, or `me`.
pub(crate) struct Watcher(String);

impl Watcher {
    fn of(&self, actor: &Actor) -> Result<PersonId, Failure> {
        match (self.0.as_str(), actor.who) {
            ("me", Who::Person(person)) => Ok(person),
            (number, _) => number.parse().map_err(|_| Failure::not_found("person")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Watcher {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let last = parameters.ok().and_then(|all| all.iter().last().map(|(_, text)| text.to_owned()));
        Ok(Self(last.unwrap_or_default()))
    }
}

/// Watch a ticket, or let somebody watch it
///
/// Only who sees the ticket watches it. When it moves to a team of which they are no part, they fall away.
#[utoipa::path(
    put,
    path = "/api/v1/tickets/{number}/watchers/{person}",
    tag = "tickets",
    operation_id = "add_watcher",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("person" = String, Path, description = "The number of a person, or `me`", example = "me"),
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its new version"))),
        Refused,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn watch(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    person: Watcher,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    desk.ticket(actor, number)?;
    let person = person.of(actor)?;
    Versioned::read(desk, actor, desk.watch_ticket(actor, number, person, api.wiring.clock.now()).await?)
}

/// Watch a ticket no more, or take somebody from its watchers
#[utoipa::path(
    delete,
    path = "/api/v1/tickets/{number}/watchers/{person}",
    tag = "tickets",
    operation_id = "remove_watcher",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("person" = String, Path, description = "The number of a person, or `me`", example = "me"),
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its new version"))),
        Refused,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn unwatch(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    person: Watcher,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    desk.ticket(actor, number)?;
    let person = person.of(actor)?;
    Versioned::read(desk, actor, desk.unwatch_ticket(actor, number, person, api.wiring.clock.now()).await?)
}
