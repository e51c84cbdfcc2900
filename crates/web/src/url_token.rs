//! Tokens in addresses: refused, whatever they open, since an address ends up in logs and histories.
//!
//! *Standards*: RFC 6750 2.3 and 5.3 (tokens must not be passed in URLs).
//!
//! *Security*: the refusal does not repeat the token, and the log of requests leaves such an address out.

use axum::extract::{Query, Request};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Kind, Problem};

/// What every secret of ours begins with.
const PREFIX: &str = "guichet_";
/// Parameters in which others look for tokens.
const NAMES: [&str; 2] = ["access_token", "token"];

/// Middleware: refuses a request whose address holds a token.
pub async fn refuse(request: Request, next: Next) -> Response {
    if is_exposed(request.uri()) {
        let detail = "a token in an address can be read in logs and histories, so none is taken from there: send it in \
                      the header `Authorization: Bearer ...`, and take this one back, since others may have seen it";
        return Problem::new(Kind::BadRequest, detail).into_response();
    }
    next.run(request).await
}

/// Whether an address holds what looks like a token.
pub(crate) fn is_exposed(uri: &Uri) -> bool {
    if uri.path().split('/').any(is_secret) || uri.path().contains('%') && is_secret_encoded(uri.path()) {
        return true;
    }
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs);
    let is_token = |(name, value): &(String, String)| {
        NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) || is_secret(name) || is_secret(value)
    };
    // What can't be read as a query may hold one all the same.
    pairs.map_or_else(
        |_| uri.query().unwrap_or_default().to_ascii_lowercase().contains(PREFIX),
        |pairs| pairs.iter().any(is_token),
    )
}

/// Whether a part of a path is a secret once its percent-encoding is read: as a query it would be.
fn is_secret_encoded(path: &str) -> bool {
    let parts = path.split('/').filter_map(|part| format!("/?{part}").parse::<Uri>().ok());
    let read = |uri: &Uri| Query::<Vec<(String, String)>>::try_from_uri(uri).ok();
    parts.filter_map(|uri| read(&uri)).any(|Query(pairs)| pairs.iter().any(|(name, _)| is_secret(name)))
}

fn is_secret(text: &str) -> bool {
    text.trim_start().get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_wherever_it_stands_in_an_address() {
        for exposed in [
            "/x?access_token=a",
            "/x?limit=5&Token=a",
            "/x?key=guichet_abc",
            "/x?guichet_abc",
            "/x?key=%67uichet_abc",
            "/x?key=+GUICHET_abc",
            "/x/guichet_abc",
            "https://desk.example/x/guichet_abc/y",
            "/x/%67uichet_abc",
            "/x?a=%ff&b=Guichet_abc",
        ] {
            assert!(is_exposed(&exposed.parse().unwrap()), "{exposed}");
        }
        for sound in ["/", "/x?limit=5", "/x?q=guichet", "/x?cursor=token", "/guichet/x", "/x?a=%ff"] {
            assert!(!is_exposed(&sound.parse().unwrap()), "{sound}");
        }
    }
}
