//! `Content-Disposition`: how a file is called that somebody else named.
//!
//! *Standards*: RFC 6266 (the field, appendix D: what a careful server sends), RFC 8187 (`filename*`).
//!
//! *Security*: whatever the name is, the field is one line of ASCII, the name no path and no escape from its quotes.

use std::fmt::Write as _;

use axum::http::HeaderValue;

/// The longest name, in characters; file systems take 255 octets.
const NAME_CHARS_MAX: usize = 120;

/// How content wants to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Saved as a file.
    Attachment,
    /// Shown where it is linked.
    Inline,
}

/// The value of the field.
pub fn content_disposition(disposition: Disposition, name: &str) -> HeaderValue {
    let word = match disposition {
        Disposition::Attachment => "attachment",
        Disposition::Inline => "inline",
    };
    let name = safe_name(name);
    let plain: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let mut value = format!("{word}; filename=\"{plain}\"");
    if plain != name {
        let _ = write!(value, "; filename*=UTF-8''{}", percent_encoded(&name));
    }
    // ASCII without controls by construction; the bare word if it were not.
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// Without what would end the quoted string, leave a directory, hide a file, or be decoded once more (`%`).
fn safe_name(name: &str) -> String {
    let safe = |c: char| match c {
        '"' | '\\' | '/' | ':' | '%' | '*' | '?' | '<' | '>' | '|' => '_',
        c if c.is_control() || turns_direction(c) => '_',
        c => c,
    };
    let name: String = name.chars().take(NAME_CHARS_MAX).map(safe).collect();
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

/// With such a mark `exe.fdp` looks like `pdf.exe` (Unicode TR 36, 2.5).
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// RFC 8187 3.2.1: `attr-char` as it is, all else as octets of UTF-8.
fn percent_encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len() * 3);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(name: &str) -> String {
        content_disposition(Disposition::Attachment, name).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_plain_name_stands_in_quotes() {
        assert_eq!(attachment("invoice 7.pdf"), "attachment; filename=\"invoice 7.pdf\"");
    }

    #[test]
    fn a_name_of_other_letters_stands_twice() {
        assert_eq!(
            attachment("fatura ção.pdf"),
            "attachment; filename=\"fatura __o.pdf\"; filename*=UTF-8''fatura%20%C3%A7%C3%A3o.pdf"
        );
    }

    #[test]
    fn a_hostile_name_stays_within_its_quotes_and_its_directory() {
        for hostile in [
            "a\"; filename=\"b.exe",
            "a\r\nSet-Cookie: x=y",
            "../../etc/passwd",
            "C:\\boot.ini",
            "%2e%2e%2fx",
            "\u{0}",
            "",
            "....",
            &"x".repeat(10_000),
            "\u{202E}fdp.exe\u{85}",
            "\u{61C}fdp.exe",
        ] {
            let value = attachment(hostile);
            assert!(value.is_ascii() && value.len() < 2_000, "{value}");
            let quoted = value.strip_prefix("attachment; filename=\"").unwrap();
            let (name, rest) = quoted.split_once('"').unwrap();
            assert!(
                !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '%']),
                "{value}"
            );
            assert!(rest.is_empty() || rest.starts_with("; filename*=UTF-8''"), "{value}");
            for turning in ["%E2%80%AE", "%D8%9C", "%0D"] {
                assert!(!rest.contains('"') && !rest.contains(turning), "{value}");
            }
        }
    }
}
