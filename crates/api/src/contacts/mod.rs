//! `/contacts`: who writes, under which addresses, and all their mail.

mod change;
mod letters;
mod list;
mod one;
mod shape;

pub(crate) use change::{__path_change, __path_create, change, create};
pub(crate) use letters::{__path_messages, __path_tickets, messages, tickets};
pub(crate) use list::{__path_list, list};
pub(crate) use one::{__path_delete, __path_merge, __path_read, __path_split, delete, merge, read, split};
pub(crate) use shape::Contact;
