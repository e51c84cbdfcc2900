//! `/domains/{name}/records` and `/domains/{name}/check`: what is to be published in DNS so that mail to a domain comes
//! here and mail from it is believed; what stands there; what to do about it.

mod check;
mod list;
mod shape;

pub(crate) use check::{__path_check, check};
pub(crate) use list::{__path_list, list};
pub(crate) use shape::Look;
