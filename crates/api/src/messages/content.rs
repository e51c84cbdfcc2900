//! What lies in a message's mail: its texts, and the mail itself.

use std::io::Read;

use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
};
use axum::response::{IntoResponse, Response};
use guichet_accounts::Actor;
use guichet_desk::StoredMessage;
use guichet_mail::{SanitiseLimits, SanitisedHtml, sanitise_html};
use guichet_web::body;
use guichet_web::disposition::{Disposition, content_disposition};
use serde::Serialize;
use utoipa::ToSchema;

use super::SANDBOX;
use super::attachment::picture_url;
use super::shape::Summary;
use crate::failure::Failure;
use crate::state::Api;

/// How much of a mail is read at once, in octets.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;

/// A message with its texts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    #[serde(flatten)]
    summary: Summary,
    /// As plain text: every text part, or what the HTML says.
    #[schema(example = "Dear all,\n\ninvoice 7 says 70 instead of 7.\n\nAna")]
    text: String,
    /// As HTML that is safe to be shown; null where the mail has none.
    #[schema(required, example = "<p>Dear all,</p><p>invoice 7 says 70 instead of 7.</p>")]
    html: Option<String>,
    /// Images of other hosts that `html` holds back: they would tell the sender that it is read.
    #[schema(example = 0)]
    remote_images_blocked: u32,
    /// Links in `html` whose text names another host than they lead to; the true one is in their `data-link-host`.
    #[schema(example = 0)]
    misleading_links: u32,
    /// The HTML was too much to be cleaned: `html` is its text.
    #[schema(example = false)]
    html_is_text: bool,
}

/// Reads the texts of a message that the actor sees.
pub(crate) async fn read_whole(api: &Api, actor: &Actor, message: StoredMessage) -> Result<Message, Failure> {
    let (desk, actor) = (api.wiring.desk.clone(), actor.clone());
    api.render(move || {
        let texts = desk.texts(&actor, &message)?;
        let picture = |content_id: &str| picture_url(&message, content_id);
        let clean = texts.html.map(|html| sanitise_html(&html, &SanitiseLimits::default(), picture));
        Ok(shape(Summary::read(&desk, &actor, &message)?, texts.text, clean))
    })
    .await
}

fn shape(summary: Summary, text: String, html: Option<SanitisedHtml>) -> Message {
    let has_html = html.is_some();
    let html = html.unwrap_or_default();
    Message {
        summary,
        text,
        html: has_html.then_some(html.html),
        remote_images_blocked: html.remote_images,
        misleading_links: html.link_mismatches,
        html_is_text: html.is_fallback,
    }
}

/// Sends the raw mail of a message that the actor sees.
pub(crate) async fn send_raw(api: &Api, actor: &Actor, message: StoredMessage) -> Result<Response, Failure> {
    let place = api.download_place()?;
    let name = format!("message-{}.eml", message.number);
    let (desk, actor) = (api.wiring.desk.clone(), actor.clone());
    let mail = api.render(move || Ok(desk.raw(&actor, &message)?)).await?;
    let fields = [
        (CONTENT_TYPE, HeaderValue::from_static("message/rfc822")),
        (CONTENT_LENGTH, HeaderValue::from(mail.remaining())),
        (CONTENT_DISPOSITION, content_disposition(Disposition::Attachment, &name)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
    ];
    let content = body::streamed((mail, place), |(mail, _)| {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        mail.take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        Ok(chunk)
    });
    Ok((fields, content).into_response())
}
