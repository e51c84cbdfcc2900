//! Claims: what a mail says it answers, as far as tokens tell if that is true.
//!
//! What does not look like a token costs nothing here: no key, no read. A reply address of ours is a capability: whoever
//! writes to a genuine one joins its ticket. A Message-ID, genuine or not, stays a mere reference; but one in our name
//! that we never gave shows that somebody tries.

use guichet_mail::{DomainName, MessageId};
use guichet_store::{OrganisationId, Snapshot};

use crate::arrival::Recipient;
use crate::groups::Incoming;
use crate::identity::{Identity, Known};
use crate::stored::{self, StoredMessage};
use crate::token::{Claim, is_token};
use crate::{Desk, Error};

/// What a mail claims to answer.
#[derive(Default)]
pub(crate) struct Claims {
    /// The identities that it names, nearest first.
    pub(crate) named: Vec<Identity>,
    /// Why it must be forged, for people.
    pub(crate) forged: Option<String>,
    /// The genuine reply addresses among its recipients, and the messages that they were given out with.
    answered: Vec<(String, StoredMessage)>,
}

impl Claims {
    /// The message of ours that this recipient is the reply address of.
    pub(crate) fn answered_at(&self, recipient: &Recipient) -> Option<&StoredMessage> {
        let mut all = self.answered.iter();
        all.find(|(address, _)| *address == recipient.address).map(|(_, message)| message)
    }
}

impl Desk {
    /// Reads what a mail claims; the identities of genuine reply addresses as checks of the batch.
    pub(crate) fn claims(&self, snapshot: &mut Snapshot, mail: Incoming<'_>) -> Result<Claims, Error> {
        let Incoming { arrival, organisation } = mail;
        let mut claims = Claims::default();
        for recipient in mail.recipients() {
            let Some(tag) = recipient.tag().filter(|tag| is_token(tag)) else { continue };
            let address = &recipient.address;
            match self.tokens()?.read_reply(organisation, tag) {
                Claim::None => {}
                Claim::Forged => {
                    claims.forged = Some(format!("it came to a reply address that we never gave: {address}"));
                }
                Claim::Genuine(reference) => {
                    let message = message_of_reference(snapshot, reference)?;
                    claims.answered.extend(message.map(|message| (address.clone(), message)));
                }
            }
        }
        let content = &arrival.reading.content;
        for id in content.in_reply_to.iter().chain(content.references.iter().rev()) {
            let identity = match self.claim_of(organisation, id)? {
                Claim::None => Identity::of_id(id),
                Claim::Genuine(reference) => Identity::of_reference(reference),
                Claim::Forged => {
                    claims.forged = Some(format!("it names a mail of ours that we never wrote: <{id}>"));
                    continue;
                }
            };
            if content.message_id.as_ref() != Some(id) && !claims.named.contains(&identity) {
                claims.named.push(identity);
            }
        }
        Ok(claims)
    }

    /// What a Message-ID claims: only one with the shape of a token before a domain of the organisation is ours.
    pub(crate) fn claim_of(&self, organisation: OrganisationId, id: &MessageId) -> Result<Claim<u64>, Error> {
        let Some((token, domain)) = id.as_str().rsplit_once('@').filter(|(token, _)| is_token(token)) else {
            return Ok(Claim::None);
        };
        let Ok(domain) = DomainName::parse(domain) else {
            return Ok(Claim::None);
        };
        if !self.has_domain(organisation, &domain)? {
            return Ok(Claim::None);
        }
        Ok(self.tokens()?.read_message_id(organisation, token))
    }

    /// Whether this is a domain of the organisation, wherever its mail goes.
    pub(crate) fn has_domain(
        &self,
        organisation: OrganisationId,
        domain: &DomainName,
    ) -> Result<bool, Error> {
        match self.accounts.domain(organisation, domain) {
            Ok(_) => Ok(true),
            Err(guichet_accounts::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The message of ours whose tokens name this reference, as a check of the batch.
pub(crate) fn message_of_reference(
    snapshot: &mut Snapshot,
    reference: u64,
) -> Result<Option<StoredMessage>, Error> {
    let known = Known::read(snapshot, Identity::of_reference(reference))?;
    for entry in known.entries() {
        let entry = entry?;
        if let Some(message) = stored::message(snapshot, entry.message)?
            && entry.is_own
            && message.ticket != 0
        {
            return Ok(Some(message));
        }
    }
    Ok(None)
}
