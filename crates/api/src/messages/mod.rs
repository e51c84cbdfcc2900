//! `/messages`: one message, its header, its raw mail, its parts.

mod attachment;
mod content;
mod defects;
mod header;
mod shape;
mod verdicts;

pub(crate) use content::{CHUNK_BYTES, Message, read_whole, send_raw};
pub(crate) use shape::Summary;

use axum::Json;
use axum::extract::State;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
};
use axum::response::{IntoResponse, Response};
use guichet_accounts::Scope;
use guichet_desk::PartContent;
use guichet_web::disposition::{Disposition, content_disposition};
use guichet_web::{Parameters, body};

use self::attachment::safe_image;
use self::header::MessageHeader;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Octets;
use crate::path::{Name, Number};
use crate::state::Api;

/// What a browser may do with content of strangers, whatever it takes it for: nothing.
pub(crate) const SANDBOX: &str = "sandbox; default-src 'none'";

/// Read a message
///
/// `html` is safe to be shown in a sandboxed frame: no script, no style sheet, no form; images within the mail point to
/// its parts, those of other hosts are held back (their address is in `data-remote-src`).
#[utoipa::path(
    get,
    path = "/api/v1/messages/{id}",
    tag = "messages",
    operation_id = "read_message",
    params(("id" = u64, Path, description = "The message's number", example = 7)),
    responses((status = 200, description = "The message with its texts", body = Message)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Message>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    let message = api.wiring.desk.message(actor, id.of("message")?)?;
    read_whole(&api, actor, message).await.map(Json)
}

/// Read the header of a message
///
/// Every field as a person reads it: unfolded, decoded. `Authentication-Results` in the mail that claim to be this
/// server's are forged and left out; the true ones are in `trace`.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{id}/headers",
    tag = "messages",
    operation_id = "read_message_headers",
    params(("id" = u64, Path, description = "The message's number", example = 7)),
    responses((status = 200, description = "The header", body = MessageHeader)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn headers(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<MessageHeader>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?.clone();
    let message = api.wiring.desk.message(&actor, id.of("message")?)?;
    let (desk, authserv_id) = (api.wiring.desk.clone(), api.wiring.authserv_id.clone());
    api.render(move || header::read(&desk, &actor, &message, &authserv_id)).await.map(Json)
}

/// Download the raw mail
///
/// What came after `DATA`, byte for byte.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{id}/raw",
    tag = "messages",
    operation_id = "read_message_raw",
    params(("id" = u64, Path, description = "The message's number", example = 7)),
    responses((status = 200, description = "The mail", body = Octets, content_type = "message/rfc822")),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn raw(caller: Caller, State(api): State<Api>, id: Number) -> Result<Response, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    let message = api.wiring.desk.message(actor, id.of("message")?)?;
    send_raw(&api, actor, message).await
}

/// Download a part of a message
///
/// Decoded. PNG, JPEG, GIF and WebP images keep their type and are shown in place with `inline`; everything else is a
/// file of the type `application/octet-stream`, whatever the sender called it.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{id}/parts/{part}",
    tag = "messages",
    operation_id = "read_message_part",
    params(
        ("id" = u64, Path, description = "The message's number", example = 7),
        ("part" = String, Path, description = "The part's number, as IMAP gives it", example = "2.1"),
        ("inline" = Option<String>, Query, description = "Show a safe image in place; without a value", example = ""),
    ),
    responses((status = 200, description = "The part's content", body = Octets, content_type = "application/octet-stream")),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn part(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    part: Name,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::TicketsRead)?.clone();
    parameters.only(&["inline"])?;
    let message = api.wiring.desk.message(&actor, id.of("message")?)?;
    let place = api.download_place()?;
    let desk = api.wiring.desk.clone();
    let opened = api.render(move || Ok(desk.part(&actor, &message, part.of("part")?)?)).await?;
    let wants_inline = parameters.get("inline").is_some();
    let fields = part_fields(&opened, wants_inline);
    let content = body::streamed((opened, place), |(part, _)| part.next_chunk());
    Ok((fields, content).into_response())
}

fn part_fields(content: &PartContent, wants_inline: bool) -> [(HeaderName, HeaderValue); 3] {
    let part = &content.part;
    let image = safe_image(&part.content_type);
    let is_shown = image.is_some() && wants_inline;
    let disposition = if is_shown { Disposition::Inline } else { Disposition::Attachment };
    let name = part.name.clone().unwrap_or_else(|| format!("part-{}", part.id));
    [
        (CONTENT_TYPE, HeaderValue::from_static(image.unwrap_or("application/octet-stream"))),
        (CONTENT_DISPOSITION, content_disposition(disposition, &name)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
    ]
}
