//! Recipients as a request names them: `"Ana Lima <ana@customer.example>"`, or a name and an address apart.
//!
//! *Security*: a name is a text that is encoded wherever it is written, so it need not be safe; controls in it are
//! refused all the same, since nobody means them.

use guichet_mail::compose::Mailbox;
use guichet_mail::{Address, MailAddress};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The longest display name, in characters.
const NAME_CHARS_MAX: usize = 200;
/// The longest text that is read as a name and an address, in characters.
const TEXT_CHARS_MAX: usize = 600;
/// How much of a wrong text is told back, in characters.
const TOLD_CHARS_MAX: usize = 80;

/// A recipient: a text as it stands in a mail, or a name and an address apart.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is documentation: each is read by hand, to say what is wrong with it")]
pub(crate) enum Recipient {
    /// As it stands in a mail.
    #[schema(example = "Ana Lima <ana@customer.example>")]
    Text(String),
    /// Apart.
    Apart(NameAndAddress),
}

/// A name and an address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct NameAndAddress {
    /// What they are called.
    #[schema(example = "Ana Lima")]
    name: Option<String>,
    /// Where they read mail.
    #[schema(example = "ana@customer.example")]
    address: String,
}

/// Reads a recipient; else what is wrong with it.
pub(crate) fn read(value: &Value) -> Result<Mailbox, String> {
    match value {
        Value::String(text) => of_text(text),
        Value::Object(members) => of_members(members),
        _ => Err("a text `Name <address>` or an object of `name` and `address` is needed".to_owned()),
    }
}

/// Reads an address alone; else what is wrong with it.
pub(crate) fn address(text: &str) -> Result<MailAddress, String> {
    MailAddress::parse(text).map_err(|error| format!("`{}` is no mail address: {error}", told(text)))
}

fn of_text(text: &str) -> Result<Mailbox, String> {
    let wrong = || format!("`{}` is no `Name <address>` and no address", told(text));
    if text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(wrong());
    }
    // Two are looked for, so that a list is not taken for its first entry.
    match Address::parse_list(text, 2).as_slice() {
        [Address { name, address: Some(address), .. }] => {
            Ok(Mailbox { name: name.clone(), address: address.clone() })
        }
        _ => Err(wrong()),
    }
}

fn of_members(members: &Map<String, Value>) -> Result<Mailbox, String> {
    if let Some(unknown) = members.keys().find(|name| !["name", "address"].contains(&name.as_str())) {
        return Err(format!("there is no member `{}`; there is name, address", told(unknown)));
    }
    let name = match members.get("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(sound_name(name)?).filter(|name| !name.is_empty()),
        Some(_) => return Err("its name must be a text".to_owned()),
    };
    let text = members.get("address").and_then(Value::as_str).ok_or("its address must be a text")?;
    Ok(Mailbox { name, address: address(text)? })
}

fn sound_name(name: &str) -> Result<String, String> {
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(format!("a name has at most {NAME_CHARS_MAX} characters and no control characters"));
    }
    Ok(name.trim().to_owned())
}

fn told(text: &str) -> String {
    text.chars().take(TOLD_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: &Value) -> (Option<String>, String) {
        let mailbox = read(value).unwrap();
        (mailbox.name, mailbox.address.to_string())
    }

    #[test]
    fn a_recipient_is_a_text_or_a_name_and_an_address() {
        let ana = (Some("Ana Lima".to_owned()), "ana@customer.example".to_owned());
        assert_eq!(shown(&json!("Ana Lima <ana@customer.example>")), ana);
        assert_eq!(shown(&json!({"name": "Ana Lima", "address": "ana@customer.example"})), ana);
        for bare in [
            json!("ana@customer.example"),
            json!("<ana@customer.example>"),
            json!({"address": "ana@customer.example"}),
            json!({"name": null, "address": "ana@customer.example"}),
            json!({"name": " ", "address": "ana@customer.example"}),
        ] {
            assert_eq!(shown(&bare), (None, "ana@customer.example".to_owned()), "{bare}");
        }
    }

    #[test]
    fn what_is_none_or_several_is_refused_in_words() {
        for wrong in [
            json!(""),
            json!("ana"),
            json!("ana@"),
            json!("a@b.example, c@d.example"),
            json!("Ana <ana@customer.example"),
            json!("Ana\r\nBcc: x@y.example <ana@customer.example>"),
            json!("x".repeat(100_000)),
            json!(7),
            json!(["ana@customer.example"]),
            json!({}),
            json!({"address": 7}),
            json!({"address": "ana@customer.example\r\nRCPT TO:<x@y.example>"}),
            json!({"address": "ana@customer.example", "name": "a\r\nBcc: x@y.example"}),
            json!({"address": "ana@customer.example", "name": "x".repeat(201)}),
            json!({"address": "ana@customer.example", "name": 7}),
            json!({"address": "ana@customer.example", "adress": "x"}),
        ] {
            let why = read(&wrong).unwrap_err();
            assert!(why.len() < 400 && !why.contains(['\r', '\n']), "{why}");
        }
    }
}
