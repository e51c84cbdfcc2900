//! Domain names in the one spelling in which they are compared and asked for.
//!
//! Wider than `guichet_mail`'s `DomainName` by the underscore: signatures and policies live at names that no
//! host has. *Security*: nothing else is let in, so that a name can't carry a comment or a list into a header.

use std::borrow::Cow;

const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Lower-case A-labels without a final dot; `None` for address literals and what DNS can't hold.
pub(crate) fn normalise(name: &str) -> Option<Cow<'_, str>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    // IDNA is not linear in absurd input; no valid name takes more than four octets for each of its own.
    if name.starts_with('[') || name.len() > NAME_BYTES_MAX * 4 {
        return None;
    }
    let name = if !name.is_ascii() {
        Cow::Owned(idna::domain_to_ascii(name).ok()?)
    } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    };
    let label_fits = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.len() <= LABEL_BYTES_MAX && label.bytes().all(allowed)
    };
    (name.len() <= NAME_BYTES_MAX && name.split('.').all(label_fits)).then_some(name)
}

/// True if `name` is `parent` or beneath it; both normalised.
pub(crate) fn is_within(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(normalise("Example.ORG.").as_deref(), Some("example.org"));
        assert_eq!(normalise("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        for bad in [
            "",
            ".",
            "a..b",
            "good.example(.bad.example",
            "a b.example",
            "[192.0.2.1]",
            &"a".repeat(64),
            &"ä.".repeat(2000),
        ] {
            assert_eq!(normalise(bad), None, "{bad}");
        }
    }

    #[test]
    fn beneath_means_whole_labels() {
        assert!(is_within("example.org", "example.org") && is_within("a.example.org", "example.org"));
        assert!(!is_within("badexample.org", "example.org") && !is_within("org", "example.org"));
    }
}
