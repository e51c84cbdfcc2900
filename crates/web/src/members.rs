//! The members of a JSON object, read one by one, so that each that is wrong is named, and each that is unknown.
//!
//! A member that is `null` counts as one that was left out.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::problem::{Fault, Kind, Problem};

/// The members of a request's body that are still to be read, and what was wrong with the others.
#[derive(Debug)]
pub struct Members {
    left: Map<String, Value>,
    known: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Members {
    /// Of this body.
    pub fn of(body: Map<String, Value>) -> Self {
        Self { left: body, known: Vec::new(), faults: Vec::new() }
    }

    /// The value of a member; none where it is left out or wrong, which [`finish`](Self::finish) tells.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(name);
        let value = self.left.remove(name).filter(|value| !value.is_null())?;
        match parse(&value) {
            Ok(value) => Some(value),
            Err(why) => {
                self.faults.push(Fault::of_member(name, why));
                None
            }
        }
    }

    /// The value of a member that must be there.
    pub fn require<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.left.get(name).is_none_or(Value::is_null) {
            self.refuse(name, "it is needed");
        }
        self.read(name, parse)
    }

    /// Says that a member is wrong, or is missing.
    pub fn refuse(&mut self, name: &'static str, why: impl Into<String>) {
        self.faults.push(Fault::of_member(name, why));
    }

    /// Every fault, if there is any; to be asked after all members were read.
    pub fn finish(self) -> Result<(), Problem> {
        let faults = self.faults();
        if faults.is_empty() { Ok(()) } else { Err(Problem::of_faults(Kind::UnprocessableContent, faults)) }
    }

    /// The same in one sentence, of an object that stands in a member of another.
    pub fn finish_within(self) -> Result<(), String> {
        let told = |fault: &Fault| {
            let name = fault.pointer.as_deref().unwrap_or_default().trim_start_matches("#/");
            format!("{name}: {}", fault.detail)
        };
        let faults: Vec<String> = self.faults().iter().map(told).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    fn faults(mut self) -> Vec<Fault> {
        let known = self.known.join(", ");
        let unknown =
            |name: &String| Fault::of_member(name, format!("there is no such member; there is {known}"));
        self.faults.extend(self.left.keys().map(unknown));
        self.faults
    }
}

/// A text.
pub fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "a text is needed".to_owned())
}

/// True or false.
pub fn flag(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "true or false is needed".to_owned())
}

/// A whole number from 0.
pub fn number(value: &Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| "a number is needed".to_owned())
}

/// A point in time, RFC 3339, in whole microseconds: as it is stored.
pub fn time(value: &Value) -> Result<Timestamp, String> {
    let read =
        |text: &str| Timestamp::from_microsecond(text.parse::<Timestamp>().ok()?.as_microsecond()).ok();
    let wrong = || "a time is needed, as `2026-03-02T08:00:00Z`".to_owned();
    value.as_str().and_then(read).ok_or_else(wrong)
}

/// A list of at most so many, each of which is read by `parse`; the first that is wrong is told with its place.
pub fn list<T>(
    items_max: usize,
    parse: impl Fn(&Value) -> Result<T, String>,
) -> impl FnOnce(&Value) -> Result<Vec<T>, String> {
    move |value| {
        let items = value.as_array().ok_or("a list is needed")?;
        if items.len() > items_max {
            return Err(format!("there are {} of them; at most {items_max} are taken", items.len()));
        }
        let numbered = (1..).zip(items);
        numbered.map(|(place, item)| parse(item).map_err(|why| format!("number {place}: {why}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(body: Value) -> Members {
        let Value::Object(members) = body else { panic!("no object") };
        Members::of(members)
    }

    #[test]
    fn what_is_known_and_right_is_read() {
        let mut body = members(json!({"text": "x", "quote": false, "undo": null, "list": [1, 2]}));
        assert_eq!(body.require("text", text).as_deref(), Some("x"));
        assert_eq!(body.read("quote", flag), Some(false));
        assert_eq!(body.read("undo", number), None);
        assert_eq!(body.read("absent", number), None);
        assert_eq!(body.read("list", list(2, number)), Some(vec![1, 2]));
        assert_eq!(body.finish(), Ok(()));
    }

    #[test]
    fn a_time_is_read_as_it_is_stored() {
        let read = time(&json!("2026-03-02T08:00:00.123456789Z")).unwrap();
        assert_eq!(read.to_string(), "2026-03-02T08:00:00.123456Z");
        assert!(time(&json!("tomorrow")).is_err());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut body = members(json!({"quote": 1, "list": [1, "x"], "many": [1, 2, 3], "other": 0}));
        assert_eq!(body.require("text", text), None);
        assert_eq!(body.read("quote", flag), None);
        assert_eq!(body.read("list", list(2, number)), None);
        assert_eq!(body.read("many", list(2, number)), None);
        let problem = serde_json::to_value(body.finish().unwrap_err().document()).unwrap();
        assert_eq!(
            problem["errors"],
            json!([
                {"pointer": "#/text", "detail": "it is needed"},
                {"pointer": "#/quote", "detail": "true or false is needed"},
                {"pointer": "#/list", "detail": "number 2: a number is needed"},
                {"pointer": "#/many", "detail": "there are 3 of them; at most 2 are taken"},
                {"pointer": "#/other", "detail": "there is no such member; there is text, quote, list, many"},
            ])
        );
    }
}
