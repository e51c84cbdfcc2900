//! The rows of the operator's space that say where the room of blobs given up is.
//!
//! | row | then | value |
//! |---|---|---|
//! | `GONE` | 0, segment, offset | bytes: a stretch of a segment that nothing names |
//! | `GONE` | 1, file number | bytes: a file that nothing names |
//! | `GONE_BYTES` | segment | a count: the bytes of it that nothing names, about |
//! | `MOVED` | segment, offset | [`Moved`]: where a stretch that is still named stands now |
//! | `LEFT` | segment | offset up to which all that is named was moved; the highest number: all of it, the file is gone |

use crate::key::Key;
use crate::segment::Position;

use super::Place;

const GONE: u8 = 4;
const GONE_BYTES: u8 = 5;
const MOVED: u8 = 6;
const LEFT: u8 = 7;

const IN_SEGMENT: u8 = 0;
const OWN_FILE: u8 = 1;

/// The row of a place that nothing names.
pub(crate) fn key(place: Place) -> Key {
    match place {
        Place::Segment(Position { segment, offset }) => gone_in(segment).number(offset.into()),
        Place::File(number) => gone_files().number(number),
    }
}

/// Before all stretches of a segment that nothing names.
pub(crate) fn gone_in(segment: u32) -> Key {
    gone_in_segments().number(segment.into())
}

/// Before the stretches of all segments that nothing names.
pub(crate) fn gone_in_segments() -> Key {
    Key::own(GONE).byte(IN_SEGMENT)
}

/// Before all files that nothing names.
pub(crate) fn gone_files() -> Key {
    Key::own(GONE).byte(OWN_FILE)
}

/// How much of a segment nothing names.
pub(crate) fn segment_bytes(segment: u32) -> Key {
    all_segment_bytes().number(segment.into())
}

/// Before the counts of all segments.
pub(crate) fn all_segment_bytes() -> Key {
    Key::own(GONE_BYTES)
}

/// Before all stretches of a segment that were moved.
pub(crate) fn moved_of(segment: u32) -> Key {
    Key::own(MOVED).number(segment.into())
}

/// How far a segment was left.
pub(crate) fn left(segment: u32) -> Key {
    all_left().number(segment.into())
}

/// Before the rows of all segments that are being left or were.
pub(crate) fn all_left() -> Key {
    Key::own(LEFT)
}
