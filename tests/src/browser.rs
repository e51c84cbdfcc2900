//! The API as a browser has it: cookies instead of a token, and each request says which page it comes from.
//!
//! *Standards*: RFC 6265 5.4, as far as one host needs it; Fetch 3.2 (`Origin`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Result;
use serde_json::{Value, json};

use crate::api::{Api, BASE, Response};

/// A browser with its cookies.
#[derive(Debug)]
pub struct Browser {
    api: Api,
    origin: String,
    name: String,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl Browser {
    /// One that was never here, and calls itself so.
    pub fn new(address: SocketAddr, name: &str) -> Self {
        Self {
            api: Api::new(address, None),
            origin: format!("http://{address}"),
            name: name.to_owned(),
            cookies: RefCell::default(),
        }
    }

    /// Logs in with what else the form asks for (`code`, `organisation`).
    pub fn log_in(&self, address: &str, password: &str, more: &Value) -> Result<Response> {
        let mut form = json!({ "address": address, "password": password });
        if let (Value::Object(form), Value::Object(more)) = (&mut form, more) {
            form.extend(more.clone());
        }
        self.post("/session", &form)
    }

    /// The JSON at `path` (below [`BASE`]), which must answer 200.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.send("GET", path, None)?.expect(200)?.json()
    }

    /// Sends JSON.
    pub fn post(&self, path: &str, body: &Value) -> Result<Response> {
        self.send("POST", path, Some(body))
    }

    /// Any request to a path below [`BASE`]; keeps the cookies of the answer.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Response> {
        let cookies = self.cookie_field();
        let mut fields = vec![("Origin", self.origin.as_str()), ("User-Agent", self.name.as_str())];
        fields.extend((!cookies.is_empty()).then_some(("Cookie", cookies.as_str())));
        fields.extend(body.map(|_| ("Content-Type", "application/json")));
        let body = body.map(Value::to_string).unwrap_or_default();
        let answer = self.api.request(method, &format!("{BASE}{path}"), &fields, body.as_bytes())?;
        answer.fields.iter().filter(|(name, _)| name == "set-cookie").for_each(|(_, text)| self.keep(text));
        Ok(answer)
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Has this cookie from now on, wherever it comes from.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    fn cookie_field(&self) -> String {
        let cookies = self.cookies.borrow();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, text: &str) {
        let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
        let Some((name, value)) = pair.split_once('=') else { return };
        if attributes.split(';').any(|attribute| attribute.trim() == "Max-Age=0") {
            self.cookies.borrow_mut().remove(name);
        } else {
            self.set_cookie(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Browser;

    #[test]
    fn cookies_are_kept_and_taken_away() {
        let browser = Browser::new("127.0.0.1:80".parse().unwrap(), "test");
        browser.keep("a=1; Secure; HttpOnly");
        browser.keep("b=2");
        assert_eq!(browser.cookie_field(), "a=1; b=2");
        browser.keep("a=; Max-Age=0; Path=/");
        assert_eq!((browser.cookie("a"), browser.cookie("b")), (None, Some("2".to_owned())));
    }
}
