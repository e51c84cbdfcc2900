//! The fields of a delivery status, one after the other, however badly they are laid out.
//!
//! *Standards*: RFC 3464, section 2.1. Here a line that is no field continues the one before it, since servers fold
//! without indenting, and empty lines are told apart from fields only, since some put them everywhere.

/// What a line of a delivery status is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// An empty one, which ends a group.
    Empty,
    /// A field: its name in lower case, its value unfolded.
    Field(String, String),
}

/// The longest value kept, in octets.
const VALUE_BYTES_MAX: usize = 8 * 1024;
/// The longest name of a field: `x-original-message-id` and the like.
const NAME_BYTES_MAX: usize = 60;

/// Reads the lines of a delivery status.
pub(super) fn read(text: &str) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            all.push(Line::Empty);
            continue;
        }
        let field = if line.starts_with([' ', '\t']) { None } else { split(line) };
        match (field, all.last_mut()) {
            (Some((name, value)), _) => all.push(Line::Field(name, value)),
            (None, Some(Line::Field(_, value))) if value.len() + line.len() <= VALUE_BYTES_MAX => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => {}
        }
    }
    all
}

/// Whether a text begins with a field of a delivery status, for parts whose label is wrong.
pub(super) fn is_delivery_status(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).and_then(split);
    first.is_some_and(|(name, _)| {
        ["reporting-mta", "original-envelope-id", "final-recipient", "original-recipient", "dsn-gateway"]
            .contains(&name.as_str())
    })
}

/// Name and value of a line that is a field.
fn split(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let is_name = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let value = value.trim();
    let kept = value.get(..value.floor_char_boundary(VALUE_BYTES_MAX)).unwrap_or(value);
    is_name.then(|| (name.to_ascii_lowercase(), kept.to_owned()))
}
