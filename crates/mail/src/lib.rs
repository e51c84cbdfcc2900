//! Messages: parse, classify, sanitise, compose. Pure: no clock, no network, no disk.
//!
//! The way in is [`parse`](parse()): a raw mail in, a [`Parsed`] out, always. A [`Part`] says where in the raw mail it lies;
//! [`PartDecoder`] streams it out, [`decode_text`] makes text of it, [`sanitise_html`] makes it fit to be shown.
//!
//! *Invariant:* nothing here fails, panics or takes more than linear time on any input; each limit is a field of
//! [`ParseLimits`] or [`SanitiseLimits`], or a constant with a name.

pub mod address;
mod address_list;
pub mod authres;
pub mod automatic;
pub mod base_subject;
mod body;
pub mod charset;
pub mod compose;
mod date;
pub mod defect;
pub mod digest;
mod display;
pub mod domain;
pub mod encoded_word;
pub mod forwarded;
pub mod forwarding;
pub mod headers;
mod html_guard;
mod html_links;
pub mod html_text;
mod leaf;
pub mod message_id;
mod params;
pub mod parse;
pub mod part;
mod preview;
pub mod report;
pub mod sanitise;
mod structure;
pub mod transfer;
pub mod verdict;

pub use address::{Address, MailAddress, MailAddressError};
pub use authres::{authentication_results, forged_results};
pub use automatic::Automatic;
pub use base_subject::{SubjectPrefix, base_subject};
pub use charset::{decode_text, decode_text_checked};
pub use defect::Defect;
pub use digest::{MailDigest, digest};
pub use display::is_invisible;
pub use domain::{DomainName, DomainNameError};
pub use forwarded::forwarded_author;
pub use forwarding::{ForwardingConfirmation, forwarding_confirmation};
pub use headers::{DisplayField, Header, HeaderLimits, display_headers};
pub use html_text::html_to_text;
pub use leaf::safe_name;
pub use message_id::MessageId;
pub use parse::{ListHeaders, ParseLimits, Parsed, parse};
pub use part::{Body, Disposition, Part, PartId, TransferEncoding};
pub use sanitise::{SanitiseLimits, SanitisedHtml, sanitise_html};
pub use transfer::{PartDecoder, decode_part};
pub use verdict::{
    ArcVerdict, AuthResult, DkimVerdict, DmarcAlignment, DmarcPolicy, DmarcVerdict, IprevVerdict, SpfVerdict,
    Verdicts,
};
