//! The help desk: the only writer of tickets, messages and contacts.
//!
//! Mail comes in through one door, [`Desk::receive`]; people look and act through calls that take an
//! [`Actor`](guichet_accounts::Actor), and what they may see is decided here.

mod arrival;
mod automatic;
mod caps;
mod cells;
mod change;
mod claims;
mod companies;
mod contact;
mod copies;
mod counts;
mod delete;
mod deliveries;
mod delivery;
mod disposition;
mod drafts;
mod error;
mod event;
mod facet;
mod filter;
mod forwards;
mod groups;
mod idempotency;
mod identity;
mod keys;
mod list;
mod manner;
mod marks;
mod mentions;
mod merge;
mod merged;
mod message;
mod moving;
mod notices;
mod page;
mod participants;
mod plan;
mod quarantine;
mod queue;
mod read;
mod receive;
mod reports;
mod requester;
mod retention;
mod rows;
mod snooze;
mod split;
mod stored;
mod success;
mod suppression;
mod sweep;
mod system_mail;
mod teams;
mod tells;
#[cfg(test)]
mod tests;
mod threading;
mod ticket;
mod timers;
mod token;
mod trash;
mod upload;
mod views;
mod watchers;
mod writing;

pub use arrival::{Arrival, Destination, Reading, Recipient};
pub use change::TicketChange;
pub use companies::{Company, CompanyChange, CompanyId, NewCompany, StoredCompany};
pub use contact::{
    AddressPlace, Belongs, Contact, ContactChange, ContactId, ContactSearch, NewContact, StoredContact,
};
pub use counts::Count;
pub use delete::Emptied;
pub use deliveries::{AsItLeft, DeliveryDetail, DeliveryQuery};
pub use delivery::{Attempt, Delivery, DeliveryId, DeliveryState, Fate, RecipientField, Retry, ReversePath};
pub use disposition::Disposition;
pub use drafts::{BadDraftId, DRAFT_BYTES_MAX, DRAFTS_MAX, Draft, DraftId, StoredDraft};
pub use error::Error;
pub use event::{EVENTS_READ_MAX, Event, EventKind, Log, LoggedEvent};
pub use filter::{Assignee, TicketFilter};
pub use forwards::{
    BadForwardId, FORWARDS_MAX, Forward, ForwardId, ForwardReport, ForwardState, ProbeSent, Returned,
    StoredForward,
};
pub use idempotency::Idempotency;
pub use list::{Order, SortKey, TicketQuery};
pub use marks::{Mark, Marked, STARRED_MAX};
pub use merge::MERGE_MESSAGES_MAX;
pub use message::{Content, Envelope, Message, MessageKind, Notification, NotifiedRecipient, Written};
pub use notices::{
    BadNoticeId, ForwardingConfirmation, NOTICES_KEPT_MAX, NewNotice, Notice, NoticeId, NoticeKind,
    StoredNotice,
};
pub use page::Page;
pub use queue::{Composed, Displaced, Due, DueCursor, Lease, Leaving, StoredDelivery};
pub use read::{PartContent, Texts, TicketDetail};
pub use receive::{Kept, Outcome, Received};
pub use requester::NewRequester;
pub use snooze::SNOOZE_DAYS_MAX;
pub use split::{SPLIT_MESSAGES_MAX, Split};
pub use stored::{StoredMessage, StoredTicket};
pub use suppression::{NewSuppression, Suppression};
pub use system_mail::{Alert, SystemMail, SystemMailKind, plain};
pub use ticket::{Priority, State, Ticket};
pub use upload::{BadUploadId, StoredUpload, UPLOAD_BYTES_MAX, UPLOAD_HOURS, Upload, UploadId};
pub use views::{BadViewId, BuiltIn, NewView, VIEWS_MAX, View, ViewChange, ViewId};
pub use writing::{
    HOLD_DAYS_MAX, Hold, MAIL_BYTES_MAX, Target, UNDO_SECONDS_MAX, Writing, WritingKind, WrittenMessage,
};

use std::sync::Arc;

use guichet_accounts::Accounts;
use guichet_store::{Store, record, time};
use guichet_sys::Random;

use crate::caps::Caps;
use crate::queue::Queue;

/// The desk over one store. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    store: Store,
    accounts: Accounts,
    random: Arc<dyn Random>,
    queue: Queue,
    caps: Caps,
}

impl Desk {
    /// Over this store.
    ///
    /// What is being sent just now is known to one desk and its clones; so a program makes only one.
    pub fn new(store: Store, accounts: Accounts, random: Arc<dyn Random>) -> Self {
        Self { store, accounts, random, queue: Queue::default(), caps: Caps::default() }
    }

    /// The accounts that it works with.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
}

/// The numbers in front of a value, and what follows them.
fn numbers<const N: usize>(bytes: &[u8]) -> Result<([u64; N], &[u8]), Error> {
    record::split_numbers(bytes).ok_or(Error::Damaged("record"))
}
