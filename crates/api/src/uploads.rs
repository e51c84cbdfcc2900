//! `POST /uploads`: a file on its way in, streamed to the disk, to be attached to a message later.
//!
//! *Must hold*: no file is in memory as a whole; a slow sender holds one of a few places and no thread.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use guichet_accounts::Scope;
use guichet_desk::{Error, StoredUpload, UPLOAD_BYTES_MAX, UPLOAD_HOURS};
use guichet_web::limits::too_busy;
use guichet_web::parameters::refused;
use guichet_web::{Incoming, IncomingLimits, Parameters};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Octets, Stored, Streamed};
use crate::state::Api;

/// The longest name, in characters: file systems take 255 octets.
const NAME_CHARS_MAX: usize = 255;

/// A file that waits for its message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Upload {
    /// Its number, 13 letters and digits: what `attachments` of a message takes.
    #[schema(example = "agnhy6kqaaaaa")]
    id: String,
    /// Its name, fit to be sent.
    #[schema(example = "invoice-7.pdf")]
    name: String,
    /// Its media type.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// How many octets it has.
    #[schema(example = 48_213)]
    bytes: u64,
    /// When it is forgotten unless a message took it.
    #[schema(example = "2026-03-02T09:30:00Z")]
    expires: Timestamp,
}

impl From<StoredUpload> for Upload {
    fn from(stored: StoredUpload) -> Self {
        let upload = stored.record;
        let kept = SignedDuration::from_hours(UPLOAD_HOURS.into());
        Self {
            id: stored.id.to_string(),
            name: upload.name,
            content_type: upload.content_type,
            bytes: upload.content.bytes_len(),
            expires: upload.created.saturating_add(kept).unwrap_or(Timestamp::MAX),
        }
    }
}

/// Upload a file
///
/// The body is the file as it is, `Content-Type` its media type. Whoever uploaded it can attach it to messages for a
/// day. Needs the scope `messages:send` or `tickets:write`.
#[utoipa::path(
    post,
    path = "/api/v1/uploads",
    tag = "messages",
    operation_id = "upload_file",
    params(("name" = String, Query, description = "What the file is called", example = "invoice-7.pdf")),
    request_body(description = "The file", content = Octets, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "It is kept", body = Upload),
        Streamed,
        Stored,
    ),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn upload(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
    request: Request,
) -> Result<(StatusCode, Json<Upload>), Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    parameters.only(&["name"])?;
    let name = name(&parameters)?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or("application/octet-stream").to_owned();
    let place = Arc::clone(&api.uploads).try_acquire_owned();
    let _place = place.map_err(|_| too_busy("too many uploads are under way"))?;
    let limits = api.wiring.limits;
    let mut incoming = Incoming::of(
        request,
        IncomingLimits {
            bytes_max: UPLOAD_BYTES_MAX,
            silence_max: Duration::from_secs(limits.body_secs_max),
            wait_max: Duration::from_secs(limits.upload_secs_max),
        },
    )?;
    let desk = api.wiring.desk.clone();
    let mut writer = desk.upload_writer()?;
    while let Some(piece) = incoming.next().await? {
        writer = blocking(move || writer.write(&piece).map(|()| writer).map_err(Error::from)).await?;
    }
    let content = blocking(move || writer.finish().map_err(Error::from)).await?;
    let now = api.wiring.clock.now();
    let stored = desk.finish_upload(actor, content, &name, &content_type, now).await?;
    Ok((StatusCode::CREATED, Json(stored.into())))
}

fn name(parameters: &Parameters) -> Result<String, Failure> {
    let name = parameters.get("name").unwrap_or("").trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        return Ok(name.to_owned());
    }
    let rule = format!("a name of 1 to {NAME_CHARS_MAX} characters is needed, without control characters");
    Err(refused("name", rule).into())
}

/// Does what waits for the disk, away from the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Failure::internal(&error))?;
    Ok(done?)
}
