//! Which records should stand for a domain.
//!
//! A domain at or below the base domain needs none of its organisation: the operator's wildcards cover it, and the base
//! domain's keys sign for it. All others publish their own. An SPF record names the base domain's (`include:`), so that
//! the operator changes addresses in one place.

use guichet_accounts::{Accounts, DkimRecord, DkimState, Domain, Error, Proof};
use guichet_mail::{DomainName, MailAddress};
use guichet_store::OrganisationId;

use crate::policy;
use crate::record::{Expected, Need, Publisher, Purpose, Signer, Value};
use crate::settings::{MtaStsMode, Settings};

/// The preference of our first host; others can be put before and behind it.
const PREFERENCE: u16 = 10;
/// What each further host of ours is less preferred by.
const PREFERENCE_STEP: u16 = 10;

/// The records of a domain of this organisation, in the order in which they are best published.
pub(crate) fn expected(
    accounts: &Accounts,
    settings: &Settings,
    organisation: OrganisationId,
    domain: &Domain,
) -> Result<Vec<Expected>, Error> {
    let is_ours = domain.name.is_within(accounts.base_domain());
    let publisher = if is_ours { Publisher::Operator } else { Publisher::Organisation };
    let maker = Maker { domain: &domain.name, publisher };
    let mut records = Vec::new();
    if let Some(proof) = domain.proof.as_ref().filter(|_| !domain.is_verified()) {
        let name = Proof::record_name(&domain.name);
        records.push(maker.text(Purpose::Proof, Need::Proof, name, proof.record_text()));
    }
    records.extend(maker.mx(settings));
    if domain.alias_of.is_none() {
        records.push(maker.spf(settings, accounts.base_domain()));
        let keys = accounts.dkim_records(organisation, &domain.name)?;
        records.extend(keys.into_iter().map(|key| maker.dkim(accounts.base_domain(), key)));
        records.push(maker.dmarc());
    }
    if !is_ours {
        records.extend(maker.tls(settings, &accounts.operator_address()?));
    }
    Ok(records)
}

/// Makes records of one domain.
pub(crate) struct Maker<'a> {
    pub(crate) domain: &'a DomainName,
    pub(crate) publisher: Publisher,
}

impl Maker<'_> {
    pub(crate) fn text(&self, purpose: Purpose, need: Need, name: String, text: String) -> Expected {
        self.record(purpose, need, name, Value::Text(text))
    }

    fn record(&self, purpose: Purpose, need: Need, name: String, value: Value) -> Expected {
        Expected { purpose, name, value, need, publisher: self.publisher, signer: None }
    }

    /// One for each host of ours.
    pub(crate) fn mx(&self, settings: &Settings) -> Vec<Expected> {
        let preferences = (0..).map(|step| PREFERENCE.saturating_add(PREFERENCE_STEP.saturating_mul(step)));
        let hosts = preferences.zip(&settings.mx_hosts);
        let record = |(preference, host): (u16, &DomainName)| {
            // One host is enough to be reached.
            let need = if preference == PREFERENCE { Need::Receiving } else { Need::Advised };
            let value = Value::Mx(preference, host.to_string());
            self.record(Purpose::Mx, need, self.domain.to_string(), value)
        };
        hosts.map(record).collect()
    }

    pub(crate) fn spf(&self, settings: &Settings, base: &DomainName) -> Expected {
        let text =
            if self.domain == base { base_spf(settings) } else { format!("v=spf1 include:{base} ~all") };
        self.text(Purpose::Spf, Need::Sending, self.domain.to_string(), text)
    }

    pub(crate) fn dkim(&self, base: &DomainName, key: DkimRecord) -> Expected {
        let need = match key.state {
            DkimState::Retired => Need::Done,
            DkimState::Pending | DkimState::Signing | DkimState::Retiring => Need::Sending,
        };
        let publisher = if key.domain == *base { Publisher::Operator } else { self.publisher };
        let name = key.name();
        let DkimRecord { domain, selector, algorithm, text, state, .. } = key;
        let signer = Signer { domain: domain.to_string(), selector, algorithm, state };
        let value = Value::Text(text);
        Expected { purpose: Purpose::Dkim, name, value, need, publisher, signer: Some(signer) }
    }

    /// To begin with: nothing happens to mail, and everybody knows that somebody looks after it.
    pub(crate) fn dmarc(&self) -> Expected {
        let name = format!("_dmarc.{}", self.domain);
        self.text(Purpose::Dmarc, Need::Advised, name, "v=DMARC1; p=none".to_owned())
    }

    /// What makes TLS certain (RFC 8461), where there is a policy, and its trouble known (RFC 8460).
    fn tls(&self, settings: &Settings, reports_to: &MailAddress) -> Vec<Expected> {
        let Self { domain, .. } = self;
        let advised = |purpose, name, value| self.record(purpose, Need::Advised, name, value);
        let mut records = Vec::new();
        if settings.mta_sts != MtaStsMode::None {
            let host = Value::Alias(settings.web_host.to_string());
            let policy = Value::Text(policy::record(settings));
            records.push(advised(Purpose::MtaStsHost, format!("mta-sts.{domain}"), host));
            records.push(advised(Purpose::MtaSts, format!("_mta-sts.{domain}"), policy));
        }
        let reports = Value::Text(format!("v=TLSRPTv1; rua=mailto:{reports_to}"));
        records.push(advised(Purpose::TlsRpt, format!("_smtp._tls.{domain}"), reports));
        records
    }
}

/// The base domain's record names addresses where they are known, else the host that has them.
fn base_spf(settings: &Settings) -> String {
    let mut terms: Vec<String> = settings
        .sending_addresses
        .iter()
        .map(|address| if address.is_ipv4() { format!("ip4:{address}") } else { format!("ip6:{address}") })
        .collect();
    if terms.is_empty() {
        terms.push(format!("a:{}", settings.host_name));
    }
    format!("v=spf1 {} ~all", terms.join(" "))
}
