//! A draft as JSON.

use axum::Json;
use axum::response::{IntoResponse, Response};
use guichet_accounts::Actor;
use guichet_desk::{Desk, State, StoredDraft, StoredUpload};
use guichet_web::EntityTag;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::writing::kind_word;

/// What you have written and not sent, as you typed it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Draft {
    /// Its number, 13 letters and digits.
    #[schema(example = "agnhy6kqaaaaa")]
    id: String,
    /// The ticket that it answers; null of a new mail.
    #[schema(required, example = 1042)]
    ticket: Option<u64>,
    /// What it will be in its ticket: `reply`, `reply_all`, `forward`, `note`; null of a new mail.
    #[schema(required, example = "reply")]
    kind: Option<&'static str>,
    /// The message that it answers or forwards.
    #[schema(required, example = 7)]
    answers: Option<u64>,
    /// Whom it is to, as typed; null for whoever the kind suggests.
    #[schema(required, example = json!(["Ana Lima <ana@customer.example>"]))]
    to: Option<Vec<String>>,
    /// Who gets a copy, as typed.
    #[schema(required, example = json!([]))]
    cc: Option<Vec<String>>,
    /// Who gets a copy that the others don't see, as typed.
    #[schema(required, example = json!([]))]
    bcc: Option<Vec<String>>,
    /// Contacts whom it is to as well.
    #[schema(example = json!([12]))]
    contacts: Vec<u64>,
    /// People of the organisation whom it names.
    #[schema(example = json!([2]))]
    mentions: Vec<u64>,
    /// Its subject.
    #[schema(required, example = "Re: Invoice 7 is wrong")]
    subject: Option<String>,
    /// What it says, in Markdown.
    #[schema(example = "Dear Ana,")]
    text: String,
    /// Whether a reply quotes what it answers.
    #[schema(example = true)]
    quote: bool,
    /// Its files, which are kept as long as it is.
    attachments: Vec<DraftFile>,
    /// Whether a forward takes the files of the original along.
    #[schema(example = false)]
    include_attachments: bool,
    /// The channel that it leaves through.
    #[schema(required, example = 1)]
    channel: Option<u64>,
    /// Whose ticket a new mail becomes.
    #[schema(required, example = 3)]
    team: Option<u64>,
    /// The company that a new ticket is linked to.
    #[schema(required, example = 3)]
    company: Option<u64>,
    /// The ticket's state afterwards.
    #[schema(required, example = "solved")]
    state: Option<&'static str>,
    /// For how many seconds it can be taken back once it is sent.
    #[schema(required, example = 10)]
    undo_seconds: Option<u32>,
    /// When it shall leave.
    #[schema(required, example = "2026-03-02T08:00:00Z")]
    send_at: Option<Timestamp>,
    /// When it was begun.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// When it was saved last.
    #[schema(example = "2026-03-01T09:31:00Z")]
    updated: Timestamp,
}

/// A file of a draft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftFile {
    /// The `id` of the upload.
    #[schema(example = "agnhy6kqaaaaa")]
    id: String,
    /// Its name.
    #[schema(example = "invoice-7.pdf")]
    name: String,
    /// Its media type.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// How many octets it has.
    #[schema(example = 48_213)]
    bytes: u64,
}

impl From<StoredUpload> for DraftFile {
    fn from(stored: StoredUpload) -> Self {
        Self {
            id: stored.id.to_string(),
            bytes: stored.record.content.bytes_len(),
            name: stored.record.name,
            content_type: stored.record.content_type,
        }
    }
}

impl Draft {
    /// A draft of the actor's, with what its files are called.
    pub(crate) fn of(desk: &Desk, actor: &Actor, stored: StoredDraft) -> Self {
        let draft = stored.draft;
        let files = draft.attachments.iter().filter_map(|id| desk.upload(actor, *id).ok());
        Self {
            id: stored.id.to_string(),
            ticket: stored.ticket,
            kind: stored.ticket.and(draft.kind.map(kind_word)),
            answers: draft.answers,
            to: draft.to,
            cc: draft.cc,
            bcc: draft.bcc,
            contacts: draft.contacts.iter().map(|contact| contact.0).collect(),
            mentions: draft.mentions.iter().map(|person| person.0).collect(),
            subject: draft.subject,
            text: draft.text,
            quote: draft.quote.unwrap_or(true),
            attachments: files.map(DraftFile::from).collect(),
            include_attachments: draft.include_attachments,
            channel: draft.channel.map(|channel| channel.0),
            team: draft.team.map(|team| team.0),
            company: draft.company.map(|company| company.0),
            state: draft.state.map(State::as_str),
            undo_seconds: draft.undo_seconds,
            send_at: draft.send_at,
            created: stored.created,
            updated: stored.updated,
        }
    }
}

/// A draft with its version as an entity tag.
pub(crate) struct Versioned(Draft, EntityTag);

impl Versioned {
    pub(crate) fn of(desk: &Desk, actor: &Actor, stored: StoredDraft) -> Self {
        let tag = EntityTag(stored.version);
        Self(Draft::of(desk, actor, stored), tag)
    }
}

impl IntoResponse for Versioned {
    fn into_response(self) -> Response {
        ([self.1.field()], Json(self.0)).into_response()
    }
}
