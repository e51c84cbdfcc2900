//! Points in time as they are stored: microseconds since 1970, UTC. For `#[cbor(with = "guichet_store::time")]`.

use jiff::Timestamp;
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};

/// Writes a time; one within the last second of the calendar as its beginning.
pub fn encode<C, W: Write>(
    at: &Timestamp,
    encoder: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    // What is later than that could not be read again.
    let latest = Timestamp::MAX.as_second() * 1_000_000;
    encoder.i64(at.as_microsecond().min(latest))?.ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_that_is_written_is_read_again() {
        for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            let mut encoder = Encoder::new(Vec::new());
            encode(&at, &mut encoder, &mut ()).unwrap();
            let written = encoder.into_writer();
            assert_eq!(decode(&mut Decoder::new(&written), &mut ()).unwrap().as_second(), at.as_second());
        }
    }
}
