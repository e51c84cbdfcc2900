//! What a domain publishes, read for its owner: the same eyes that judge mail, turned on the records themselves.
//!
//! *Must hold*: what is said here of a record is what a verdict on a mail would come to.

use std::net::IpAddr;

use guichet_mail::DomainName;
use guichet_mail::verdict::{DmarcPolicy, SpfVerdict};
use guichet_sys::dns::Resolver;
use jiff::Timestamp;

use crate::{dkim::key::Key, dmarc, spf};

/// What an SPF record comes to for one sending address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpfAppraisal {
    /// The verdict on a mail of the domain from that address.
    pub verdict: SpfVerdict,
    /// Terms that asked DNS on the way there; ten are allowed (RFC 7208 section 4.6.4).
    pub terms_used: usize,
}

/// What the SPF record of `domain` says of mail that comes from `address` in its name.
pub async fn appraise_spf(
    resolver: &Resolver,
    domain: &DomainName,
    address: IpAddr,
    now: Timestamp,
) -> SpfAppraisal {
    let domain = domain.as_str();
    let spf = spf::Spf { resolver, client_ip: address, helo: domain, receiver: domain, now };
    let (verdict, terms_used) = spf.appraise(domain).await;
    SpfAppraisal { verdict, terms_used }
}

/// Whether a TXT record is one of SPF (RFC 7208 section 4.5).
pub fn is_spf(text: &[u8]) -> bool {
    spf::is_record(text)
}

/// The public key of a DKIM record.
#[derive(Debug)]
pub struct DkimPublished(Key);

impl DkimPublished {
    /// Reads a record; the error says what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, &'static str> {
        Key::parse(text).map(Self)
    }

    /// Whether both are the same key, however they are written: flags that differ are no matter.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

/// What a DMARC record asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmarcPublished {
    /// What shall become of mail that fails; absent where it is faulty, so that the record says nothing.
    pub policy: Option<DmarcPolicy>,
    /// The same for subdomains, where it differs.
    pub subdomain_policy: Option<DmarcPolicy>,
    /// Whether a signature has to be of the very domain, `adkim=s`.
    pub is_dkim_strict: bool,
}

impl DmarcPublished {
    /// Reads a record; `None` if it is none of DMARC's.
    pub fn parse(text: &[u8]) -> Option<Self> {
        dmarc::published(text)
    }
}

#[cfg(test)]
mod tests {
    use guichet_mail::verdict::AuthResult;
    use guichet_testkit::{FakeDns, Zone};

    use super::*;

    #[tokio::test]
    async fn an_spf_record_is_appraised_with_its_cost() {
        let zone = Zone::new()
            .txt("a.example", "v=spf1 include:b.example include:c.example -all")
            .txt("b.example", "v=spf1 ip4:192.0.2.1 -all")
            .txt("c.example", "v=spf1 -all");
        let resolver = FakeDns::resolver(zone);
        let domain = DomainName::parse("a.example").unwrap();
        let appraise = |address: &'static str| {
            appraise_spf(&resolver, &domain, address.parse().unwrap(), Timestamp::UNIX_EPOCH)
        };
        let (first, last) = (appraise("192.0.2.1").await, appraise("192.0.2.2").await);
        assert_eq!((first.verdict.result, first.terms_used), (AuthResult::Pass, 1));
        assert_eq!((last.verdict.result, last.terms_used), (AuthResult::Fail, 2));
    }

    #[test]
    fn a_key_is_the_same_however_it_is_written() {
        let ours = DkimPublished::parse(b"v=DKIM1; k=ed25519; p=MTEx").unwrap();
        let theirs = DkimPublished::parse(b"k=ed25519;t=s; p=M TE\tx").unwrap();
        let other = DkimPublished::parse(b"v=DKIM1; p=MTEx").unwrap();
        assert!(ours.is_same_key(&theirs) && !ours.is_same_key(&other));
    }

    #[test]
    fn a_dmarc_record_says_what_it_asks_for() {
        let published = DmarcPublished::parse(b"v=DMARC1; p=quarantine; adkim=s").unwrap();
        assert_eq!((published.policy, published.is_dkim_strict), (Some(DmarcPolicy::Quarantine), true));
        assert_eq!(DmarcPublished::parse(b"v=spf1 -all"), None);
    }
}
