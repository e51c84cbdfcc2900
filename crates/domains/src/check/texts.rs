//! TXT records whose text is compared as such, or whose few tags are: proof, MTA-STS, TLS-RPT.
//!
//! *Standards*: RFC 8461 3.1, RFC 8460 3.

use guichet_mailauth::is_spf;
use guichet_sys::dns::Record;

use super::Judged;
use crate::record::{Expected, Purpose};

/// The texts among records.
pub(super) fn of(records: &[Record]) -> Vec<&[u8]> {
    records
        .iter()
        .filter_map(|record| if let Record::Txt(text) = record { Some(&**text) } else { None })
        .collect()
}

/// Whether a record has to do with a purpose: many things stand in the TXT records of a domain.
pub(super) fn concerns(purpose: Purpose, record: &Record) -> bool {
    let Record::Txt(text) = record else { return true };
    match purpose {
        Purpose::Spf => is_spf(text),
        Purpose::Dmarc => has_version(text, "v=DMARC1"),
        _ => true,
    }
}

/// Whether a record begins with this version; what follows it is a semicolon or nothing.
pub(super) fn has_version(text: &[u8], version: &str) -> bool {
    let Ok(text) = str::from_utf8(text) else { return false };
    text.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with(';'))
}

/// The value of a tag.
fn tag<'t>(text: &'t [u8], name: &str) -> Option<&'t str> {
    let text = str::from_utf8(text).ok()?;
    let tags = text.split(';').filter_map(|part| part.split_once('='));
    let mut named = tags.filter(|(other, _)| other.trim() == name);
    named.next().map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

/// The one record of a version, which other versions may stand beside.
fn only<'t>(expected: &Expected, texts: &[&'t [u8]], version: &str) -> Result<&'t [u8], Judged> {
    let mut those = texts.iter().filter(|text| has_version(text, version));
    match (those.next(), those.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Judged::missing(expected)),
        (Some(_), Some(_)) => Err(Judged::different(format!(
            "{} has more than one record of {version}; servers then ignore all of them. Keep one.",
            expected.name
        ))),
    }
}

pub(super) fn judge_policy(expected: &Expected, texts: &[&[u8]]) -> Judged {
    match only(expected, texts, "v=STSv1") {
        Err(judged) => judged,
        Ok(text) if tag(text, "id").is_none() => {
            Judged::different(format!("The record has no `id`. Publish: {}", expected.zone_line()))
        }
        Ok(text) if text == expected.value.to_string().as_bytes() => Judged::ok(),
        Ok(_) => Judged::noted(format!(
            "Its `id` is not the one of the policy that is served here; senders that know another policy look for a new \
             one only when the id changes. Best publish: {}",
            expected.zone_line()
        )),
    }
}

pub(super) fn judge_reports(expected: &Expected, texts: &[&[u8]]) -> Judged {
    match only(expected, texts, "v=TLSRPTv1") {
        Err(judged) => judged,
        Ok(text) if tag(text, "rua").is_none() => Judged::different(format!(
            "The record names nobody to report to. Publish: {}",
            expected.zone_line()
        )),
        Ok(_) => Judged::ok(),
    }
}

pub(super) fn judge_proof(expected: &Expected, texts: &[&[u8]]) -> Judged {
    let wanted = expected.value.to_string();
    if texts.iter().any(|text| text.trim_ascii() == wanted.as_bytes()) {
        return Judged::ok();
    }
    Judged::different(format!(
        "What stands there is not the code of this organisation; others may stay beside it. Add: {}",
        expected.zone_line()
    ))
}
