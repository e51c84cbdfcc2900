//! A contact: somebody who writes, under one address or several.
//!
//! Mail makes contacts, and people do. What people set stays: mail fills in a name only where nobody and no mail gave
//! one. A contact that was merged into another keeps its number, which answers as the other's.

mod add;
mod addresses;
mod by_address;
mod change;
mod domains;
mod letters;
mod merge;
mod read;
mod remove;
mod sender;
mod split;
mod stored;

pub use add::NewContact;
pub use by_address::AddressPlace;
pub use change::ContactChange;
pub use read::ContactSearch;
pub use stored::StoredContact;

pub(crate) use letters::messages_in;
pub(crate) use read::{is_listed, requester};
pub(crate) use sender::Sender;
pub(crate) use stored::{company_of, numbers_of, resolve, stored as shown};

use std::collections::BTreeSet;

use addresses::AddressRow;
use guichet_accounts::{TeamId, Who};
use guichet_mail::MailAddress;
use guichet_store::{Batch, Counter, Key, Template, record};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::CompanyId;
use crate::keys::{self, Number};

/// The number of a contact, unique within its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ContactId(#[n(0)] pub u64);

/// What is stored of a contact, but for the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Contact {
    /// Where mail to them goes.
    #[n(0)]
    pub address: MailAddress,
    /// What they are called.
    #[n(1)]
    pub name: Option<String>,
    /// When they were first heard of.
    #[cbor(n(2), with = "crate::time")]
    pub created: Timestamp,
    /// Where else they write from.
    #[cbor(n(3), default)]
    pub further: Vec<MailAddress>,
    /// Whom they belong to, if somebody said so; else their addresses' domains tell.
    #[n(4)]
    pub belongs: Option<Belongs>,
    /// What people should know of them.
    #[cbor(n(5), default)]
    pub note: String,
    /// What they begin is unwanted, where it is proven to be theirs.
    #[cbor(n(6), default)]
    pub spam: bool,
    /// Who gave them their name; none where a mail did.
    #[n(7)]
    pub named_by: Option<Who>,
    /// Whose people made the contact, and so know it without a ticket.
    #[cbor(n(8), default)]
    pub teams: BTreeSet<TeamId>,
    /// The numbers of the contacts that were merged into it; tickets of before name them.
    #[cbor(n(9), default)]
    pub absorbed: Vec<u64>,
    /// The contact that this one was merged into; 0 while it is being deleted.
    #[n(10)]
    pub merged_into: Option<u64>,
}

/// Whom somebody put a contact to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Belongs {
    /// To no company, whatever the domain.
    #[n(0)]
    ToNone,
    /// To this company.
    #[n(1)]
    To(#[n(0)] CompanyId),
}

impl Contact {
    /// Of whom nothing is known yet but an address.
    pub(crate) fn heard_of(address: MailAddress, created: Timestamp) -> Self {
        Self {
            address,
            name: None,
            created,
            further: Vec::new(),
            belongs: None,
            note: String::new(),
            spam: false,
            named_by: None,
            teams: BTreeSet::new(),
            absorbed: Vec::new(),
            merged_into: None,
        }
    }

    /// Every address, the one that mail goes to first.
    pub fn addresses(&self) -> impl Iterator<Item = &MailAddress> {
        std::iter::once(&self.address).chain(&self.further)
    }

    pub(crate) fn has(&self, address: &MailAddress) -> bool {
        let wanted = address.normalised();
        self.addresses().any(|one| one.normalised() == wanted)
    }
}

/// Adds a contact with its rows; `addresses` are those of its addresses.
pub(crate) fn add_contact(batch: &mut Batch, contact: &Contact, addresses: Vec<AddressRow>) -> Number {
    let number = Number::Assigned(batch.next(Counter::Contact));
    for mut row in addresses {
        row.add(number);
        row.write(batch);
    }
    for address in contact.addresses() {
        domains::enter(batch, number, address);
    }
    if let Some(Belongs::To(company)) = contact.belongs {
        batch.put(number.write(Template::from(keys::company_contacts(company.0))), Vec::new());
    }
    batch.put(number.write(Template::from(Key::new(keys::CONTACTS))), record::encode(contact));
    number
}
