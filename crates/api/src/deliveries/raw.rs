//! `GET /deliveries/{id}/raw`: the mail as it left, or would have left.

use std::io::{Cursor, Read};

use axum::extract::State;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
};
use axum::response::{IntoResponse, Response};
use guichet_accounts::Scope;
use guichet_web::body;
use guichet_web::disposition::{Disposition, content_disposition};

use crate::caller::Caller;
use crate::failure::Failure;
use crate::messages::{CHUNK_BYTES, SANDBOX};
use crate::openapi::Octets;
use crate::path;
use crate::state::Api;

/// Download a mail as it left
///
/// The signatures of the latest attempt that signed, then the mail, byte for byte. A server that only captures signs as well, so
/// this is how its mail would have left. Before the first attempt there is nothing; nor is a mail shown whose link lets
/// somebody in (an invitation, a new password): it is for its recipient alone.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{id}/raw",
    tag = "deliveries",
    operation_id = "read_delivery_raw",
    params(("id" = String, Path, description = "The delivery's number", example = "agnhy6kqaaaaa")),
    responses((status = 200, description = "The mail", body = Octets, content_type = "message/rfc822")),
    security(("token" = ["deliveries:read"])),
)]
pub(crate) async fn raw(
    caller: Caller,
    State(api): State<Api>,
    id: path::Delivery,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::DeliveriesRead)?.clone();
    let id = id.id()?;
    let place = api.download_place()?;
    let desk = api.wiring.desk.clone();
    let mail = api.render(move || Ok(desk.as_it_left(&actor, id)?)).await?;
    let bytes = mail.raw.remaining() + mail.signature.len() as u64;
    let name = format!("delivery-{id}.eml");
    let fields = [
        (CONTENT_TYPE, HeaderValue::from_static("message/rfc822")),
        (CONTENT_LENGTH, HeaderValue::from(bytes)),
        (CONTENT_DISPOSITION, content_disposition(Disposition::Attachment, &name)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
    ];
    let whole = Cursor::new(mail.signature.into_bytes()).chain(mail.raw);
    let content = body::streamed((whole, place), |(whole, _)| {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        whole.take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        Ok(chunk)
    });
    Ok((fields, content).into_response())
}
