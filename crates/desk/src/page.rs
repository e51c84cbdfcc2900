//! Pages of lists: how much one shows, how much it reads for that, and where the next begins.
//!
//! What the actor may not see is left out row by row, so a page may be short or empty and still have a cursor to go on
//! with. Within the bound of reading a cursor says that there is more to see for the one who asks, so it tells nothing
//! of what others have.

use crate::Error;

/// How many entries a page has at most.
pub(crate) const PAGE_MAX: usize = 200;

/// How many rows one page looks at.
pub(crate) const ROWS_READ_MAX: usize = 2_000;

/// A page of a list whose places are named by `C`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C = u64> {
    /// What it shows.
    pub items: Vec<T>,
    /// Where the next page begins; none after the last.
    pub next: Option<C>,
}

impl<T, C: Clone> Page<T, C> {
    /// With nothing on it.
    pub(crate) fn empty() -> Self {
        Self { items: Vec::new(), next: None }
    }

    /// Reads a page out of rows, each with its place; `read` leaves out what is not to be shown.
    pub(crate) fn read<R>(
        rows: impl Iterator<Item = Result<(C, R), Error>>,
        limit: usize,
        mut read: impl FnMut(&C, R) -> Result<Option<T>, Error>,
    ) -> Result<Self, Error> {
        let limit = limit.clamp(1, PAGE_MAX);
        let mut page = Self::empty();
        let (mut last_read, mut last_shown) = (None, None);
        for (count, row) in rows.enumerate() {
            if count == ROWS_READ_MAX {
                page.next = if page.items.len() == limit { last_shown } else { last_read };
                break;
            }
            let (place, row) = row?;
            let item = read(&place, row)?;
            last_read = Some(place);
            let Some(item) = item else { continue };
            if page.items.len() == limit {
                page.next = last_shown;
                break;
            }
            last_shown.clone_from(&last_read);
            page.items.push(item);
        }
        Ok(page)
    }
}
