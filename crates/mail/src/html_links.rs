//! The last pass over clean HTML: where its images come from and where its links lead.
//!
//! It reads only what the sanitiser wrote: tags in lower case, attributes in double quotes, `&` and `"` escaped. That
//! is a grammar that a few lines can read safely; it would not do for HTML of strangers.

use std::fmt::Write as _;

use crate::domain::DomainName;
use crate::html_text::strip_tags;
use crate::sanitise::{SanitisedHtml, escape};

/// The longest link text in octets in which a host is looked for.
const LINK_TEXT_BYTES_MAX: usize = 2_000;

/// Points `cid:` images to their parts, holds remote ones back, marks links whose text names another host.
pub(crate) fn rewrite(clean: &str, part_url: impl Fn(&str) -> Option<String>) -> SanitisedHtml {
    let mut result = SanitisedHtml::default();
    let mut rest = clean;
    while let Some(at) = rest.find('<') {
        let (text, from) = rest.split_at(at);
        result.html.push_str(text);
        let (tag, after) = from.split_at(tag_bytes(from));
        rest = after;
        if tag.starts_with("<img ") {
            image(tag, &part_url, &mut result);
        } else if tag.starts_with("<a ") {
            link(tag, after, &mut result);
        } else {
            result.html.push_str(tag);
        }
    }
    result.html.push_str(rest);
    result
}

/// As [`rewrite`], for a mail that goes out: images stay where they are, but for `cid:` ones whose part does not come
/// along.
pub(crate) fn keep(clean: &str, has_part: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean;
    while let Some(at) = rest.find("<img ") {
        let (text, from) = rest.split_at(at);
        out.push_str(text);
        let (tag, after) = from.split_at(tag_bytes(from));
        rest = after;
        let id = attribute(tag, "src").and_then(|(_, value, _)| content_id(&unescape(value)));
        if id.is_none_or(|id| has_part(&id) || has_part(&percent_decode(&id))) {
            out.push_str(tag);
        }
    }
    out.push_str(rest);
    out
}

/// The identifier in a `cid:` address (RFC 2392).
fn content_id(source: &str) -> Option<String> {
    let (scheme, id) = source.trim().split_once(':')?;
    scheme.eq_ignore_ascii_case("cid").then(|| id.to_owned())
}

/// The octets of the tag at the beginning of `text`: up to the `>` that stands outside of quotes.
fn tag_bytes(text: &str) -> usize {
    let mut is_quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'>' if !is_quoted => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// An attribute's value in a tag, and the text around it.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let mut at = 0;
    while let Some(found) = tag.get(at..)?.find('=') {
        let equals = at + found;
        let value_start = equals + 2;
        let value_end = value_start + tag.get(value_start..)?.find('"')?;
        let before = tag.get(..equals)?;
        if before.strip_suffix(name).is_some_and(|head| head.ends_with(' ')) {
            return Some((
                before.strip_suffix(name)?,
                tag.get(value_start..value_end)?,
                tag.get(value_end + 1..)?,
            ));
        }
        at = value_end + 1;
    }
    None
}

fn image(tag: &str, part_url: &impl Fn(&str) -> Option<String>, result: &mut SanitisedHtml) {
    let Some((before, value, after)) = attribute(tag, "src") else {
        result.html.push_str(tag);
        return;
    };
    let source = unescape(value);
    let (name, value) = if let Some(id) = content_id(&source) {
        let url = part_url(&id).or_else(|| part_url(&percent_decode(&id)));
        // Without such a part the image stays what it is: broken, with its alternative text.
        ("src", url.map_or_else(String::new, |url| escape(&url)))
    } else if source.trim().to_ascii_lowercase().starts_with("data:") {
        ("src", value.to_owned())
    } else {
        result.remote_images += 1;
        ("data-remote-src", value.to_owned())
    };
    let _ = write!(result.html, "{before}{name}=\"{value}\"{after}");
}

/// Undoes the percent encoding in which a Content-ID may stand in a URL (RFC 2392).
fn percent_decode(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                octets.push(crate::transfer::hex(*high) << 4 | crate::transfer::hex(*low));
                rest = tail;
            }
            _ => octets.push(byte),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn link(tag: &str, after: &str, result: &mut SanitisedHtml) {
    let target = attribute(tag, "href").and_then(|(_, href, _)| host_of(&unescape(href)));
    let window = after.get(..after.floor_char_boundary(LINK_TEXT_BYTES_MAX)).unwrap_or(after);
    let text = window.split_once("</a>").map_or(window, |(text, _)| text);
    let named = host_in_text(&unescape(&strip_tags(text)));
    match (target, named) {
        (Some(target), Some(named)) if !target.is_within(&named) && !named.is_within(&target) => {
            result.link_mismatches += 1;
            let tag = tag.strip_suffix('>').unwrap_or(tag);
            let _ = write!(result.html, "{tag} data-link-host=\"{target}\">");
        }
        _ => result.html.push_str(tag),
    }
}

/// The host of an `http` or `https` address. An IP address gives a name that is like no other.
fn host_of(url: &str) -> Option<DomainName> {
    let (scheme, rest) = url.trim().split_once(':')?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next().filter(|_| is_web)?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _port)| host);
    DomainName::parse(host)
        .ok()
        .or_else(|| DomainName::parse(&format!("{}.invalid", host.replace('.', "-"))).ok())
}

/// The host that a link's text names, if it looks like an address: `www.bank.example/login`, `https://bank.example`.
fn host_in_text(text: &str) -> Option<DomainName> {
    let text = text.trim();
    if text.contains(char::is_whitespace) {
        return None;
    }
    if text.contains("://") {
        return host_of(text);
    }
    let host = text.split(['/', '?', '#', ':']).next().filter(|host| !host.contains('@'))?;
    let (_, last) = host.rsplit_once('.')?;
    // `report.pdf` is no host; `www.` or a path behind it says that it is meant as one, and so does a known kind of end.
    let is_meant =
        host.len() < text.len() || host.to_ascii_lowercase().starts_with("www.") || is_common_end(last);
    DomainName::parse(host).ok().filter(|_| is_meant && last.chars().all(char::is_alphabetic))
}

/// Ends of host names that are no usual file extensions.
fn is_common_end(last: &str) -> bool {
    let last = last.to_ascii_lowercase();
    ["com", "net", "org", "info", "biz", "gov", "edu", "io", "app", "example", "test"]
        .contains(&last.as_str())
        || (last.len() == 2
            && !["js", "gz", "7z", "md", "ps", "rs", "py", "sh", "ai"].contains(&last.as_str()))
}

/// Undoes the escapes that the sanitiser writes.
fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{A0}")
        .replace("&amp;", "&")
}
