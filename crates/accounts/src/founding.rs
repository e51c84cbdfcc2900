//! An organisation that works at once: its record, a domain below the base domain and a channel there, in one commit.
//!
//! The operator's are at `<slug>.<base domain>`. Who signs up chooses no name: theirs is made of random letters and
//! digits, until the operator approves a claim.

use std::fmt;

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{Batch, OrganisationId, Snapshot};
use jiff::Timestamp;

use crate::audit::Deed;
use crate::channels::{self, NewChannel};
use crate::organisations::{check_name, check_slug, next_organisation};
use crate::records::{Channel, Domain, Organisation};
use crate::reserved;
use crate::stored::{self, change};
use crate::{Accounts, ChannelId, Error, VerdictPolicy, keys};

/// The local part of the first channel.
const LOCAL_PART: &str = "support";
/// The name of the first channel.
const CHANNEL_NAME: &str = "Support";
/// The number of the first channel in a space where nothing has a number yet.
pub(crate) const FIRST: u64 = 1;

/// A label that nobody chose: letters and digits by turns, so that it never spells a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeLabel(String);

impl HomeLabel {
    /// From 8 bytes of randomness: 20 consonants and 8 digits by turns, some 650 million of them.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        const LETTERS: [char; 20] = [
            'b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'y',
            'z',
        ];
        // Without 0 and 1, which look like letters.
        const DIGITS: [char; 8] = ['2', '3', '4', '5', '6', '7', '8', '9'];
        let pick = |(at, byte): (usize, u8)| {
            let of: &[char] = if at % 2 == 0 { &LETTERS } else { &DIGITS };
            of.get(usize::from(byte) % of.len()).copied()
        };
        Self(bytes.into_iter().enumerate().filter_map(pick).collect())
    }
}

impl fmt::Display for HomeLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An organisation to be made with all that it needs.
#[derive(Debug, Clone)]
pub struct NewOrganisation {
    /// Its short name.
    pub slug: String,
    /// Its name as people write it.
    pub name: String,
    /// The label of its first domain; without one, the short name.
    pub home: Option<HomeLabel>,
}

/// What is about to be made: batches to be completed and committed together.
pub(crate) struct Founding {
    pub(crate) organisation: Organisation,
    pub(crate) channel: Channel,
    /// The operator's space.
    pub(crate) operator: Batch,
    /// The organisation's own.
    pub(crate) space: Batch,
    /// The last number given in the organisation's space; whoever gives a further one writes it anew.
    pub(crate) last: u64,
}

impl Accounts {
    /// Makes an organisation with a domain below the base domain and the channel `support@` there.
    pub async fn found_organisation(
        &self,
        wanted: NewOrganisation,
        now: Timestamp,
    ) -> Result<(Organisation, Channel), Error> {
        check_slug(&wanted.slug)?;
        reserved::check_machines(&wanted.slug)?;
        change(&self.store, || {
            let operator = self.store.operator().snapshot()?;
            let founding = self.founding(operator, &wanted, now)?;
            Ok((vec![founding.operator, founding.space], (founding.organisation, founding.channel)))
        })
        .await
    }

    /// All rows of a new organisation, its home as [`NewOrganisation::home`] says.
    pub(crate) fn founding(
        &self,
        operator: Snapshot,
        wanted: &NewOrganisation,
        now: Timestamp,
    ) -> Result<Founding, Error> {
        let label = wanted.home.as_ref().map_or(wanted.slug.as_str(), |label| label.0.as_str());
        let home = self.below_base(label)?;
        let address = address(LOCAL_PART, &home)?;
        let channel = NewChannel { address, name: CHANNEL_NAME.to_owned(), team: None };
        self.founding_at(operator, wanted, home, channel, now)
    }

    /// A name directly below the base domain.
    pub(crate) fn below_base(&self, label: &str) -> Result<DomainName, Error> {
        DomainName::parse(&format!("{label}.{}", self.base_domain()))
            .map_err(|_| Error::Invalid(format!("`{label}` before the base domain is too long, or no label")))
    }

    /// All rows of a new organisation, with this domain and this channel there.
    pub(crate) fn founding_at(
        &self,
        mut operator: Snapshot,
        wanted: &NewOrganisation,
        home: DomainName,
        channel: NewChannel,
        now: Timestamp,
    ) -> Result<Founding, Error> {
        let name = check_name(&wanted.name)?;
        for (key, what, named) in [
            (keys::slug(&wanted.slug), "organisation", wanted.slug.as_str()),
            (keys::domain_owner(&home), "domain", home.as_str()),
        ] {
            if operator.read(&key)?.is_some() {
                return Err(Error::taken(what, named));
            }
        }
        let address_row = channels::take_address(&mut operator, &channel.address)?;
        let (number, id) = next_organisation(&mut operator)?;
        let is_first_channel = operator.read(&keys::postmaster())?.is_none();
        let organisation = Organisation {
            id,
            slug: wanted.slug.clone(),
            name,
            policy: VerdictPolicy::default(),
            trusted_sealers: Vec::new(),
            suspended: None,
            created: Some(now),
        };
        let channel = Channel::named(ChannelId(FIRST), channel.address, channel.name);
        let owner = stored::owner_bytes(id, channel.id);
        let mut batch = operator.batch();
        stored::put_number(&mut batch, number);
        batch.put(keys::organisation(id), stored::encode(&organisation));
        batch.put(keys::slug(&wanted.slug), id.get().to_be_bytes().to_vec());
        batch.put(keys::domain_owner(&home), id.get().to_be_bytes().to_vec());
        batch.put(address_row, owner.clone());
        if is_first_channel {
            batch.put(keys::postmaster(), owner);
        }
        self.record(&mut batch, Deed::OrganisationCreated, &wanted.slug);
        let space = self.home_rows(id, home, &channel)?;
        Ok(Founding { organisation, channel, operator: batch, space, last: FIRST })
    }

    /// The rows in the space of a new organisation.
    fn home_rows(&self, id: OrganisationId, home: DomainName, channel: &Channel) -> Result<Batch, Error> {
        let mut snapshot = self.store.of(id).snapshot()?;
        // The number of an organisation is new, and so is all that is kept of it.
        stored::next_number(&mut snapshot)?;
        let mut batch = snapshot.batch();
        stored::put_number(&mut batch, FIRST);
        let domain = Domain { role_channel: Some(channel.id), ..Domain::named(home) };
        batch.put(keys::domain(&domain.name), stored::encode(&domain));
        channels::put_channel(&mut batch, channel);
        Ok(batch)
    }
}

/// An address before a domain of ours.
pub(crate) fn address(local: &str, domain: &DomainName) -> Result<MailAddress, Error> {
    MailAddress::parse(&format!("{local}@{domain}"))
        .map_err(|_| Error::Invalid(format!("`{local}@{domain}` is no mail address")))
}
