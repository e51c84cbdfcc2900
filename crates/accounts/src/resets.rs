//! Ways back in: a new password by mail, another address once its owner confirms it, and the operator's help.
//!
//! *Security*: who asks for a mail learns nothing; mails to one address are few. A second factor stays through a new
//! password: a mailbox alone opens nothing.

use std::net::IpAddr;

use guichet_mail::MailAddress;
use guichet_store::OrganisationId;
use guichet_sys::Random;
use jiff::Timestamp;

use crate::invitations::{Redeemed, Redeeming, kept};
use crate::one_time::{Issued, OneTime, Purpose, no_such_secret, use_one_time};
use crate::people::names;
use crate::records::{Organisation, Person, PersonStatus};
use crate::stored::{self, change};
use crate::throttle::Door;
use crate::{Accounts, By, Deed, Error, LogInError, PersonId, Secret, Who, keys};

/// A mail to be sent, with a link that lets its person set a new password.
#[derive(Debug, Clone)]
pub struct PasswordReset {
    /// To whom.
    pub person: Person,
    /// Of which organisation.
    pub organisation: Organisation,
    /// What the link carries; shown nowhere else.
    pub secret: Secret,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// A mail to be sent to a new address, with a link that confirms it.
#[derive(Debug, Clone)]
pub struct AddressRequest {
    /// Whose it will be.
    pub person: Person,
    /// Of which organisation.
    pub organisation: Organisation,
    /// Where the mail goes.
    pub address: MailAddress,
    /// What the link carries; shown nowhere else.
    pub secret: Secret,
    /// Until when it is good.
    pub expires: Timestamp,
}

impl Accounts {
    /// Makes links for whoever has this address, in one organisation or in all of theirs; none where nobody has, or
    /// where too many were asked for. The caller answers before it does this, so that its time tells nothing, and sends
    /// a mail for each.
    pub async fn request_reset(
        &self,
        address: &str,
        organisation: Option<&str>,
        from: IpAddr,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Vec<PasswordReset>, Error> {
        let Ok(address) = MailAddress::parse(address.trim()) else { return Ok(Vec::new()) };
        let doors = [Door::source(from), Door::reset(&address.normalised())];
        if self.admit(&doors, now).is_err() {
            return Ok(Vec::new());
        }
        let organisation = match organisation.map(|slug| self.organisation_named(slug)) {
            Some(Ok(organisation)) => Some(organisation.id),
            Some(Err(Error::NotFound { .. })) => return Ok(Vec::new()),
            Some(Err(error)) => return Err(error),
            None => None,
        };
        let mut made = Vec::new();
        for (organisation, id) in self.named(&address, organisation)? {
            if self.active_person(organisation, id)?.is_some() {
                let by = By { organisation: None, who: Who::System, from: Some(from), at: now };
                let accounts = self.on_behalf(by);
                let reset = accounts.issue_reset(organisation, id, Deed::PasswordResetRequested, now, random);
                match reset.await {
                    Ok(reset) => made.push(reset),
                    // They were kept out meanwhile.
                    Err(Error::Invalid(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(made)
    }

    /// Sets a new password by a link. All sessions end; a second factor stays.
    pub async fn redeem_reset(
        &self,
        secret: &Secret,
        password: &str,
        from: IpAddr,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Redeemed, LogInError> {
        let kept = self.one_time(secret, Purpose::PasswordReset, now)?.ok_or_else(no_such_secret)?;
        let person = self.person(kept.organisation, kept.person)?;
        let hash = self.new_hash(kept.organisation, &person, password, random).await?;
        let person = (kept.organisation, kept.person);
        let wanted = Redeeming { secret, person, name: None, hash, deed: Deed::PasswordReset, from };
        self.redeem(wanted, now, random).await
    }

    /// Lets somebody in again who is locked out: a link for a new password, the throttle lifted, and the second factor
    /// gone where that is asked for. For the operator.
    pub async fn reset_access(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        removes_totp: bool,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<PasswordReset, Error> {
        let person = self.person(organisation, id)?;
        check_not_disabled(&person)?;
        if removes_totp {
            let removed =
                self.change_credentials(organisation, id, Some(Deed::TotpRemoved), |_, credentials| {
                    credentials.remove_totp();
                    Ok(())
                });
            removed.await?;
        }
        let address = Door::account(&person.address.normalised());
        let codes = [Door::code(organisation, id, true), Door::code(organisation, id, false)];
        self.server.throttle().lift(&[address, codes[0], codes[1], Door::inside(organisation, id)]);
        self.issue_reset(organisation, id, Deed::AccessReset, now, random).await
    }

    async fn issue_reset(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        deed: Deed,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<PasswordReset, Error> {
        let issued = Issued::new(Purpose::PasswordReset, now, random);
        let person = change(&self.store, || {
            let (snapshot, person) = self.person_for_change(organisation, id)?;
            check_not_disabled(&person)?;
            let (mut operator, mut space) = (self.store.operator().batch(), snapshot.batch());
            let kept = kept(Purpose::PasswordReset, organisation, id, &issued);
            self.put_one_time(&mut operator, &mut space, &person, &issued, kept)?;
            self.record(&mut space, deed, &person.address);
            Ok((vec![operator, space], person))
        })
        .await?;
        let organisation = self.organisation(organisation)?;
        Ok(PasswordReset { person, organisation, secret: issued.secret, expires: issued.expires })
    }

    /// Asks for another address of a person; it counts once the link in the mail to it is used.
    pub async fn request_address(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        address: &MailAddress,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<AddressRequest, Error> {
        let issued = Issued::new(Purpose::Address, now, random);
        let person = change(&self.store, || {
            let (snapshot, person) = self.person_for_change(organisation, id)?;
            check_not_disabled(&person)?;
            let mut operator = self.store.operator().snapshot()?;
            names::check_free(&mut operator, address, organisation)?;
            let (mut operator, mut space) = (operator.batch(), snapshot.batch());
            let kept = OneTime {
                address: Some(address.clone()),
                ..kept(Purpose::Address, organisation, id, &issued)
            };
            self.put_one_time(&mut operator, &mut space, &person, &issued, kept)?;
            self.record(&mut space, Deed::AddressRequested, format!("{}: {address}", person.address));
            Ok((vec![operator, space], person))
        })
        .await?;
        Ok(AddressRequest {
            person,
            organisation: self.organisation(organisation)?,
            address: address.clone(),
            secret: issued.secret,
            expires: issued.expires,
        })
    }

    /// Confirms another address by the link that was sent to it.
    pub async fn confirm_address(
        &self,
        secret: &Secret,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<Person, Error> {
        let kept = self.one_time(secret, Purpose::Address, now)?.ok_or_else(no_such_secret)?;
        let OneTime { organisation, person: id, address: Some(address), .. } = kept else {
            return Err(Error::Damaged("one-time secret"));
        };
        let by = By { organisation: Some(organisation), who: Who::Person(id), from: Some(from), at: now };
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let (snapshot, mut person) = self.person_for_change(organisation, id)?;
            if person.status == PersonStatus::Disabled || !use_one_time(&mut operator, secret)? {
                return Err(no_such_secret());
            }
            names::check_free(&mut operator, &address, organisation)?;
            let before = std::mem::replace(&mut person.address, address.clone());
            let name_before = keys::log_in_name(&before, organisation);
            // Of two who had one address before log-in names were kept, it may be the other's.
            let is_theirs = operator.read(&name_before)?.is_some_and(|owner| owner == id.0.to_be_bytes());
            let (mut operator, mut space) = (operator.batch(), snapshot.batch());
            self.forget_one_time(&mut operator, &mut space, organisation, id)?;
            operator.delete(keys::one_time(&secret.digest()));
            if is_theirs {
                operator.delete(name_before);
            }
            names::put(&mut operator, &address, organisation, id);
            space.put(keys::person(id), stored::encode(&person));
            self.audit_row(&mut space, &by, Deed::AddressChanged, format!("{before}: {address}"));
            Ok((vec![operator, space], person))
        })
        .await
    }

    /// A person by the address that they log in with; `None` of `organisation` looks in all, and more than one is an
    /// error that names them.
    pub fn person_named(
        &self,
        address: &MailAddress,
        organisation: Option<OrganisationId>,
    ) -> Result<(OrganisationId, PersonId), Error> {
        match *self.named(address, organisation)? {
            [] => Err(Error::not_found("person", address)),
            [found] => Ok(found),
            ref several => {
                let slugs = several.iter().map(|(id, _)| Ok(self.organisation(*id)?.slug));
                let slugs: Vec<String> = slugs.collect::<Result<_, Error>>()?;
                Err(Error::Invalid(format!(
                    "`{address}` belongs to several: name one of {}",
                    slugs.join(", ")
                )))
            }
        }
    }
}

/// Refuses a link for somebody who is kept out: it would open once they are let in again.
fn check_not_disabled(person: &Person) -> Result<(), Error> {
    match person.status {
        PersonStatus::Disabled => {
            Err(Error::Invalid(format!("`{}` is disabled; enable them first", person.address)))
        }
        PersonStatus::Active | PersonStatus::Invited => Ok(()),
    }
}
