//! `check_host()`: one record after the other until something matches.
//!
//! *Standards*: RFC 7208 sections 4.4 to 4.7, 5 and 6.
//!
//! *Must hold*: the budget is shared by everything that one check leads to; an error of any part is the error
//! of the whole, except where section 5 says otherwise (`ptr` and `%{p}`).

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use guichet_mail::verdict::AuthResult;
use guichet_sys::dns::DnsError;

use super::{
    Spf,
    macros::{MacroString, Place, Variables},
    record::{Directive, Mechanism, Prefixes, Record, after_version},
};
use crate::domain::is_within;

/// Section 4.6.4: terms that ask DNS, in all records together.
const TERMS_MAX: usize = 10;
/// Section 4.6.4: look-ups that find nothing.
const VOID_LOOKUPS_MAX: usize = 2;
/// Section 4.6.4: hosts of one `mx`; more are an error.
const MX_HOSTS_MAX: usize = 10;
/// Section 4.6.4: names of one `ptr` or `%{p}`; more are ignored.
const PTR_NAMES_MAX: usize = 10;

/// How a check ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) result: AuthResult,
    /// A sentence for a person.
    pub(super) reason: Option<String>,
}

/// What ends a check before its time.
enum Stop {
    Temporary(String),
    Permanent(String),
}

/// What a record says about the client, and which record that is.
struct Answer {
    result: AuthResult,
    /// The domain whose record decided, and its `exp=`.
    domain: String,
    explanation: Option<MacroString>,
}

type AnswerFuture<'f> = Pin<Box<dyn Future<Output = Result<Answer, Stop>> + Send + 'f>>;

/// One check and what it may still spend.
pub(super) struct Evaluation<'a> {
    spf: Spf<'a>,
    client_ip: IpAddr,
    local: &'a str,
    domain: &'a str,
    terms_left: usize,
    voids_left: usize,
}

impl<'a> Evaluation<'a> {
    /// Checks `domain`, which is also the sender's domain.
    pub(super) fn new(spf: Spf<'a>, local: &'a str, domain: &'a str) -> Self {
        // An IPv4 client of a dual-stack socket is an IPv4 client.
        let client_ip = spf.client_ip.to_canonical();
        Self { spf, client_ip, local, domain, terms_left: TERMS_MAX, voids_left: VOID_LOOKUPS_MAX }
    }

    pub(super) async fn check(self) -> Outcome {
        self.appraise().await.0
    }

    /// The check, and how many terms asked DNS.
    pub(super) async fn appraise(mut self) -> (Outcome, usize) {
        let outcome = self.outcome().await;
        (outcome, TERMS_MAX - self.terms_left)
    }

    async fn outcome(&mut self) -> Outcome {
        match self.check_host(self.domain.to_owned()).await {
            Ok(answer) => {
                let reason = self.reason(&answer).await;
                Outcome { result: answer.result, reason }
            }
            Err(Stop::Temporary(reason)) => Outcome { result: AuthResult::TempError, reason: Some(reason) },
            Err(Stop::Permanent(reason)) => Outcome { result: AuthResult::PermError, reason: Some(reason) },
        }
    }

    /// Boxed, for it calls itself through `include` and `redirect`, at most `TERMS_MAX` deep.
    fn check_host(&mut self, domain: String) -> AnswerFuture<'_> {
        Box::pin(async move {
            let Some(record) = self.fetch(&domain).await? else {
                return Ok(Answer { result: AuthResult::None, domain, explanation: None });
            };
            for Directive { result, mechanism } in &record.directives {
                if self.matches(mechanism, &domain).await? {
                    return Ok(Answer { result: *result, domain, explanation: record.explanation });
                }
            }
            let Some(redirect) = &record.redirect else {
                return Ok(Answer { result: AuthResult::Neutral, domain, explanation: None });
            };
            self.spend_term()?;
            let target = self.expand(redirect, &domain).await;
            let answer = self.check_host(target.clone()).await?;
            if answer.result == AuthResult::None {
                return Err(Stop::Permanent(format!(
                    "{domain} redirects to {target}, which has no SPF record"
                )));
            }
            Ok(answer)
        })
    }

    /// Sections 4.4 and 4.5: the one record of a domain, if it has one.
    async fn fetch(&self, domain: &str) -> Result<Option<Record>, Stop> {
        let texts = match self.spf.resolver.txt(domain).await {
            Ok(texts) => texts,
            Err(error @ DnsError::TryAgain(_)) => return Err(temporary(domain, &error)),
            Err(_) => return Ok(None),
        };
        let mut records = texts.iter().filter_map(|text| after_version(text));
        let Some(terms) = records.next() else { return Ok(None) };
        if records.next().is_some() {
            return Err(Stop::Permanent(format!("{domain} has more than one SPF record")));
        }
        Record::parse(terms)
            .map(Some)
            .map_err(|term| Stop::Permanent(format!("the SPF record of {domain} has a faulty term: {term}")))
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Result<bool, Stop> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip(network, bits) => Ok(has_prefix(self.client_ip, *network, *bits)),
            Mechanism::Include(target) => {
                self.spend_term()?;
                let target = self.expand(target, domain).await;
                self.matches_include(domain, target).await
            }
            Mechanism::A(target, prefixes) => {
                self.spend_term()?;
                let host = self.target(target.as_ref(), domain).await;
                self.matches_host(&host, *prefixes).await
            }
            Mechanism::Mx(target, prefixes) => {
                self.spend_term()?;
                let host = self.target(target.as_ref(), domain).await;
                self.matches_mx(&host, *prefixes).await
            }
            Mechanism::Ptr(target) => {
                self.spend_term()?;
                let target = self.target(target.as_ref(), domain).await.to_ascii_lowercase();
                let names = self.validated_names().await;
                Ok(names.iter().any(|name| is_within(name, &target)))
            }
            Mechanism::Exists(target) => {
                self.spend_term()?;
                let target = self.expand(target, domain).await;
                let addresses = self.spf.resolver.ipv4(&target).await;
                Ok(!self.found(&target, addresses)?.is_empty())
            }
        }
    }

    /// Section 5.2.
    async fn matches_include(&mut self, domain: &str, target: String) -> Result<bool, Stop> {
        match self.check_host(target.clone()).await?.result {
            AuthResult::Pass => Ok(true),
            AuthResult::None => {
                Err(Stop::Permanent(format!("{domain} includes {target}, which has no SPF record")))
            }
            _ => Ok(false),
        }
    }

    /// Section 5.4.
    async fn matches_mx(&mut self, domain: &str, prefixes: Prefixes) -> Result<bool, Stop> {
        let exchangers = self.spf.resolver.mx(domain).await;
        let exchangers = self.found(domain, exchangers)?;
        if exchangers.len() > MX_HOSTS_MAX {
            return Err(Stop::Permanent(format!("{domain} has more than {MX_HOSTS_MAX} MX records")));
        }
        for mx in exchangers.iter() {
            if self.matches_host(&mx.exchange, prefixes).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Section 5.3: asks only for addresses of the client's kind.
    async fn matches_host(&mut self, host: &str, prefixes: Prefixes) -> Result<bool, Stop> {
        let client_ip = self.client_ip;
        if client_ip.is_ipv4() {
            let addresses = self.spf.resolver.ipv4(host).await;
            let addresses = self.found(host, addresses)?;
            Ok(addresses.iter().any(|address| has_prefix(client_ip, (*address).into(), prefixes.ipv4)))
        } else {
            let addresses = self.spf.resolver.ipv6(host).await;
            let addresses = self.found(host, addresses)?;
            Ok(addresses.iter().any(|address| has_prefix(client_ip, (*address).into(), prefixes.ipv6)))
        }
    }

    /// Section 5.5: the client's names that lead back to it. Trouble means: no such name.
    async fn validated_names(&self) -> Vec<Box<str>> {
        let names = self.spf.resolver.ptr(self.client_ip).await.unwrap_or_else(|_| Arc::new([]));
        let mut validated = Vec::new();
        for name in names.iter().take(PTR_NAMES_MAX) {
            if leads_back(&self.spf, name, self.client_ip).await {
                validated.push(name.clone());
            }
        }
        validated
    }

    /// Section 7.3, `p`: the domain itself, else one beneath it, else any, else "unknown".
    async fn validated_name(&self, domain: &str) -> Box<str> {
        let names = self.validated_names().await;
        let best = names
            .iter()
            .find(|name| name.as_ref() == domain)
            .or_else(|| names.iter().find(|name| is_within(name, domain)))
            .or_else(|| names.first());
        best.map_or_else(|| "unknown".into(), Clone::clone)
    }

    async fn target(&self, target: Option<&MacroString>, domain: &str) -> String {
        match target {
            Some(target) => self.expand(target, domain).await,
            None => domain.to_owned(),
        }
    }

    async fn expand(&self, text: &MacroString, domain: &str) -> String {
        let validated_name =
            if text.needs_validated_name() { self.validated_name(domain).await } else { Box::default() };
        text.expand_name(&self.variables(domain, &validated_name))
    }

    fn variables<'v>(&'v self, domain: &'v str, validated_name: &'v str) -> Variables<'v> {
        Variables {
            local: self.local,
            sender_domain: self.domain,
            domain,
            client_ip: self.client_ip,
            validated_name,
            helo: self.spf.helo,
            receiver: self.spf.receiver,
            now: self.spf.now,
        }
    }

    /// Counts a look-up that found nothing; what can't be a name was never looked up (section 4.3).
    fn found<T>(&mut self, name: &str, records: Result<Arc<[T]>, DnsError>) -> Result<Arc<[T]>, Stop> {
        match records {
            Ok(records) => Ok(records),
            Err(error @ DnsError::TryAgain(_)) => Err(temporary(name, &error)),
            Err(DnsError::BadName) => Ok(Arc::new([])),
            Err(DnsError::NoSuchName | DnsError::NoRecords) => {
                let spent =
                    || Stop::Permanent(format!("more than {VOID_LOOKUPS_MAX} look-ups found nothing"));
                self.voids_left = self.voids_left.checked_sub(1).ok_or_else(spent)?;
                Ok(Arc::new([]))
            }
        }
    }

    fn spend_term(&mut self) -> Result<(), Stop> {
        let spent = || Stop::Permanent(format!("more than {TERMS_MAX} terms ask DNS"));
        self.terms_left = self.terms_left.checked_sub(1).ok_or_else(spent)?;
        Ok(())
    }

    async fn reason(&self, answer: &Answer) -> Option<String> {
        let (domain, client_ip) = (&answer.domain, self.client_ip);
        match answer.result {
            AuthResult::Fail => match self.explain(answer).await {
                Some(explanation) => Some(format!("{domain} explains: {explanation}")),
                None => Some(format!("{domain} does not let {client_ip} send its mail")),
            },
            AuthResult::SoftFail => Some(format!("{domain} hardly lets {client_ip} send its mail")),
            AuthResult::Neutral => {
                Some(format!("{domain} does not say whether {client_ip} may send its mail"))
            }
            AuthResult::None => Some(format!("{domain} has no SPF record")),
            _ => None,
        }
    }

    /// Section 6.2: any trouble on the way means no explanation.
    async fn explain(&self, answer: &Answer) -> Option<String> {
        let target = self.expand(answer.explanation.as_ref()?, &answer.domain).await;
        let texts = self.spf.resolver.txt(&target).await.ok()?;
        let [text] = &texts[..] else { return None };
        let text = MacroString::parse(text, Place::Explanation)?;
        let validated_name = if text.needs_validated_name() {
            self.validated_name(&answer.domain).await
        } else {
            Box::default()
        };
        Some(text.expand_explanation(&self.variables(&answer.domain, &validated_name)))
    }
}

fn temporary(name: &str, error: &DnsError) -> Stop {
    Stop::Temporary(format!("{name}: {error}"))
}

async fn leads_back(spf: &Spf<'_>, name: &str, client_ip: IpAddr) -> bool {
    match client_ip {
        IpAddr::V4(ip) => spf.resolver.ipv4(name).await.is_ok_and(|addresses| addresses.contains(&ip)),
        IpAddr::V6(ip) => spf.resolver.ipv6(name).await.is_ok_and(|addresses| addresses.contains(&ip)),
    }
}

/// True if the first `bits` of both addresses, of one kind, are the same.
fn has_prefix(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            u32::from(bits) <= differing.leading_zeros()
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            u32::from(bits) <= differing.leading_zeros()
        }
        _ => false,
    }
}
