//! Records: how values are laid out by those who write them.
//!
//! CBOR with numbered fields, so that a record gains fields and old ones still decode; before it, as many 8-byte
//! numbers as the record has slots.

use minicbor::{Decode, Encode};

/// The bytes are no such record: written by a newer program, or harmed.
#[derive(Debug, thiserror::Error)]
#[error("a stored record does not decode")]
pub struct BadRecord(#[source] Option<minicbor::decode::Error>);

/// The record as bytes.
pub fn encode<T: Encode<()>>(record: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "writing to a Vec can't fail, and derived encoders raise nothing")]
    minicbor::to_vec(record).expect("a derived encoder writes to memory")
}

/// The record that these bytes are.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, BadRecord> {
    minicbor::decode(bytes).map_err(|error| BadRecord(Some(error)))
}

/// The `N` numbers that stand before the record, and the record.
pub fn decode_numbered<'b, const N: usize, T: Decode<'b, ()>>(
    bytes: &'b [u8],
) -> Result<([u64; N], T), BadRecord> {
    let (numbers, rest) = split_numbers(bytes).ok_or(BadRecord(None))?;
    Ok((numbers, decode(rest)?))
}

/// Takes `N` 8-byte big-endian numbers off the front.
pub fn split_numbers<const N: usize>(bytes: &[u8]) -> Option<([u64; N], &[u8])> {
    let mut numbers = [0; N];
    let mut rest = bytes;
    for number in &mut numbers {
        let (head, tail) = rest.split_first_chunk()?;
        *number = u64::from_be_bytes(*head);
        rest = tail;
    }
    Some((numbers, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    struct Before {
        #[n(0)]
        subject: String,
    }

    #[derive(Debug, PartialEq, Encode, Decode)]
    struct After {
        #[n(0)]
        subject: String,
        #[n(1)]
        priority: Option<u8>,
    }

    #[test]
    fn an_old_record_decodes_when_a_field_came() {
        let old = encode(&Before { subject: "hello".into() });
        let new: After = decode(&old).unwrap();
        assert_eq!(new, After { subject: "hello".into(), priority: None });
    }

    #[test]
    fn numbers_stand_before_the_record() {
        let mut bytes = 7u64.to_be_bytes().to_vec();
        bytes.extend(9u64.to_be_bytes());
        bytes.extend(encode(&Before { subject: "x".into() }));
        let (numbers, record) = decode_numbered::<2, Before>(&bytes).unwrap();
        assert_eq!((numbers, record.subject.as_str()), ([7, 9], "x"));
        assert!(decode_numbered::<2, Before>(&bytes[..12]).is_err());
    }
}
