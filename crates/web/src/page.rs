//! Pages of lists: `?limit&cursor` in, `{"items": [...], "next_cursor": ...}` out.
//!
//! A cursor names the list that it belongs to and the place of the last row that was shown, so a page stays right however
//! the list grows. It is opaque to callers, and holds nothing that the rows did not show.

use axum::Json;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::parameters::{Parameters, refused};
use crate::problem::Problem;

/// Rows of a page when nothing is said.
pub const LIMIT_DEFAULT: usize = 50;
/// Rows of a page at most.
pub const LIMIT_MAX: usize = 200;
/// The longest cursor that is looked at, in characters.
const CURSOR_CHARS_MAX: usize = 600;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What stands on it.
    pub items: Vec<T>,
    /// The `cursor` of the next page; null after the last. A page may be short and still have a next one.
    #[schema(required, example = "dQAAAAAAAAAR")]
    pub next_cursor: Option<String>,
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// Which page of which list.
#[derive(Debug, PartialEq, Eq)]
pub struct Paging {
    list: u8,
    /// How many rows.
    pub limit: usize,
    after: Option<Vec<u8>>,
}

impl Paging {
    /// Reads `limit` and `cursor`. `list` is a letter that tells this list from others.
    pub fn read(parameters: &Parameters, list: u8) -> Result<Self, Problem> {
        let expected = format!("number from 1 to {LIMIT_MAX}");
        let in_range = |text: &str| text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        let limit = parameters.read("limit", &expected, in_range)?;
        let after = parameters.get("cursor").map(|text| {
            let wrong =
                || refused("cursor", "it is no `next_cursor` of this list; leave it out to begin anew");
            place(text, list).ok_or_else(wrong)
        });
        Ok(Self { list, limit: limit.unwrap_or(LIMIT_DEFAULT), after: after.transpose()? })
    }

    /// The number after which the page begins.
    pub fn after_number(&self) -> Result<Option<u64>, Problem> {
        let number = |bytes: &Vec<u8>| {
            let number = bytes.as_slice().try_into().map(u64::from_be_bytes);
            number.map_err(|_| refused("cursor", "it is no `next_cursor` of this list"))
        };
        self.after.as_ref().map(number).transpose()
    }

    /// The letter of the list.
    pub fn list(&self) -> u8 {
        self.list
    }

    /// The place after which the page begins, as its list names it.
    pub fn after(&self) -> Option<&[u8]> {
        self.after.as_deref()
    }

    /// The page that shows these items; `next` is the place of the next page if more follow.
    pub fn page_by_place<T>(&self, items: Vec<T>, next: Option<&[u8]>) -> Page<T> {
        Page { items, next_cursor: next.map(|place| self.cursor(place)) }
    }

    /// The page that shows these items; `next` is the number of the last row if more follow.
    pub fn page<T>(&self, items: Vec<T>, next: Option<u64>) -> Page<T> {
        let next_cursor = next.map(|number| self.cursor(&number.to_be_bytes()));
        Page { items, next_cursor }
    }

    /// A page of a list that is in memory as a whole, ordered by `key`.
    pub fn slice<T>(&self, all: Vec<T>, key: impl Fn(&T) -> Vec<u8>) -> Page<T> {
        let is_after = |item: &T| self.after.as_ref().is_none_or(|after| key(item) > *after);
        let mut items: Vec<T> = all.into_iter().filter(is_after).take(self.limit + 1).collect();
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        let last = items.last().filter(|_| has_more).map(|item| self.cursor(&key(item)));
        Page { items, next_cursor: last }
    }

    fn cursor(&self, place: &[u8]) -> String {
        BASE64URL_NOPAD.encode(&[&[self.list], place].concat())
    }
}

fn place(text: &str, list: u8) -> Option<Vec<u8>> {
    let text = Some(text).filter(|text| text.len() <= CURSOR_CHARS_MAX)?;
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let (of_list, place) = bytes.split_first()?;
    (*of_list == list).then(|| place.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::FromRequestParts;
    use axum::http::Request;

    async fn read(query: &str, list: u8) -> Result<Paging, Problem> {
        let (mut parts, ()) = Request::get(format!("/?{query}")).body(()).unwrap().into_parts();
        Paging::read(&Parameters::from_request_parts(&mut parts, &()).await?, list)
    }

    #[tokio::test]
    async fn a_cursor_leads_on_in_its_own_list_alone() {
        let first = read("limit=2", b't').await.unwrap();
        let page = first.page(vec![1, 2], Some(2));
        let query = format!("cursor={}", page.next_cursor.unwrap());
        let second = read(&query, b't').await.unwrap();
        assert_eq!(second.after_number().unwrap(), Some(2));
        assert_eq!(second.limit, LIMIT_DEFAULT);
        assert!(read(&query, b'm').await.is_err());
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused_with_what_is_allowed() {
        for (query, says) in [
            ("limit=0", "`0` is no number from 1 to 200"),
            ("limit=201", "`201` is no number from 1 to 200"),
            ("limit=-1", "`-1` is no number"),
            ("limit=", "`` is no number"),
            ("limit=5&limit=6", "more than once"),
            ("cursor=!", "no `next_cursor` of this list"),
            ("cursor=", "no `next_cursor` of this list"),
        ] {
            let problem = read(query, b't').await.unwrap_err();
            let text = serde_json::to_string(&problem.document()).unwrap();
            assert!(text.contains(says), "{query}: {text}");
        }
    }

    #[tokio::test]
    async fn a_list_in_memory_is_cut_where_the_last_page_ended() {
        let all = || vec!["a", "b", "c"];
        let key = |name: &&str| name.as_bytes().to_vec();
        let first = read("limit=2", b'd').await.unwrap().slice(all(), key);
        assert_eq!(first.items, ["a", "b"]);
        let query = format!("limit=2&cursor={}", first.next_cursor.unwrap());
        let second = read(&query, b'd').await.unwrap().slice(all(), key);
        assert_eq!((second.items, second.next_cursor), (vec!["c"], None));
    }
}
