//! SPF: may mail of the domain leave from here?
//!
//! The record is asked the question that receivers ask, through the verification that mail goes through here, for each
//! address that mail leaves from; so includes, redirects and macros count for what they come to.
//!
//! *Standards*: RFC 7208; 3.2 (one record only), 4.6.4 (ten look-ups).

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};

use guichet_mail::DomainName;
use guichet_mail::verdict::AuthResult;
use guichet_mailauth::{appraise_spf, is_spf};

use super::{Check, FOUND_CHARS_MAX, Judged, printable};
use crate::record::Expected;

/// RFC 7208 4.6.4: terms that ask DNS.
const TERMS_MAX: usize = 10;
/// From how many on there is a warning: the record has no room for a further service.
const TERMS_WARNED: usize = 9;
/// An address that no network has (RFC 5737): a record is read to its end for it.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 255));

pub(super) async fn judge(check: &Check<'_>, expected: &Expected, texts: &[&[u8]]) -> Judged {
    let records: Vec<&str> =
        texts.iter().filter(|text| is_spf(text)).filter_map(|text| str::from_utf8(text).ok()).collect();
    match records.as_slice() {
        [] => Judged::missing(expected),
        [record] => judge_one(check, expected, record).await,
        several => Judged::different(format!(
            "Your DNS has {} SPF records at {}; servers then ignore all of them. {}",
            several.len(),
            expected.name,
            how_to_merge(several, &our_terms(expected))
        )),
    }
}

async fn judge_one(check: &Check<'_>, expected: &Expected, record: &str) -> Judged {
    let Ok(domain) = DomainName::parse(&expected.name) else { return Judged::missing(expected) };
    let ours = our_terms(expected);
    let has_ours = ours.iter().all(|term| record.split(' ').any(|other| is_term(other, term)));
    if check.sending.is_empty() && !has_ours {
        return Judged::different(lacks(record, &ours));
    }
    for address in &check.sending {
        let verdict = appraise_spf(&check.resolver, &domain, *address, check.now).await.verdict;
        let why = printable(verdict.reason.unwrap_or_default().as_bytes());
        match verdict.result {
            AuthResult::Pass => {}
            AuthResult::TempError => return Judged::unreachable(format!("SPF could not be checked: {why}.")),
            _ if has_ours && domain != *check.base => {
                return Judged::different(format!(
                    "This record names the operator's, which does not do: {why}. The operator of this server has to \
                     mend the SPF record of {}.",
                    check.base
                ));
            }
            AuthResult::PermError => {
                return Judged::different(format!(
                    "Servers can't use this record: {why}. {}",
                    lacks(record, &ours)
                ));
            }
            _ => return Judged::different(format!("{why}. {}", lacks(record, &ours))),
        }
    }
    let whole = appraise_spf(&check.resolver, &domain, NOBODY, check.now).await;
    let why = printable(whole.verdict.reason.unwrap_or_default().as_bytes());
    match whole.verdict.result {
        AuthResult::PermError => Judged::noted(format!(
            "Mail from here passes, but the record has a fault further on, for which some servers refuse it: {why}."
        )),
        _ if whole.terms_used >= TERMS_WARNED => Judged::noted(format!(
            "The record takes {} of {TERMS_MAX} look-ups that are allowed; with more, servers ignore it.",
            whole.terms_used
        )),
        _ => Judged::ok(),
    }
}

fn lacks(record: &str, ours: &[String]) -> String {
    match whole(&with_terms(record, ours)) {
        Some(better) => format!("Let the record allow this server. Change it to: {better}"),
        None => format!("Let the record allow this server: put `{}` before its end.", ours.join(" ")),
    }
}

fn how_to_merge(records: &[&str], ours: &[String]) -> String {
    match whole(&merged(records, ours)) {
        Some(merged) => format!("Merge them into one: {merged}"),
        None => format!("Merge them into one that has the terms of all, and `{}`.", ours.join(" ")),
    }
}

/// A record to paste, if it is shown to its end.
fn whole(record: &str) -> Option<String> {
    (record.chars().count() <= FOUND_CHARS_MAX).then(|| printable(record.as_bytes()))
}

/// What our record has between its version and its end.
fn our_terms(expected: &Expected) -> Vec<String> {
    let text = expected.value.to_string();
    text.split(' ').skip(1).filter(|term| !is_all(term)).map(str::to_owned).collect()
}

fn is_term(written: &str, wanted: &str) -> bool {
    written.strip_prefix('+').unwrap_or(written).trim_end_matches('.').eq_ignore_ascii_case(wanted)
}

fn is_all(term: &str) -> bool {
    term.trim_start_matches(['+', '-', '~', '?']).eq_ignore_ascii_case("all")
}

fn redirect(term: &str) -> Option<&str> {
    let (name, target) = term.split_once('=')?;
    name.eq_ignore_ascii_case("redirect").then_some(target)
}

/// The record with these terms before whatever ends it.
fn with_terms(record: &str, ours: &[String]) -> String {
    let terms: Vec<&str> = record.split(' ').filter(|term| !term.is_empty()).collect();
    let end = terms.iter().position(|term| is_all(term) || redirect(term).is_some()).unwrap_or(terms.len());
    let (before, after) = terms.split_at(end);
    let new = ours.iter().map(String::as_str).filter(|term| !before.iter().any(|other| is_term(other, term)));
    before.iter().copied().chain(new).chain(after.iter().copied()).collect::<Vec<_>>().join(" ")
}

/// One record that allows what each of them allows, as strict in the end as the mildest.
fn merged(records: &[&str], ours: &[String]) -> String {
    let (mut terms, mut known) = (vec!["v=spf1".to_owned()], HashSet::new());
    let all = records.iter().flat_map(|record| record.split(' ').skip(1)).filter(|term| !term.is_empty());
    let mut ends = Vec::new();
    for term in all {
        if is_all(term) {
            ends.push(term);
            continue;
        }
        let term = redirect(term).map_or_else(|| term.to_owned(), |target| format!("include:{target}"));
        if known.insert(term.clone()) {
            terms.push(term);
        }
    }
    let is_strict = !ends.is_empty() && ends.iter().all(|end| end.starts_with('-'));
    let end = if is_strict { "-all" } else { "~all" };
    terms.push(end.to_owned());
    with_terms(&terms.join(" "), ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_terms_stand_before_the_end() {
        let ours = ["include:desk.example".to_owned()];
        for (record, better) in [
            ("v=spf1 mx -all", "v=spf1 mx include:desk.example -all"),
            ("v=spf1 redirect=x.example", "v=spf1 include:desk.example redirect=x.example"),
            ("v=spf1", "v=spf1 include:desk.example"),
            ("v=spf1 +include:DESK.example ~all", "v=spf1 +include:DESK.example ~all"),
        ] {
            assert_eq!(with_terms(record, &ours), better);
        }
    }

    #[test]
    fn two_records_are_merged_into_one_that_allows_both() {
        let merged = merged(
            &["v=spf1 mx -all", "v=spf1 mx include:a.example ~all", "v=spf1 redirect=b.example"],
            &["include:desk.example".to_owned()],
        );
        assert_eq!(merged, "v=spf1 mx include:a.example include:b.example include:desk.example ~all");
    }
}
