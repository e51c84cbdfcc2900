//! The queue: deliveries that wait for their time, and what becomes of them.
//!
//! Its rows in the store are the truth: each delivery, and in the operator's space one row for each that still waits,
//! by the time at which it is due. In memory is only what is being worked on just now, so that a server that ends
//! leaves everything as it was, due again.
//!
//! *Must hold*
//! - A delivery has a row in the due-table if and only if its state is one that waits.
//! - Whoever makes a delivery has looked the recipient up on the suppression list first, as a check of the same commit;
//!   whoever leases one looks again.
//! - What an attempt found out is kept whatever else became of the delivery meanwhile: delivered is delivered.

mod actions;
mod attempted;
mod change;
mod composed;
mod due;
mod enqueue;
mod lease;
mod marks;
mod redirect;
mod report;
mod schedule;
mod standing;
mod undo;

pub(crate) use change::{Act, Change};
pub use composed::Composed;
pub(crate) use due::DueRows;
pub use due::{Due, DueCursor};
pub(crate) use enqueue::{Addressee, Posting, enqueue};
pub use lease::{Lease, Leaving};
pub(crate) use report::Trust;
pub use standing::StoredDelivery;
pub use undo::Displaced;

use std::sync::Arc;

use guichet_store::OrganisationId;
use tokio::sync::watch;

use crate::DeliveryId;
use crate::queue::marks::{Marks, Work};

/// What all clones of a desk know together of the queue.
#[derive(Clone)]
pub(crate) struct Queue {
    /// What is being worked on.
    marks: Marks,
    /// Told after each commit that adds or moves rows of the due-table.
    changes: Arc<watch::Sender<u64>>,
    /// Told after each commit that sets a timer.
    timers: Arc<watch::Sender<u64>>,
}

impl Default for Queue {
    fn default() -> Self {
        let told = || Arc::new(watch::Sender::new(0));
        Self { marks: Marks::default(), changes: told(), timers: told() }
    }
}

impl Queue {
    /// Whether a delivery is being worked on.
    pub(crate) fn is_marked(&self, organisation: OrganisationId, delivery: DeliveryId) -> bool {
        self.marks.work(organisation, delivery).is_some()
    }

    /// Whether a delivery is being sent.
    pub(crate) fn is_sending(&self, organisation: OrganisationId, delivery: DeliveryId) -> bool {
        self.marks.work(organisation, delivery) == Some(Work::Sending)
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn timers_changed(&self) {
        self.timers.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Tells of every commit that sets a timer.
    pub(crate) fn timer_changes(&self) -> watch::Receiver<u64> {
        self.timers.subscribe()
    }
}
