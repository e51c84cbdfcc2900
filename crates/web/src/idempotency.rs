//! `Idempotency-Key`: how a client says that two requests are one, because it does not know what became of the first.
//!
//! *Standards*: draft-ietf-httpapi-idempotency-key-header-07: section 2.1 (a string of RFC 9651), 2.7 (what each case
//! answers).

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::{Kind, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Stands with an answer that an earlier request got already.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key, in characters. A UUID has 36.
const KEY_CHARS_MAX: usize = 255;

/// The key of a request. The quotes that the draft asks for may be left out, as many clients do.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut fields = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(field) = fields.next() else {
        return Ok(None);
    };
    let text = field.to_str().ok().filter(|_| fields.next().is_none()).ok_or_else(wrong)?.trim();
    let key = match text.strip_prefix('"') {
        Some(quoted) => unquoted(quoted).ok_or_else(wrong)?,
        None => text.to_owned(),
    };
    let is_sound = (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if is_sound { Ok(Some(key)) } else { Err(wrong()) }
}

/// The header field that says that the answer is one given before.
pub fn replayed() -> (HeaderName, HeaderValue) {
    (IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"))
}

/// RFC 9651 4.2.5: what stands behind the opening quote, up to the closing one, with nothing after it.
fn unquoted(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut rest = text.chars();
    loop {
        match rest.next()? {
            '"' => return rest.next().is_none().then_some(key),
            '\\' => key.push(rest.next().filter(|c| matches!(c, '"' | '\\'))?),
            c => key.push(c),
        }
    }
}

fn wrong() -> Problem {
    let detail = format!(
        "Idempotency-Key is one text of 1 to {KEY_CHARS_MAX} printable ASCII characters without spaces, a new one for each new thing"
    );
    Problem::new(Kind::BadRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_str(value).unwrap());
        }
        key(&headers)
    }

    #[test]
    fn a_key_stands_in_quotes_or_bare() {
        assert_eq!(read(&[]).unwrap(), None);
        for (sent, meant) in
            [("\"8e03978e\"", "8e03978e"), ("8e03978e", "8e03978e"), (" \"a\\\"b\\\"\\\\\" ", "a\"b\"\\")]
        {
            assert_eq!(read(&[sent]).unwrap().unwrap(), meant, "{sent}");
        }
        assert!(read(&["x".repeat(255).as_str()]).is_ok());
    }

    #[test]
    fn anything_else_is_refused_with_the_rule() {
        let long = "x".repeat(256);
        for sent in [
            &[""][..],
            &["\"\""],
            &["\"a"],
            &["\"a\"b"],
            &["\"a\\b\""],
            &["a\u{e9}"],
            &["a b"],
            &["a", "a"],
            &[&long],
        ] {
            let problem = read(sent).unwrap_err();
            assert_eq!(problem.kind(), Kind::BadRequest, "{sent:?}");
            let text = serde_json::to_string(&problem.document()).unwrap();
            assert!(text.contains("1 to 255 printable"), "{text}");
        }
    }
}
