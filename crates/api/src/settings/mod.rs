//! `/channels`, `/domains`: how the organisation is set up. Most of it changes through the operator's
//! command line; here it is read, to be shown.

mod channels;
mod domains;
mod records;

pub(crate) use channels::{
    __path_change as __path_change_channel, __path_channel, __path_channels, change as change_channel,
    channel, channels,
};
pub(crate) use domains::{__path_domain, __path_domains, domain, domains};
pub(crate) use records::{__path_domain_records, domain_records};

use guichet_web::{Page, Paging, Parameters};

use crate::failure::Failure;

/// A page of things that are few enough to be read as a whole.
pub(crate) fn page<R, T: From<R>>(
    parameters: &Parameters,
    list: u8,
    all: Vec<R>,
    key: impl Fn(&R) -> Vec<u8>,
) -> Result<Page<T>, Failure> {
    parameters.only(&["limit", "cursor"])?;
    let page = Paging::read(parameters, list)?.slice(all, key);
    Ok(Page { items: page.items.into_iter().map(T::from).collect(), next_cursor: page.next_cursor })
}
