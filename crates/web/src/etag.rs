//! Entity tags, and the two conditions that rest on them.
//!
//! *Standards*: RFC 9110 8.8.3 (`ETag`), 13.1.1 (`If-Match`, strong), 13.1.2 (`If-None-Match`, weak).

use axum::extract::Request;
use axum::http::header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, header::ETAG};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Kind, Problem};

/// Middleware: refuses a condition that is none, rather than to say that it does not hold.
pub async fn well_formed(request: Request, next: Next) -> Response {
    let is_wrong =
        |name: &&HeaderName| matches!(condition(request.headers(), name), Some(Condition::Unreadable));
    match [IF_MATCH, IF_NONE_MATCH].iter().find(is_wrong) {
        None => next.run(request).await,
        Some(name) => malformed(name).into_response(),
    }
}

fn malformed(name: &HeaderName) -> Problem {
    let detail =
        format!("the header `{name}` is `*` or the `ETag` of an answer as it came, in its quotes: `\"17\"`");
    Problem::new(Kind::BadRequest, detail)
}

/// The tag of one version of one thing: a number that is never the same for two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag(pub u64);

impl EntityTag {
    /// The header field that says it.
    pub fn field(self) -> (HeaderName, HeaderValue) {
        let value = HeaderValue::try_from(format!("\"{}\"", self.0));
        (ETAG, value.unwrap_or_else(|_| HeaderValue::from_static("\"\"")))
    }

    /// Whether the caller has this version already (`If-None-Match`).
    pub fn is_known(self, headers: &HeaderMap) -> bool {
        condition(headers, &IF_NONE_MATCH).is_some_and(|condition| match condition {
            Condition::Any => true,
            Condition::Unreadable => false,
            Condition::Tags(tags) => tags.iter().any(|tag| tag.opaque == self.0.to_string()),
        })
    }

    /// Whether the caller asks for another version than this one to be changed (`If-Match`).
    pub fn is_refused(self, headers: &HeaderMap) -> bool {
        condition(headers, &IF_MATCH).is_some_and(|condition| match condition {
            Condition::Any => false,
            Condition::Unreadable => true,
            Condition::Tags(tags) => !tags.iter().any(|tag| !tag.is_weak && tag.opaque == self.0.to_string()),
        })
    }
}

/// Whether the caller makes its change depend on a version: `If-Match` is there, and is not `*`.
pub fn names_version(headers: &HeaderMap) -> bool {
    matches!(condition(headers, &IF_MATCH), Some(Condition::Tags(_) | Condition::Unreadable))
}

/// Whether the caller changes only what is there, in whichever version: `If-Match` is `*`.
pub fn needs_existing(headers: &HeaderMap) -> bool {
    matches!(condition(headers, &IF_MATCH), Some(Condition::Any))
}

/// Which version the caller read last, of those in `If-Match`; for a change that minds only some of what happened since,
/// and so can't compare the tags itself. None where there is no condition, or `*`.
///
/// # Errors
/// The condition names nothing that was ever a version, so it can't hold.
pub fn version_read(headers: &HeaderMap) -> Result<Option<EntityTag>, NoVersion> {
    match condition(headers, &IF_MATCH) {
        None | Some(Condition::Any) => Ok(None),
        Some(Condition::Unreadable) => Err(NoVersion),
        Some(Condition::Tags(tags)) => {
            let strong = tags.iter().filter(|tag| !tag.is_weak);
            let versions = strong.filter_map(|tag| tag.opaque.parse().ok());
            versions.max().map(|version| Some(EntityTag(version))).ok_or(NoVersion)
        }
    }
}

/// A condition that no version can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoVersion;

enum Condition {
    Any,
    Tags(Vec<Tag>),
    /// No list of tags: it holds for nothing.
    Unreadable,
}

struct Tag {
    is_weak: bool,
    opaque: String,
}

/// The condition in all fields of this name.
fn condition(headers: &HeaderMap, name: &HeaderName) -> Option<Condition> {
    let fields: Vec<&str> = headers.get_all(name).iter().map(|field| field.to_str().unwrap_or("")).collect();
    match fields.as_slice() {
        [] => None,
        [one] if one.trim() == "*" => Some(Condition::Any),
        all => {
            let lists: Option<Vec<_>> = all.iter().map(|field| tags(field)).collect();
            let tags: Vec<Tag> = lists.unwrap_or_default().into_iter().flatten().collect();
            Some(if tags.is_empty() { Condition::Unreadable } else { Condition::Tags(tags) })
        }
    }
}

fn tags(mut rest: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        let (is_weak, after) = match rest.strip_prefix("W/") {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let (opaque, after) = after.strip_prefix('"')?.split_once('"')?;
        tags.push(Tag { is_weak, opaque: opaque.to_owned() });
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::any;
    use tower::ServiceExt;

    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for known in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "\"a,b\",\"7\"", "*"] {
            assert!(EntityTag(7).is_known(&headers(IF_NONE_MATCH, known)), "{known}");
        }
        for unknown in ["\"8\"", "7", "", "\"7", "\"77\""] {
            assert!(!EntityTag(7).is_known(&headers(IF_NONE_MATCH, unknown)), "{unknown}");
        }
        assert!(!EntityTag(7).is_known(&HeaderMap::new()));
    }

    #[test]
    fn if_match_compares_strongly_and_what_is_no_tag_matches_nothing() {
        for good in ["\"7\"", "\"6\" , \"7\"", "*"] {
            assert!(!EntityTag(7).is_refused(&headers(IF_MATCH, good)), "{good}");
        }
        for bad in ["\"8\"", "W/\"7\"", "7", ""] {
            assert!(EntityTag(7).is_refused(&headers(IF_MATCH, bad)), "{bad}");
        }
        assert!(!EntityTag(7).is_refused(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn what_is_no_condition_is_refused_with_what_is_one() {
        let app = Router::new().route("/", any(async || "done")).layer(from_fn(well_formed));
        let answer = async |name: HeaderName, value: &str| {
            let request = Request::builder().uri("/").header(name, value).body(Body::empty()).unwrap();
            app.clone().oneshot(request).await.unwrap().status().as_u16()
        };
        for name in [IF_MATCH, IF_NONE_MATCH] {
            for good in ["*", "\"7\"", "W/\"7\"", "\"a,b\", \"7\"", "\"7-gzip\""] {
                assert_eq!(answer(name.clone(), good).await, 200, "{name}: {good}");
            }
            for bad in ["garbage", "7", "\"7", "", "\"7\", *", "\"7\" 8", "w/\"7\""] {
                assert_eq!(answer(name.clone(), bad).await, 400, "{name}: {bad}");
            }
        }
    }

    #[test]
    fn the_version_that_was_read_last_is_the_newest_of_the_strong_tags() {
        let read = |value| version_read(&headers(IF_MATCH, value));
        assert_eq!(version_read(&HeaderMap::new()), Ok(None));
        assert_eq!(read("*"), Ok(None));
        assert_eq!(read("\"7\""), Ok(Some(EntityTag(7))));
        assert_eq!(read("\"7\", \"9\", W/\"11\", \"x\""), Ok(Some(EntityTag(9))));
        for nothing in ["", "7", "W/\"7\"", "\"x\"", "\"-1\"", "\"99999999999999999999\""] {
            assert_eq!(read(nothing), Err(NoVersion), "{nothing}");
        }
    }
}
