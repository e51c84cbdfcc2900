//! `/domains/{name}/records`: what is to be published in DNS so that mail from a domain is believed.
//!
//! *Standards*: RFC 6376 3.6.2 (where a key stands), RFC 1035 3.3.14 and 5.1 (a TXT record, and how it is written).

use std::fmt::Write as _;

use axum::extract::State;
use guichet_accounts::{Accounts, Actor, DkimRecord, Error, Scope};
use guichet_mail::DomainName;
use guichet_web::{Page, Paging, Parameters};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Paged;
use crate::path::Name;
use crate::state::Api;

/// The longest string in a TXT record, in octets.
const STRING_OCTETS_MAX: usize = 255;

/// A DNS record to be published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Record {
    /// Where it stands.
    #[schema(example = "g1._domainkey.demo.desk.example")]
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "TXT")]
    kind: &'static str,
    /// What it says, as one text.
    #[schema(example = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
    value: String,
    /// The record as a line of a zone file, long texts cut into strings as DNS needs it.
    #[schema(
        example = "g1._domainkey.demo.desk.example. IN TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\""
    )]
    zone_line: String,
    /// What it is for: `dkim`.
    #[schema(example = "dkim")]
    purpose: &'static str,
    /// Of a DKIM key, the domain that signs.
    #[schema(example = "demo.desk.example")]
    signing_domain: String,
    /// Of a DKIM key, its selector.
    #[schema(example = "g1")]
    selector: String,
    /// Of a DKIM key, how it signs.
    #[schema(example = "ed25519-sha256")]
    algorithm: &'static str,
    /// Whether mail from the domain is signed with it: it sends.
    #[schema(example = true)]
    signs: bool,
    /// Who publishes it: the `organisation`, or the `operator` of this server for its base domain.
    #[schema(example = "organisation")]
    published_by: &'static str,
}

/// List the DNS records to publish for a domain
///
/// The keys that sign its mail. A domain below the base domain of this server is signed with the operator's keys, which are
/// published already.
#[utoipa::path(
    get,
    path = "/api/v1/domains/{name}/records",
    tag = "settings",
    operation_id = "list_domain_records",
    params(("name" = String, Path, description = "The domain's name", example = "demo.desk.example"), Paged),
    responses((status = 200, description = "A page of records", body = Page<Record>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn domain_records(
    caller: Caller,
    State(api): State<Api>,
    name: Name,
    parameters: Parameters,
) -> Result<Page<Record>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let name = DomainName::parse(name.of("domain")?).map_err(|_| Failure::not_found("domain"))?;
    let accounts = api.accounts();
    let domain = accounts.domain(actor.organisation, &name)?;
    let signs = accounts.sends(&domain);
    let found = accounts.dkim_records(actor.organisation, &domain.name)?;
    let records = found.into_iter().map(|key| record(accounts, actor, key, signs));
    let records = records.collect::<Result<Vec<_>, _>>()?;
    Ok(Paging::read(&parameters, b'k')?.slice(records, |record: &Record| record.name.as_bytes().to_vec()))
}

fn record(accounts: &Accounts, actor: &Actor, key: DkimRecord, signs: bool) -> Result<Record, Failure> {
    let published_by = match accounts.domain(actor.organisation, &key.domain) {
        Ok(_) => "organisation",
        Err(Error::NotFound { .. }) => "operator",
        Err(error) => return Err(error.into()),
    };
    let name = key.name();
    Ok(Record {
        zone_line: zone_line(&name, &key.text),
        name,
        kind: "TXT",
        value: key.text,
        purpose: "dkim",
        signing_domain: key.domain.to_string(),
        selector: key.selector,
        algorithm: key.algorithm.as_str(),
        signs,
        published_by,
    })
}

/// The text is printable ASCII; a quote or a backslash in it would be read as more than itself.
fn zone_line(name: &str, text: &str) -> String {
    let mut line = format!("{name}. IN TXT");
    for string in text.as_bytes().chunks(STRING_OCTETS_MAX) {
        let string = String::from_utf8_lossy(string).replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(line, " \"{string}\"");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::zone_line;

    #[test]
    fn a_long_text_is_cut_into_strings() {
        let line = zone_line("a.example", &"x".repeat(300));
        assert_eq!(line, format!("a.example. IN TXT \"{}\" \"{}\"", "x".repeat(255), "x".repeat(45)));
        assert_eq!(zone_line("a.example", "a\"b\\"), "a.example. IN TXT \"a\\\"b\\\\\"");
    }
}
