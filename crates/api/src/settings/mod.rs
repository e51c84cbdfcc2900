//! `/channels`, `/domains`: how the organisation is set up, by its admins.

mod channels;
mod dkim;
mod domains;
mod own_channels;
mod own_domains;

pub(crate) use channels::{
    __path_change as __path_change_channel, __path_channel, __path_channels, change as change_channel,
    channel, channels,
};
pub(crate) use dkim::{__path_rotate as __path_rotate_dkim, DkimKey, rotate as rotate_dkim};
pub(crate) use domains::{__path_domain, __path_domains, domain, domains};
pub(crate) use own_channels::{
    __path_create as __path_create_channel, __path_delete as __path_delete_channel, create as create_channel,
    delete as delete_channel,
};
pub(crate) use own_domains::{
    __path_add as __path_add_domain, __path_change as __path_change_domain,
    __path_remove as __path_remove_domain, add as add_domain, change as change_domain,
    remove as remove_domain,
};

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
