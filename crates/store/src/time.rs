//! Points in time as they are stored: microseconds since 1970, UTC. For `#[cbor(with = "guichet_store::time")]`.

use jiff::Timestamp;
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};

/// Writes a time.
pub fn encode<C, W: Write>(
    at: &Timestamp,
    encoder: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    encoder.i64(at.as_microsecond())?.ok()
}

/// Reads a time; one beyond the calendar is an error.
pub fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<Timestamp, DecodeError> {
    let at = Timestamp::from_microsecond(decoder.i64()?);
    at.map_err(|_| DecodeError::message("a time beyond the calendar"))
}

/// The same for a time that may be absent: CBOR's null, or no field at all.
pub mod optional {
    use super::{DecodeError, Decoder, EncodeError, Encoder, Timestamp, Write};

    /// Writes a time or null.
    pub fn encode<C, W: Write>(
        at: &Option<Timestamp>,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match at {
            Some(at) => super::encode(at, encoder, context),
            None => encoder.null()?.ok(),
        }
    }

    /// Reads a time or null.
    pub fn decode<C>(decoder: &mut Decoder<'_>, context: &mut C) -> Result<Option<Timestamp>, DecodeError> {
        if decoder.datatype()? == minicbor::data::Type::Null {
            decoder.skip()?;
            return Ok(None);
        }
        super::decode(decoder, context).map(Some)
    }

    /// What an absent field stands for.
    pub fn nil() -> Option<Option<Timestamp>> {
        Some(None)
    }

    /// Whether the field can be left out.
    pub fn is_nil(at: &Option<Timestamp>) -> bool {
        at.is_none()
    }
}
