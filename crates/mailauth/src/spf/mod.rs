//! SPF: may this address send mail in the name of that domain?
//!
//! [`record`] reads what a domain publishes, [`macros`] fills in its macros, [`evaluate`] is `check_host()`.
//!
//! *Standards*: RFC 7208, whole; the limits of section 4.6.4 are constants in [`evaluate`].
//!
//! *Security*: a record is a little program by a stranger. Every term that asks DNS is paid from one budget
//! per check, so includes can neither loop nor fan out.

mod evaluate;
mod macros;
mod record;
#[cfg(test)]
mod suite_tests;

use std::net::IpAddr;

use guichet_mail::verdict::{AuthResult, SpfVerdict};
use guichet_sys::dns::Resolver;
use jiff::Timestamp;

use crate::domain;
use evaluate::{Evaluation, Outcome};

/// Whether a TXT record is an SPF record (section 4.5).
pub(crate) fn is_record(text: &[u8]) -> bool {
    record::after_version(text).is_some()
}

/// What both SPF checks of a mail have in common.
#[derive(Clone, Copy)]
pub(crate) struct Spf<'a> {
    pub(crate) resolver: &'a Resolver,
    pub(crate) client_ip: IpAddr,
    pub(crate) helo: &'a str,
    /// The name that we go by, for `%{r}`.
    pub(crate) receiver: &'a str,
    pub(crate) now: Timestamp,
}

impl Spf<'_> {
    /// The check of the HELO identity (section 2.3).
    pub(crate) async fn helo(self) -> SpfVerdict {
        self.check("postmaster", self.helo).await
    }

    /// The check of the MAIL FROM identity (section 2.4).
    pub(crate) async fn mail_from(self, mail_from: &str) -> SpfVerdict {
        match mail_from.rsplit_once('@') {
            Some(("", domain)) => self.check("postmaster", domain).await,
            Some((local, domain)) => self.check(local, domain).await,
            None => SpfVerdict::default(),
        }
    }

    /// The verdict on mail of the domain's postmaster, and how many terms asked DNS for it.
    pub(crate) async fn appraise(self, domain: &str) -> (SpfVerdict, usize) {
        let (Outcome { result, reason }, terms_used) =
            Evaluation::new(self, "postmaster", domain).appraise().await;
        (SpfVerdict { result, domain: Some(domain.to_owned()), reason }, terms_used)
    }

    async fn check(self, local: &str, domain: &str) -> SpfVerdict {
        // Section 4.3: what is no name of several labels has no policy.
        let Some(domain) = domain::normalise(domain).filter(|name| name.contains('.')) else {
            return SpfVerdict {
                result: AuthResult::None,
                domain: None,
                reason: Some("no domain name to check".into()),
            };
        };
        let Outcome { result, reason } = Evaluation::new(self, local, &domain).check().await;
        SpfVerdict { result, domain: Some(domain.into_owned()), reason }
    }
}
