//! `POST /tickets/{number}/requester`: whose ticket it is; the answer to a proposal.

use std::time::Duration;

use axum::extract::{Request, State};
use guichet_accounts::Scope;
use guichet_desk::{ContactId, NewRequester};
use guichet_mail::Address;
use guichet_mail::compose::Mailbox;
use guichet_web::{Kind, Members, Problem, body, members};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::mailbox;
use crate::openapi::{Posted, Stored};
use crate::path::Number;
use crate::state::Api;
use crate::tickets::{Ticket, Versioned};

/// Whose ticket it is: exactly one of `address` and `contact`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct RequesterChoice {
    /// The requester, who becomes a contact if they are new; null declines who was proposed.
    #[schema(required = false)]
    address: Option<mailbox::Recipient>,
    /// The number of a contact instead.
    #[schema(required = false, example = 12)]
    contact: u64,
    /// Whether the person who forwarded the mail stays a participant; without it, no.
    #[schema(required = false, example = false)]
    keep_forwarder: bool,
}

/// Say whose ticket it is
///
/// Where a person of the organisation forwarded a mail, its author is proposed (`proposed_requester`): this agrees, names
/// another, or declines with `{"address": null}`. The requester takes part in the ticket from then on.
#[utoipa::path(
    post,
    path = "/api/v1/tickets/{number}/requester",
    tag = "tickets",
    operation_id = "set_requester",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    request_body(
        description = "Whose it is",
        content((RequesterChoice = "application/json", example = json!({"address": "ana@customer.example"}))),
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its new version"))),
        Posted,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn set(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    desk.ticket(actor, number)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let (new, keeps) = read(body::json(request, wait).await?)?;
    let unknown = |error| match error {
        guichet_desk::Error::NotFound("contact") => {
            Problem::new(Kind::UnprocessableContent, "`contact` names nobody whom you know").into()
        }
        error => Failure::from(error),
    };
    let ticket = desk.set_requester(actor, number, &new, keeps, caller.at()).await.map_err(unknown)?;
    Versioned::read(desk, actor, ticket)
}

fn read(body: Map<String, Value>) -> Result<(NewRequester, bool), Failure> {
    let is_declined = body.get("address").is_some_and(Value::is_null);
    let mut members = Members::of(body);
    let address = members.read("address", |value| match value {
        Value::Null => Ok(None),
        value => mailbox::read(value).map(Some),
    });
    let address = address.flatten();
    let contact = members.read("contact", members::number);
    let keeps = members.read("keep_forwarder", members::flag).unwrap_or(false);
    members.finish()?;
    let new = match (address, contact) {
        (Some(Mailbox { name, address }), None) => {
            NewRequester::Address(Address { name, address: Some(address), raw: None })
        }
        (None, Some(contact)) if !is_declined => NewRequester::Contact(ContactId(contact)),
        (None, None) if is_declined => NewRequester::Unchanged,
        _ => {
            let why = "either `address` (null declines) or `contact` is needed, and not both";
            return Err(Problem::new(Kind::UnprocessableContent, why).into());
        }
    };
    Ok((new, keeps))
}
