//! The house: the operator's own organisation.
//!
//! An ordinary organisation, so that the people who run the server log in, are invited and are noted in the audit log
//! as everybody is, that mail to `postmaster@` and `abuse@` of the base domain becomes tickets, and that the server's
//! own mails (confirming a sign-up, …) come from an address that somebody reads.
//!
//! *Must hold*: there is one, made at the first start that finds none and never again, whatever names others have
//! taken before; its number is kept, so another short name changes nothing. It has each base domain that nobody else has,
//! with an address there, also one that was set later.

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{OrganisationId, Snapshot};
use jiff::Timestamp;

use crate::channels::{NewChannel, put_channel, take_address};
use crate::founding::{FIRST, NewOrganisation, address};
use crate::records::{Channel, Domain};
use crate::stored::{self, change};
use crate::{Accounts, ChannelId, Deed, Error, keys};

/// Its short name where nobody has it.
const SLUG: &str = "house";
/// Its name, and that of its channel.
const NAME: &str = "Operator";
/// The label of its domain where somebody else has the base domain itself.
const LABEL: &str = "operator";
/// The local part of its channel; its domain brings `abuse@` there too.
const LOCAL_PART: &str = "postmaster";
/// Names tried, `house-2` and so on, before the start gives up: far more than anybody takes by chance.
const NAMES_MAX: u32 = 100;

impl Accounts {
    /// The operator's own organisation; [`Accounts::ensure_house`] makes it at the start.
    pub fn house(&self) -> Result<OrganisationId, Error> {
        self.house_if_any()?.ok_or_else(|| {
            Error::Unavailable(
                "it has no organisation of the operator yet; `guichet serve` makes it".to_owned(),
            )
        })
    }

    /// Whether this is the operator's own organisation.
    pub fn is_house(&self, organisation: OrganisationId) -> Result<bool, Error> {
        Ok(self.house_if_any()? == Some(organisation))
    }

    /// Makes the operator's own organisation where there is none yet.
    pub async fn ensure_house(&self, now: Timestamp) -> Result<OrganisationId, Error> {
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            if let Some(bytes) = operator.read(&keys::house())? {
                return Ok((Vec::new(), stored::read_owner(&bytes)?));
            }
            let wanted =
                NewOrganisation { slug: free_slug(&mut operator)?, name: NAME.to_owned(), home: None };
            let home = self.free_home(&mut operator)?;
            let address = address(LOCAL_PART, &home)?;
            let channel = NewChannel { address, name: NAME.to_owned(), team: None };
            let mut founding = self.founding_at(operator, &wanted, home, channel, now)?;
            let id = founding.organisation.id;
            founding.operator.put(keys::house(), id.get().to_be_bytes().to_vec());
            Ok((vec![founding.operator, founding.space], id))
        })
        .await
    }

    /// Gives the house the base domain with a `postmaster@` of its own where nobody has it: after the operator has set
    /// another. What it has of the one before stays.
    pub async fn ensure_base_domain(&self) -> Result<(), Error> {
        let (house, base) = (self.house()?, self.base_domain());
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let owner = keys::domain_owner(base);
            if operator.read(&owner)?.is_some() {
                return Ok((Vec::new(), ()));
            }
            let address = address(LOCAL_PART, base)?;
            let address_row = take_address(&mut operator, &address)?;
            let mut space = self.store.of(house).snapshot()?;
            let number = stored::next_number(&mut space)?;
            let channel = Channel::named(ChannelId(number), address, NAME.to_owned());
            let domain = Domain { role_channel: Some(channel.id), ..Domain::named(base.clone()) };
            let mut routing = operator.batch();
            routing.put(owner, house.get().to_be_bytes().to_vec());
            routing.put(address_row, stored::owner_bytes(house, channel.id));
            let mut own = space.batch();
            stored::put_number(&mut own, number);
            own.put(keys::domain(base), stored::encode(&domain));
            put_channel(&mut own, &channel);
            self.record(&mut own, Deed::DomainAdded, base);
            Ok((vec![routing, own], ()))
        })
        .await
    }

    /// Who was left behind by a change of the base domain: the one that the house was made at, and the short names of the
    /// organisations that have a domain there and none at the one that is set now, but for suspended ones. `None` where
    /// nobody was.
    pub fn left_behind(&self) -> Result<Option<(DomainName, Vec<String>)>, Error> {
        let space = self.store.of(self.house()?).snapshot()?;
        let first = stored::get::<Channel>(&space, "channel", &keys::channel(ChannelId(FIRST)))?;
        let Some(former) = first.map(|channel| channel.address.domain().clone()) else { return Ok(None) };
        if former.is_within(self.base_domain()) {
            return Ok(None);
        }
        let mut left = Vec::new();
        for organisation in self.organisations()?.into_iter().filter(|one| one.suspended.is_none()) {
            let domains = self.domains(organisation.id)?;
            let has = |base: &DomainName| domains.iter().any(|domain| domain.name.is_within(base));
            if has(&former) && !has(self.base_domain()) {
                left.push(organisation.slug);
            }
        }
        Ok((!left.is_empty()).then_some((former, left)))
    }

    /// Where who runs this server is written to: the postmaster of the base domain, unless somebody else has that.
    pub fn operator_address(&self) -> Result<MailAddress, Error> {
        let postmaster = address(LOCAL_PART, self.base_domain())?;
        let owner = stored::domain_owner(&self.store.operator().snapshot()?, self.base_domain())?;
        let Some(house) = self.house_if_any()?.filter(|house| owner.is_some_and(|owner| owner != *house))
        else {
            return Ok(postmaster);
        };
        let reads = self.channels(house)?.into_iter().find(Channel::is_active);
        Ok(reads.map_or(postmaster, |channel| channel.address))
    }

    fn house_if_any(&self) -> Result<Option<OrganisationId>, Error> {
        let found = self.store.operator().snapshot()?.peek(&keys::house())?;
        found.map(|bytes| stored::read_owner(&bytes)).transpose()
    }

    /// The base domain itself, else a name below it.
    fn free_home(&self, operator: &mut Snapshot) -> Result<DomainName, Error> {
        let base = self.base_domain();
        if operator.read(&keys::domain_owner(base))?.is_none() {
            return Ok(base.clone());
        }
        for label in names(LABEL) {
            let too_long = |_| Error::Invalid(format!("the base domain `{base}` is too long"));
            let name = DomainName::parse(&format!("{label}.{base}")).map_err(too_long)?;
            if operator.read(&keys::domain_owner(&name))?.is_none() {
                return Ok(name);
            }
        }
        Err(Error::taken("domain", base))
    }
}

fn free_slug(operator: &mut Snapshot) -> Result<String, Error> {
    for name in names(SLUG) {
        if operator.read(&keys::slug(&name))?.is_none() {
            return Ok(name);
        }
    }
    Err(Error::taken("organisation", SLUG))
}

/// `house`, `house-2`, `house-3`, …
fn names(first: &str) -> impl Iterator<Item = String> {
    (1..=NAMES_MAX).map(move |n| if n == 1 { first.to_owned() } else { format!("{first}-{n}") })
}
