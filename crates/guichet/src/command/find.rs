//! How the operator names things: by their number or by the name that people use.

use guichet_accounts::{Accounts, Channel, Error, Person, Team, TeamId};
use guichet_mail::{DomainName, MailAddress};
use guichet_store::OrganisationId;

/// Reads a domain name.
pub(super) fn domain(text: &str) -> Result<DomainName, Error> {
    DomainName::parse(text).map_err(|error| Error::Invalid(format!("`{text}` is no domain name: {error}")))
}

/// Reads a mail address.
pub(super) fn address(text: &str) -> Result<MailAddress, Error> {
    MailAddress::parse(text).map_err(|error| Error::Invalid(format!("`{text}` is no mail address: {error}")))
}

/// The organisation of a short name.
pub(super) fn organisation(accounts: &Accounts, slug: &str) -> Result<OrganisationId, Error> {
    Ok(accounts.organisation_named(slug)?.id)
}

/// A channel by its number, its address or one of its aliases.
pub(super) fn channel(
    accounts: &Accounts,
    organisation: OrganisationId,
    text: &str,
) -> Result<Channel, Error> {
    if let Ok(id) = text.parse() {
        return accounts.channel(organisation, id);
    }
    let wanted = address(text)?;
    let answers = |channel: &Channel| {
        channel.address.is_same(&wanted) || channel.aliases.iter().any(|alias| alias.is_same(&wanted))
    };
    accounts.channels(organisation)?.into_iter().find(answers).ok_or_else(|| missing("channel", text))
}

/// A person by their number or address.
pub(super) fn person(accounts: &Accounts, organisation: OrganisationId, text: &str) -> Result<Person, Error> {
    if let Ok(id) = text.parse() {
        return accounts.person(organisation, id);
    }
    let wanted = address(text)?;
    let mut people = accounts.people(organisation)?.into_iter();
    people.find(|person| person.address.is_same(&wanted)).ok_or_else(|| missing("person", text))
}

/// A team by its number or name.
pub(super) fn team(accounts: &Accounts, organisation: OrganisationId, text: &str) -> Result<Team, Error> {
    if let Ok(id) = text.parse() {
        return accounts.team(organisation, id);
    }
    let mut teams = accounts.teams(organisation)?.into_iter();
    teams.find(|team| team.name == text).ok_or_else(|| missing("team", text))
}

/// Teams by their numbers or names.
pub(super) fn teams(
    accounts: &Accounts,
    organisation: OrganisationId,
    texts: &[String],
) -> Result<Vec<TeamId>, Error> {
    texts.iter().map(|text| team(accounts, organisation, text).map(|team| team.id)).collect()
}

fn missing(what: &'static str, name: &str) -> Error {
    Error::NotFound { what, name: name.to_owned() }
}
