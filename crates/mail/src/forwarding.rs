//! Confirmations of forwarding: the mails by which a provider asks whether a mailbox may forward to another address.
//!
//! They come from a machine and look like one's mail, yet somebody has to read them, or the forward never begins. What is
//! found here is what the mail says; whether it is really from the provider its verdicts tell.
//!
//! *Security*: a link counts only where it begins with `https://` and its host is, octet for octet, one of the
//! provider's; no name below it, no user, no port, and no address of another page within. Codes are digits. All work is
//! linear in a bounded beginning of the text, so nothing here follows, or costs, more than that.

use crate::address::MailAddress;
use crate::html_text::html_to_text;
use crate::parse::Parsed;
use crate::preview;
use crate::sanitise::SanitiseLimits;

/// How many octets of the encoded text are looked at.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The longest link that is kept, in octets: Gmail's have some three hundred.
const LINK_BYTES_MAX: usize = 2_000;
/// How many links are looked at.
const LINKS_MAX: usize = 200;
/// How far behind the word for it a code stands, in characters.
const CODE_DISTANCE_MAX: usize = 120;
/// How often each word for a code is looked behind.
const WORDS_MAX: usize = 50;

/// How words for a code begin, in lower case.
const CODE: [&str; 3] = ["cod", "cód", "kod"];

/// What a confirmation of forwarding says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardingConfirmation {
    /// Who it claims to be from, for people.
    pub provider: &'static str,
    /// The mailbox that would forward.
    pub address: Option<MailAddress>,
    /// The code to type in there: digits.
    pub code: Option<String>,
    /// The page to open instead: `https`, at the provider's own host.
    pub link: Option<String>,
}

/// Who sends confirmations, and how they look.
struct Provider {
    name: &'static str,
    /// The hosts of its pages.
    hosts: &'static [&'static str],
    /// What the path of the right page has in it; the others take the wish back.
    path: &'static str,
    /// How many digits a code may have.
    digits: std::ops::RangeInclusive<usize>,
}

const GMAIL: Provider = Provider {
    name: "Gmail",
    hosts: &["mail-settings.google.com", "mail.google.com", "isolated.mail.google.com"],
    path: "/vf-",
    digits: 6..=12,
};

const MICROSOFT: Provider = Provider {
    name: "Microsoft",
    // Not the hosts of log-ins: what is authorised there may be anybody's.
    hosts: &[
        "account.live.com",
        "outlook.live.com",
        "account.microsoft.com",
        "outlook.office.com",
        "outlook.office365.com",
    ],
    path: "/",
    digits: 4..=8,
};

/// What the subject of a confirmation of Microsoft's has, in lower case: they have one sender for everything.
const CONFIRMS: &[&str] = &[
    "forward",
    "verif",
    "code",
    "código",
    "codice",
    "weiterleit",
    "bestätig",
    "confirm",
    "transfer",
    "reenv",
    "encaminh",
];

/// Reads a confirmation of forwarding; none of any other mail.
pub fn forwarding_confirmation(raw: &[u8], parsed: &Parsed) -> Option<ForwardingConfirmation> {
    let [from] = parsed.from.as_slice() else { return None };
    let provider = provider_of(from.address.as_ref()?, &parsed.subject)?;
    let sources = preview::beginnings(raw, &parsed.parts, &parsed.body, TEXT_BYTES_MAX);
    let text = |(is_html, source): &(bool, String)| {
        if *is_html { html_to_text(source, &SanitiseLimits::default()) } else { source.clone() }
    };
    let texts: Vec<String> = sources.iter().map(text).collect();
    let confirmation = ForwardingConfirmation {
        provider: provider.name,
        address: addresses(&parsed.subject).next().or_else(|| first(&texts, |text| addresses(text).next())),
        code: code_in_subject(&parsed.subject, &provider)
            .or_else(|| first(&texts, |text| code_in_text(text, &provider))),
        link: sources.iter().find_map(|(_, source)| link(source, &provider)),
    };
    let is_gmail = provider.name == GMAIL.name;
    (is_gmail || confirmation.code.is_some() || confirmation.link.is_some()).then_some(confirmation)
}

fn first<T>(texts: &[String], find: impl Fn(&str) -> Option<T>) -> Option<T> {
    texts.iter().find_map(|text| find(text))
}

fn provider_of(from: &MailAddress, subject: &str) -> Option<Provider> {
    let (local, domain) = (from.local().to_ascii_lowercase(), from.domain().as_str());
    if local == "forwarding-noreply" && domain == "google.com" {
        return Some(GMAIL);
    }
    // Not outlook.com, live.com and their kin: there anybody has an address.
    let is_microsoft = domain == "microsoft.com" || domain.ends_with(".microsoft.com");
    let is_machine = local.contains("noreply") || local.contains("no-reply");
    let subject = subject.to_lowercase();
    let confirms = CONFIRMS.iter().any(|word| subject.contains(word));
    (is_microsoft && is_machine && confirms).then_some(MICROSOFT)
}

/// The code in `(#123456789) Gmail Forwarding Confirmation`, in whatever language.
fn code_in_subject(subject: &str, provider: &Provider) -> Option<String> {
    let (_, behind) = subject.split_once('#')?;
    numbers(behind)
        .find(|(at, digits)| *at == 0 && provider.digits.contains(&digits.len()))
        .map(|(_, digits)| digits)
}

/// The first number of the right length that follows a word for `code`, which is much the same in many languages.
fn code_in_text(text: &str, provider: &Provider) -> Option<String> {
    let lower = text.to_lowercase();
    let near = |at: usize| -> String {
        lower.get(at..).unwrap_or_default().chars().take(CODE_DISTANCE_MAX).collect()
    };
    let mut places: Vec<usize> =
        CODE.iter().flat_map(|word| lower.match_indices(word).take(WORDS_MAX)).map(|(at, _)| at).collect();
    places.sort_unstable();
    places.into_iter().find_map(|at| {
        numbers(&near(at))
            .find(|(_, digits)| provider.digits.contains(&digits.len()))
            .map(|(_, digits)| digits)
    })
}

/// The runs of ASCII digits of a text that stand by themselves, each with its place in octets.
fn numbers(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .scan(0, |at, word| {
            let here = *at;
            // What parted it may be longer than an octet: its place need not be more exact than that.
            *at += word.len() + 1;
            Some((here, word))
        })
        .filter(|(_, word)| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|(at, word)| (at, word.to_owned()))
}

/// The addresses in a text, as far as white space and brackets part them.
fn addresses(text: &str) -> impl Iterator<Item = MailAddress> {
    let words = text.split(|c: char| c.is_whitespace() || "<>()[]\"'`,;:|".contains(c));
    words.filter(|word| word.contains('@')).filter_map(|word| MailAddress::parse(word.trim_matches('.')).ok())
}

/// The first link that leads to the page where the provider's wish is granted.
fn link(source: &str, provider: &Provider) -> Option<String> {
    let candidates = source.match_indices("https://").take(LINKS_MAX);
    candidates.filter_map(|(at, _)| url_at(source.get(at..)?)).find(|url| leads_to(url, provider))
}

/// The address of a page at the beginning of a text, as far as it is one.
fn url_at(text: &str) -> Option<String> {
    let is_url = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c);
    let end = text.find(|c: char| !is_url(c)).unwrap_or(text.len());
    let url = text.get(..end)?.trim_end_matches(['.', ',', ';', ')', '!', '?']);
    (url.len() <= LINK_BYTES_MAX).then(|| url.replace("&amp;", "&"))
}

fn leads_to(url: &str, provider: &Provider) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let (host, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = behind.split(['?', '#']).next().unwrap_or_default();
    let is_path = path.len() > 1 && path.contains(provider.path);
    provider.hosts.contains(&host) && is_path && !names_another(behind)
}

/// Whether another page's address stands in it: then it may lead there.
fn names_another(behind: &str) -> bool {
    let behind = behind.to_ascii_lowercase();
    ["//", "%2f%2f", "%252f"].iter().any(|mark| behind.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_counts_only_at_the_providers_own_host() {
        let is_found = |url: &str| link(&format!("open {url} now"), &GMAIL).as_deref() == Some(url);
        assert!(is_found("https://mail-settings.google.com/mail/vf-%5Babc%5D-xyz"));
        assert!(is_found("https://mail.google.com/mail/vf-abc"));
        for url in [
            "http://mail.google.com/mail/vf-abc",
            "https://mail.google.com.evil.example/mail/vf-abc",
            "https://evil.example/https://mail.google.com/mail/uf-abc",
            "https://mail.google.com@evil.example/mail/vf-abc",
            "https://mail.google.com:8443/mail/vf-abc",
            "https://evil-mail.google.com/mail/vf-abc",
            "https://mail.google.com\\@evil.example/mail/vf-abc",
            "https://mail.google.com/mail/uf-abc",
            "https://mail.google.com?/vf-abc",
            "https://mail.google.com/mail/?logout&continue=https://evil.example/vf-abc",
            "https://mail.google.com/mail/#/vf-abc",
            "https://mail.google.com",
        ] {
            assert!(!is_found(url), "{url}");
            assert_eq!(link(url, &GMAIL).filter(|found| found.contains("evil")), None, "{url}");
        }
    }

    /// An authorisation or a log-out there leads wherever whoever registered it wants.
    #[test]
    fn a_page_of_microsofts_that_leads_elsewhere_is_no_link() {
        for url in [
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=1&redirect_uri=https://evil.example",
            "https://login.live.com/logout.srf?ru=https://evil.example",
            "https://account.live.com/go?to=https://evil.example",
        ] {
            assert_eq!(link(url, &MICROSOFT), None, "{url}");
        }
    }

    #[test]
    fn a_link_in_html_ends_where_its_attribute_does() {
        let html = "<a href=\"https://account.live.com/a?b=1&amp;c=2\">Verify</a>";
        assert_eq!(link(html, &MICROSOFT).as_deref(), Some("https://account.live.com/a?b=1&c=2"));
    }

    #[test]
    fn a_code_stands_behind_its_word_and_by_itself() {
        let code = |text: &str| code_in_text(text, &MICROSOFT);
        assert_eq!(code("Security code: 123456").as_deref(), Some("123456"));
        assert_eq!(code("Ihr Sicherheitscode lautet 0042").as_deref(), Some("0042"));
        assert_eq!(code("Código de segurança: 7654321.").as_deref(), Some("7654321"));
        assert_eq!(code("in 2024 we had no such thing"), None);
        assert_eq!(code("code a123456b"), None);
    }

    #[test]
    fn a_code_in_a_subject_follows_its_sign() {
        let code = |subject: &str| code_in_subject(subject, &GMAIL);
        assert_eq!(code("(#123456789) Confirmação de encaminhamento do Gmail").as_deref(), Some("123456789"));
        assert_eq!(code("(# 12) 123456789"), None);
        assert_eq!(code("no code"), None);
    }
}
