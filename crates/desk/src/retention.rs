//! How long the log is kept. A listener whose cursor is older is told to read everything anew.

use guichet_store::{OrganisationId, record};
use jiff::Timestamp;

use crate::event::{EVENTS_READ_MAX, Event};
use crate::{Desk, Error, numbers};

impl Desk {
    /// Forgets events of an organisation that happened before this time, the oldest first and a bounded number in one
    /// call; answers whether there may be more.
    pub async fn forget_events(
        &self,
        organisation: OrganisationId,
        before: Timestamp,
    ) -> Result<bool, Error> {
        let space = self.store.of(organisation);
        let oldest = space.events(0, EVENTS_READ_MAX)?;
        let mut keep_from = None;
        for stored in &oldest {
            let (_, rest) = numbers::<2>(&stored.value)?;
            let event: Event = record::decode(rest).map_err(|_| Error::Damaged("event"))?;
            if event.at >= before {
                break;
            }
            keep_from = Some(stored.sequence + 1);
        }
        let Some(keep_from) = keep_from else { return Ok(false) };
        space.trim_events(keep_from).await?;
        let all_went = oldest.last().is_some_and(|last| last.sequence < keep_from);
        Ok(all_went && oldest.len() == EVENTS_READ_MAX)
    }
}
