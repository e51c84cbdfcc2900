//! The views that everybody has: what they show.

use std::collections::BTreeSet;

use super::{BuiltIn, View, ViewId};
use crate::{Assignee, Order, SortKey, State, TicketFilter};

/// What is to be done now: nobody waits for the customer, nothing is finished.
const OPEN: [State; 2] = [State::New, State::Open];

impl BuiltIn {
    /// The name for people.
    fn name(self) -> &'static str {
        match self {
            BuiltIn::Inbox => "Inbox",
            BuiltIn::Mine => "Mine",
            BuiltIn::Unassigned => "Unassigned",
            BuiltIn::Starred => "Starred",
            BuiltIn::Drafts => "Drafts",
            BuiltIn::Sent => "Sent",
            BuiltIn::Snoozed => "Snoozed",
            BuiltIn::Attention => "Needs attention",
            BuiltIn::Spam => "Spam",
            BuiltIn::Trash => "Trash",
        }
    }

    fn filter(self) -> TicketFilter {
        let any = TicketFilter::default;
        let open = |assignees: &[Assignee]| TicketFilter {
            states: OPEN.to_vec(),
            assignees: assignees.to_vec(),
            ..any()
        };
        match self {
            BuiltIn::Inbox => open(&[Assignee::Me, Assignee::Nobody]),
            BuiltIn::Mine => open(&[Assignee::Me]),
            BuiltIn::Unassigned => open(&[Assignee::Nobody]),
            BuiltIn::Starred => TicketFilter { starred: Some(true), ..any() },
            BuiltIn::Drafts => TicketFilter { drafted: Some(true), ..any() },
            BuiltIn::Sent => TicketFilter { sent: Some(true), ..any() },
            BuiltIn::Snoozed => TicketFilter { snoozed: Some(true), ..any() },
            BuiltIn::Attention => TicketFilter { attention: Some(true), ..any() },
            BuiltIn::Spam => TicketFilter { states: vec![State::Spam], ..any() },
            BuiltIn::Trash => TicketFilter { states: vec![State::Trash], ..any() },
        }
    }

    /// As a view.
    pub(crate) fn view(self) -> View {
        View {
            id: ViewId::BuiltIn(self),
            name: self.name().to_owned(),
            owner: None,
            teams: BTreeSet::new(),
            filter: self.filter(),
            sort: SortKey::Updated,
            order: Order::Descending,
            version: 0,
        }
    }
}
