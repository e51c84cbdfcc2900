//! The operator's own records, addresses and port: what has to be right for every domain of this server to work.
//!
//! The same eyes look as at organisations' domains; in addition the mail server itself is tried by the names that DNS
//! gives for it, as others would.

mod port;

use std::net::IpAddr;
use std::sync::Arc;

use guichet_accounts::{DkimRecord, DkimState, Error};
use guichet_mail::DomainName;
use guichet_sys::dns::{Finding, RecordType, reverse_name};
use jiff::Timestamp;
use tokio::time::{Duration, timeout};

use crate::check::{Check, Judged, Look, State, found};
use crate::domains::{Backends, Domains, is_fresh};
use crate::expected::Maker;
use crate::record::{Expected, Publisher, Purpose};
use crate::settings::Settings;
use port::Tried;

/// A label below the base domain that nobody has, so that wildcards answer for it.
const NOBODY: &str = "guichet-check-wildcard";
/// Addresses that are looked up backwards, and tried, at most.
const ADDRESSES_MAX: usize = 8;
/// Seconds that the whole check may take; shorter than the operator's command line waits.
const CHECK_SECS_MAX: u64 = 25;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerItem {
    /// What it is for.
    pub purpose: Purpose,
    /// What was looked at: a name in DNS, an address, a host with its port.
    pub name: String,
    /// What should be there.
    pub expected: String,
    /// The record as a line to paste, where it is one that the operator publishes in a zone of theirs.
    pub zone_line: Option<String>,
    /// Whether mail suffers without it.
    pub is_required: bool,
    /// What was found.
    pub look: Look,
}

/// What a look at this server found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerReport {
    /// When.
    pub checked_at: Timestamp,
    /// One after the other, what others rest on first.
    pub items: Vec<ServerItem>,
}

impl ServerReport {
    /// Whether everything is fine that mail suffers without.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.items.iter().all(|item| !item.is_required || item.look.state == State::Ok)
    }
}

impl Domains {
    /// Looks at the operator's own records, addresses and port, unless somebody did a moment ago.
    pub async fn check_server(&self) -> Result<Arc<ServerReport>, Error> {
        let mut last = self.0.server.lock().await;
        let now = self.now();
        if let Some(report) = last.as_ref().filter(|report| is_fresh(report.checked_at, now)) {
            return Ok(Arc::clone(report));
        }
        let keys = self.accounts().base_dkim_records()?;
        let mut items = Vec::new();
        let looking = self.look_at_server(keys, &mut items);
        if timeout(Duration::from_secs(CHECK_SECS_MAX), looking).await.is_err() {
            items.push(unfinished());
        }
        let report = Arc::new(ServerReport { checked_at: now, items });
        *last = Some(Arc::clone(&report));
        Ok(report)
    }

    async fn look_at_server(&self, keys: Vec<DkimRecord>, items: &mut Vec<ServerItem>) {
        let Backends { source, clock, tls, .. } = &self.0.backends;
        let (settings, base) = (&self.0.settings, self.accounts().base_domain());
        let check = Check::begin(source, clock, settings, base).await;
        let mut hosts = Vec::new();
        for host in &settings.mx_hosts {
            let addresses = check.addresses(host.as_str()).await;
            items.push(host_item(&check, host, &addresses).await);
            hosts.push((host, addresses));
        }
        for expected in records(settings, base, keys) {
            let look = check.look(&expected).await;
            items.push(record_item(&expected, look));
        }
        if check.sending.is_empty() {
            items.push(no_address(settings));
        }
        for address in check.sending.iter().take(ADDRESSES_MAX) {
            items.push(ptr_item(&check, *address).await);
        }
        for (host, addresses) in hosts {
            for address in addresses.into_iter().take(ADDRESSES_MAX) {
                let tried = Tried { host, address, port: settings.smtp_port };
                items.extend(port::try_out(tried, settings, tls).await);
            }
        }
    }
}

/// The records of the base domain, and those of its wildcard for domains that organisations claim.
fn records(settings: &Settings, base: &DomainName, keys: Vec<DkimRecord>) -> Vec<Expected> {
    let maker = Maker { domain: base, publisher: Publisher::Organisation };
    let mut records = maker.mx(settings);
    records.push(maker.spf(settings, base));
    let keys = keys.into_iter().filter(|key| key.state != DkimState::Retired);
    records.extend(keys.map(|key| Expected { publisher: Publisher::Organisation, ..maker.dkim(base, key) }));
    records.push(maker.dmarc());
    if let Ok(nobody) = DomainName::parse(&format!("{NOBODY}.{base}")) {
        let maker = Maker { domain: &nobody, publisher: Publisher::Organisation };
        records.extend(maker.mx(settings));
        records.push(maker.spf(settings, base));
    }
    records
}

fn record_item(expected: &Expected, look: Look) -> ServerItem {
    let wild = |text: String| text.replace(NOBODY, "*");
    ServerItem {
        purpose: expected.purpose,
        name: wild(expected.name.clone()),
        expected: expected.value.to_string(),
        zone_line: Some(wild(expected.zone_line())),
        is_required: expected.need.is_required(),
        look: Look { advice: wild(look.advice), ..look },
    }
}

async fn host_item(check: &Check<'_>, host: &DomainName, addresses: &[IpAddr]) -> ServerItem {
    let found = addresses.iter().map(ToString::to_string).collect();
    let judged = if addresses.is_empty() {
        if let Finding::Unreachable(why) = check.inquiry.ask(host.as_str(), RecordType::A).await {
            Judged::unreachable(format!("Nobody could be asked: {why}."))
        } else {
            let advice = format!("{host} has no address. Publish an A record, and AAAA where there is IPv6.");
            Judged { state: State::Missing, advice }
        }
    } else {
        Judged::ok()
    };
    item(Purpose::Host, host.to_string(), "an address of this server".to_owned(), judged, found)
}

fn no_address(settings: &Settings) -> ServerItem {
    let advice = match &settings.smart_host {
        Some(host) => format!(
            "Mail leaves by {host}: let the SPF record of the base domain name what its provider says, and set \
             domains.sending_addresses where they are known."
        ),
        None => "It is not known from which address mail leaves: set domains.sending_addresses.".to_owned(),
    };
    let judged = match settings.smart_host {
        Some(_) => Judged::noted(advice),
        None => Judged { state: State::Missing, advice },
    };
    item(Purpose::Ptr, settings.host_name.to_string(), "sending addresses".to_owned(), judged, Vec::new())
}

/// A sending address should have one name, which leads back to it and is the one in our greeting (RFC 1912 2.1).
async fn ptr_item(check: &Check<'_>, address: IpAddr) -> ServerItem {
    let ours = check.settings.host_name.to_string();
    let finding = check.inquiry.ask(&reverse_name(address), RecordType::Ptr).await;
    let names = found(Purpose::Ptr, &finding);
    let mut leads_back = Vec::new();
    for name in &names {
        if check.addresses(name).await.contains(&address) {
            leads_back.push(name.clone());
        }
    }
    let ask = format!("Whoever gave you {address} sets its reverse name (PTR); ask for {ours}.");
    let judged = match (&finding, leads_back.as_slice()) {
        (Finding::Unreachable(why), _) => Judged::unreachable(format!("Nobody could be asked: {why}.")),
        (_, back) if back.contains(&ours) => Judged::ok(),
        (_, [first, ..]) => Judged::noted(format!(
            "{first} leads back, which is enough for most; best is the name that this server greets with, {ours}."
        )),
        (Finding::Records(_), []) => Judged::different(format!(
            "No name of {address} leads back to it, so many servers refuse its mail. {ask}"
        )),
        _ => Judged {
            state: State::Missing,
            advice: format!("{address} has no name, so many servers refuse its mail. {ask}"),
        },
    };
    item(Purpose::Ptr, address.to_string(), ours, judged, names)
}

fn unfinished() -> ServerItem {
    let advice = format!("The rest was not looked at: no answer within {CHECK_SECS_MAX} s.");
    item(Purpose::Host, "the rest".to_owned(), String::new(), Judged::unreachable(advice), Vec::new())
}

fn item(purpose: Purpose, name: String, expected: String, judged: Judged, found: Vec<String>) -> ServerItem {
    let Judged { state, advice } = judged;
    ServerItem {
        purpose,
        name,
        expected,
        zone_line: None,
        is_required: true,
        look: Look { state, found, advice },
    }
}
