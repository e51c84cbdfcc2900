//! A lease: the right to send one delivery now. It lives in memory; dropping it gives it back.

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{BlobRef, OrganisationId, Snapshot};
use jiff::Timestamp;

use crate::delivery::{Delivery, DeliveryId, DeliveryState, ReversePath};
use crate::queue::attempted::given_up;
use crate::queue::change::{Act, Change, Concern};
use crate::queue::marks::{Mark, Work};
use crate::queue::standing::StoredDelivery;
use crate::suppression::Suppression;
use crate::{Desk, Error};

/// One delivery, to be sent now by whoever holds this, and by nobody else.
#[derive(Debug)]
pub struct Lease {
    /// Whose.
    pub organisation: OrganisationId,
    /// Which.
    pub delivery: DeliveryId,
    /// To whom.
    pub recipient: MailAddress,
    /// The envelope sender, empty for `<>`.
    pub reverse_path: String,
    /// `ENVID` (RFC 3461, section 4.4): what a report of the remote names this delivery by.
    pub envelope_id: String,
    /// The mail without signatures.
    pub raw: BlobRef,
    /// Whether it is stored sealed, since it holds a link that is for its recipient alone.
    pub is_sealed: bool,
    /// The domain in `From`, which signs.
    pub from_domain: DomainName,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// An address in the mail or its envelope needs SMTPUTF8.
    pub needs_smtputf8: bool,
    pub(super) mark: Mark,
}

/// What is signed of a delivery.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// Whose.
    pub organisation: OrganisationId,
    /// The mail without signatures.
    pub raw: BlobRef,
    /// Whether it is stored sealed.
    pub(super) is_sealed: bool,
    /// The domain in `From`, which signs.
    pub from_domain: DomainName,
}

impl Lease {
    /// What is signed of it.
    pub fn leaving(&self) -> Leaving {
        let Self { organisation, raw, from_domain, is_sealed, .. } = self;
        let (raw, from_domain) = (raw.clone(), from_domain.clone());
        Leaving { organisation: *organisation, raw, is_sealed: *is_sealed, from_domain }
    }
}

impl Desk {
    /// What will be signed of a delivery that waits; none of any other. It may be signed ahead of its time, which gives
    /// no right to send it.
    pub fn leaving(
        &self,
        organisation: OrganisationId,
        delivery: DeliveryId,
    ) -> Result<Option<Leaving>, Error> {
        let snapshot = self.store.of(organisation).snapshot()?;
        let stored = StoredDelivery::peek(&snapshot, delivery)?;
        let waiting = stored.filter(|stored| stored.record.state.is_waiting());
        Ok(waiting.map(|stored| {
            let is_sealed = stored.record.is_sealed();
            let Delivery { raw, from_domain, .. } = stored.record;
            Leaving { organisation, raw, is_sealed, from_domain }
        }))
    }

    /// Leases a delivery that is due. None where there is nothing to do: it was cancelled, is not due, is being sent or
    /// changed just now, or its organisation is suspended, whose mail is held back until it goes on. One that is on the
    /// suppression list by now, or whose time is over, is settled here.
    pub async fn lease(
        &self,
        organisation: OrganisationId,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Lease>, Error> {
        if self.accounts.is_suspended(organisation)? {
            return Ok(None);
        }
        let Some(mark) = self.queue.marks.mark(organisation, delivery, Work::Sending) else {
            return Ok(None);
        };
        let mut snapshot = self.store.of(organisation).snapshot()?;
        let Some(stored) = StoredDelivery::peek(&snapshot, delivery)? else {
            return Ok(None);
        };
        if settled(&mut snapshot, &stored.record, now)?.is_some() {
            let act = Act::of_system(organisation, now);
            self.change_delivery(act, delivery, |snapshot, before, _| settled(snapshot, &before.record, now))
                .await?;
            return Ok(None);
        }
        let is_due = stored.record.state.is_waiting() && stored.record.due <= now;
        if is_due { self.leased(organisation, stored, mark).map(Some) } else { Ok(None) }
    }

    fn leased(
        &self,
        organisation: OrganisationId,
        stored: StoredDelivery,
        mark: Mark,
    ) -> Result<Lease, Error> {
        let (tokens, record) = (self.tokens()?, stored.record);
        let reverse_path = match &record.reverse_path {
            ReversePath::BounceAddress(domain) => tokens.bounce_address(organisation, stored.id, domain),
            ReversePath::Null => String::new(),
        };
        Ok(Lease {
            organisation,
            is_sealed: record.is_sealed(),
            delivery: stored.id,
            recipient: record.recipient,
            reverse_path,
            envelope_id: tokens.envelope_id(organisation, stored.id),
            raw: record.raw,
            from_domain: record.from_domain,
            attempt: record.attempts.saturating_add(1),
            needs_smtputf8: record.smtputf8,
            mark,
        })
    }
}

/// What becomes of a delivery that is due but can't be sent any more.
fn settled(snapshot: &mut Snapshot, record: &Delivery, now: Timestamp) -> Result<Option<Change>, Error> {
    if !record.state.is_waiting() || record.due > now {
        return Ok(None);
    }
    if let Some(entry) = Suppression::read(snapshot, &record.recipient, now)? {
        let (state, note) = (DeliveryState::Suppressed, Some(entry.sentence()));
        let after = Delivery { state, note, ..record.clone() };
        return Ok(Some(Change { concern: Concern::Attention, ..Change::to(after) }));
    }
    // One that was never tried, since the server was off, is tried once.
    let is_over = record.expires <= now && record.attempts > 0;
    Ok(is_over.then(|| given_up(Change::to(record.clone()))))
}
