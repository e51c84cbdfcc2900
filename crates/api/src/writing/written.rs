//! What a writing became, as an answer.

use axum::Json;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use guichet_accounts::Actor;
use guichet_desk::{Error, Idempotency, Target, Writing, WrittenMessage};
use guichet_web::page::LIMIT_MAX;
use guichet_web::{EntityTag, Fault, Kind, Problem, etag, idempotency};
use serde::Serialize;
use utoipa::ToSchema;

use crate::deliveries::Delivery;
use crate::failure::Failure;
use crate::messages::Summary;
use crate::state::Api;
use crate::tickets::Ticket;

/// What was written, where it stands, and who gets it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Written {
    /// The ticket as it is now.
    ticket: Ticket,
    /// The message, without its texts.
    message: Summary,
    /// One for each recipient; none of a note. An address on the suppression list has one in the state `suppressed`.
    deliveries: Vec<Delivery>,
}

/// Which resource was made, for `Location`.
#[derive(Debug, Clone, Copy)]
enum Made {
    Message,
    Ticket,
}

/// Writes, and answers what became of it. `request` is all that makes the request the one it is, but for its key.
pub(super) async fn write(
    api: &Api,
    actor: &Actor,
    writing: Writing,
    headers: &HeaderMap,
    request: &[u8],
) -> Result<Response, Failure> {
    let key = idempotency::key(headers)?;
    let key = key.map(|key| Idempotency::new(&key, request)).transpose()?;
    let (made, read) = match writing.target {
        Target::New { .. } => (Made::Ticket, None),
        Target::Ticket { .. } => {
            let read = etag::version_read(headers).map_err(|_| Error::Changed("ticket"))?;
            (Made::Message, read.map(|tag| tag.0))
        }
    };
    let (desk, now) = (&api.wiring.desk, api.wiring.clock.now());
    let written = desk.write(actor, writing, read, key, now).await;
    answer(api, actor, &written.map_err(of_body)?, made)
}

/// What the body names and is not there is a fault of the body; only the ticket stands in the address.
pub(crate) fn of_body(error: Error) -> Failure {
    let member = match error {
        Error::NotFound("channel") => "channel",
        Error::NotFound("team") => "team",
        Error::NotFound("upload") => "attachments",
        Error::NotFound("contact") => "contacts",
        Error::NotFound("company") => "company",
        Error::NotFound("message") => "answers",
        other => return other.into(),
    };
    let fault = Fault::of_member(member, error.to_string());
    Problem::of_faults(Kind::UnprocessableContent, vec![fault]).into()
}

/// The answer to a draft that was sent. What it was is gone with it: a new mail is what its ticket begins with.
pub(crate) fn sent(api: &Api, actor: &Actor, written: &WrittenMessage) -> Result<Response, Failure> {
    let first = api.wiring.desk.messages(actor, written.ticket, None, 1)?.items;
    let begins = first.first().is_some_and(|message| message.number == written.message);
    answer(api, actor, written, if begins { Made::Ticket } else { Made::Message })
}

fn answer(api: &Api, actor: &Actor, written: &WrittenMessage, made: Made) -> Result<Response, Failure> {
    let desk = &api.wiring.desk;
    let message = desk.message(actor, written.message)?;
    let deliveries = desk.message_deliveries(actor, written.message, None, LIMIT_MAX)?.items;
    let body = Written {
        ticket: Ticket::read(desk, actor, desk.ticket(actor, written.ticket)?.ticket)?,
        message: Summary::read(desk, actor, &message)?,
        deliveries: deliveries.iter().map(|delivery| Delivery::of(desk, actor, delivery)).collect(),
    };
    let location = match made {
        Made::Message => format!("/api/v1/messages/{}", written.message),
        Made::Ticket => format!("/api/v1/tickets/{}", written.ticket),
    };
    // The version that the writing made: what came in since is not in what the caller has read.
    let fields = [EntityTag(written.activity).field()];
    let mut response = (StatusCode::CREATED, [(LOCATION, location)], fields, Json(body)).into_response();
    if written.replayed {
        let (name, value) = idempotency::replayed();
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
