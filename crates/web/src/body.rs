//! Bodies: JSON objects in, streams of blocking sources out.
//!
//! *Standards*: RFC 7396 (JSON merge patch), RFC 9110 15.5.14 and 15.5.16 (too large, media type).

use std::collections::BTreeSet;
use std::time::Duration;
use std::{fmt, io};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use futures_util::stream;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::problem::{Kind, Problem};

/// The media type of a JSON merge patch.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// The media type of JSON.
const JSON: &str = "application/json";

const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// Reads a JSON merge patch of an object, of the size that the route's `DefaultBodyLimit` allows, for at most `wait`.
pub async fn merge_patch(request: Request, wait: Duration) -> Result<Map<String, Value>, Problem> {
    let media_type = media_type(request.headers());
    if ![MERGE_PATCH, JSON].iter().any(|read| media_type.eq_ignore_ascii_case(read)) {
        let detail = format!("send `Content-Type: {MERGE_PATCH}` (or `{JSON}`)");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail)
            .with_header(ACCEPT_PATCH, HeaderValue::from_static(MERGE_PATCH)));
    }
    object(&whole(request, wait).await?)
}

/// Reads a JSON object, of the size that the route's `DefaultBodyLimit` allows, for at most `wait`.
pub async fn json(request: Request, wait: Duration) -> Result<Map<String, Value>, Problem> {
    if !media_type(request.headers()).eq_ignore_ascii_case(JSON) {
        let detail = format!("send `Content-Type: {JSON}`");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    object(&whole(request, wait).await?)
}

/// The media type of a request's body, without parameters; empty where none is said.
pub fn media_type(headers: &HeaderMap) -> &str {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    said.split(';').next().unwrap_or("").trim()
}

/// How many octets of a body are read, as an extension of requests: for who sends more.
#[derive(Debug, Clone, Copy)]
pub struct BytesMax(pub usize);

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let unreadable = |error| Problem::new(Kind::BadRequest, format!("the body is no JSON: {error}"));
    match serde_json::from_slice(bytes).map_err(unreadable)? {
        Value::Object(members) => {
            let twice = |error| Problem::new(Kind::BadRequest, format!("the body is ambiguous: {error}"));
            serde_json::from_slice::<Distinct>(bytes).map_err(twice)?;
            Ok(members)
        }
        _ => Err(Problem::new(Kind::UnprocessableContent, "the body must be a JSON object")),
    }
}

/// An object none of whose members has the name of another (RFC 8259, section 4: else what it says is unpredictable).
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for Distinct {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some((name, _)) = members.next_entry::<String, IgnoredAny>()? {
            if let Some(name) = seen.replace(name) {
                return Err(A::Error::custom(format!("the member `{name}` is there twice")));
            }
        }
        Ok(self)
    }
}

async fn whole(request: Request, wait: Duration) -> Result<Bytes, Problem> {
    let bytes_max = request.extensions().get::<BytesMax>().copied();
    let read = tokio::time::timeout(wait, Bytes::from_request(request, &())).await;
    let too_slow = |_| {
        let detail = format!("the body did not arrive within {} seconds", wait.as_secs());
        Problem::new(Kind::RequestTimeout, detail)
    };
    read.map_err(too_slow)?.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(bytes_max),
        _ => Problem::new(Kind::BadRequest, "the body broke off"),
    })
}

/// More than is read.
pub fn too_large(bytes_max: Option<BytesMax>) -> Problem {
    let limit = bytes_max.map(|BytesMax(bytes)| format!(": at most {bytes} octets")).unwrap_or_default();
    Problem::new(Kind::ContentTooLarge, format!("the body is larger than is read here{limit}"))
}

/// A body whose chunks come from a source that blocks. Each is read on a thread for blocking work when the one before has
/// left, so a slow reader holds one chunk in memory and no thread. An empty chunk is the end; an error cuts the answer
/// off, which the reader notices.
pub fn streamed<S: Send + 'static>(source: S, next: fn(&mut S) -> io::Result<Vec<u8>>) -> Body {
    let chunks = stream::unfold(Some(source), move |source| async move {
        let mut source = source?;
        let read = tokio::task::spawn_blocking(move || (next(&mut source), source)).await;
        match read {
            Ok((Ok(chunk), _)) if chunk.is_empty() => None,
            Ok((Ok(chunk), source)) => Some((Ok(Bytes::from(chunk)), Some(source))),
            Ok((Err(error), _)) => Some((Err(broken(error)), None)),
            Err(error) => Some((Err(broken(io::Error::other(error))), None)),
        }
    });
    Body::from_stream(chunks)
}

/// The status is sent already: all that is left is to say it here and to cut the answer off.
fn broken(error: io::Error) -> io::Error {
    tracing::error!(%error, "a stored mail can't be read to its end");
    error
}
