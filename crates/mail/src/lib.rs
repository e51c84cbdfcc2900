//! Messages: parse, classify, sanitise. Pure: no clock, no network, no disk.

pub mod address;
pub mod automatic;
pub mod charset;
pub mod defect;
mod display;
pub mod domain;
pub mod encoded_word;
pub mod headers;
pub mod message_id;
pub mod parse;
pub mod part;
pub mod sanitise;
pub mod transfer;
pub mod verdict;

pub use address::{Address, MailAddress, MailAddressError};
pub use automatic::Automatic;
pub use charset::{decode_text, decode_text_checked};
pub use defect::Defect;
pub use domain::{DomainName, DomainNameError};
pub use message_id::MessageId;
pub use parse::{ListHeaders, ParseLimits, Parsed};
pub use part::{Body, Disposition, Part, PartId, TransferEncoding};
pub use sanitise::{SanitiseLimits, SanitisedHtml};
pub use transfer::{PartDecoder, decode_part};
pub use verdict::{
    ArcVerdict, AuthResult, DkimVerdict, DmarcAlignment, DmarcPolicy, DmarcVerdict, IprevVerdict, SpfVerdict,
    Verdicts,
};
