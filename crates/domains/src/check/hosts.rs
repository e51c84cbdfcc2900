//! Hosts that should be this server under a name of the domain.

use std::net::IpAddr;

use guichet_sys::dns::Record;

use super::{Check, Judged};
use crate::record::Expected;

/// The address in a record, if it is one.
pub(super) fn address(record: &Record) -> Option<IpAddr> {
    match record {
        Record::A(address) => Some((*address).into()),
        Record::Aaaa(address) => Some((*address).into()),
        _ => None,
    }
}

/// Whether the host of the MTA-STS policy is ours; `records` are its addresses, aliases followed.
pub(super) async fn judge_web_host(check: &Check<'_>, expected: &Expected, records: &[Record]) -> Judged {
    let ours = check.addresses(check.settings.web_host.as_str()).await;
    if records.iter().filter_map(address).any(|address| ours.contains(&address)) {
        return Judged::noted(
            "Senders fetch the policy over HTTPS: the certificate has to name this host too.".to_owned(),
        );
    }
    Judged::different(format!(
        "{} leads to another server, which does not have the policy. Publish: {}",
        expected.name,
        expected.zone_line()
    ))
}
