//! Bearer tokens: from the `Authorization` header field, and from nowhere else.
//!
//! *Standards*: RFC 6750 2.1 and 3 (the header, the challenge). *Security*: a token in a URL ends up in logs and histories, so
//! none is looked for there.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};

use crate::problem::{Kind, Problem};

/// The longest token that is looked at, in octets.
const TOKEN_OCTETS_MAX: usize = 512;

/// The token of a request.
pub fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let field = fields.next().ok_or_else(absent)?;
    let text = field.to_str().ok().filter(|_| fields.next().is_none()).ok_or_else(invalid)?;
    let (scheme, token) = text.split_once(' ').ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(absent());
    }
    let token = token.trim_start_matches(' ');
    let is_sound =
        (1..=TOKEN_OCTETS_MAX).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
    if is_sound { Ok(token) } else { Err(invalid()) }
}

/// What an answer to somebody unknown has to ask for (RFC 9110 11.6.1).
pub fn challenge() -> HeaderValue {
    HeaderValue::from_static("Bearer realm=\"guichet\"")
}

/// There is no token.
fn absent() -> Problem {
    let detail =
        "send a token in the header `Authorization: Bearer ...`, or log in and send the session's cookie";
    Problem::new(Kind::Unauthenticated, detail).with_header(WWW_AUTHENTICATE, challenge())
}

/// There is a token that opens nothing.
pub fn invalid() -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"guichet\", error=\"invalid_token\"");
    Problem::new(Kind::Unauthenticated, "this token is wrong, has expired, or was taken back")
        .with_header(WWW_AUTHENTICATE, challenge)
}

/// The token does not have this scope, one word of the server's own.
pub fn insufficient(scope: &'static str) -> Problem {
    let problem = Problem::new(Kind::Forbidden, format!("the token needs the scope `{scope}`"));
    let challenge = format!("Bearer realm=\"guichet\", error=\"insufficient_scope\", scope=\"{scope}\"");
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => problem.with_header(WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(values: &[&'static str]) -> Result<String, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        token(&headers).map(str::to_owned)
    }

    #[test]
    fn a_token_stands_after_bearer_in_any_case() {
        assert_eq!(presented(&["Bearer guichet_abc"]).unwrap(), "guichet_abc");
        assert_eq!(presented(&["bearer  guichet_abc"]).unwrap(), "guichet_abc");
    }

    #[test]
    fn anything_else_is_no_token() {
        for refused in [
            &[][..],
            &["Bearer"],
            &["Bearer "],
            &["Basic Zm9vOmJhcg=="],
            &["Bearer a b"],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(presented(refused).unwrap_err().kind(), Kind::Unauthenticated, "{refused:?}");
        }
    }
}
