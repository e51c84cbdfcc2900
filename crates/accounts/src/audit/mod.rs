//! The audit log: who did what, when, from where. A row stands in the same commit as the change that it tells of.
//!
//! *Must hold*: a change made on somebody's behalf leaves its row or does not happen; rows are never altered, only
//! forgotten when they are old. A row holds no secret and nothing of a mail: names, addresses and numbers alone.

mod deed;
mod read;

pub use deed::Deed;
pub use read::AuditPage;

use std::net::IpAddr;

use guichet_store::{Batch, Key, OrganisationId};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::{Accounts, By, Who, keys, stored};

/// A subject is a name or an address, not a letter.
const SUBJECT_CHARS_MAX: usize = 300;
/// How much of the digest of a row stands in its key, so that two rows of one instant stay two.
const DIGEST_BYTES: usize = 8;

/// One row: who did what, when, from where.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AuditEntry {
    /// When.
    #[cbor(n(0), with = "guichet_store::time")]
    pub at: Timestamp,
    /// Who.
    #[n(1)]
    pub who: Who,
    /// Whose person that is; none for the operator at the command line and for Guichet itself.
    #[n(2)]
    pub organisation: Option<OrganisationId>,
    /// From which address of the network, where they came by one.
    #[n(3)]
    pub from: Option<IpAddr>,
    /// What.
    #[n(4)]
    pub deed: Deed,
    /// About whom or what, as people name it.
    #[n(5)]
    pub subject: String,
}

impl Accounts {
    /// Notes, in the space of this batch, what the change does; nothing where nobody causes it.
    pub(crate) fn record(&self, batch: &mut Batch, deed: Deed, subject: impl ToString) {
        if let Some(by) = &self.by {
            self.audit_row(batch, by, deed, subject);
        }
    }

    /// Notes a deed in the audit log of the organisation whose batch this is, whoever made the batch.
    #[allow(clippy::unused_self, clippy::needless_pass_by_value)]
    pub fn audit_row(&self, batch: &mut Batch, by: &By, deed: Deed, subject: impl ToString) {
        let entry = AuditEntry {
            at: by.at,
            who: by.who,
            organisation: by.organisation,
            from: by.from,
            deed,
            // A terminal obeys control characters.
            subject: subject
                .to_string()
                .chars()
                .filter(|c| !c.is_control())
                .take(SUBJECT_CHARS_MAX)
                .collect(),
        };
        let value = stored::encode(&entry);
        batch.put(key(&entry, &value), value);
    }
}

fn key(entry: &AuditEntry, value: &[u8]) -> Key {
    let micros = u64::try_from(entry.at.as_microsecond()).unwrap_or(0);
    let digest = blake3::hash(value);
    let (digest, _) = digest.as_bytes().split_at(DIGEST_BYTES);
    keys::audit_at(micros).bytes(digest)
}
