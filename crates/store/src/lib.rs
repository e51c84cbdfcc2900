//! Ordered keys and values, atomic batches, the log of events, blobs.
//!
//! Everything above it is written once against four things: a [`Space`] (an organisation's own keys), a
//! [`Snapshot`] (all of a space at one commit), a [`Batch`] (what was read and must still be so, and what shall be
//! written) and [`Store::commit`] (all or nothing, durable when it returns). Engines are small: see `engine`.
//!
//! ```
//! use guichet_store::{Counter, Key, OrganisationId, Store, Template};
//!
//! let store = Store::memory();
//! let space = store.of(OrganisationId::new(1).ok_or("no such organisation")?);
//! let mut batch = space.batch();
//! let ticket = batch.next(Counter::Ticket);
//! batch.put(Template::from(Key::new(1)).slot(ticket), b"a customer writes".as_slice());
//! let receipt = store.commit_blocking(vec![batch])?.remove(0);
//! let key = Key::new(1).number(receipt.number(ticket));
//! assert_eq!(space.snapshot()?.peek(&key)?, Some(b"a customer writes".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! *Invariants*
//! - Nothing is visible, and nobody is answered, before it is durable.
//! - A key, a log entry or a blob of one organisation can't be reached through another's space.
//! - A number of a sequence is seen only after all numbers below it.

mod batch;
mod blob;
mod commit;
pub mod count;
mod disk;
mod engine;
mod evaluate;
mod events;
mod journal;
mod key;
mod organisation;
pub mod record;
mod room;
mod segment;
mod snapshot;
mod space;
mod store;
mod sweep;
mod template;
#[cfg(test)]
mod tests;
pub mod time;
mod version;
mod writer;

pub use batch::Batch;
pub use blob::{BlobReader, BlobRef, BlobWriter, Blobs, PendingBlob};
pub use commit::{CommitError, Receipt};
pub use engine::{Direction, Unavailable};
pub use events::{Event, TRIM_ROWS_MAX};
pub use key::Key;
pub use organisation::{BadOrganisationId, OrganisationId};
pub use room::Room;
pub use snapshot::{Scan, Snapshot};
pub use space::Space;
pub use store::{OpenError, Options, Store};
pub use template::{Counter, Slot, Template};
