//! MX: does mail for the domain come here?
//!
//! *Standards*: RFC 5321 5.1 (the lowest preference is tried first), RFC 7505 (a domain that takes no mail).

use std::fmt::Write as _;

use guichet_sys::dns::{Mx, Record};

use super::{Check, Judged, printable};
use crate::record::{Expected, Value};

/// Hosts under other names whose addresses are compared with ours.
const STRANGERS_MAX: usize = 5;

pub(super) async fn judge(check: &Check<'_>, expected: &Expected, records: &[Record]) -> Judged {
    let Value::Mx(_, host) = &expected.value else { return Judged::missing(expected) };
    let all: Vec<&Mx> = records
        .iter()
        .filter_map(|record| if let Record::Mx(mx) = record { Some(mx) } else { None })
        .collect();
    let is_ours = |mx: &Mx| check.settings.mx_hosts.iter().any(|ours| ours.as_str() == &*mx.exchange);
    let strangers: Vec<&Mx> = all.iter().copied().filter(|mx| !is_ours(mx)).collect();
    if let Some(ours) = all.iter().find(|mx| &*mx.exchange == host.as_str()) {
        return among(ours, &strangers);
    }
    if all.iter().all(|mx| mx.exchange.is_empty()) {
        return Judged::different(format!(
            "The MX of {} says that it takes no mail at all (RFC 7505). Replace it by: {}",
            expected.name,
            expected.zone_line()
        ));
    }
    let ours = check.addresses(host).await;
    for stranger in strangers.iter().take(STRANGERS_MAX) {
        let theirs = check.addresses(&stranger.exchange).await;
        if theirs.iter().any(|address| ours.contains(address)) {
            let others: Vec<&Mx> =
                strangers.iter().copied().filter(|other| other.exchange != stranger.exchange).collect();
            let mut judged = among(stranger, &others);
            let note = format!(
                "{} leads to this server under another name; the certificate is for {host}, so best name that.",
                stranger.exchange
            );
            let separator = if judged.advice.is_empty() { "" } else { " " };
            judged.advice = format!("{}{separator}{note}", judged.advice);
            return judged;
        }
    }
    Judged::different(format!(
        "Mail for {} goes to {}, not here. To receive it here, replace that by: {}",
        expected.name,
        names(&strangers),
        expected.zone_line()
    ))
}

/// Ours is there: who stands before and beside it?
fn among(ours: &Mx, strangers: &[&Mx]) -> Judged {
    let before: Vec<&Mx> = strangers.iter().copied().filter(|mx| mx.preference < ours.preference).collect();
    let beside: Vec<&Mx> = strangers.iter().copied().filter(|mx| mx.preference == ours.preference).collect();
    if !before.is_empty() {
        return Judged::different(format!(
            "Mail goes to {} first, since a lower number is preferred to {} of this server. Give this server the lowest \
             number, or remove the others.",
            names(&before),
            ours.preference
        ));
    }
    if !beside.is_empty() {
        return Judged::noted(format!(
            "{} has the same preference as this server, so a part of the mail goes there.",
            names(&beside)
        ));
    }
    Judged::ok()
}

fn names(hosts: &[&Mx]) -> String {
    let shown = hosts
        .iter()
        .take(STRANGERS_MAX)
        .map(|mx| format!("{} {}", mx.preference, printable(mx.exchange.as_bytes())));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if hosts.len() > STRANGERS_MAX {
        let _ = write!(text, " and {} more", hosts.len() - STRANGERS_MAX);
    }
    text
}
