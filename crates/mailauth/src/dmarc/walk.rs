//! The walk up the DNS tree, which finds a domain's policy and its organisation.
//!
//! *Standards*: RFC 9989 section 4.10. No list of public suffixes is needed, so none can grow old here.
//!
//! *Must hold*: at most eight questions per walk, whatever the length of the name.

use guichet_sys::dns::{DnsError, Resolver};

use super::record::{PublicSuffix, Record};

/// Section 4.10: a longer name goes on with its last seven labels.
const LABELS_MAX: usize = 7;

/// What was found from a domain up to the root.
pub(super) struct Walk<'d> {
    start: &'d str,
    /// Longest name first.
    found: Vec<(&'d str, Record)>,
}

impl<'d> Walk<'d> {
    /// Walks up from `start`.
    pub(super) async fn from(resolver: &Resolver, start: &'d str) -> Result<Self, DnsError> {
        let mut found = Vec::new();
        let mut name = Some(start);
        while let Some(domain) = name {
            if let Some(record) = fetch(resolver, domain).await? {
                found.push((domain, record));
                if record.public_suffix != PublicSuffix::Unsaid {
                    break;
                }
            }
            name = above(domain);
        }
        Ok(Self { start, found })
    }

    /// Section 4.10.2.
    pub(super) fn organisation(&self) -> &'d str {
        for (name, record) in &self.found {
            match record.public_suffix {
                PublicSuffix::No => return name,
                PublicSuffix::Yes if *name != self.start => return one_label_beneath(name, self.start),
                _ => {}
            }
        }
        self.found.last().map_or(self.start, |(name, _)| name)
    }

    /// Section 4.10.1: the record of the domain itself, else of its organisation, else of the public suffix.
    pub(super) fn policy(&self) -> Option<(&'d str, Record)> {
        let organisation = self.organisation();
        let of = |wanted: &str| self.found.iter().find(|(name, _)| *name == wanted).copied();
        of(self.start).or_else(|| of(organisation)).or_else(|| self.found.last().copied())
    }
}

/// The one record at `_dmarc.domain`; several are none (section 4.7).
async fn fetch(resolver: &Resolver, domain: &str) -> Result<Option<Record>, DnsError> {
    let texts = match resolver.txt(&format!("_dmarc.{domain}")).await {
        Ok(texts) => texts,
        Err(error @ DnsError::TryAgain(_)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let mut records = texts.iter().filter_map(|text| Record::parse(text));
    let record = records.next();
    Ok(if records.next().is_some() { None } else { record })
}

/// The next name to ask at.
fn above(domain: &str) -> Option<&str> {
    let (_, mut parent) = domain.split_once('.')?;
    while parent.split('.').count() > LABELS_MAX {
        (_, parent) = parent.split_once('.')?;
    }
    Some(parent)
}

/// The name on the way from `suffix` down to `domain`.
fn one_label_beneath<'d>(suffix: &str, domain: &'d str) -> &'d str {
    let mut name = domain;
    while let Some((_, parent)) = name.split_once('.') {
        if parent == suffix {
            break;
        }
        name = parent;
    }
    name
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guichet_sys::dns::DnsLimits;
    use guichet_testkit::{FakeDns, StillClock, Zone};

    use super::*;

    async fn organisation(zone: Zone, domain: &str) -> String {
        Walk::from(&FakeDns::resolver(zone), domain).await.unwrap().organisation().to_owned()
    }

    #[tokio::test]
    async fn the_highest_record_marks_the_organisation() {
        let zone = Zone::new()
            .txt("_dmarc.example.org", "v=DMARC1; p=reject")
            .txt("_dmarc.a.example.org", "v=DMARC1; p=none");
        assert_eq!(organisation(zone, "x.a.example.org").await, "example.org");
        assert_eq!(organisation(Zone::new(), "x.example.org").await, "x.example.org");
    }

    #[tokio::test]
    async fn a_domain_may_say_where_it_stands() {
        let below = Zone::new().txt("_dmarc.co.example", "v=DMARC1; p=reject; psd=y");
        assert_eq!(organisation(below, "mail.shop.co.example").await, "shop.co.example");
        let own = Zone::new()
            .txt("_dmarc.b.example.org", "v=DMARC1; p=reject; psd=n")
            .txt("_dmarc.example.org", "v=DMARC1; p=none");
        assert_eq!(organisation(own, "a.b.example.org").await, "b.example.org");
    }

    #[tokio::test]
    async fn two_records_at_one_name_are_none() {
        let zone = Zone::new()
            .txt("_dmarc.example.org", "v=DMARC1; p=reject")
            .txt("_dmarc.example.org", "v=DMARC1; p=none")
            .txt("_dmarc.org", "other text");
        let resolver = FakeDns::resolver(zone);
        assert!(Walk::from(&resolver, "example.org").await.unwrap().policy().is_none());
    }

    #[tokio::test]
    async fn a_long_name_is_walked_in_eight_steps() {
        let dns = FakeDns::new(Zone::new());
        let resolver = Resolver::new(dns.clone(), Arc::new(StillClock::default()), DnsLimits::default());
        Walk::from(&resolver, &["a"; 60].join(".")).await.unwrap();
        assert_eq!(dns.questions(), 8);
    }
}
