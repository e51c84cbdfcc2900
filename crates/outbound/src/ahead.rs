//! Signing ahead: what is held is signed while it waits, so that a burst of mail leaves as fast as it can be sent.
//!
//! An RSA signature costs as much as the rest of sending a small mail. An answer that can be taken back for some seconds, or is
//! sent at a set time, has that time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use guichet_desk::{DeliveryId, DueCursor, Error};
use jiff::Timestamp;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::deliver::Deliverer;
use crate::signatures::{SIGNATURE_AGE, SIGNATURES_MAX};

/// How often what is held is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Rows of the due-table read at once.
const PAGE_ROWS: usize = 500;

/// Signs ahead for ever.
pub(crate) async fn sign_ahead(deliverer: Arc<Deliverer>) {
    let mut changes = deliverer.desk.queue_changes();
    let mut known = HashSet::new();
    loop {
        match look(&deliverer, &known).await {
            Ok(found) => known = found,
            // Whoever reads what is due says it.
            Err(error) => tracing::debug!(%error, "what is held can't be read"),
        }
        sleep(LOOK).await;
        // The desk that we hold lives as long as we do. What comes of age without a change waited for longer than a
        // signature lives.
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Signs what is due soon and was not seen at the last look; answers what there is.
async fn look(deliverer: &Deliverer, known: &HashSet<DeliveryId>) -> Result<HashSet<DeliveryId>, Error> {
    let mut found = HashSet::new();
    let now = deliverer.clock.now();
    let until = now.saturating_add(SIGNATURE_AGE / 2).unwrap_or(Timestamp::MAX);
    // What is due already is on its way, however much it is.
    let mut place = DueCursor::at(now);
    loop {
        let page = deliverer.desk.due(place, until, PAGE_ROWS)?;
        let is_last = page.len() < PAGE_ROWS;
        for due in page {
            place = Some(due.cursor);
            if due.at > now && found.insert(due.delivery) && !known.contains(&due.delivery) {
                deliverer.sign_ahead(due.organisation, due.delivery).await?;
                yield_now().await;
            }
        }
        if is_last || found.len() >= SIGNATURES_MAX {
            return Ok(found);
        }
        yield_now().await;
    }
}
