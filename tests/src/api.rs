//! The HTTP API as its users have it: a base address and a token.

use std::io::Read as _;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::events::Events;
use crate::http;

/// What every path of the API begins with.
pub const BASE: &str = "/api/v1";

/// One who calls the API.
#[derive(Debug, Clone)]
pub struct Api {
    address: SocketAddr,
    token: Option<String>,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Response {
    /// Three digits.
    pub status: u16,
    /// Names in lower case.
    pub fields: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
}

impl Response {
    /// The first field of that name (lower case).
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }

    /// The body as text, for reading.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer itself where its status is this; otherwise an error that shows it.
    pub fn expect(self, status: u16) -> Result<Self> {
        if self.status != status {
            bail!("expected {status}, got {}: {}", self.status, self.text());
        }
        Ok(self)
    }
}

impl Api {
    /// Calls with this token, or with none.
    pub fn new(address: SocketAddr, token: Option<&str>) -> Self {
        Self { address, token: token.map(str::to_owned) }
    }

    /// The token, if it has one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The JSON at `path` (below [`BASE`]), which must answer 200.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.read(path)?.json()
    }

    /// The bytes at `path` (below [`BASE`]), which must answer 200.
    pub fn read(&self, path: &str) -> Result<Response> {
        self.request("GET", &format!("{BASE}{path}"), &[], b"")?
            .expect(200)
            .with_context(|| format!("GET {path}"))
    }

    /// Any request, with the whole path.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response> {
        let mut answer = self.ask(method, path, fields, body)?;
        let mut body = Vec::new();
        answer.body.read_to_end(&mut body).with_context(|| format!("{method} {path}"))?;
        Ok(Response { status: answer.status, fields: answer.fields, body })
    }

    /// The event stream, from after `last` on, or from now on.
    pub fn events(&self, last: Option<&str>) -> Result<Events> {
        let mut fields = vec![("Accept", "text/event-stream")];
        fields.extend(last.map(|id| ("Last-Event-ID", id)));
        let answer = self.ask("GET", &format!("{BASE}/events"), &fields, b"")?;
        if answer.status != 200 {
            bail!("the event stream answers {}", answer.status);
        }
        Ok(Events::new(answer.body))
    }

    fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Result<http::Answer> {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut fields = fields.to_vec();
        fields.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        http::ask(self.address, method, path, &fields, body)
    }
}
