//! Looks under way and just done: of one domain there is one at a time, and who comes soon after shares its result.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use guichet_mail::DomainName;
use guichet_store::OrganisationId;

use crate::domains::Report;

/// Results kept before those that nobody waits for are dropped.
const KEPT_MAX: usize = 256;

type Subject = (OrganisationId, DomainName);
/// The lock that whoever looks at a domain holds, around what the last one found.
pub(crate) type Last = Arc<tokio::sync::Mutex<Option<Arc<Report>>>>;

#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<Subject, Last>>);

impl Running {
    pub(crate) fn of(&self, organisation: OrganisationId, domain: &DomainName) -> Last {
        // A panic while the lock was held can't have left the map in a way that matters.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX {
            all.retain(|_, last| Arc::strong_count(last) > 1);
        }
        Arc::clone(all.entry((organisation, domain.clone())).or_default())
    }
}
