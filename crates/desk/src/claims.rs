//! Claims: what a mail says it answers, as far as tokens tell if that is true.
//!
//! What does not look like a token costs nothing here: no key, no read. A reply address of ours is a capability: whoever
//! writes to a genuine one joins its ticket. A Message-ID, genuine or not, stays a mere reference; but one in our name
//! that we never gave shows that somebody tries.

use guichet_mail::{Automatic, DomainName, MessageId};
use guichet_store::{OrganisationId, Snapshot};

use crate::arrival::{Arrival, Recipient};
use crate::forwards::ProbeReturn;
use crate::groups::Incoming;
use crate::identity::{Identity, Known};
use crate::stored::{self, StoredMessage};
use crate::token::{Claim, is_token};
use crate::{DeliveryId, Desk, Error};

/// What a mail claims to answer.
#[derive(Default)]
pub(crate) struct Claims {
    /// The identities that it names, nearest first.
    pub(crate) named: Vec<Identity>,
    /// Why it must be forged, for people.
    pub(crate) forged: Option<String>,
    /// The mail of the server's own that it answers.
    pub(crate) system: Option<DeliveryId>,
    /// The probe of a forward that it is.
    pub(crate) probe: Option<ProbeReturn>,
    /// The genuine reply addresses among its recipients, and the messages that they were given out with.
    answered: Vec<(String, StoredMessage)>,
}

impl Claims {
    /// Why a mail that nobody forged makes no ticket all the same, for people.
    pub(crate) fn without_ticket(&self, arrival: &Arrival) -> Option<String> {
        // A person who answers through a mailing list is a person.
        let is_machines = !matches!(arrival.automatic(), Automatic::No | Automatic::List);
        if self.probe.is_some() {
            return Some(
                "a test of a forward came back; what it found out stands with the forward".to_owned(),
            );
        }
        self.system.filter(|_| is_machines).map(|_| {
            "a machine answered to a mail that this server wrote by itself; nothing needs to be done"
                .to_owned()
        })
    }

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
        let mut claims = Claims { probe: self.probe_of(mail)?, ..Claims::default() };
        for recipient in mail.recipients() {
            let Some(tag) = recipient.tag().filter(|tag| is_token(tag)) else { continue };
            let address = &recipient.address;
            match self.tokens()?.read_reply(organisation, tag) {
                Claim::None => {}
                Claim::Forged if self.tokens()?.read_system(organisation, tag).is_some() => {
                    claims.system = self.tokens()?.read_system(organisation, tag);
                }
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
                Claim::Forged if self.system_mail_of(organisation, id)?.is_some() => {
                    claims.system = self.system_mail_of(organisation, id)?;
                    continue;
                }
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
        match self.own_token(organisation, id)? {
            Some(token) => Ok(self.tokens()?.read_message_id(organisation, token)),
            None => Ok(Claim::None),
        }
    }

    /// The mail of the server's own whose Message-ID this is.
    pub(crate) fn system_mail_of(
        &self,
        organisation: OrganisationId,
        id: &MessageId,
    ) -> Result<Option<DeliveryId>, Error> {
        match self.own_token(organisation, id)? {
            Some(token) => Ok(self.tokens()?.read_system(organisation, token)),
            None => Ok(None),
        }
    }

    /// What has the shape of a token in a Message-ID, before a domain of the organisation.
    pub(crate) fn own_token<'a>(
        &self,
        organisation: OrganisationId,
        id: &'a MessageId,
    ) -> Result<Option<&'a str>, Error> {
        let Some((token, domain)) = id.as_str().rsplit_once('@').filter(|(token, _)| is_token(token)) else {
            return Ok(None);
        };
        let Ok(domain) = DomainName::parse(domain) else { return Ok(None) };
        Ok(self.has_domain(organisation, &domain)?.then_some(token))
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
            && stored::is_in_ticket(snapshot, &message)?
        {
            return Ok(Some(message));
        }
    }
    Ok(None)
}
