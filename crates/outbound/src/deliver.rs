//! One delivery, from its lease to its recorded attempt.
//!
//! *Must hold*: an attempt that was begun is recorded, whatever came of it; trouble of our own is an attempt as well, for now
//! and without its cause in public.

use std::net::SocketAddr;
use std::sync::Arc;

use guichet_desk::{Attempt, DeliveryId, Desk, Fate, Lease};
use guichet_store::{OrganisationId, Store};
use guichet_sys::Clock;
use jiff::Timestamp;

use crate::Backends;
use crate::judge::Judgement;
use crate::local::Local;
use crate::metrics;
use crate::queue::{Destination, Next, Reached, Reference, Rest};
use crate::record::record;
use crate::remote::Remotes;
use crate::settings::Settings;
use crate::signing::Signing;
use crate::trouble::Trouble;

/// Brings deliveries out, many at a time.
pub(crate) struct Deliverer {
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) remotes: Remotes,
    store: Store,
    signing: Signing,
    local: Local,
    free_bytes_min: u64,
}

/// What an attempt came to.
pub(crate) struct Outcome {
    pub(crate) judgement: Judgement,
    pub(crate) via: Option<Via>,
    pub(crate) reached: Reached,
}

/// Over which connection it came.
#[derive(Debug, Clone)]
pub(crate) struct Via {
    pub(crate) host: String,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<String>,
}

impl Outcome {
    /// One that no server had a part in.
    pub(crate) fn ours(judgement: Judgement) -> Self {
        Self { judgement, via: None, reached: Reached::Unknown }
    }
}

impl Deliverer {
    pub(crate) fn new(settings: &Settings, backends: Backends) -> Self {
        let Backends { store, desk, clock, resolver, random, tls } = backends;
        Self {
            signing: Signing::new(desk.clone(), &settings.limits),
            local: Local::new(store.clone(), desk.clone(), settings.hostname.clone()),
            remotes: Remotes::new(settings, resolver, random, tls),
            free_bytes_min: settings.limits.free_bytes_min,
            desk,
            clock,
            store,
        }
    }

    /// Whether what is sent now could be recorded.
    pub(crate) fn may_send(&self) -> bool {
        self.store.is_writable() && self.store.room().is_ok_and(|room| room.free_bytes >= self.free_bytes_min)
    }

    /// Delivers, and records what came of it. What can't be leased stays in the due-table.
    pub(crate) async fn deliver(&self, next: Next) -> Reached {
        let Next { destination, reference, rest } = next;
        let started = self.clock.now();
        let lease = match self.desk.lease(reference.organisation, reference.delivery, started).await {
            Ok(Some(lease)) => lease,
            Ok(None) => return Reached::Unknown,
            Err(error) => {
                tracing::error!(delivery = %reference.delivery, %error, "a delivery can't be begun");
                return Reached::Unknown;
            }
        };
        let (outcome, signature) = match rest {
            Some(rest) => (put_off(&rest), None),
            None => self.attempt(&lease, &destination, started).await,
        };
        let attempt = self.finished(started, &outcome, signature);
        record(&self.desk, &lease, &attempt).await;
        told(&lease, &reference, &attempt);
        outcome.reached
    }

    /// Signs a mail that waits, so that its signature is there when it is due.
    pub(crate) async fn sign_ahead(
        &self,
        organisation: OrganisationId,
        delivery: DeliveryId,
    ) -> Result<(), guichet_desk::Error> {
        if let Some(leaving) = self.desk.leaving(organisation, delivery)?
            && let Err(trouble) = self.signing.signed(&leaving, self.clock.now()).await
        {
            tracing::debug!(%delivery, %trouble, "a mail can't be signed ahead of its time");
        }
        Ok(())
    }

    async fn attempt(
        &self,
        lease: &Lease,
        destination: &Destination,
        now: Timestamp,
    ) -> (Outcome, Option<String>) {
        let mail = match self.signing.signed(&lease.leaving(), now).await {
            Ok(mail) => mail,
            Err(trouble) => return (own_trouble(lease, &trouble), None),
        };
        let signature = Some(mail.signature.to_string());
        let outcome = match destination {
            Destination::Nowhere => {
                let text = "This server captures mail instead of sending it.";
                Ok(Outcome::ours(Judgement::ours(Fate::Captured, "capture", "2.0.0", text)))
            }
            Destination::Local => {
                self.local.deliver(lease, &mail, &self.signing, now).await.map(Outcome::ours)
            }
            Destination::Domain(_) | Destination::SmartHost => {
                let content = || self.signing.content(lease, &mail);
                self.remotes.deliver(lease, destination, mail.bytes_len, content).await
            }
        };
        (outcome.unwrap_or_else(|trouble| own_trouble(lease, &trouble)), signature)
    }

    fn finished(&self, started: Timestamp, outcome: &Outcome, signature: Option<String>) -> Attempt {
        let Judgement { fate, stage, code, status, text } = outcome.judgement.clone();
        let via = outcome.via.as_ref();
        Attempt {
            started,
            ended: self.clock.now(),
            host: via.map(|via| via.host.clone()),
            address: via.map(|via| via.address.to_string()),
            tls: via.and_then(|via| via.tls.clone()),
            fate,
            stage: stage.to_owned(),
            code,
            status,
            text,
            signature,
        }
    }
}

/// A destination that could not be reached a moment ago is not tried for each of its mails.
fn put_off(rest: &Rest) -> Outcome {
    let mut judgement = (*rest.because).clone();
    let since = rest.since.strftime("%H:%M:%S");
    judgement.text = format!("Not tried, since at {since} UTC another mail found out: {}", judgement.text);
    Outcome::ours(judgement)
}

fn own_trouble(lease: &Lease, trouble: &Trouble) -> Outcome {
    tracing::error!(delivery = %lease.delivery, %trouble, "a mail can't be brought out just now");
    let text = "This server could not send it just now; its log says why. It is tried again.";
    Outcome::ours(Judgement::deferred("local", "4.3.0", text))
}

/// One line for each attempt, and its place in the metrics.
fn told(lease: &Lease, reference: &Reference, attempt: &Attempt) {
    let word = match attempt.fate {
        Fate::Delivered => "delivered",
        Fate::Deferred(_) => "deferred",
        Fate::Refused => "refused",
        Fate::Captured => "captured",
    };
    metrics::attempted(word, attempt.ended.duration_since(attempt.started).as_secs_f64());
    if attempt.fate == Fate::Delivered {
        metrics::delivered(attempt.ended.duration_since(reference.due).as_secs_f64());
    }
    tracing::info!(
        delivery = %lease.delivery,
        organisation = %lease.organisation,
        domain = %lease.recipient.domain(),
        attempt = lease.attempt,
        host = attempt.host.as_deref(),
        address = attempt.address.as_deref(),
        tls = attempt.tls.as_deref(),
        stage = attempt.stage,
        code = attempt.code,
        status = attempt.status.as_deref(),
        "{word}"
    );
}
