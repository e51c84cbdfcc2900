//! The policy of MTA-STS: which hosts take a domain's mail, and that they speak TLS.
//!
//! *Standards*: RFC 8461 section 3.1 (the record, whose `id` changes with the policy), 3.2 (the policy).

use std::fmt::Write as _;

use crate::settings::Settings;

/// How long senders keep the policy, in seconds: a week (RFC 8461 section 10.2 advises weeks or more).
const AGE_SECS_MAX: u32 = 604_800;
/// Octets of the digest that make the `id`; it has at most 32 characters.
const ID_OCTETS: usize = 8;

/// The policy as it is served.
pub(crate) fn text(settings: &Settings) -> String {
    let mut text = format!("version: STSv1\r\nmode: {}\r\n", settings.mta_sts.as_str());
    for host in &settings.mx_hosts {
        let _ = write!(text, "mx: {host}\r\n");
    }
    let _ = write!(text, "max_age: {AGE_SECS_MAX}\r\n");
    text
}

/// The text of the record that says that there is a policy, and which.
pub(crate) fn record(settings: &Settings) -> String {
    let digest = blake3::hash(text(settings).as_bytes());
    let mut id = String::with_capacity(2 * ID_OCTETS);
    for octet in digest.as_bytes().iter().take(ID_OCTETS) {
        let _ = write!(id, "{octet:02x}");
    }
    format!("v=STSv1; id={id};")
}

#[cfg(test)]
mod tests {
    use guichet_mail::DomainName;

    use super::*;
    use crate::settings::MtaStsMode;

    #[test]
    fn the_id_changes_with_the_policy() {
        let settings = Settings::new(DomainName::parse("mx.desk.example").unwrap());
        let before = record(&settings);
        assert!(text(&settings).starts_with("version: STSv1\r\nmode: testing\r\nmx: mx.desk.example\r\n"));
        assert_eq!(record(&settings), before);
        assert_ne!(record(&Settings { mta_sts: MtaStsMode::Enforce, ..settings }), before);
    }
}
