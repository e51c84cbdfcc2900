//! Header fields in canonical form, in the order in which they were signed.
//!
//! *Standards*: RFC 6376 sections 3.4.1, 3.4.2, 3.7 and 5.4.2.

use guichet_mail::headers::{Header, RawField};

use super::body::Canonicalisation;

/// The whole field as it stands in the mail, final line break included.
pub(crate) fn raw_field<'a>(raw: &'a [u8], field: &RawField<'_>) -> &'a [u8] {
    raw.get(field.range.clone()).unwrap_or_default()
}

/// Section 5.4.2: each name takes the lowest field of that name that is not taken yet; a name without one
/// stands for nothing, which protects against its being added.
pub(crate) fn signed_fields<'h, 'a>(header: &'h Header<'a>, names: &[&str]) -> Vec<&'h RawField<'a>> {
    // Names so far, and where each was found last.
    let mut taken: Vec<(&str, usize)> = Vec::with_capacity(names.len());
    let mut fields = Vec::with_capacity(names.len());
    for &name in names {
        let is_same = |(other, _): &(&str, usize)| other.eq_ignore_ascii_case(name);
        let below =
            taken.iter().rfind(|entry| is_same(entry)).map_or(header.fields.len(), |(_, place)| *place);
        let above = header.fields.get(..below).unwrap_or_default();
        let found = above.iter().rposition(|field| field.name.eq_ignore_ascii_case(name));
        taken.push((name, found.unwrap_or(0)));
        fields.extend(found.and_then(|position| header.fields.get(position)));
    }
    fields
}

/// Appends `field` (a whole raw field) in canonical form, with its line break.
pub(crate) fn write_field(field: &[u8], form: Canonicalisation, out: &mut Vec<u8>) {
    match form {
        Canonicalisation::Simple => out.extend_from_slice(field),
        Canonicalisation::Relaxed => write_relaxed(field, out),
    }
}

/// Section 3.4.2: name in lower case, no space about the colon, unfolded, white space one space, none at the end.
fn write_relaxed(field: &[u8], out: &mut Vec<u8>) {
    let colon = field.iter().position(|octet| *octet == b':').unwrap_or(field.len());
    let (name, value) = field.split_at(colon);
    out.extend(name.trim_ascii().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let mut space_pending = false;
    let mut at_start = true;
    for &octet in value.get(1..).unwrap_or_default() {
        match octet {
            b'\r' | b'\n' => {}
            b' ' | b'\t' => space_pending = !at_start,
            _ => {
                if space_pending {
                    out.push(b' ');
                    space_pending = false;
                }
                out.push(octet);
                at_start = false;
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Section 3.7: the signature field itself goes in last, its `b=` emptied, without its line break.
pub(crate) fn write_signature_field(field: &[u8], form: Canonicalisation, out: &mut Vec<u8>) {
    write_field(&without_signature(field), form, out);
    while out.last().is_some_and(|octet| matches!(octet, b'\r' | b'\n')) {
        out.pop();
    }
}

/// The field with the value of its `b=` tag removed.
fn without_signature(field: &[u8]) -> Vec<u8> {
    let value_start = field.iter().position(|octet| *octet == b':').map_or(field.len(), |colon| colon + 1);
    let (name, value) = field.split_at(value_start);
    let mut out = name.to_vec();
    for (position, tag) in value.split(|octet| *octet == b';').enumerate() {
        if position > 0 {
            out.push(b';');
        }
        let equals = tag.iter().position(|octet| *octet == b'=');
        match equals.and_then(|equals| Some((tag.get(..equals)?, tag.get(..=equals)?))) {
            Some((tag_name, kept)) if tag_name.trim_ascii() == b"b" => out.extend_from_slice(kept),
            _ => out.extend_from_slice(tag),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use guichet_mail::headers::HeaderLimits;

    use super::*;

    fn canonical(field: &str, form: Canonicalisation) -> String {
        let mut out = Vec::new();
        write_field(field.as_bytes(), form, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// The example of RFC 6376 section 3.4.5.
    #[test]
    fn the_example_of_the_rfc() {
        assert_eq!(canonical("A: X\r\n", Canonicalisation::Relaxed), "a:X\r\n");
        assert_eq!(canonical("B : Y\t\r\n\tZ  \r\n", Canonicalisation::Relaxed), "b:Y Z\r\n");
        assert_eq!(canonical("B : Y\t\r\n\tZ  \r\n", Canonicalisation::Simple), "B : Y\t\r\n\tZ  \r\n");
    }

    #[test]
    fn fields_are_taken_from_below() {
        let raw = b"Received: 1\r\nTo: x\r\nReceived: 2\r\n\r\n";
        let header = Header::read(raw, HeaderLimits { bytes_max: 1000, fields_max: 10 });
        let fields = signed_fields(&header, &["received", "Received", "RECEIVED", "Subject", "to"]);
        let fields: Vec<_> = fields.into_iter().map(|field| raw_field(raw, field)).collect();
        assert_eq!(fields, [&b"Received: 2\r\n"[..], b"Received: 1\r\n", b"To: x\r\n"]);
    }

    #[test]
    fn only_the_signature_leaves_its_field() {
        let field = b"DKIM-Signature: v=1; bh=aa; b=bb\r\n bb ; d=b\r\n";
        assert_eq!(without_signature(field), b"DKIM-Signature: v=1; bh=aa; b=; d=b\r\n");
        let mut out = Vec::new();
        write_signature_field(b"DKIM-Signature: b=xx\r\n", Canonicalisation::Relaxed, &mut out);
        assert_eq!(out, b"dkim-signature:b=");
    }
}
