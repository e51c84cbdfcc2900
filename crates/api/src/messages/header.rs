//! The header of a message for people, without what forges our name.
//!
//! *Security*: RFC 8601 5: a field that bears our name and came with the mail is a lie, and nobody shall read it here.

use std::io::Read;
use std::ops::Range;

use guichet_accounts::Actor;
use guichet_desk::{Desk, Error, StoredMessage};
use guichet_mail::{DisplayField, DomainName, HeaderLimits, ParseLimits, display_headers, forged_results};
use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::Failure;

/// The longest value that is shown, in characters.
const VALUE_CHARS_MAX: usize = 4_000;

/// The header of a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageHeader {
    /// What this server put before the mail: to be trusted.
    trace: Vec<Field>,
    /// What came with the mail, in order.
    fields: Vec<Field>,
}

/// A field of a header as a person reads it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Field {
    /// The name as written.
    #[schema(example = "Subject")]
    name: String,
    /// The value, unfolded and decoded.
    #[schema(example = "Invoice 7 is wrong")]
    value: String,
}

impl From<DisplayField> for Field {
    fn from(field: DisplayField) -> Self {
        Self { name: field.name, value: field.value }
    }
}

/// Reads the header of a message that the actor sees. Blocks on the disk.
pub(super) fn read(
    desk: &Desk,
    actor: &Actor,
    message: &StoredMessage,
    authserv_id: &DomainName,
) -> Result<MessageHeader, Failure> {
    let limits = ParseLimits::default().header();
    let mut head = Vec::new();
    let mail = desk.raw(actor, message)?;
    mail.take(limits.bytes_max as u64).read_to_end(&mut head).map_err(|_| Error::Damaged("mail"))?;
    let forged = forged_results(&head, authserv_id, limits);
    let trace = message.record.envelope.as_ref().map_or("", |envelope| envelope.trace.as_str());
    Ok(MessageHeader {
        trace: shown(trace.as_bytes(), limits),
        fields: shown(&without(&head, &forged), limits),
    })
}

fn shown(raw: &[u8], limits: HeaderLimits) -> Vec<Field> {
    display_headers(raw, limits, VALUE_CHARS_MAX).into_iter().map(Field::from).collect()
}

/// The octets outside of these ranges, which are in order.
fn without(raw: &[u8], ranges: &[Range<usize>]) -> Vec<u8> {
    let starts = std::iter::once(0).chain(ranges.iter().map(|range| range.end));
    let ends = ranges.iter().map(|range| range.start).chain(std::iter::once(raw.len()));
    starts.zip(ends).flat_map(|(start, end)| raw.get(start..end).unwrap_or_default()).copied().collect()
}
