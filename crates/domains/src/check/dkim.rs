//! DKIM: is it our key that is published?
//!
//! *Standards*: RFC 6376 3.6.1 (the record), 3.6.2.2 (one record for a selector), 6.1.2; RFC 8463.

use guichet_accounts::DkimState;
use guichet_mailauth::DkimPublished;

use super::{Judged, State, printable};
use crate::record::{Expected, Need};

pub(super) fn judge_absence(expected: &Expected) -> Judged {
    if expected.need == Need::Done {
        return Judged::noted("This key signs no more, and its record is gone.".to_owned());
    }
    Judged::missing(expected)
}

pub(super) fn judge(expected: &Expected, texts: &[&[u8]]) -> Judged {
    let wanted = expected.value.to_string();
    let ours = DkimPublished::parse(wanted.as_bytes());
    let is_ours = |text: &&&[u8]| match (&ours, DkimPublished::parse(text)) {
        (Ok(ours), Ok(theirs)) => ours.is_same_key(&theirs),
        _ => false,
    };
    if expected.need == Need::Done {
        return Judged::noted("This key signs no more; its record may be removed.".to_owned());
    }
    let others = texts.iter().filter(|text| !is_ours(text) && DkimPublished::parse(text).is_ok()).count();
    match texts.iter().any(|text| is_ours(&text)) {
        true if others == 0 => Judged::noted(note(expected).to_owned()),
        true => Judged::different(format!(
            "{} has {} keys; servers may take the wrong one. Keep only: {}",
            expected.name,
            others + 1,
            expected.zone_line()
        )),
        false => Judged { state: State::Different, advice: what_is_wrong(expected, &wanted, texts) },
    }
}

fn note(expected: &Expected) -> &'static str {
    match expected.signer.as_ref().map(|signer| signer.state) {
        Some(DkimState::Pending) => "It is seen; mail is signed with it as soon as its pair is seen too.",
        Some(DkimState::Retiring) => {
            "This key signs no more; leave its record until mail that it signed is through."
        }
        _ => "",
    }
}

fn what_is_wrong(expected: &Expected, wanted: &str, texts: &[&[u8]]) -> String {
    let line = expected.zone_line();
    let whole = compact(wanted.as_bytes());
    if texts.iter().any(|text| is_cut_off(&compact(text), &whole)) {
        return format!(
            "The key was cut off. Enter it whole, in several strings where your DNS takes at most 255 characters. \
             Publish: {line}"
        );
    }
    let refusal = texts.iter().find_map(|text| DkimPublished::parse(text).err());
    match refusal {
        Some(why) if texts.len() == 1 => {
            format!(
                "What stands at {} can't be used ({}). Publish: {line}",
                expected.name,
                printable(why.as_bytes())
            )
        }
        _ => format!("Another key is published at {}. Replace it by: {line}", expected.name),
    }
}

fn compact(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect()
}

/// Whether the beginning of a key is all there is; one without any was revoked.
fn is_cut_off(text: &[u8], whole: &[u8]) -> bool {
    text.len() < whole.len() && whole.starts_with(text) && !text.is_empty() && !text.ends_with(b"p=")
}
