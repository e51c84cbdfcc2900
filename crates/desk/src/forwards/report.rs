//! What the way of a forward does to the proofs of a mail, in words for an admin.
//!
//! *Standards*: RFC 7208 (SPF), RFC 6376 (DKIM), RFC 7489 (DMARC), RFC 8617 (ARC).

use guichet_mail::{AuthResult, DkimVerdict, DmarcAlignment, DomainName};

use super::Returned;

/// The report on a probe that came back: a sentence for each proof, then what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardReport {
    /// Whether SPF holds.
    pub spf: String,
    /// Whether our signature survives.
    pub dkim: String,
    /// Whether DMARC passes, and by what.
    pub dmarc: String,
    /// Whether the forwarder vouches for what it saw.
    pub arc: String,
    /// What that means, and what to do.
    pub advice: String,
    /// Mail of senders with a strict DMARC policy comes through.
    pub carries_strict_senders: bool,
}

impl ForwardReport {
    /// Everything that it says, a sentence each.
    pub fn sentences(&self) -> [&str; 5] {
        [&self.spf, &self.dkim, &self.dmarc, &self.arc, &self.advice]
    }
}

impl Returned {
    /// The report on it.
    pub fn report(&self) -> ForwardReport {
        let dkim_survives = self.own_signatures().any(|one| one.result.is_pass());
        ForwardReport {
            spf: self.spf(),
            dkim: self.dkim(dkim_survives),
            dmarc: self.dmarc(),
            arc: self.arc(),
            advice: self.advice(dkim_survives),
            carries_strict_senders: dkim_survives && !self.was_rewritten,
        }
    }

    fn spf(&self) -> String {
        let spf = &self.verdicts.spf_mail_from;
        let is_own = spf.domain.as_deref().and_then(|domain| DomainName::parse(domain).ok());
        let is_own = is_own.is_some_and(|domain| is_related(&domain, &self.from_domain));
        match (&spf.domain, spf.result) {
            (None, _) => {
                "SPF: the forwarder sends with an empty envelope sender, so it says nothing.".to_owned()
            }
            (Some(_), AuthResult::Pass) if is_own => {
                "SPF passes: the mail comes from a server that may send for us.".to_owned()
            }
            (Some(domain), AuthResult::Pass) => format!(
                "SPF passes for {domain}, the forwarder's own envelope sender; of the author it says nothing."
            ),
            (Some(_), result) if is_own => format!(
                "SPF breaks ({}): the forwarder's server stands in no record of the author's. That is normal with \
                 plain forwarding.",
                result.as_str()
            ),
            (Some(domain), result) => {
                format!("SPF of the forwarder's own envelope sender at {domain} is {}.", result.as_str())
            }
        }
    }

    fn dkim(&self, survives: bool) -> String {
        if survives {
            return "DKIM survives: the signature is still good after the way.".to_owned();
        }
        match self.own_signatures().next() {
            Some(broken) => {
                let why = broken.reason.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
                format!("DKIM breaks: the signature arrived, but is {}{why}.", broken.result.as_str())
            }
            None => "DKIM is lost: no signature of ours arrived.".to_owned(),
        }
    }

    fn dmarc(&self) -> String {
        let dmarc = &self.verdicts.dmarc;
        let by = match dmarc.aligned_by {
            Some(DmarcAlignment::Spf) => "SPF alone",
            Some(DmarcAlignment::Dkim) => "DKIM alone",
            Some(DmarcAlignment::SpfAndDkim) => "SPF and DKIM",
            None => "nothing",
        };
        match dmarc.result {
            AuthResult::Pass => format!("DMARC passes, by {by}."),
            AuthResult::Fail => {
                "DMARC fails: neither SPF nor DKIM speaks for the author any more.".to_owned()
            }
            AuthResult::None => {
                format!("DMARC: the author's domain publishes no policy; it would pass by {by}.")
            }
            other => format!("DMARC could not be told: {}.", other.as_str()),
        }
    }

    fn arc(&self) -> String {
        let arc = &self.verdicts.arc;
        let sealer = arc.sealer.as_deref().unwrap_or("nobody known");
        match arc.result {
            AuthResult::None => "ARC: the forwarder adds no chain.".to_owned(),
            AuthResult::Pass => {
                format!("ARC: there is a valid chain of {}, sealed last by {sealer}.", arc.chain_length)
            }
            other => format!("ARC: there is a chain, but it is {}.", other.as_str()),
        }
    }

    fn advice(&self, dkim_survives: bool) -> String {
        if dkim_survives && !self.was_rewritten {
            return "Nothing to do: mail of senders with a strict DMARC policy will come through by its signature."
                .to_owned();
        }
        let trouble = "Mail of senders with a strict DMARC policy will look forged after this way.";
        if let (AuthResult::Pass, Some(sealer)) = (self.verdicts.arc.result, &self.verdicts.arc.sealer) {
            return format!(
                "{trouble} The forwarder vouches for it: add {sealer} to the sealers that the organisation trusts."
            );
        }
        format!(
            "{trouble} Let the forwarder pass mail on unchanged (no footer, no tag in the subject, no rewriting), or \
             point the MX of the domain here. Until then don't let the organisation's policy refuse mail that fails DMARC."
        )
    }

    /// The signatures of the author's domain, as we make them.
    fn own_signatures(&self) -> impl Iterator<Item = &DkimVerdict> {
        self.verdicts.dkim.iter().filter(|one| {
            let domain = one.domain.as_deref().and_then(|domain| DomainName::parse(domain).ok());
            domain.is_some_and(|domain| is_related(&domain, &self.from_domain))
        })
    }
}

/// Whether one is the other, or stands above or below it.
fn is_related(one: &DomainName, other: &DomainName) -> bool {
    one.is_within(other) || other.is_within(one)
}
