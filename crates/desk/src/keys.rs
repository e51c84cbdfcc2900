//! Every key that the desk writes, in an organisation's space but for the last. The accounts' kinds there are
//! lower-case letters.
//!
//! What one mail adds has keys that grow with time, so that it lands side by side; only two rows are placed by
//! chance: the identity of the mail and, for a new sender, the contact's address.
//!
//! | kind | then | value |
//! |---|---|---|
//! | `T` | ticket | activity, requester, [`Ticket`](crate::Ticket) |
//! | `U` | ticket, message | - : the messages of a ticket, in order |
//! | `L` | ticket, ticket | - : tickets that belong to the same mail or conversation |
//! | `M` | message | ticket, [`Message`](crate::Message) |
//! | `Q` | message | - : in quarantine |
//! | `I` | digest of an identity | [entries](crate::identity) |
//! | `A` | address | the contacts that have it, 8 bytes each; the one first that has its mail |
//! | `C` | contact | [`Contact`](crate::Contact) |
//! | `V` | facet, its value, activity | ticket; see [`crate::facet`] |
//! | `D` | delivery | ticket, message, [`Delivery`](crate::Delivery) |
//! | `E` | delivery, attempt | [`Attempt`](crate::Attempt) |
//! | `F` | state, delivery | - : deliveries by what became of them |
//! | `J` | message, delivery | - : the deliveries of a message |
//! | `X` | address | [`Suppression`](crate::Suppression) |
//! | `W` | upload | [`Upload`](crate::Upload) |
//! | `Z` | day, digest of an idempotency key | what the first request made; see [`crate::idempotency`] |
//! | `Y` | address | when it last got an automatic answer |
//! | `P` | `t`, ticket, person | activity, latest message of their own, [`Mark`](crate::marks) |
//! | `P` | `s`, person, ticket | - : what a person has starred |
//! | `B` | `d`, person, draft | version, [`Draft`](crate::Draft) |
//! | `B` | `t`, ticket, person | the draft of an answer |
//! | `B` | `u`, upload, draft | [`Upload`](crate::Upload): what a draft keeps of it |
//! | `B` | `c`, person | how much their drafts are |
//! | `K` | `c`, company | [`Company`](crate::Company) |
//! | `K` | `d`, domain | company |
//! | `K` | `h`, company, contact | - : contacts that somebody put there |
//! | `K` | `a`, domain, contact | - : contacts with an address of a domain that a company can have |
//! | `K` | `i` | - : the contacts of before have those rows too |
//! | `H` | `v`, view | [`SavedView`](crate::views) |
//! | `H` | `o`, person or 0 | their saved views, or the shared ones, in order |
//! | `G` | layout, `c`, group, cell | a count; see [`crate::cells`] |
//! | `G` | layout, `m` | - : the counts are true |
//! | `S` | ticket, ticket | - : the tickets that were merged into a ticket |
//! | `O` | ticket | - : deleted, and some of its messages are still to go; see [`crate::delete`] |
//! | `t` | time, organisation, ticket | - : in the operator's space: when a snoozed ticket wakes |
//! | `N` | `n`, notice | ticket, [`Notice`](crate::Notice) |
//! | `N` | `t`, digest of its matter | notice |
//! | `R` | `f`, forward | [`Forward`](crate::Forward) |
//! | `R` | `p`, delivery of a probe | forward |
//! | `R` | `a` | the forward added last: written with each, so that two at once meet |
//! | `q` | due time, organisation, delivery | recipient's domain; in the operator's space: the due-table |

use guichet_accounts::PersonId;
use guichet_store::{Key, OrganisationId, Receipt, Slot, Template};
use jiff::Timestamp;

use crate::delivery::DeliveryId;
use crate::{DeliveryState, ForwardId, NoticeId};

pub(crate) const TICKETS: u8 = b'T';
pub(crate) const CONTACTS: u8 = b'C';
pub(crate) const QUARANTINE: u8 = b'Q';

/// A number that is known, or one that the commit will assign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Known(u64),
    Assigned(Slot),
}

impl Number {
    pub(crate) fn write(self, template: Template) -> Template {
        match self {
            Number::Known(number) => template.number(number),
            Number::Assigned(slot) => template.slot(slot),
        }
    }

    /// The number itself, once the commit has assigned it.
    pub(crate) fn of(self, receipt: &Receipt) -> u64 {
        match self {
            Number::Known(number) => number,
            Number::Assigned(slot) => receipt.number(slot),
        }
    }
}

/// Rows under one or two numbers, either of which may still be assigned.
pub(crate) fn row(kind: u8, numbers: &[Number]) -> Template {
    numbers.iter().fold(Template::from(Key::new(kind)), |key, number| number.write(key))
}

pub(crate) fn ticket(number: u64) -> Key {
    Key::new(TICKETS).number(number)
}

pub(crate) fn ticket_messages(number: u64) -> Key {
    Key::new(b'U').number(number)
}

pub(crate) fn ticket_message_row(ticket: Number, message: Number) -> Template {
    row(b'U', &[ticket, message])
}

pub(crate) fn links(ticket: u64) -> Key {
    Key::new(b'L').number(ticket)
}

pub(crate) fn link_row(from: Number, to: Number) -> Template {
    row(b'L', &[from, to])
}

pub(crate) const MESSAGES: u8 = b'M';

pub(crate) fn message(number: u64) -> Key {
    Key::new(MESSAGES).number(number)
}

pub(crate) fn quarantined(message: u64) -> Key {
    Key::new(QUARANTINE).number(message)
}

pub(crate) fn identity(digest: &[u8; 16]) -> Key {
    Key::new(b'I').bytes(digest)
}

pub(crate) fn contact_of(address: &str) -> Key {
    Key::new(b'A').text(address)
}

pub(crate) fn contact(number: u64) -> Key {
    Key::new(CONTACTS).number(number)
}

pub(crate) const DELIVERIES: u8 = b'D';

pub(crate) fn delivery(id: DeliveryId) -> Key {
    Key::new(DELIVERIES).number(id.0)
}

pub(crate) fn attempts(id: DeliveryId) -> Key {
    Key::new(b'E').number(id.0)
}

pub(crate) fn attempt(id: DeliveryId, attempt: u32) -> Key {
    attempts(id).number(attempt.into())
}

pub(crate) fn deliveries_in(state: DeliveryState) -> Key {
    Key::new(b'F').byte(state as u8)
}

pub(crate) fn message_deliveries(message: u64) -> Key {
    Key::new(b'J').number(message)
}

pub(crate) fn message_delivery_row(message: Number, id: DeliveryId) -> Template {
    row(b'J', &[message, Number::Known(id.0)])
}

pub(crate) const SUPPRESSIONS: u8 = b'X';

/// Of an address in its normalised spelling.
pub(crate) fn suppression(address: &str) -> Key {
    Key::new(SUPPRESSIONS).text(address)
}

/// The due-table, in the operator's space.
pub(crate) const DUE: u8 = b'q';

pub(crate) fn due(at: Timestamp, organisation: OrganisationId, id: DeliveryId) -> Key {
    due_from(at).number(organisation.get().into()).number(id.0)
}

/// Where the rows begin that are due then.
pub(crate) fn due_from(at: Timestamp) -> Key {
    Key::new(DUE).number(u64::try_from(at.as_microsecond()).unwrap_or_default())
}

/// The tickets that were merged into this one.
pub(crate) fn absorbed(ticket: u64) -> Key {
    Key::new(b'S').number(ticket)
}

/// Tickets of whose deletion something is still to do.
pub(crate) const DELETED: u8 = b'O';

pub(crate) fn deleted(ticket: u64) -> Key {
    Key::new(DELETED).number(ticket)
}

pub(crate) const UPLOADS: u8 = b'W';

pub(crate) fn upload(id: u64) -> Key {
    Key::new(UPLOADS).number(id)
}

pub(crate) const IDEMPOTENCY: u8 = b'Z';

/// What was asked with idempotency keys on a day, counted from 1970.
pub(crate) fn idempotency_day(day: u64) -> Key {
    Key::new(IDEMPOTENCY).number(day)
}

/// Of an address in its normalised spelling.
pub(crate) fn answered(address: &str) -> Key {
    Key::new(ANSWERED).text(address)
}

/// Addresses that got an automatic answer.
pub(crate) const ANSWERED: u8 = b'Y';

/// A key as a scan tells it.
pub(crate) fn of_bytes(key: &[u8]) -> Option<Key> {
    let (kind, rest) = key.split_first()?;
    Some(Key::new(*kind).bytes(rest))
}

/// Everybody's marks of a ticket.
pub(crate) fn marks(ticket: u64) -> Key {
    Key::new(b'P').byte(b't').number(ticket)
}

pub(crate) fn mark(ticket: u64, person: PersonId) -> Key {
    marks(ticket).number(person.0)
}

pub(crate) fn mark_row(ticket: Number, person: PersonId) -> Template {
    ticket.write(Template::from(Key::new(b'P').byte(b't'))).number(person.0)
}

/// What a person has starred.
pub(crate) fn stars(person: PersonId) -> Key {
    Key::new(b'P').byte(b's').number(person.0)
}

/// What a person drafts.
pub(crate) fn drafts(person: PersonId) -> Key {
    Key::new(b'B').byte(b'd').number(person.0)
}

pub(crate) fn draft(person: PersonId, id: u64) -> Key {
    drafts(person).number(id)
}

/// The drafts of answers in a ticket.
pub(crate) fn ticket_drafts(ticket: u64) -> Key {
    Key::new(b'B').byte(b't').number(ticket)
}

pub(crate) fn ticket_draft(ticket: u64, person: PersonId) -> Key {
    ticket_drafts(ticket).number(person.0)
}

/// The drafts that keep an upload.
pub(crate) fn kept_uploads(upload: u64) -> Key {
    Key::new(b'B').byte(b'u').number(upload)
}

pub(crate) fn kept_upload(upload: u64, draft: u64) -> Key {
    kept_uploads(upload).number(draft)
}

pub(crate) fn draft_tally(person: PersonId) -> Key {
    Key::new(b'B').byte(b'c').number(person.0)
}

/// When snoozed tickets wake, in the operator's space.
pub(crate) const TIMERS: u8 = b't';

pub(crate) fn timer(at: Timestamp, organisation: OrganisationId, ticket: u64) -> Key {
    let micros = u64::try_from(at.as_microsecond()).unwrap_or_default();
    Key::new(TIMERS).number(micros).number(organisation.get().into()).number(ticket)
}

/// Every company.
pub(crate) fn companies() -> Key {
    Key::new(b'K').byte(b'c')
}

pub(crate) fn company(number: u64) -> Key {
    companies().number(number)
}

/// Whose a domain is, in its A-label spelling.
pub(crate) fn company_domain(domain: &str) -> Key {
    Key::new(b'K').byte(b'd').text(domain)
}

/// The contacts that somebody put into a company.
pub(crate) fn company_contacts(company: u64) -> Key {
    Key::new(b'K').byte(b'h').number(company)
}

/// The contacts with an address of a domain.
pub(crate) fn domain_contacts(domain: &str) -> Key {
    Key::new(b'K').byte(b'a').text(domain)
}

/// There once every contact has its rows by domain.
pub(crate) fn contacts_have_domains() -> Key {
    Key::new(b'K').byte(b'i')
}

/// Every saved view.
pub(crate) fn views() -> Key {
    Key::new(b'H').byte(b'v')
}

/// Whose saved views, or the shared ones, in order.
pub(crate) fn view_order(owner: Option<PersonId>) -> Key {
    Key::new(b'H').byte(b'o').number(owner.map_or(0, |person| person.0))
}

const NOTICES: u8 = b'N';

pub(crate) fn notices() -> Key {
    Key::new(NOTICES).byte(b'n')
}

pub(crate) fn notice(id: NoticeId) -> Key {
    notices().number(id.0)
}

/// Of the digest that tells what a notice is about.
pub(crate) fn notice_topic(topic: &[u8; 16]) -> Key {
    Key::new(NOTICES).byte(b't').bytes(topic)
}

const FORWARDS: u8 = b'R';

pub(crate) fn forwards() -> Key {
    Key::new(FORWARDS).byte(b'f')
}

pub(crate) fn forward(id: ForwardId) -> Key {
    forwards().number(id.0)
}

/// What a decision over all forwards rests on.
pub(crate) fn last_forward() -> Key {
    Key::new(FORWARDS).byte(b'a')
}

/// Of the delivery that a probe is.
pub(crate) fn forward_of_probe(id: DeliveryId) -> Key {
    Key::new(FORWARDS).byte(b'p').number(id.0)
}
