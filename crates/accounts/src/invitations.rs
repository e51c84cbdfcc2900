//! Invitations: an admin asks somebody in; a link by mail lets them choose their name and password.
//!
//! *Must hold*: who accepts has read the mail at that address; an invitation works once, and the latest alone.

use guichet_mail::MailAddress;
use guichet_store::OrganisationId;
use guichet_sys::Random;
use jiff::Timestamp;

use crate::credentials::PasswordHash;
use crate::one_time::{Issued, OneTime, Purpose, no_such_secret, use_one_time};
use crate::organisations::check_name;
use crate::people::NewPerson;
use crate::records::{Organisation, Person, PersonStatus};
use crate::stored::change;
use crate::{Accounts, By, Deed, Error, LogInError, PersonId, Secret, Who, keys};

/// An invitation to be sent.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Who is invited.
    pub person: Person,
    /// Into which organisation.
    pub organisation: Organisation,
    /// What the person is called who invites; none is the operator.
    pub inviter: Option<String>,
    /// What the link carries; shown nowhere else.
    pub secret: Secret,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// What a person who opens the link is asked to accept.
#[derive(Debug, Clone, PartialEq)]
pub struct Invited {
    /// Who.
    pub person: Person,
    /// Into which organisation.
    pub organisation: Organisation,
    /// Until when.
    pub expires: Timestamp,
}

/// Who used a link. They log in next, with the password that they chose.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// Whose link it was.
    pub person: Person,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// What the browser keeps, so that nobody can shut it out.
    pub device: Secret,
}

impl Accounts {
    /// Invites somebody. The caller sends [`Invitation::letter`](crate::Letter).
    pub async fn invite(
        &self,
        organisation: OrganisationId,
        wanted: NewPerson,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Invitation, Error> {
        let issued = Issued::new(Purpose::Invitation, now, random);
        let person = change(&self.store, || {
            let mut entry = self.new_person(organisation, &wanted, PersonStatus::Invited)?;
            entry.person.created = Some(now);
            let kept = kept(Purpose::Invitation, organisation, entry.person.id, &issued);
            self.put_one_time(&mut entry.operator, &mut entry.space, &entry.person, &issued, kept)?;
            self.record(&mut entry.space, Deed::PersonInvited, &entry.person.address);
            Ok((vec![entry.operator, entry.space], entry.person))
        })
        .await?;
        self.invitation_of(organisation, person, issued)
    }

    /// Invites again: a new link; the one before ends.
    pub async fn resend_invitation(
        &self,
        organisation: OrganisationId,
        id: PersonId,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Invitation, Error> {
        let issued = Issued::new(Purpose::Invitation, now, random);
        let person = change(&self.store, || {
            let (snapshot, person) = self.invited_for_change(organisation, id)?;
            let (mut operator, mut space) = (self.store.operator().batch(), snapshot.batch());
            let kept = kept(Purpose::Invitation, organisation, id, &issued);
            self.put_one_time(&mut operator, &mut space, &person, &issued, kept)?;
            self.record(&mut space, Deed::InvitationRenewed, &person.address);
            Ok((vec![operator, space], person))
        })
        .await?;
        self.invitation_of(organisation, person, issued)
    }

    /// Takes an invitation back. The address can be invited anew.
    pub async fn revoke_invitation(
        &self,
        organisation: OrganisationId,
        id: PersonId,
    ) -> Result<Person, Error> {
        change(&self.store, || {
            let (snapshot, mut person) = self.invited_for_change(organisation, id)?;
            person.status = PersonStatus::Disabled;
            let (mut operator, mut space) = (self.store.operator().batch(), snapshot.batch());
            self.forget_one_time(&mut operator, &mut space, organisation, id)?;
            operator.delete(keys::log_in_name(&person.address, organisation));
            space.put(keys::person(id), crate::stored::encode(&person));
            self.record(&mut space, Deed::InvitationRevoked, &person.address);
            Ok((vec![operator, space], person))
        })
        .await
    }

    /// What this link invites to; `None` where it is good no more.
    pub fn invitation(&self, secret: &Secret, now: Timestamp) -> Result<Option<Invited>, Error> {
        let Some(kept) = self.one_time(secret, Purpose::Invitation, now)? else { return Ok(None) };
        let person = self.person(kept.organisation, kept.person)?;
        if person.status != PersonStatus::Invited {
            return Ok(None);
        }
        let organisation = self.organisation(kept.organisation)?;
        Ok(Some(Invited { person, organisation, expires: kept.expires }))
    }

    /// The same, of a link that must be good.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, where it is good no more.
    pub fn shown_invitation(&self, secret: &Secret, now: Timestamp) -> Result<Invited, Error> {
        self.invitation(secret, now)?.ok_or_else(no_such_secret)
    }

    /// Accepts: the person has a name and a password from now on, and may log in.
    pub async fn redeem_invitation(
        &self,
        secret: &Secret,
        name: Option<&str>,
        password: &str,
        from: std::net::IpAddr,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Redeemed, LogInError> {
        let mut invited = self.shown_invitation(secret, now)?;
        if let Some(name) = name {
            invited.person.name = check_name(name)?;
        }
        let hash = self.new_hash(invited.organisation.id, &invited.person, password, random).await?;
        let wanted = Redeeming {
            secret,
            person: (invited.organisation.id, invited.person.id),
            name: Some(invited.person.name),
            hash,
            deed: Deed::InvitationAccepted,
            from,
        };
        self.redeem(wanted, now, random).await
    }

    /// Uses a link up, in one commit with what it changes.
    pub(crate) async fn redeem(
        &self,
        wanted: Redeeming<'_>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Redeemed, LogInError> {
        let (organisation, id) = wanted.person;
        let device = Secret::random(random);
        let by =
            By { organisation: Some(organisation), who: Who::Person(id), from: Some(wanted.from), at: now };
        let person = change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut access = self.access(organisation, id)?;
            let may = access.person.status != PersonStatus::Disabled;
            if !may || !use_one_time(&mut operator, wanted.secret)? {
                return Err(no_such_secret());
            }
            access.person.status = PersonStatus::Active;
            access.person.name = wanted.name.clone().unwrap_or(access.person.name);
            access.person.end_sessions();
            access.credentials.password = Some(wanted.hash.clone());
            access.credentials.devices.clear();
            access.credentials.remember(device.digest(), now);
            let (mut operator, mut space) = (operator.batch(), access.snapshot.batch());
            self.forget_one_time(&mut operator, &mut space, organisation, id)?;
            operator.delete(keys::one_time(&wanted.secret.digest()));
            self.put_access(&mut space, organisation, &access.person, &access.credentials);
            self.audit_row(&mut space, &by, wanted.deed, &access.person.address);
            Ok((vec![operator, space], access.person))
        })
        .await?;
        Ok(Redeemed { person, organisation, device })
    }

    fn invited_for_change(
        &self,
        organisation: OrganisationId,
        id: PersonId,
    ) -> Result<(guichet_store::Snapshot, Person), Error> {
        let (snapshot, person) = self.person_for_change(organisation, id)?;
        match person.status {
            PersonStatus::Invited => Ok((snapshot, person)),
            _ => Err(Error::Invalid(format!("`{}` has no open invitation", person.address))),
        }
    }

    fn invitation_of(
        &self,
        organisation: OrganisationId,
        person: Person,
        issued: Issued,
    ) -> Result<Invitation, Error> {
        let inviter = match self.by {
            Some(By { organisation: Some(of), who: Who::Person(id), .. }) if of == organisation => {
                Some(self.person(organisation, id)?.name)
            }
            _ => None,
        };
        let organisation = self.organisation(organisation)?;
        Ok(Invitation { person, organisation, inviter, secret: issued.secret, expires: issued.expires })
    }
}

/// A link that is used.
pub(crate) struct Redeeming<'a> {
    pub(crate) secret: &'a Secret,
    pub(crate) person: (OrganisationId, PersonId),
    pub(crate) name: Option<String>,
    pub(crate) hash: PasswordHash,
    pub(crate) deed: Deed,
    pub(crate) from: std::net::IpAddr,
}

/// What is kept of a secret that confirms no address.
pub(crate) fn kept(
    purpose: Purpose,
    organisation: OrganisationId,
    person: PersonId,
    issued: &Issued,
) -> OneTime {
    OneTime { purpose, organisation, person, expires: issued.expires, address: None::<MailAddress> }
}
