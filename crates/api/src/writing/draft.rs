//! What somebody wants to say, read member by member.

use guichet_accounts::{ChannelId, PersonId};
use guichet_desk::{CompanyId, ContactId, Hold, State, Target, UploadId, Writing, WritingKind};
use guichet_mail::compose::Mailbox;
use guichet_web::{Members, Problem, members};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::mailbox::{self, Recipient};
use crate::openapi::words;
use crate::tickets::shape;

/// How many recipients are read in each of `to`, `cc` and `bcc`; the desk allows no more in all three.
const RECIPIENTS_MAX: usize = 100;
/// How many attachments are read; the desk allows no more.
const ATTACHMENTS_MAX: usize = 100;
/// How many people one message names; the desk allows no more.
const MENTIONS_MAX: usize = 20;

const KINDS: [(&str, WritingKind); 4] = [
    ("reply", WritingKind::Reply),
    ("reply_all", WritingKind::ReplyAll),
    ("forward", WritingKind::Forward),
    ("note", WritingKind::Note),
];

/// What is written into a ticket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct NewMessage {
    #[schema(schema_with = kinds)]
    kind: String,
    /// The message that it answers or forwards; without it the newest that came in.
    #[schema(required = false, example = 7)]
    answers: u64,
    /// Whom it is to; without it whoever the kind suggests.
    #[schema(required = false, example = json!(["Ana Lima <ana@customer.example>"]))]
    to: Vec<Recipient>,
    /// Contacts whom it is to as well, by their numbers: it goes to their first address.
    #[schema(required = false, example = json!([12]))]
    contacts: Vec<u64>,
    /// People of the organisation whom it names: they watch the ticket from now on and get the event `mention`; no
    /// mail is sent to them.
    #[schema(required = false, example = json!([2]))]
    mentions: Vec<u64>,
    /// Who gets a copy; without it whoever the kind suggests.
    #[schema(required = false, example = json!([{"name": "Rui Costa", "address": "rui@customer.example"}]))]
    cc: Vec<Recipient>,
    /// Who gets a copy that the others don't see.
    #[schema(required = false, example = json!([]))]
    bcc: Vec<Recipient>,
    /// Its subject; without it that of the message that it answers.
    #[schema(required = false, example = "Re: Invoice 7 is wrong")]
    subject: String,
    /// What it says, in Markdown.
    #[schema(required = false, example = "Dear Ana,\n\nyou are right: it is **7**.")]
    text: String,
    /// Whether a reply quotes what it answers.
    #[schema(required = false, default = true, example = true)]
    quote: bool,
    /// Files that were uploaded before, by their `id`.
    #[schema(required = false, example = json!(["agnhy6kqaaaaa"]))]
    attachments: Vec<String>,
    /// Whether a forward takes the files of the original along.
    #[schema(required = false, default = false, example = true)]
    include_attachments: bool,
    /// The channel that it leaves through; without it the ticket's.
    #[schema(required = false, example = 1)]
    channel: u64,
    /// The ticket's state afterwards; without it `pending` after a reply, unchanged after a forward or a note.
    #[schema(required = false, schema_with = shape::states)]
    state: String,
    /// For how many seconds it can be taken back before it leaves; 0 is at once. Without it as the server is set, which is
    /// 10 unless its operator chose otherwise.
    #[schema(required = false, minimum = 0, maximum = 3600, example = 10)]
    undo_seconds: u32,
    /// When it shall leave, at most 366 days ahead; instead of `undo_seconds`.
    #[schema(required = false, example = "2026-03-02T08:00:00Z")]
    send_at: Timestamp,
}

/// A new mail, which begins a ticket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct NewTicket {
    /// The channel that it leaves through.
    #[schema(example = 1)]
    channel: u64,
    /// Whom it is to; the first is the ticket's requester where there are no `contacts`.
    #[schema(required = false, example = json!(["Ana Lima <ana@customer.example>"]))]
    to: Vec<Recipient>,
    /// Contacts whom it is to as well, by their numbers: it goes to their first address. The first is the ticket's requester.
    #[schema(required = false, example = json!([12]))]
    contacts: Vec<u64>,
    /// The company that the ticket is linked to; without it the requester's counts.
    #[schema(required = false, example = 3)]
    company: u64,
    /// People of the organisation whom it names: they watch the ticket from now on and get the event `mention`; no
    /// mail is sent to them.
    #[schema(required = false, example = json!([2]))]
    mentions: Vec<u64>,
    /// Who gets a copy.
    #[schema(required = false, example = json!([]))]
    cc: Vec<Recipient>,
    /// Who gets a copy that the others don't see.
    #[schema(required = false, example = json!([]))]
    bcc: Vec<Recipient>,
    /// Its subject.
    #[schema(example = "Your contract ends in May")]
    subject: String,
    /// What it says, in Markdown.
    #[schema(required = false, example = "Dear Ana,\n\nshall we go on?")]
    text: String,
    /// Files that were uploaded before, by their `id`.
    #[schema(required = false, example = json!(["agnhy6kqaaaaa"]))]
    attachments: Vec<String>,
    /// Whose ticket it becomes; without it that of the channel's team.
    #[schema(required = false, example = 3)]
    team: u64,
    /// The ticket's state afterwards; without it `pending`.
    #[schema(required = false, schema_with = shape::states)]
    state: String,
    /// For how many seconds it can be taken back before it leaves; 0 is at once. Without it as the server is set, which is
    /// 10 unless its operator chose otherwise.
    #[schema(required = false, minimum = 0, maximum = 3600, example = 10)]
    undo_seconds: u32,
    /// When it shall leave, at most 366 days ahead; instead of `undo_seconds`.
    #[schema(required = false, example = "2026-03-02T08:00:00Z")]
    send_at: Timestamp,
}

/// Reads what is written into a ticket.
pub(super) fn into_ticket(body: Map<String, Value>, number: u64, undo_secs: u32) -> Result<Writing, Problem> {
    let mut members = Members::of(body);
    let kind = members.require("kind", kind).unwrap_or(WritingKind::Note);
    let answers = members.read("answers", members::number);
    let undo_secs = if kind == WritingKind::Note { 0 } else { undo_secs };
    let writing = Writing {
        target: Target::Ticket { number, kind, answers },
        quote: members.read("quote", members::flag).unwrap_or(true),
        include_attachments: members.read("include_attachments", members::flag).unwrap_or(false),
        channel: members.read("channel", members::number).map(ChannelId),
        subject: members.read("subject", members::text),
        ..said(&mut members, undo_secs)
    };
    members.finish().map(|()| writing)
}

/// Reads a new mail.
pub(super) fn of_its_own(body: Map<String, Value>, undo_secs: u32) -> Result<Writing, Problem> {
    let mut members = Members::of(body);
    let channel = ChannelId(members.require("channel", members::number).unwrap_or_default());
    let subject = members.require("subject", members::text).unwrap_or_default();
    let team = members.read("team", members::number).map(guichet_accounts::TeamId);
    let company = members.read("company", members::number).map(CompanyId);
    let target = Target::New { channel, subject, team };
    let writing = Writing { target, company, ..said(&mut members, undo_secs) };
    members.finish().map(|()| writing)
}

/// What both have: to whom, what, with which files, when.
fn said(members: &mut Members, undo_secs: u32) -> Writing {
    Writing {
        target: Target::New { channel: ChannelId(0), subject: String::new(), team: None },
        to: members.read("to", recipients()),
        cc: members.read("cc", recipients()),
        bcc: members.read("bcc", recipients()),
        subject: None,
        text: members.read("text", members::text).unwrap_or_default(),
        quote: false,
        attachments: members.read("attachments", members::list(ATTACHMENTS_MAX, upload)).unwrap_or_default(),
        include_attachments: false,
        channel: None,
        state: members.read("state", state),
        hold: hold(members, undo_secs),
        contacts: members.read("contacts", members::list(RECIPIENTS_MAX, contact)).unwrap_or_default(),
        company: None,
        mentions: members.read("mentions", members::list(MENTIONS_MAX, person)).unwrap_or_default(),
    }
}

fn hold(members: &mut Members, undo_secs: u32) -> Hold {
    let undo = members.read("undo_seconds", seconds);
    let at = members.read("send_at", members::time);
    match (undo, at) {
        (Some(_), Some(_)) => {
            members.refuse("send_at", "it can't stand beside undo_seconds; give one of them");
            Hold::None
        }
        (None, Some(at)) => Hold::Until(at),
        (undo, None) => match undo.unwrap_or(undo_secs) {
            0 => Hold::None,
            secs => Hold::Undo(secs),
        },
    }
}

/// A number of seconds.
pub(crate) fn seconds(value: &Value) -> Result<u32, String> {
    let secs = members::number(value)?;
    u32::try_from(secs).map_err(|_| format!("{secs} seconds are too many"))
}

fn recipients() -> impl FnOnce(&Value) -> Result<Vec<Mailbox>, String> {
    members::list(RECIPIENTS_MAX, mailbox::read)
}

fn contact(value: &Value) -> Result<ContactId, String> {
    members::number(value).map(ContactId)
}

fn person(value: &Value) -> Result<PersonId, String> {
    members::number(value).map(PersonId)
}

pub(crate) fn upload(value: &Value) -> Result<UploadId, String> {
    members::text(value)?.parse().map_err(|_| "it is no `id` of an upload".to_owned())
}

fn state(value: &Value) -> Result<State, String> {
    shape::state(&members::text(value)?)
}

pub(crate) fn kind(value: &Value) -> Result<WritingKind, String> {
    let found = KINDS.into_iter().find(|(word, _)| value == word);
    found
        .map(|(_, kind)| kind)
        .ok_or_else(|| format!("one of {} is needed", KINDS.map(|(word, _)| word).join(", ")))
}

pub(crate) fn kinds() -> Object {
    words(
        "An answer to whoever wrote, an answer to everybody, the message handed on, or a note that is never sent.",
        KINDS.map(|(word, _)| word),
    )
}

/// The word for a kind.
pub(crate) fn kind_word(kind: WritingKind) -> &'static str {
    KINDS.into_iter().find(|(_, known)| *known == kind).map_or("reply", |(word, _)| word)
}
