//! Participants: who takes part in a ticket, which is whose references join it.
//!
//! *Security*: anybody can write any name into `From` and any address into `Cc`. So a mail whose author is not proven
//! brings in that author alone, who has to prove themselves to make use of it; a proven author brings in everybody
//! the mail is to as well, but for our own addresses.

use std::collections::BTreeSet;

use guichet_mail::{Defect, MailAddress, Verdicts};
use guichet_store::OrganisationId;

use crate::message::Content;
use crate::ticket::Ticket;
use crate::{Desk, Error};

/// How many addresses a ticket remembers as taking part, and how many of a mail are looked at.
pub(crate) const PARTICIPANTS_MAX: usize = 100;

impl Content {
    /// The one address in `From`; none where it is absent or absurd, or where several leave open who wrote.
    pub(crate) fn sole_author(&self) -> Option<&MailAddress> {
        match self.from.as_slice() {
            [from] if !self.defects.contains(&Defect::FromDoubled) => from.address.as_ref(),
            _ => None,
        }
    }

    /// The sole author, if the domain in `From` stands behind the mail.
    pub(crate) fn proven_author(&self, verdicts: &Verdicts) -> Option<&MailAddress> {
        self.sole_author().filter(|author| verdicts.is_authenticated(author))
    }

    /// Everybody whom the mail is from or to, authors first.
    pub(crate) fn people(&self) -> impl Iterator<Item = &MailAddress> {
        let all = self.from.iter().chain(&self.to).chain(&self.cc);
        all.filter_map(|entry| entry.address.as_ref())
    }
}

impl Desk {
    /// Whom a mail brings into its ticket, as normalised addresses.
    pub(crate) fn brought_in(
        &self,
        organisation: OrganisationId,
        content: &Content,
        verdicts: &Verdicts,
    ) -> Result<BTreeSet<String>, Error> {
        let mut brought: BTreeSet<String> =
            content.sole_author().map(MailAddress::normalised).into_iter().collect();
        if content.proven_author(verdicts).is_some() {
            for address in content.people().take(PARTICIPANTS_MAX) {
                if !self.accounts.is_ours(organisation, address)? {
                    brought.insert(address.normalised());
                }
            }
        }
        Ok(brought)
    }
}

impl Ticket {
    /// Adds participants, as far as there is room.
    pub(crate) fn admit(&mut self, people: &BTreeSet<String>) {
        for address in people {
            if self.participants.len() < PARTICIPANTS_MAX {
                self.participants.insert(address.clone());
            }
        }
    }
}
