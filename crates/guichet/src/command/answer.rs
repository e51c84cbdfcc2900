//! What the operator hears: one thing or a list of things, as a table for people or as JSON for programs.
//!
//! *Must hold*: fields come out in the order they were put in, on the wire, in JSON and in a table.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// What was made, changed or taken away.
    One(Record),
    /// What there is.
    Items(Vec<Record>),
    /// What was looked at.
    Checked(Checked),
    /// Records in DNS.
    Zone(Zone),
}

/// Things that were looked at, each with `state` and `advice`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checked {
    /// Whether all is as it has to be.
    pub(crate) fine: bool,
    /// Each of them.
    pub(crate) items: Vec<Record>,
}

/// Records in DNS, as things and as text to paste.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Zone {
    /// Each of them.
    pub(crate) items: Vec<Record>,
    /// Lines of a zone file: in a table a long key would pad all others.
    pub(crate) text: String,
}

/// Named values in a fixed order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Record(Vec<(String, Value)>);

impl Record {
    /// Adds a field.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }
}

impl Answer {
    /// For programs: one line of JSON, a list as `{"items": [...]}`.
    pub(crate) fn to_json(&self) -> String {
        let text = match self {
            Answer::One(record) => serde_json::to_string(record),
            Answer::Items(_) => serde_json::to_string(self),
            Answer::Checked(checked) => serde_json::to_string(checked),
            Answer::Zone(zone) => serde_json::to_string(&Answer::Items(zone.items.clone())),
        };
        // Texts, numbers and lists of them always have a JSON form.
        text.unwrap_or_default() + "\n"
    }

    /// For people: a table, or a line for each field.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Answer::One(record) => {
                let line = |(name, value): &(String, Value)| format!("{name}: {}\n", plain(value));
                record.0.iter().map(line).collect()
            }
            Answer::Items(records) => table(records),
            Answer::Checked(checked) => checked.to_text(),
            Answer::Zone(zone) => zone.text.clone(),
        }
    }

    /// False where something was looked at and is not as it has to be.
    pub(crate) fn is_fine(&self) -> bool {
        !matches!(self, Answer::Checked(Checked { fine: false, .. }))
    }
}

impl Checked {
    /// A table of how each is, and beneath it what there is to do about it.
    fn to_text(&self) -> String {
        let brief = |record: &Record| record.only(&["state", "for", "name"]);
        let mut text = table(&self.items.iter().map(brief).collect::<Vec<_>>());
        for record in &self.items {
            let advice = record.get("advice");
            if !advice.is_empty() {
                let about = [record.get("for"), record.get("name")].join(" ");
                text.extend(["\n", &about, ": ", &advice, "\n"]);
            }
        }
        text
    }
}

impl Record {
    fn only(&self, names: &[&str]) -> Record {
        let field = |name: &&str| self.0.iter().find(|(other, _)| other == name).cloned();
        Record(names.iter().filter_map(field).collect())
    }

    fn get(&self, name: &str) -> String {
        self.0.iter().find(|(other, _)| other == name).map_or_else(String::new, |(_, value)| plain(value))
    }
}

fn table(records: &[Record]) -> String {
    let Some(first) = records.first() else { return "There are none.\n".to_owned() };
    let head: Vec<String> = first.0.iter().map(|(name, _)| name.to_uppercase()).collect();
    let rows = records.iter().map(|record| record.0.iter().map(|(_, value)| plain(value)).collect());
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..first.0.len()).map(width).collect();
    lines
        .iter()
        .map(|line| {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        })
        .collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        // A terminal obeys control characters, and a line of its own would look like one of ours.
        Value::String(text) => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads a map as it comes, where serde's own maps would sort it.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        while let Some(field) = map.next_entry()? {
            record.0.push(field);
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms() -> Answer {
        let record = |id: u64, name: &str| Record::default().with("id", id).with("about", name);
        Answer::Items(vec![record(1, "front"), record(20, "back of the house")])
    }

    #[test]
    fn a_table_has_a_head_and_aligned_columns() {
        assert_eq!(rooms().to_text(), "ID  ABOUT\n1   front\n20  back of the house\n");
        assert_eq!(Answer::Items(Vec::new()).to_text(), "There are none.\n");
    }

    #[test]
    fn fields_keep_their_order_over_the_wire() {
        let wire = serde_json::to_string(&rooms()).unwrap();
        assert_eq!(serde_json::from_str::<Answer>(&wire).unwrap(), rooms());
        assert_eq!(
            rooms().to_json(),
            "{\"items\":[{\"id\":1,\"about\":\"front\"},{\"id\":20,\"about\":\"back of the house\"}]}\n"
        );
    }

    #[test]
    fn a_value_neither_commands_the_terminal_nor_begins_a_line() {
        let about = "first\u{1b}[2J\nstate: fine";
        let record = Record::default().with("about", about).with("more", vec![about]);
        let text = "about: first [2J state: fine\nmore: first [2J state: fine\n";
        assert_eq!(Answer::One(record.clone()).to_text(), text);
        assert_eq!(Answer::Items(vec![record]).to_text().lines().count(), 2);
    }

    #[test]
    fn absent_and_several_values_read_well() {
        let record = Record::default()
            .with("team", Value::Null)
            .with("aliases", vec!["a@x.org", "b@x.org"])
            .with("teams", Value::Array(Vec::new()));
        assert_eq!(Answer::One(record).to_text(), "team: -\naliases: a@x.org, b@x.org\nteams: -\n");
    }
}
