//! Cursors of lists that are ordered by text: they tell nothing of the row where the next page begins.

use guichet_accounts::Actor;
use guichet_web::parameters::refused;
use guichet_web::{Page, Paging};

use crate::failure::Failure;
use crate::state::Api;

/// The text after which the page begins.
pub(crate) fn after(api: &Api, actor: &Actor, paging: &Paging) -> Result<Option<String>, Failure> {
    let Some(sealed) = paging.after() else { return Ok(None) };
    let place = api.accounts().open_place(actor.organisation, paging.list(), sealed);
    let text = place.and_then(|place| String::from_utf8(place).ok());
    match text {
        Some(text) => Ok(Some(text)),
        None => {
            Err(refused("cursor", "it is no `next_cursor` of this list; leave it out to begin anew").into())
        }
    }
}

/// The page that shows these items; `next` is the text after which the next one begins.
pub(crate) fn page<T>(
    api: &Api,
    actor: &Actor,
    paging: &Paging,
    items: Vec<T>,
    next: Option<&str>,
) -> Page<T> {
    let seal = |text: &str| api.accounts().seal_place(actor.organisation, paging.list(), text.as_bytes());
    paging.page_by_place(items, next.map(seal).as_deref())
}
