//! A draft as a request brings it, read member by member. What can't be sent like this is a draft all the same.

use guichet_accounts::{ChannelId, PersonId, TeamId};
use guichet_desk::{CompanyId, ContactId, Draft};
use guichet_web::{Fault, Kind, Members, Problem, members};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::tickets::shape;
use crate::writing::{self, kinds};

/// How many recipients are read in each of `to`, `cc` and `bcc`, and how many contacts and people.
const NAMED_MAX: usize = 100;
/// How many attachments are read; the desk keeps no more.
const ATTACHMENTS_MAX: usize = 100;

/// What you have typed so far. Everything may be left out; recipients are taken as they are typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct NewDraft {
    #[schema(required = false, schema_with = kinds)]
    kind: String,
    /// The message that it answers or forwards; without it the newest that came in.
    #[schema(required = false, example = 7)]
    answers: u64,
    /// Whom it is to; without it whoever the kind suggests.
    #[schema(required = false, example = json!(["Ana Lima <ana@customer.example>", "rui@"]))]
    to: Vec<String>,
    /// Who gets a copy.
    #[schema(required = false, example = json!([]))]
    cc: Vec<String>,
    /// Who gets a copy that the others don't see.
    #[schema(required = false, example = json!([]))]
    bcc: Vec<String>,
    /// Contacts whom it is to as well, by their numbers.
    #[schema(required = false, example = json!([12]))]
    contacts: Vec<u64>,
    /// People of the organisation whom it names.
    #[schema(required = false, example = json!([2]))]
    mentions: Vec<u64>,
    /// Its subject.
    #[schema(required = false, example = "Re: Invoice 7 is wrong")]
    subject: String,
    /// What it says, in Markdown.
    #[schema(required = false, example = "Dear Ana,")]
    text: String,
    /// Whether a reply quotes what it answers.
    #[schema(required = false, default = true, example = true)]
    quote: bool,
    /// Files that were uploaded before, by their `id`. They are kept as long as the draft.
    #[schema(required = false, example = json!(["agnhy6kqaaaaa"]))]
    attachments: Vec<String>,
    /// Whether a forward takes the files of the original along.
    #[schema(required = false, default = false, example = true)]
    include_attachments: bool,
    /// The channel that it leaves through; a new mail needs one when it is sent.
    #[schema(required = false, example = 1)]
    channel: u64,
    /// Whose ticket a new mail becomes.
    #[schema(required = false, example = 3)]
    team: u64,
    /// The company that a new ticket is linked to.
    #[schema(required = false, example = 3)]
    company: u64,
    /// The ticket's state afterwards.
    #[schema(required = false, schema_with = shape::states)]
    state: String,
    /// For how many seconds it can be taken back once it is sent.
    #[schema(required = false, minimum = 0, maximum = 3600, example = 10)]
    undo_seconds: u32,
    /// When it shall leave; instead of `undo_seconds`.
    #[schema(required = false, example = "2026-03-02T08:00:00Z")]
    send_at: Timestamp,
}

/// Reads a draft.
pub(super) fn read(body: Map<String, Value>) -> Result<Draft, Problem> {
    let mut members = Members::of(body);
    let typed = || members::list(NAMED_MAX, members::text);
    let numbers = || members::list(NAMED_MAX, members::number);
    let draft = Draft {
        kind: members.read("kind", writing::kind),
        answers: members.read("answers", members::number),
        to: members.read("to", typed()),
        cc: members.read("cc", typed()),
        bcc: members.read("bcc", typed()),
        subject: members.read("subject", members::text),
        text: members.read("text", members::text).unwrap_or_default(),
        quote: members.read("quote", members::flag),
        attachments: members
            .read("attachments", members::list(ATTACHMENTS_MAX, writing::upload))
            .unwrap_or_default(),
        include_attachments: members.read("include_attachments", members::flag).unwrap_or(false),
        channel: members.read("channel", members::number).map(ChannelId),
        team: members.read("team", members::number).map(TeamId),
        state: members.read("state", |value| shape::state(&members::text(value)?)),
        undo_seconds: members.read("undo_seconds", writing::seconds),
        send_at: members.read("send_at", members::time),
        contacts: named(members.read("contacts", numbers()), ContactId),
        company: members.read("company", members::number).map(CompanyId),
        mentions: named(members.read("mentions", numbers()), PersonId),
    };
    members.finish().map(|()| draft)
}

/// That a new mail is no answer: there would be nothing that it answers.
pub(super) fn refuse_answer(draft: &Draft) -> Result<(), Problem> {
    let given = [("kind", draft.kind.is_some()), ("answers", draft.answers.is_some())];
    let why = "a new mail answers nothing; a draft of an answer is saved in its ticket (`PUT /tickets/{number}/draft`)";
    let faults: Vec<Fault> =
        given.into_iter().filter(|(_, is)| *is).map(|(name, _)| Fault::of_member(name, why)).collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::of_faults(Kind::UnprocessableContent, faults)) }
}

fn named<T>(numbers: Option<Vec<u64>>, of: fn(u64) -> T) -> Vec<T> {
    numbers.unwrap_or_default().into_iter().map(of).collect()
}
