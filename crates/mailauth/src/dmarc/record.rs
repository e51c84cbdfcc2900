//! A DMARC policy record.
//!
//! *Standards*: RFC 9989 section 4.7. Tags that are unknown or faulty are ignored, but for `v`.

use guichet_mail::verdict::DmarcPolicy;

use crate::dkim::tags::Tags;

/// How near an identifier has to be to the domain in From.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alignment {
    /// The same organisational domain.
    Relaxed,
    /// The same domain.
    Strict,
}

/// What a domain says of its place in the tree, `psd=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublicSuffix {
    /// A public suffix: organisations are one label beneath.
    Yes,
    /// An organisational domain.
    No,
    /// The tree tells.
    Unsaid,
}

/// What a domain asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Absent where faulty and no reports are asked for: the record then says nothing.
    pub(super) policy: Option<DmarcPolicy>,
    pub(super) subdomain_policy: Option<DmarcPolicy>,
    /// For subdomains that do not exist.
    pub(super) nonexistent_policy: Option<DmarcPolicy>,
    pub(super) dkim_alignment: Alignment,
    pub(super) spf_alignment: Alignment,
    pub(super) public_suffix: PublicSuffix,
    /// The policy is to be applied one degree more mildly.
    pub(super) is_test: bool,
}

impl Record {
    /// Reads a record; `None` if it is none of DMARC's.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let tags = Tags::parse(text)?;
        if tags.first_name() != Some("v") || tags.get("v") != Some("DMARC1") {
            return None;
        }
        let policy = |name| tags.get(name).and_then(parse_policy);
        let alignment = |name| match tags.get(name) {
            Some("s") => Alignment::Strict,
            _ => Alignment::Relaxed,
        };
        let wants_reports = tags.get("rua").is_some_and(|uris| uris.to_ascii_lowercase().contains("mailto:"));
        Some(Self {
            policy: policy("p").or(wants_reports.then_some(DmarcPolicy::None)),
            subdomain_policy: policy("sp"),
            nonexistent_policy: policy("np"),
            dkim_alignment: alignment("adkim"),
            spf_alignment: alignment("aspf"),
            public_suffix: match tags.get("psd") {
                Some("y") => PublicSuffix::Yes,
                Some("n") => PublicSuffix::No,
                _ => PublicSuffix::Unsaid,
            },
            // `pct` is no more; of its values only 0 had a meaning that lives on, as `t=y`.
            is_test: tags.get("t") == Some("y") || tags.get("pct") == Some("0"),
        })
    }
}

fn parse_policy(text: &str) -> Option<DmarcPolicy> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Some(DmarcPolicy::None),
        "quarantine" => Some(DmarcPolicy::Quarantine),
        "reject" => Some(DmarcPolicy::Reject),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_with_its_defaults() {
        let record = Record::parse(b"v=DMARC1; p=Reject; sp=quarantine; adkim=s; psd=n; t=y; x=?").unwrap();
        assert_eq!(record.policy, Some(DmarcPolicy::Reject));
        assert_eq!(
            (record.subdomain_policy, record.nonexistent_policy),
            (Some(DmarcPolicy::Quarantine), None)
        );
        assert_eq!((record.dkim_alignment, record.spf_alignment), (Alignment::Strict, Alignment::Relaxed));
        assert_eq!((record.public_suffix, record.is_test), (PublicSuffix::No, true));
    }

    #[test]
    fn a_faulty_policy_is_none_where_reports_are_asked_for() {
        let policy = |text: &str| Record::parse(text.as_bytes()).unwrap().policy;
        assert_eq!(policy("v=DMARC1; p=rejct; rua=mailto:d@example.org"), Some(DmarcPolicy::None));
        assert_eq!(policy("v=DMARC1; p=rejct"), None);
    }

    #[test]
    fn what_does_not_begin_with_the_version_is_no_record() {
        for text in ["p=reject; v=DMARC1", "v=DMARC2; p=reject", "v=spf1 -all", ""] {
            assert_eq!(Record::parse(text.as_bytes()), None, "{text}");
        }
    }
}
