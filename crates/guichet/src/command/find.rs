//! How the operator names things: by their number or by the name that people use.

use guichet_accounts::{Accounts, Channel, Error, Person, Team, TeamId};
use guichet_mail::{DomainName, MailAddress};
use guichet_store::OrganisationId;

/// Where a team is asked for, says that there is none; "" does too, as elsewhere.
const NO_TEAM: &str = "none";

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

/// The team of a number or a name.
pub(super) fn team(accounts: &Accounts, organisation: OrganisationId, text: &str) -> Result<Team, Error> {
    if let Ok(id) = text.parse() {
        return accounts.team(organisation, id);
    }
    named(accounts.teams(organisation)?, text)
}

/// A team, or none where a flag says so.
pub(super) fn team_or_none(
    accounts: &Accounts,
    organisation: OrganisationId,
    text: &str,
) -> Result<Option<TeamId>, Error> {
    if is_none(text) { Ok(None) } else { team(accounts, organisation, text).map(|team| Some(team.id)) }
}

/// Teams by their numbers or names; no team where that is all that is said.
pub(super) fn teams(
    accounts: &Accounts,
    organisation: OrganisationId,
    texts: &[String],
) -> Result<Vec<TeamId>, Error> {
    match texts {
        [only] if is_none(only) => Ok(Vec::new()),
        texts => texts.iter().map(|text| team(accounts, organisation, text).map(|team| team.id)).collect(),
    }
}

fn is_none(text: &str) -> bool {
    text.is_empty() || text == NO_TEAM
}

/// The team of this name. Those of before that share one are told apart by their letters, or by their numbers.
fn named(teams: Vec<Team>, name: &str) -> Result<Team, Error> {
    let lower = name.to_lowercase();
    let mut found: Vec<Team> = teams.into_iter().filter(|team| team.name.to_lowercase() == lower).collect();
    if found.iter().any(|team| team.name == name) {
        found.retain(|team| team.name == name);
    }
    if found.len() > 1 {
        let numbers: Vec<String> = found.iter().map(|team| team.id.to_string()).collect();
        return Err(Error::Invalid(format!(
            "`{name}` is the name of several teams: say which by its number, {}",
            numbers.join(" or ")
        )));
    }
    found.pop().ok_or_else(|| missing("team", name))
}

fn missing(what: &'static str, name: &str) -> Error {
    Error::NotFound { what, name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teams() -> Vec<Team> {
        let named = [(3, "Tech"), (7, "Tech"), (8, "Sales"), (9, "sales")];
        named.map(|(id, name)| Team { id: TeamId(id), name: name.to_owned() }).to_vec()
    }

    #[test]
    fn teams_of_before_that_share_a_name_are_told_apart() {
        let id = |name: &str| named(teams(), name).map(|team| team.id.0).map_err(|error| error.to_string());
        let several = |name: &str, numbers: &str| {
            Err(format!("`{name}` is the name of several teams: say which by its number, {numbers}"))
        };
        assert_eq!(id("Tech"), several("Tech", "3 or 7"));
        assert_eq!(id("tech"), several("tech", "3 or 7"));
        assert_eq!((id("Sales"), id("sales")), (Ok(8), Ok(9)));
        assert_eq!(id("SALES"), several("SALES", "8 or 9"));
        assert_eq!(id("Night"), Err("there is no team `Night`".to_owned()));
    }
}
