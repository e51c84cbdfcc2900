//! Views: lists of tickets under a name. Some are built in, as the folders of a mail program; others people save for
//! themselves, and admins for everybody or for some teams.
//!
//! *Must hold*: a view never widens what its reader sees; it is a filter like any other.

mod built_in;
mod change;
mod read;

pub use change::{NewView, ViewChange};

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use guichet_accounts::{PersonId, TeamId};
use minicbor::{Decode, Encode};

use crate::{Order, SortKey, TicketFilter};

/// How many views one person saves, and how many an organisation shares: a list to choose from.
pub const VIEWS_MAX: usize = 100;

/// The name of a view: the word of one that is built in, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViewId {
    /// One that everybody has.
    BuiltIn(BuiltIn),
    /// One that somebody saved.
    Saved(u64),
}

/// The views that everybody has, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuiltIn {
    /// Open work of mine, and what is unassigned in my teams.
    Inbox,
    /// Open work of mine.
    Mine,
    /// Open work of nobody.
    Unassigned,
    /// What I starred.
    Starred,
    /// Where I have begun to write.
    Drafts,
    /// Where I have written.
    Sent,
    /// What comes again later.
    Snoozed,
    /// What somebody should look at.
    Attention,
    /// What is unwanted.
    Spam,
    /// What is thrown away.
    Trash,
}

/// A view as its reader has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name for programs.
    pub id: ViewId,
    /// Its name for people.
    pub name: String,
    /// Whose it is alone; none of one that is shared or built in.
    pub owner: Option<PersonId>,
    /// For whom a shared one is; empty: for everybody.
    pub teams: BTreeSet<TeamId>,
    /// Which tickets it shows.
    pub filter: TicketFilter,
    /// By what they are ordered.
    pub sort: SortKey,
    /// In which direction.
    pub order: Order,
    /// Changes with every change of it; 0 of one that is built in.
    pub version: u64,
}

/// What is stored of a saved view, but for the number in its key and its place.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct SavedView {
    /// Its name.
    #[n(0)]
    pub(crate) name: String,
    /// Whose it is alone; none of one that is shared.
    #[n(1)]
    pub(crate) owner: Option<PersonId>,
    /// For whom a shared one is; empty: for everybody.
    #[n(2)]
    pub(crate) teams: BTreeSet<TeamId>,
    /// Which tickets it shows.
    #[n(3)]
    pub(crate) filter: TicketFilter,
    /// By what they are ordered.
    #[n(4)]
    pub(crate) sort: SortKey,
    /// In which direction.
    #[n(5)]
    pub(crate) order: Order,
}

impl BuiltIn {
    /// Every one, in the order of a mail program.
    pub const ALL: [BuiltIn; 10] = [
        BuiltIn::Inbox,
        BuiltIn::Mine,
        BuiltIn::Unassigned,
        BuiltIn::Starred,
        BuiltIn::Drafts,
        BuiltIn::Sent,
        BuiltIn::Snoozed,
        BuiltIn::Attention,
        BuiltIn::Spam,
        BuiltIn::Trash,
    ];

    /// The word for the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            BuiltIn::Inbox => "inbox",
            BuiltIn::Mine => "mine",
            BuiltIn::Unassigned => "unassigned",
            BuiltIn::Starred => "starred",
            BuiltIn::Drafts => "drafts",
            BuiltIn::Sent => "sent",
            BuiltIn::Snoozed => "snoozed",
            BuiltIn::Attention => "attention",
            BuiltIn::Spam => "spam",
            BuiltIn::Trash => "trash",
        }
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ViewId::BuiltIn(view) => f.write_str(view.as_str()),
            ViewId::Saved(number) => number.fmt(f),
        }
    }
}

/// A text that names no view.
#[derive(Debug, thiserror::Error)]
#[error("it names no view")]
pub struct BadViewId;

impl FromStr for ViewId {
    type Err = BadViewId;

    fn from_str(text: &str) -> Result<Self, BadViewId> {
        let built_in = BuiltIn::ALL.into_iter().find(|view| view.as_str() == text);
        match built_in {
            Some(view) => Ok(ViewId::BuiltIn(view)),
            None => text.parse().map(ViewId::Saved).map_err(|_| BadViewId),
        }
    }
}
