//! Putting a mail into the queue: one delivery for each recipient.
//!
//! A delivery is made for an [`Addressee`] alone, and the only way to get one is to look the address up on the
//! suppression list, as a check of the commit that makes the delivery. So no path can forget the list (zammad#1131).

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{Batch, BlobRef, OrganisationId, Snapshot};
use jiff::{SignedDuration, Timestamp};

use crate::delivery::{Delivery, DeliveryId, DeliveryState, RecipientField, ReversePath};
use crate::keys::{self, Number};
use crate::queue::due::DueRows;
use crate::queue::standing::put_delivery;
use crate::suppression::Suppression;
use crate::{Desk, Error, SystemMailKind};

/// How long a delivery is tried, from when it first was due (RFC 5321, section 4.5.4.1: at least 4 to 5 days).
pub(crate) const EXPIRY: SignedDuration = SignedDuration::from_hours(5 * 24);

/// A recipient who was looked up on the suppression list.
#[derive(Debug, Clone)]
pub(crate) struct Addressee {
    address: MailAddress,
    field: RecipientField,
    suppression: Option<Suppression>,
}

impl Addressee {
    /// Looks an address up, as a check of the batch that is made from the snapshot.
    pub(crate) fn look_up(
        snapshot: &mut Snapshot,
        address: &MailAddress,
        field: RecipientField,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let suppression = Suppression::read(snapshot, address, now)?;
        Ok(Self { address: address.clone(), field, suppression })
    }

    /// An error that says so, if a delivery to it would be suppressed.
    pub(crate) fn refuse_suppressed(&self) -> Result<(), Error> {
        let Some(entry) = &self.suppression else { return Ok(()) };
        let (address, why) = (&entry.address, entry.told());
        Err(Error::Invalid(format!("{address} is on the suppression list ({why}): remove it there first")))
    }

    /// Whether a delivery to it would be suppressed.
    pub(crate) fn is_suppressed(&self) -> bool {
        self.suppression.is_some()
    }
}

/// A mail on its way into the queue, the same for all recipients.
#[derive(Debug, Clone)]
pub(crate) struct Posting {
    /// The mail as it was composed, named by the same batch.
    pub(crate) raw: BlobRef,
    /// The domain in `From`.
    pub(crate) from_domain: DomainName,
    /// The envelope sender.
    pub(crate) reverse_path: ReversePath,
    /// The mail itself needs SMTPUTF8; that of the recipient's address is added here.
    pub(crate) smtputf8: bool,
    /// When it was made.
    pub(crate) now: Timestamp,
    /// When it shall go. Later than `now`, it is held until then.
    pub(crate) due: Timestamp,
    /// What it is, of a mail that the server starts itself.
    pub(crate) system: Option<SystemMailKind>,
}

impl Posting {
    fn delivery_to(&self, addressee: &Addressee) -> Delivery {
        let state = match &addressee.suppression {
            Some(_) => DeliveryState::Suppressed,
            None if self.due > self.now => DeliveryState::Held,
            None => DeliveryState::Due,
        };
        Delivery {
            recipient: addressee.address.clone(),
            field: addressee.field,
            state,
            created: self.now,
            due: self.due,
            expires: self.due.saturating_add(EXPIRY).unwrap_or(Timestamp::MAX),
            attempts: 0,
            last: None,
            raw: self.raw.clone(),
            from_domain: self.from_domain.clone(),
            reverse_path: self.reverse_path.clone(),
            smtputf8: self.smtputf8 || !addressee.address.local().is_ascii(),
            delay_told: false,
            note: addressee.suppression.as_ref().map(Suppression::sentence),
            replaced_by: None,
            system: self.system,
        }
    }
}

/// Makes a delivery of a mail to one addressee; answers where it stands: `Held`, `Due` or `Suppressed`. The ticket and
/// the message are 0 of system mail. A commit with the same number again conflicts, so a new try takes a new number.
pub(crate) fn enqueue(
    batch: &mut Batch,
    due: &mut DueRows,
    organisation: OrganisationId,
    (ticket, message): (Number, Number),
    id: DeliveryId,
    addressee: &Addressee,
    posting: &Posting,
) -> DeliveryState {
    let delivery = posting.delivery_to(addressee);
    batch.check_absent(keys::delivery(id));
    put_delivery(batch, (ticket, message), id, &delivery);
    batch.put(keys::deliveries_in(delivery.state).number(id.0), Vec::new());
    if message != Number::Known(0) {
        batch.put(keys::message_delivery_row(message, id), Vec::new());
    }
    if delivery.state.is_waiting() {
        due.enter(organisation, id, &delivery);
    }
    delivery.state
}

impl Desk {
    /// A number for a delivery that is about to be made.
    pub(crate) fn new_delivery_id(&self, now: Timestamp) -> DeliveryId {
        let mut chance = [0; 8];
        self.random.fill(&mut chance);
        DeliveryId::new(now, chance)
    }
}
