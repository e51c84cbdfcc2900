//! Tag lists: `v=1; a=rsa-sha256; ...`, the form of signatures, key records and policies.
//!
//! *Standards*: RFC 6376 section 3.2. Names are case-sensitive; one that comes twice spoils the list.

/// No list of any RFC has half as many.
const TAGS_MAX: usize = 64;

/// White space that folding leaves within a value.
pub(crate) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// Names and values in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// Reads a list; `None` where it is malformed, names a tag twice, or is absurdly long.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for part in text.split(';') {
            let part = part.trim_matches(is_space);
            if part.is_empty() {
                continue;
            }
            let (name, value) = part.split_once('=')?;
            let name = name.trim_end_matches(is_space);
            let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name || tags.len() == TAGS_MAX || tags.iter().any(|(other, _)| *other == name) {
                return None;
            }
            tags.push((name, value.trim_matches(is_space)));
        }
        Some(Self(tags))
    }

    /// The value as written, outer white space gone.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// The value with all white space gone.
    pub(crate) fn compact(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.chars().filter(|character| !is_space(*character)).collect())
    }

    /// The value as base64, in which folding may stand anywhere.
    pub(crate) fn base64(&self, name: &str) -> Option<Vec<u8>> {
        decode_base64(&self.compact(name)?)
    }

    /// The parts of a value between colons.
    pub(crate) fn list(&self, name: &str) -> Option<impl Iterator<Item = &'a str> + use<'a>> {
        Some(self.get(name)?.split(':').map(|part| part.trim_matches(is_space)))
    }

    /// The first name in the list.
    pub(crate) fn first_name(&self) -> Option<&'a str> {
        self.0.first().map(|(name, _)| *name)
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use data_encoding::BASE64_NOPAD;
    // Some signers leave the padding out.
    BASE64_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_through_its_folding() {
        let tags = Tags::parse(b" v=1; h=From :\r\n\tTo; b=YWJj\r\n ZA==; ").unwrap();
        assert_eq!(tags.get("v"), Some("1"));
        assert_eq!(tags.list("h").unwrap().collect::<Vec<_>>(), ["From", "To"]);
        assert_eq!(tags.base64("b").as_deref(), Some(&b"abcd"[..]));
        assert_eq!(tags.get("V"), None);
    }

    #[test]
    fn a_malformed_list_is_none() {
        for text in [&b"v"[..], b"=1", b"v=1; v=2", b"1v=1", b"\xff=1"] {
            assert_eq!(Tags::parse(text), None, "{}", text.escape_ascii());
        }
        assert_eq!(
            Tags::parse((0..65).map(|n| format!("t{n}=x")).collect::<Vec<_>>().join(";").as_bytes()),
            None
        );
    }
}
