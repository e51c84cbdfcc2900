//! Domains where anybody gets an address: they say nothing of whom somebody works for.
//!
//! The list is our own and short: the large providers. One that is missing does no harm until somebody gives it to a
//! company by mistake.

use guichet_mail::DomainName;

/// Providers that have the same name in many countries: `yahoo.co.uk`, `gmx.net`, `hotmail.fr`.
const FAMILIES: [&str; 8] = ["gmail", "googlemail", "gmx", "hotmail", "live", "outlook", "yahoo", "yandex"];

const DOMAINS: [&str; 72] = [
    "126.com",
    "139.com",
    "163.com",
    "aim.com",
    "alice.it",
    "aol.com",
    "att.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "duck.com",
    "email.cz",
    "fastmail.com",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "hanmail.net",
    "hey.com",
    "hushmail.com",
    "icloud.com",
    "ig.com.br",
    "inbox.ru",
    "interia.pl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "o2.pl",
    "onet.pl",
    "online.de",
    "op.pl",
    "orange.fr",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "rocketmail.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "skynet.be",
    "sohu.com",
    "t-online.de",
    "telenet.be",
    "terra.com.br",
    "tuta.com",
    "tutanota.com",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "ymail.com",
    "ziggo.nl",
];

/// The longest name of a country's domain, and of what stands for companies below it: `co.uk`, `com.br`.
const COUNTRY_CHARS: usize = 2;

/// Whether anybody gets an address at this domain.
pub(crate) fn is_free_mail(domain: &DomainName) -> bool {
    let domain = domain.as_str();
    let of_family = |(name, rest): (&str, &str)| FAMILIES.contains(&name) && is_suffix(rest);
    DOMAINS.contains(&domain) || domain.split_once('.').is_some_and(of_family)
}

fn is_suffix(rest: &str) -> bool {
    match rest.split_once('.') {
        None => rest.len() == COUNTRY_CHARS || ["com", "net", "org"].contains(&rest),
        Some((second, country)) => ["co", "com"].contains(&second) && country.len() == COUNTRY_CHARS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_providers_are_known_in_every_country_and_companies_are_not_taken_for_them() {
        let is_free = |name: &str| is_free_mail(&DomainName::parse(name).unwrap());
        for free in ["gmail.com", "GMX.de", "yahoo.co.uk", "hotmail.com.br", "web.de", "live.com", "qq.com"] {
            assert!(is_free(free), "{free}");
        }
        for own in ["customer.example", "live.nation.com", "outlook.example", "yahoo.careers", "mail.web.de"]
        {
            assert!(!is_free(own), "{own}");
        }
        assert!(DOMAINS.is_sorted());
    }
}
