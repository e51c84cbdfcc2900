//! What stands in the DNS, compared with what should: by meaning, not by letters.
//!
//! *Must hold*: trouble of asking is never taken for a record that is missing; where servers of one zone disagree, a
//! record counts only if each of them says enough; what is shown of a stranger's records is bounded and printable.

mod dkim;
mod dmarc;
mod hosts;
mod mx;
mod spf;
mod texts;

use std::net::IpAddr;
use std::sync::Arc;

use guichet_mail::{DomainName, is_invisible};
use guichet_sys::Clock;
use guichet_sys::dns::{DnsLimits, Finding, Inquiry, Record, RecordType, Resolver, Source};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use self::dmarc::Place;
use crate::record::{Expected, Publisher, Purpose};
use crate::settings::Settings;

/// How many records found are shown.
const FOUND_MAX: usize = 10;
/// Characters shown of each.
const FOUND_CHARS_MAX: usize = 600;
/// Seconds for one look-up, which may ask several servers one after the other.
const LOOKUP_SECS_MAX: u64 = 12;

/// How what was found compares with what should be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// It says what it should, perhaps in other words.
    #[n(0)]
    Ok,
    /// There is none.
    #[n(1)]
    Missing,
    /// There is one that says something else.
    #[n(2)]
    Different,
    /// Nobody could be asked.
    #[n(3)]
    Unreachable,
}

impl State {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Different => "different",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What one look at a record came to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Look {
    /// How it compares.
    #[n(0)]
    pub state: State,
    /// What stands there, as text; of many records the first few.
    #[n(1)]
    pub found: Vec<String>,
    /// What to do, or to know, in sentences; empty where there is nothing to say.
    #[n(2)]
    pub advice: String,
}

/// What a comparison comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) state: State,
    pub(crate) advice: String,
}

impl Judged {
    pub(crate) fn ok() -> Self {
        Self::noted(String::new())
    }

    /// Fine, and something to know.
    pub(crate) fn noted(advice: String) -> Self {
        Self { state: State::Ok, advice }
    }

    pub(crate) fn missing(expected: &Expected) -> Self {
        let advice = format!("There is no such record. Publish: {}", expected.zone_line());
        Self { state: State::Missing, advice }
    }

    pub(crate) fn different(advice: String) -> Self {
        Self { state: State::Different, advice }
    }

    pub(crate) fn unreachable(advice: String) -> Self {
        Self { state: State::Unreachable, advice }
    }
}

/// One check of the records of a domain: what was learnt for one record serves the next.
pub(crate) struct Check<'a> {
    pub(crate) inquiry: Arc<Inquiry>,
    /// Asks through the inquiry, for those who check mail.
    pub(crate) resolver: Resolver,
    pub(crate) settings: &'a Settings,
    pub(crate) base: &'a DomainName,
    pub(crate) now: Timestamp,
    /// Where mail leaves from, as far as that is known.
    pub(crate) sending: Vec<IpAddr>,
}

impl<'a> Check<'a> {
    pub(crate) async fn begin(
        source: &Source,
        clock: &Arc<dyn Clock>,
        settings: &'a Settings,
        base: &'a DomainName,
    ) -> Self {
        let inquiry = Arc::new(source.inquiry());
        let limits = DnsLimits { lookup_secs_max: LOOKUP_SECS_MAX, ..DnsLimits::default() };
        let resolver = Resolver::new(inquiry.clone(), Arc::clone(clock), limits);
        let mut check = Self { inquiry, resolver, settings, base, now: clock.now(), sending: Vec::new() };
        check.sending = match (&settings.smart_host, settings.sending_addresses.as_slice()) {
            (_, [_, ..]) => settings.sending_addresses.clone(),
            (Some(_), []) => Vec::new(),
            (None, []) => check.addresses(settings.host_name.as_str()).await,
        };
        check
    }

    /// Looks at one record.
    pub(crate) async fn look(&self, expected: &Expected) -> Look {
        let finding = self.inquiry.ask(&expected.name, expected.value.question()).await;
        let judged = self.judge(expected, &finding).await;
        let found = found(expected.purpose, &finding);
        let needs_operator = judged.state != State::Ok && expected.publisher == Publisher::Operator;
        let advice = if needs_operator {
            format!("The operator of this server publishes this record; tell them. {}", judged.advice)
        } else {
            judged.advice
        };
        Look { state: judged.state, found, advice }
    }

    async fn judge(&self, expected: &Expected, finding: &Finding) -> Judged {
        match finding {
            Finding::Records(records) => self.judge_records(expected, records).await,
            Finding::NoRecords | Finding::NoSuchName => self.judge_absence(expected).await,
            Finding::AliasLoop => Judged::different(format!(
                "{} is an alias (CNAME) that leads round in a circle. Remove it and publish: {}",
                expected.name,
                expected.zone_line()
            )),
            Finding::Disagree(said) => self.judge_each(expected, said).await,
            Finding::Unreachable(why) => Judged::unreachable(format!(
                "Nobody could be asked about {}: {why}. If this stays, look at the delegation of the domain.",
                expected.name
            )),
        }
    }

    /// Where the servers of a zone disagree, the worst counts.
    async fn judge_each(&self, expected: &Expected, said: &[(Box<str>, Finding)]) -> Judged {
        for (server, finding) in said {
            let judged = match finding {
                Finding::Records(records) => self.judge_records(expected, records).await,
                Finding::NoRecords | Finding::NoSuchName => self.judge_absence(expected).await,
                Finding::AliasLoop | Finding::Disagree(_) | Finding::Unreachable(_) => {
                    return Judged::unreachable(format!(
                        "{server} leads {} to another zone, which can't be asked.",
                        expected.name
                    ));
                }
            };
            if judged.state != State::Ok {
                return Judged::different(format!(
                    "Your name servers disagree; after a change that passes within minutes, else one of them is stale. \
                     {server} says: {}",
                    judged.advice
                ));
            }
        }
        Judged::noted("Your name servers disagree in what does not matter here.".to_owned())
    }

    async fn judge_absence(&self, expected: &Expected) -> Judged {
        match expected.purpose {
            Purpose::Dmarc => dmarc::judge_absence(self, expected).await,
            Purpose::Dkim => dkim::judge_absence(expected),
            _ => Judged::missing(expected),
        }
    }

    async fn judge_records(&self, expected: &Expected, records: &[Record]) -> Judged {
        let texts = texts::of(records);
        match expected.purpose {
            Purpose::Mx => mx::judge(self, expected, records).await,
            Purpose::Spf => spf::judge(self, expected, &texts).await,
            Purpose::Dkim => dkim::judge(expected, &texts),
            Purpose::Dmarc => match dmarc::judge(self, expected, &texts, Place::Here) {
                None => self.judge_absence(expected).await,
                Some(judged) => judged,
            },
            Purpose::MtaSts => texts::judge_policy(expected, &texts),
            Purpose::TlsRpt => texts::judge_reports(expected, &texts),
            Purpose::Proof => texts::judge_proof(expected, &texts),
            _ => hosts::judge_web_host(self, expected, records).await,
        }
    }

    /// The addresses of a host, IPv4 first; none where there are none or nobody can be asked.
    pub(crate) async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        for record_type in [RecordType::A, RecordType::Aaaa] {
            if let Finding::Records(records) = self.inquiry.ask(host, record_type).await {
                addresses.extend(records.iter().filter_map(hosts::address));
            }
        }
        addresses
    }
}

/// What was found, for people.
pub(crate) fn found(purpose: Purpose, finding: &Finding) -> Vec<String> {
    let records: Vec<&Record> = match finding {
        Finding::Records(records) => records.iter().collect(),
        Finding::Disagree(said) => said
            .iter()
            .filter_map(
                |(_, finding)| if let Finding::Records(records) = finding { Some(records) } else { None },
            )
            .flatten()
            .collect(),
        _ => Vec::new(),
    };
    let mut found: Vec<String> =
        records.into_iter().filter(|record| texts::concerns(purpose, record)).map(shown).collect();
    found.dedup();
    found.truncate(FOUND_MAX);
    found
}

fn shown(record: &Record) -> String {
    match record {
        Record::A(address) => address.to_string(),
        Record::Aaaa(address) => address.to_string(),
        Record::Mx(mx) if mx.exchange.is_empty() => format!("{} .", mx.preference),
        Record::Mx(mx) => format!("{} {}", mx.preference, printable(mx.exchange.as_bytes())),
        Record::Ns(name) | Record::Ptr(name) => printable(name.as_bytes()),
        Record::Txt(text) => printable(text),
    }
}

/// What a stranger published, cut to a length for people and without what moves a cursor, turns text or hides.
pub(crate) fn printable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let hides = |c: char| c.is_control() || is_invisible(c);
    let shown = |c: char| if hides(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut out: String = text.chars().take(FOUND_CHARS_MAX).map(shown).collect();
    if text.chars().nth(FOUND_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}
