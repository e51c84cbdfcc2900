//! Looks under way and just done: of one domain there is one at a time, and who comes soon after shares its result. Of one
//! organisation there are few at a time, so that name servers that keep silent cost their owner's patience alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use guichet_mail::DomainName;
use guichet_store::OrganisationId;

use crate::domains::Report;
use crate::places::Places;

/// Results kept before those that nobody waits for are dropped.
const KEPT_MAX: usize = 256;

/// Looks of one organisation at one time; further ones wait.
const LOOKS_OF_ORGANISATION_MAX: usize = 2;

type Subject = (OrganisationId, DomainName);
/// The lock that whoever looks at a domain holds, around what the last one found.
pub(crate) type Last = Arc<tokio::sync::Mutex<Option<Arc<Report>>>>;

pub(crate) struct Running {
    lasts: Mutex<HashMap<Subject, Last>>,
    /// The places for looks of an organisation.
    pub(crate) places: Places,
}

impl Default for Running {
    fn default() -> Self {
        Self { lasts: Mutex::default(), places: Places::new(LOOKS_OF_ORGANISATION_MAX) }
    }
}

impl Running {
    pub(crate) fn of(&self, organisation: OrganisationId, domain: &DomainName) -> Last {
        // A panic while the lock was held can't have left the map in a way that matters.
        let mut all = self.lasts.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX {
            all.retain(|_, last| Arc::strong_count(last) > 1);
        }
        Arc::clone(all.entry((organisation, domain.clone())).or_default())
    }
}
