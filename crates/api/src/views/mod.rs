//! `/views`: lists of tickets under a name, and what stands in them.

mod change;
mod filter;
mod one;
mod shape;

pub(crate) use change::{__path_change, __path_create, change, create};
pub(crate) use one::{__path_delete, __path_list, __path_read, __path_tickets, delete, list, read, tickets};
