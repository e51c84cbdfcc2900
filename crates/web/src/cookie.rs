//! Cookies: the two that a browser keeps for us, read strictly and written in one way only.
//!
//! *Must hold*: each is `__Host-`: Secure, of this host alone, for every path; no script reads it (`HttpOnly`), and no other
//! site's request brings it but one that a person sees as a page (`SameSite=Lax`).
//!
//! *Standards*: RFC 6265 4.1.1 (grammar), 4.2.2 (order means nothing), 5.2.2 (Max-Age); draft-ietf-httpbis-rfc6265bis
//! 4.1.3.2 (`__Host-`).
//!
//! *Security*: a name that comes twice with two values is no cookie: one of them was put there by somebody else.

use axum::http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};

/// The session of somebody who is logged in.
pub const SESSION: &str = "__Host-guichet_session";
/// What tells a browser that has logged in before from one that never did.
pub const DEVICE: &str = "__Host-guichet_device";

/// The longest value that is looked at, in octets: a secret of ours has some sixty.
const VALUE_OCTETS_MAX: usize = 512;

/// The value of a cookie; none where it is missing, doubled, or nothing that we could have set.
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // Octets, since others' cookies may be of any.
    let fields = headers.get_all(COOKIE).into_iter().map(HeaderValue::as_bytes);
    let pairs = fields.flat_map(|field| field.split(|octet| *octet == b';')).map(<[u8]>::trim_ascii);
    let mut values = pairs.filter_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let value = values.next()?;
    let is_one = values.all(|other| other == value);
    std::str::from_utf8(value).ok().filter(|value| is_one && is_sound(value))
}

/// Whether a request brings this cookie, sound or not.
pub fn is_brought(headers: &HeaderMap, name: &str) -> bool {
    let mut fields = headers.get_all(COOKIE).into_iter();
    fields.any(|field| String::from_utf8_lossy(field.as_bytes()).contains(name))
}

/// The header field that sets a cookie for so long. None where the value is none that a cookie can have.
pub fn set(name: &str, value: &str, secs: u64) -> Option<(HeaderName, HeaderValue)> {
    let text = format!("{name}={value}; Path=/; Max-Age={secs}; Secure; HttpOnly; SameSite=Lax");
    let mut field = HeaderValue::try_from(text).ok().filter(|_| is_sound(value))?;
    field.set_sensitive(true);
    Some((SET_COOKIE, field))
}

/// The header field that makes a browser forget a cookie.
pub fn clear(name: &str) -> Option<(HeaderName, HeaderValue)> {
    let text = format!("{name}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::try_from(text).ok().map(|field| (SET_COOKIE, field))
}

/// RFC 6265 4.1.1, `cookie-octet`, and neither empty nor endless.
fn is_sound(value: &str) -> bool {
    let is_octet = |b: u8| b.is_ascii_graphic() && !b"\",;\\".contains(&b);
    (1..=VALUE_OCTETS_MAX).contains(&value.len()) && value.bytes().all(is_octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(fields: &[&str]) -> HeaderMap {
        let fields = fields.iter().map(|field| (COOKIE, HeaderValue::from_bytes(field.as_bytes()).unwrap()));
        fields.collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_and_in_several_fields() {
        let headers = brought(&["a=b; __Host-guichet_session=guichet_x; c", "__Host-guichet_device=y"]);
        assert_eq!(value(&headers, SESSION), Some("guichet_x"));
        assert_eq!(value(&headers, DEVICE), Some("y"));
        assert_eq!(value(&headers, "c"), None);
    }

    /// Whoever shares the domain can set cookies of any octets beside ours.
    #[test]
    fn another_sites_cookie_hides_none_of_ours() {
        let headers = brought(&["theirs=caf\u{e9}; __Host-guichet_session=guichet_x; other=\u{20ac}"]);
        assert_eq!(value(&headers, SESSION), Some("guichet_x"));
        let octets = HeaderValue::from_bytes(b"theirs=\xff; __Host-guichet_session=guichet_x").unwrap();
        assert_eq!(value(&HeaderMap::from_iter([(COOKIE, octets)]), SESSION), Some("guichet_x"));
        let octets =
            HeaderValue::from_bytes(b"__Host-guichet_session=\xff; __Host-guichet_session=x").unwrap();
        assert_eq!(value(&HeaderMap::from_iter([(COOKIE, octets)]), SESSION), None);
    }

    #[test]
    fn what_is_doubled_or_unsound_is_no_cookie() {
        let long = format!("{SESSION}={}", "x".repeat(VALUE_OCTETS_MAX + 1));
        for fields in [
            &["__Host-guichet_session=a; __Host-guichet_session=b"][..],
            &["__Host-guichet_session=a", "__Host-guichet_session=b"],
            &["__Host-guichet_session="],
            &["__Host-guichet_session"],
            &["__Host-guichet_session=\"a\""],
            &["__Host-guichet_session=a b"],
            &["__Host-guichet_session=a\\b"],
            &["__host-guichet_session=a"],
            &["guichet_session=a"],
            &["__Host-guichet_session=\u{e9}"],
            &[&long],
        ] {
            assert_eq!(value(&brought(fields), SESSION), None, "{fields:?}");
        }
        let twice = brought(&["__Host-guichet_session=a; __Host-guichet_session=a"]);
        assert_eq!(value(&twice, SESSION), Some("a"), "the same twice is the same");
    }

    #[test]
    fn a_cookie_is_set_in_one_way_only() {
        let (name, field) = set(SESSION, "guichet_x", 60).unwrap();
        let text = "__Host-guichet_session=guichet_x; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax";
        assert_eq!((name, field.to_str().unwrap()), (SET_COOKIE, text));
        assert!(field.is_sensitive());
        for wrong in ["", "a;b", "a\r\nb", "a b", "\u{e9}"] {
            assert_eq!(set(SESSION, wrong, 60), None, "{wrong:?}");
        }
        assert!(clear(DEVICE).unwrap().1.to_str().unwrap().contains("=; Path=/; Max-Age=0; Secure"));
    }
}
