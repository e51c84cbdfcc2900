//! What is wrong with a mail, so far as a person should see it. A defect never stops a mail from becoming a ticket.

use minicbor::{Decode, Encode};
use serde::Serialize;

/// One thing that is wrong with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Defect {
    /// There is no `From`, or an empty one.
    #[n(0)]
    FromAbsent,
    /// `From` has no valid address.
    #[n(1)]
    FromInvalid,
    /// More than one `From` header: a program may show the reader another one than it checks.
    #[n(2)]
    FromDoubled,
    /// Another header that may stand only once stands more often (RFC 5322, section 3.6).
    #[n(3)]
    HeaderDoubled,
    /// `Date` can't be read, or lies outside of any reason.
    #[n(4)]
    DateInvalid,
    /// The header has more fields or octets than are looked at.
    #[n(5)]
    HeaderTooLarge,
    /// A line without a colon ends the header: what follows is the body.
    #[n(6)]
    HeaderBroken,
    /// More addresses or references than are kept.
    #[n(7)]
    HeaderListTooLong,
    /// More parts than are listed.
    #[n(8)]
    TooManyParts,
    /// Parts within parts deeper than is followed.
    #[n(9)]
    TooDeep,
    /// A multipart without boundary, or whose boundary never comes: shown as text.
    #[n(10)]
    BoundaryMissing,
    /// A multipart that never ends: the mail may be cut off.
    #[n(11)]
    Truncated,
    /// A charset that nobody knows, or octets that are not of the charset: shown with replacement characters.
    #[n(12)]
    CharsetBroken,
    /// A text whose base64 or quoted-printable is damaged.
    #[n(13)]
    EncodingBroken,
}
