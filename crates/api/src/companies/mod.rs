//! `/companies`: whom contacts belong to, and all their mail.

mod change;
mod letters;
mod one;
mod shape;

pub(crate) use change::{__path_change, __path_create, change, create};
pub(crate) use letters::{__path_contacts, __path_messages, __path_tickets, contacts, messages, tickets};
pub(crate) use one::{__path_delete, __path_list, __path_merge, __path_read, delete, list, merge, read};
