//! The domain in From, which is what people see and what DMARC is about.
//!
//! *Standards*: RFC 9989 section 5.3.1. *Security*: read by the same parser that shows From to agents, so that
//! nothing is checked that is not also seen.

use guichet_mail::{Address, headers::Header};

/// From fields and addresses looked at.
const ADDRESSES_MAX: usize = 16;
/// Different domains that are checked; a From with more is nobody's.
const DOMAINS_MAX: usize = 4;

/// What From names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FromDomains {
    /// No From, or none with an address.
    None,
    /// More than anyone writes, or cut off.
    Unreadable,
    /// The usual case.
    One(String),
    /// All that occur, each once.
    Several(Vec<String>),
}

impl FromDomains {
    /// Reads all From fields.
    pub(crate) fn read(header: &Header<'_>) -> Self {
        let mut domains: Vec<String> = Vec::new();
        let fields: Vec<_> = header.all("From").take(ADDRESSES_MAX + 1).collect();
        if header.is_cut || fields.len() > ADDRESSES_MAX {
            return Self::Unreadable;
        }
        for field in fields {
            let addresses = Address::parse_list(&field.unfolded(), ADDRESSES_MAX);
            for address in addresses.into_iter().filter_map(|entry| entry.address) {
                let domain = address.domain().as_str();
                if !domains.iter().any(|other| other == domain) {
                    domains.push(domain.to_owned());
                }
            }
        }
        match domains.len() {
            0 => Self::None,
            1 => domains.pop().map_or(Self::None, Self::One),
            2..=DOMAINS_MAX => Self::Several(domains),
            _ => Self::Unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    fn domains(header: &str) -> FromDomains {
        FromDomains::read(&Message::new(format!("{header}\r\n\r\n").as_bytes()).header)
    }

    #[test]
    fn one_address_is_the_usual_case() {
        let one = FromDomains::One("example.org".into());
        assert_eq!(domains("From: \"a@other.example\" <a@Example.ORG>"), one);
        assert_eq!(domains("From: a@example.org, b@example.org"), one);
        assert_eq!(domains("Subject: x\r\nFrom: a@example.org\r\nFrom: b@example.org"), one);
    }

    #[test]
    fn doubled_and_missing_from_are_told_apart() {
        let two = FromDomains::Several(vec!["example.org".into(), "example.net".into()]);
        assert_eq!(domains("From: a@example.org\r\nFrom: a@example.net"), two);
        assert_eq!(domains("From: a@example.org, a@example.net"), two);
        assert_eq!(domains("Subject: x"), FromDomains::None);
        assert_eq!(domains("From: nobody at all"), FromDomains::None);
    }

    #[test]
    fn absurdly_many_are_unreadable() {
        let list = (0..9).map(|n| format!("a@d{n}.example")).collect::<Vec<_>>().join(", ");
        assert_eq!(domains(&format!("From: {list}")), FromDomains::Unreadable);
        assert_eq!(domains(&["From: a@example.org"; 17].join("\r\n")), FromDomains::Unreadable);
    }
}
