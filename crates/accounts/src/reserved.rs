//! Names below the base domain that nobody gets: those by which machines find the server, and those in whose name a
//! server or its operator speaks.
//!
//! *Standards*: RFC 2142 (role names), RFC 6186 and the names that mail programs and browsers ask for by themselves.

use crate::Error;

/// Names by which machines look, or that a server has or may get: not even the operator gives one away by mistake.
const MACHINES: &[&str] = &[
    "autoconfig",
    "autodiscover",
    "caldav",
    "carddav",
    "dns",
    "ftp",
    "house",
    "imap",
    "imaps",
    "ldap",
    "localhost",
    "mail",
    "mailer-daemon",
    "mta-sts",
    "mx",
    "ns",
    "ntp",
    "openpgpkey",
    "pop",
    "pop3",
    "postmaster",
    "relay",
    "sip",
    "smtp",
    "smtps",
    "submission",
    "webmail",
    "wpad",
    "www",
    "xmpp",
];

/// Names in which a server or who runs it speaks (RFC 2142, and what people take for it), or does its work.
const SPEAKERS: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "app",
    "assets",
    "backup",
    "billing",
    "bounce",
    "cdn",
    "cloud",
    "compliance",
    "console",
    "dashboard",
    "dev",
    "docs",
    "git",
    "guichet",
    "health",
    "help-desk",
    "helpdesk",
    "hostmaster",
    "info",
    "invoice",
    "invoices",
    "legal",
    "login",
    "metrics",
    "monitor",
    "news",
    "no-reply",
    "noc",
    "noreply",
    "official",
    "operator",
    "panel",
    "password",
    "payment",
    "payments",
    "portal",
    "privacy",
    "proxy",
    "register",
    "root",
    "security",
    "signin",
    "signup",
    "staging",
    "static",
    "status",
    "sysadmin",
    "system",
    "team",
    "test",
    "usenet",
    "uucp",
    "verify",
    "vpn",
    "web",
    "webmaster",
];

/// Labels that get a number when there are several: `mx2`, `ns1`.
const NUMBERED: &[&str] = &["dns", "imap", "mail", "mx", "ns", "pop", "relay", "smtp", "web", "www"];

/// A shorter label reads as a country or a language (`de`, `en`), which is the operator's to give.
const LABEL_CHARS_MIN: usize = 3;

/// The reserved names, for comparisons.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    MACHINES.iter().chain(SPEAKERS).copied()
}

/// Refuses a label that an organisation can't claim, with a sentence. `label` is lower case.
pub(crate) fn check(label: &str) -> Result<(), Error> {
    if label.chars().count() < LABEL_CHARS_MIN {
        return Err(Error::Invalid(format!(
            "`{label}` is reserved: a name has {LABEL_CHARS_MIN} characters at least; take a longer one"
        )));
    }
    // What is left of a number alone is nobody's name.
    if SPEAKERS.contains(&label) || label.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(refusal(label));
    }
    check_machines(label)
}

/// Refuses a label that would break the server's own names.
pub(crate) fn check_machines(label: &str) -> Result<(), Error> {
    let stem = label.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    // `_dmarc` and its like are no hosts.
    let is_machine =
        label.starts_with('_') || MACHINES.contains(&label) || (stem != label && NUMBERED.contains(&stem));
    if is_machine { Err(refusal(label)) } else { Ok(()) }
}

fn refusal(label: &str) -> Error {
    Error::Invalid(format!(
        "`{label}` is reserved: it names a part of the server or who runs it; take another name"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_machines_and_of_who_runs_them_are_refused_with_a_sentence() {
        for label in [
            "www",
            "mx",
            "mx2",
            "ns1",
            "mail-1",
            "postmaster",
            "abuse",
            "_dmarc",
            "mta-sts",
            "de",
            "x",
            "7",
            "42",
        ] {
            let error = check(label).unwrap_err().to_string();
            assert!(error.contains(label) && error.contains("reserved"), "{error}");
        }
    }

    #[test]
    fn names_of_companies_are_not() {
        for label in
            ["acme", "marca", "mailchimp", "wwwonders", "demo", "other", "xn--mnchen-3ya", "4you", "k7m3x9q2"]
        {
            assert!(check(label).is_ok(), "{label}");
        }
    }

    /// What is written here is found by those who look for it.
    #[test]
    fn every_reserved_name_is_a_label_in_lower_case() {
        for name in names() {
            let domain = guichet_mail::DomainName::parse(&format!("{name}.example")).unwrap();
            assert_eq!(domain.as_str(), format!("{name}.example"));
        }
    }
}
