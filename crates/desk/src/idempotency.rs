//! Idempotency: a request that is sent again makes nothing again.
//!
//! A row for each key stands under its day, beside what the first request made, in the same commit. The day before is
//! looked at too, so a key is known for at least 24 hours; two requests at once make one message, since each rests on
//! the absence of the other's row.

use guichet_accounts::{Actor, Who};
use guichet_mail::MailAddress;
use guichet_store::{Batch, Key, OrganisationId, Snapshot, Template, record};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::keys::{self, Number};
use crate::{DeliveryId, Desk, DraftId, Error, WrittenMessage, numbers};

/// The longest key, in octets: room for any UUID or digest with a prefix.
const KEY_BYTES_MAX: usize = 255;

const DAY_SECONDS: i64 = 86_400;

/// By what a repeated request is known. Keys of different people are different keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    key: String,
    request: [u8; 32],
}

impl Idempotency {
    /// The key that the client chose, and everything of the request that says what it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a key that is empty, longer than 255 octets or has other than printable ASCII.
    pub fn new(key: &str, request: &[u8]) -> Result<Self, Error> {
        let fits =
            (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|octet| octet.is_ascii_graphic());
        if !fits {
            let rule =
                format!("an idempotency key has 1 to {KEY_BYTES_MAX} printable ASCII characters, no spaces");
            return Err(Error::Invalid(rule));
        }
        Ok(Self { key: key.to_owned(), request: *blake3::hash(request).as_bytes() })
    }
}

impl Idempotency {
    /// The key under which it is remembered what became of a draft: one that no client can choose.
    pub(crate) fn of_draft(id: DraftId) -> Self {
        Self { key: format!("draft {id}"), request: *blake3::hash(id.to_string().as_bytes()).as_bytes() }
    }
}

/// What is stored of a request, but for the ticket's, the message's and the activity's number in front of it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct FirstAnswer {
    /// Digest of the request.
    #[cbor(n(0), with = "minicbor::bytes")]
    request: [u8; 32],
    #[n(1)]
    deliveries: Vec<DeliveryId>,
    #[n(2)]
    suppressed: Vec<MailAddress>,
}

impl Idempotency {
    /// What the same request became when it was here before. Its absence is a check of the batch.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the key was used for another request.
    pub(crate) fn first_answer(
        &self,
        snapshot: &mut Snapshot,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<WrittenMessage>, Error> {
        let today = day_of(now);
        // The day after too: around midnight one request may overtake another that came before it.
        for day in [today, today.saturating_sub(1), today + 1] {
            let Some(stored) = snapshot.read(&self.key_on(day, actor.who))? else { continue };
            let ([ticket, message, activity], rest) = numbers::<3>(&stored)?;
            let first: FirstAnswer = record::decode(rest).map_err(|_| Error::Damaged("idempotency key"))?;
            if first.request != self.request {
                let rule =
                    "this idempotency key was used for another request; take a new key for a new request";
                return Err(Error::Invalid(rule.to_owned()));
            }
            let FirstAnswer { deliveries, suppressed, .. } = first;
            return Ok(Some(WrittenMessage {
                ticket,
                message,
                activity,
                deliveries,
                suppressed,
                replayed: true,
            }));
        }
        Ok(None)
    }

    /// Remembers what the request becomes: its ticket, message and activity.
    pub(crate) fn remember(
        &self,
        batch: &mut Batch,
        who: Who,
        now: Timestamp,
        became: [Number; 3],
        (deliveries, suppressed): (&[DeliveryId], &[MailAddress]),
    ) {
        let first = FirstAnswer {
            request: self.request,
            deliveries: deliveries.to_vec(),
            suppressed: suppressed.to_vec(),
        };
        let value = became.iter().fold(Template::new(), |value, number| number.write(value));
        batch.put(self.key_on(day_of(now), who), value.raw(&record::encode(&first)));
    }

    fn key_on(&self, day: u64, who: Who) -> Key {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&record::encode(&who)).update(self.key.as_bytes());
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        keys::idempotency_day(day).bytes(&digest)
    }
}

impl Desk {
    /// Forgets the idempotency keys of an organisation that were used on days before this time, a bounded number in one
    /// call; answers whether there may be more.
    pub async fn forget_idempotency(
        &self,
        organisation: OrganisationId,
        before: Timestamp,
    ) -> Result<bool, Error> {
        let end = keys::idempotency_day(day_of(before));
        self.forget_rows(organisation, &Key::new(keys::IDEMPOTENCY), &end).await
    }
}

fn day_of(at: Timestamp) -> u64 {
    u64::try_from(at.as_second() / DAY_SECONDS).unwrap_or_default()
}
