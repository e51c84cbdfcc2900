//! Every key that this crate writes.
//!
//! | space | kind | then | value |
//! |---|---|---|---|
//! | organisation | `w` | domain | [`Watched`](crate::watched::Watched) |
//! | operator | `w` | due time, organisation, domain | - : the table of looks to come |
//!
//! The kinds of `accounts` and `desk` are listed in their own `keys.rs`; no letter is in two lists.

use guichet_mail::DomainName;
use guichet_store::{Key, OrganisationId};
use jiff::Timestamp;

const WATCHED: u8 = b'w';
/// Octets before the domain in a row of the table: kind, time, organisation.
const DUE_HEAD_OCTETS: usize = 17;
/// Octets that end a text in a key.
const TEXT_END_OCTETS: usize = 2;

pub(crate) fn watched(domain: &DomainName) -> Key {
    Key::new(WATCHED).text(domain.as_str())
}

pub(crate) fn due(at: Timestamp, organisation: OrganisationId, domain: &DomainName) -> Key {
    due_from(at).number(organisation.get().into()).text(domain.as_str())
}

/// Where the rows begin that are due then.
pub(crate) fn due_from(at: Timestamp) -> Key {
    Key::new(WATCHED).number(u64::try_from(at.as_microsecond()).unwrap_or_default())
}

pub(crate) fn all_due() -> Key {
    Key::new(WATCHED)
}

/// A row of the table, read back.
pub(crate) fn read_due(key: &[u8]) -> Option<(Timestamp, OrganisationId, DomainName)> {
    let at = u64::from_be_bytes(key.get(1..9)?.try_into().ok()?);
    let organisation = u64::from_be_bytes(key.get(9..DUE_HEAD_OCTETS)?.try_into().ok()?);
    let domain = key.get(DUE_HEAD_OCTETS..key.len().checked_sub(TEXT_END_OCTETS)?)?;
    Some((
        Timestamp::from_microsecond(i64::try_from(at).ok()?).ok()?,
        OrganisationId::new(u32::try_from(organisation).ok()?)?,
        DomainName::parse(str::from_utf8(domain).ok()?).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_table_is_read_back() {
        let at = Timestamp::from_microsecond(1_767_225_600_000_001).unwrap();
        let (organisation, domain) =
            (OrganisationId::new(7).unwrap(), DomainName::parse("a.example").unwrap());
        let key = due(at, organisation, &domain);
        assert_eq!(read_due(key.as_bytes()), Some((at, organisation, domain)));
        assert_eq!(read_due(b"w"), None);
    }
}
