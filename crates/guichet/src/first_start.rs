//! The first start: an organisation, a domain, a channel, an admin and a token, so that mail can come in at once.
//!
//! *Must hold*: interrupted anywhere, the next start finishes it; finished, it never happens again, even when the
//! operator takes its token back. A mark in the data directory says that it is open: set before the first thing is
//! made, removed after the token has been shown. A token that was made and perhaps never seen is taken back.

use std::io;

use guichet_accounts::{
    Accounts, Channel, DomainChange, Error, NewChannel, NewOrganisation, NewPerson, NewToken, Organisation,
    Person, Role, Secret,
};
use guichet_mail::{DomainName, MailAddress};
use guichet_sys::Random;
use jiff::Timestamp;

use crate::command::new_secret;
use crate::data_dir::DataDir;

const SLUG: &str = "demo";
const NAME: &str = "Demo";
const CHANNEL_NAME: &str = "Support";
const ADMIN_NAME: &str = "Admin";
const TOKEN_NAME: &str = "first start";

/// What the first start made, to be shown once.
pub(crate) struct FirstStart {
    /// Where mail can be sent.
    pub(crate) channel: MailAddress,
    /// The admin's token.
    pub(crate) token: Secret,
}

/// Why the first start did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FirstStartError {
    /// The store or what is in it.
    #[error("the organisation Demo can't be made: {0}")]
    Accounts(#[from] Error),
    /// The mark.
    #[error("the data directory can't be written: {0}")]
    Mark(#[from] io::Error),
    /// The base domain is so long that nothing fits before it.
    #[error("base_domain is too long: support@demo.{0} is no mail address")]
    BaseDomain(DomainName),
}

/// Makes what is missing, if this is a first start; `None` if it is not. [`DataDir::close_first_start`] ends it.
pub(crate) async fn ensure(
    directory: &DataDir,
    accounts: &Accounts,
    base_domain: &DomainName,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Option<FirstStart>, FirstStartError> {
    if !directory.first_start_is_open() && has_tenants(accounts)? {
        return Ok(None);
    }
    let too_long = || FirstStartError::BaseDomain(base_domain.clone());
    let domain = DomainName::parse(&format!("{SLUG}.{base_domain}")).map_err(|_| too_long())?;
    let address = MailAddress::parse(&format!("support@{domain}")).map_err(|_| too_long())?;
    let admin = MailAddress::parse(&format!("admin@{domain}")).map_err(|_| too_long())?;
    directory.open_first_start()?;
    let organisation = ensure_organisation(accounts, now).await?;
    ensure_domain(accounts, &organisation, &domain).await?;
    let channel = ensure_channel(accounts, &organisation, address).await?;
    let role_channel = DomainChange { role_channel: Some(channel.id), ..DomainChange::default() };
    accounts.change_domain(organisation.id, &domain, role_channel).await?;
    let admin = ensure_admin(accounts, &organisation, admin).await?;
    let token = renew_token(accounts, &organisation, &admin, random).await?;
    Ok(Some(FirstStart { channel: channel.address, token }))
}

/// Whether there is any organisation beside the operator's own, which the start makes too.
fn has_tenants(accounts: &Accounts) -> Result<bool, Error> {
    for organisation in accounts.organisations()? {
        if !accounts.is_house(organisation.id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whole, or what an earlier release began: then the rest is made below.
async fn ensure_organisation(accounts: &Accounts, now: Timestamp) -> Result<Organisation, Error> {
    match accounts.organisation_named(SLUG) {
        Err(Error::NotFound { .. }) => {
            let wanted = NewOrganisation { slug: SLUG.to_owned(), name: NAME.to_owned(), home: None };
            Ok(accounts.found_organisation(wanted, now).await?.0)
        }
        found => found,
    }
}

async fn ensure_domain(
    accounts: &Accounts,
    organisation: &Organisation,
    domain: &DomainName,
) -> Result<(), Error> {
    match accounts.domain(organisation.id, domain) {
        Err(Error::NotFound { .. }) => accounts.add_domain(organisation.id, domain, None).await.map(drop),
        found => found.map(drop),
    }
}

async fn ensure_channel(
    accounts: &Accounts,
    organisation: &Organisation,
    address: MailAddress,
) -> Result<Channel, Error> {
    let mut channels = accounts.channels(organisation.id)?.into_iter();
    if let Some(made) = channels.find(|channel| channel.address.is_same(&address)) {
        return Ok(made);
    }
    let wanted = NewChannel { address, name: CHANNEL_NAME.to_owned(), team: None };
    accounts.create_channel(organisation.id, wanted).await
}

async fn ensure_admin(
    accounts: &Accounts,
    organisation: &Organisation,
    address: MailAddress,
) -> Result<Person, Error> {
    let mut people = accounts.people(organisation.id)?.into_iter();
    if let Some(made) = people.find(|person| person.address.is_same(&address)) {
        return Ok(made);
    }
    let wanted = NewPerson { name: ADMIN_NAME.to_owned(), address, role: Role::Admin, teams: Vec::new() };
    accounts.add_person(organisation.id, wanted).await
}

async fn renew_token(
    accounts: &Accounts,
    organisation: &Organisation,
    admin: &Person,
    random: &dyn Random,
) -> Result<Secret, Error> {
    for unseen in accounts.tokens(organisation.id)?.into_iter().filter(|token| token.name == TOKEN_NAME) {
        accounts.revoke_token(organisation.id, unseen.id).await?;
    }
    let secret = new_secret(random);
    let wanted = NewToken { person: admin.id, name: TOKEN_NAME.to_owned(), scopes: admin.role.scopes() };
    accounts.create_token(organisation.id, wanted, &secret).await?;
    Ok(secret)
}

#[cfg(test)]
mod tests;
