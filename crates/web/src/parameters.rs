//! Query parameters, read strictly: an unknown or doubled one is refused, since a filter that is silently ignored shows
//! the wrong list.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::problem::{Fault, Kind, Problem};

/// The query parameters of a request, by name.
#[derive(Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|_| Problem::new(Kind::BadRequest, "the query can't be read"))?;
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if parameters.contains_key(&name) {
                return Err(refused(&name, "it stands more than once"));
            }
            parameters.insert(name, value);
        }
        Ok(Self(parameters))
    }
}

impl Parameters {
    /// Refuses every parameter but these.
    pub fn only(&self, allowed: &[&str]) -> Result<(), Problem> {
        match self.0.keys().find(|name| !allowed.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(refused(
                name,
                format!("there is no such parameter here; allowed: {}", allowed.join(", ")),
            )),
        }
    }

    /// The text of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a parameter; `expected` completes "is no ..." where it is none.
    pub fn read<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(refused(name, format!("`{text}` is no {expected}"))),
        }
    }
}

/// One parameter that can't be taken.
pub fn refused(name: &str, detail: impl Into<String>) -> Problem {
    Problem::of_faults(Kind::BadRequest, vec![Fault::of_parameter(name, detail)])
}
