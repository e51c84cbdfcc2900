//! What is said at the start about settings that do something else than one may think: what happens, and which setting
//! mends it.

use guichet_accounts::{Accounts, Error};
use guichet_mail::DomainName;
use guichet_store::Store;

use crate::config::{Configuration, OutboundMode, PublicUrl};

/// Organisations that are named in one line.
const NAMED_MAX: usize = 5;

/// Says them in the log. `public_url` is where links in mails lead.
pub(crate) fn say(
    configuration: &Configuration,
    public_url: &PublicUrl,
    store: &Store,
    accounts: &Accounts,
) -> Result<(), Error> {
    let left = accounts.left_behind()?;
    let left = left.map(|(former, slugs)| left_behind(&former, &slugs, accounts.base_domain()));
    let cautions =
        [in_the_clear(configuration), unreached(configuration, public_url), full(configuration, store)];
    for caution in cautions.into_iter().chain([left]).flatten() {
        tracing::warn!("{caution}");
    }
    Ok(())
}

/// HTTP that others may read on its way.
fn in_the_clear(configuration: &Configuration) -> Option<String> {
    let http = &configuration.http;
    let is_behind_proxy = !http.trusted_proxies.is_empty() || has_https_url(configuration);
    let is_open = !http.tls && !is_local(configuration) && !is_behind_proxy;
    is_open.then(|| {
        format!(
            "HTTP leaves this machine in the clear, at {}: tokens and passwords can be read on their way; set http.tls to \
             true, or let http.listen be a loopback address behind a proxy that speaks TLS and name that in \
             http.public_url",
            http.listen
        )
    })
}

fn is_local(configuration: &Configuration) -> bool {
    configuration.http.listen.ip().to_canonical().is_loopback()
}

fn has_https_url(configuration: &Configuration) -> bool {
    configuration.http.public_url.as_ref().is_some_and(|url| url.as_str().starts_with("https:"))
}

/// Mail that leaves with links that lead nowhere.
fn unreached(configuration: &Configuration, public_url: &PublicUrl) -> Option<String> {
    let http = &configuration.http;
    let leaves = configuration.outbound.mode == OutboundMode::Deliver;
    let is_reached = http.tls && !is_local(configuration) && public_url.host() != "localhost";
    let is_lost = leaves && http.public_url.is_none() && !is_reached;
    is_lost.then(|| {
        format!(
            "links in mails (invitations, new passwords) lead to {public_url}, where nobody elsewhere gets safely, if at \
             all; set http.public_url to where people reach this server, as in https://desk.example"
        )
    })
}

/// A disk on which no mail has room.
fn full(configuration: &Configuration, store: &Store) -> Option<String> {
    (!store.has_room_for(0)).then(|| {
        format!(
            "{}: less is free on the disk than disk_reserve_bytes_min ({} bytes), so every mail is answered 452 until there \
             is room; make room, or set disk_reserve_bytes_min lower",
            configuration.data_dir.display(),
            configuration.disk_reserve_bytes_min.get()
        )
    })
}

/// Another base domain than the organisations were made below.
fn left_behind(former: &DomainName, slugs: &[String], base: &DomainName) -> String {
    let more = slugs.len().saturating_sub(NAMED_MAX);
    let mut named: Vec<String> = slugs.iter().take(NAMED_MAX).cloned().collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    let (named, first) = (named.join(", "), slugs.first().map_or("", String::as_str));
    format!(
        "base_domain was {former} and is {base}: addresses below {former} still take mail, but nothing is sent from them, \
         and these organisations have no others: {named}; give each a domain and a channel there (`guichet domain add \
         {first} {first}.{base}`, `guichet channel add {first} support@{first}.{base}`), or set base_domain back"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::configured;
    use crate::translate;

    #[test]
    fn http_in_the_clear_beyond_this_machine_is_told() {
        let said = |settings: &[(&str, &str)]| in_the_clear(&configured(settings));
        let open = ("http.listen", "0.0.0.0:8080");
        assert_eq!(said(&[]), None);
        let text = said(&[open]).unwrap();
        assert!(text.contains("in the clear, at 0.0.0.0:8080") && text.contains("http.tls"), "{text}");
        assert!(said(&[open, ("http.public_url", "http://desk.example")]).is_some());
        for mended in [
            ("http.tls", "true"),
            ("http.trusted_proxies", "10.0.0.0/8"),
            ("http.public_url", "https://desk.example"),
        ] {
            assert_eq!(said(&[open, mended]), None, "{mended:?}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_told_where_mail_leaves() {
        let said = |settings: &[(&str, &str)]| {
            let configuration = configured(settings);
            let host = configuration.smtp.hostname.clone().unwrap();
            let url = translate::public_url(&configuration, &host, configuration.http.listen.port());
            unreached(&configuration, &url)
        };
        let (deliver, name) = (("outbound.mode", "deliver"), ("smtp.hostname", "mx.desk.example"));
        let (open, tls) = (("http.listen", "0.0.0.0:8443"), ("http.tls", "true"));
        assert_eq!(said(&[name]), None, "captured mail leads nobody");
        let text = said(&[deliver, name]).unwrap();
        assert!(
            text.contains("lead to http://mx.desk.example:8080, ") && text.contains("http.public_url"),
            "{text}"
        );
        assert!(said(&[deliver, name, open]).is_some() && said(&[deliver, name, tls]).is_some());
        assert!(said(&[deliver, ("smtp.hostname", "localhost"), open, tls]).is_some());
        assert_eq!(said(&[deliver, name, open, tls]), None);
        assert_eq!(said(&[deliver, name, ("http.public_url", "https://desk.example")]), None);
    }

    #[test]
    fn who_was_left_behind_is_named_with_what_to_do() {
        let name = |text: &str| DomainName::parse(text).unwrap();
        let slugs: Vec<String> = (1..=7).map(|n| format!("o{n}")).collect();
        let text = left_behind(&name("desk.localhost"), &slugs, &name("desk.example"));
        assert!(text.starts_with("base_domain was desk.localhost and is desk.example: "), "{text}");
        assert!(text.contains(": o1, o2, o3, o4, o5, 2 more; "), "{text}");
        assert!(text.contains("`guichet channel add o1 support@o1.desk.example`"), "{text}");
    }

    #[tokio::test]
    async fn a_disk_without_room_is_told_by_its_directory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let set = |reserve| {
            configured(&[("data_dir", path.to_str().unwrap()), ("disk_reserve_bytes_min", reserve)])
        };
        for (reserve, is_full) in [("0", false), ("1 TB", true)] {
            let configuration = set(reserve);
            let store = Store::open(&path, &translate::store_options(&configuration)).unwrap();
            let text = full(&configuration, &store);
            assert_eq!(text.is_some(), is_full, "{text:?}");
            assert!(!is_full || text.unwrap().starts_with(&format!("{}: less is free", path.display())));
            store.close().await;
        }
    }
}
