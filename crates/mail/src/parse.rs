//! A raw mail in, everything that a ticket needs out. Never fails: what can't be read becomes a [`Defect`].
//!
//! *Standards*: RFC 5322, RFC 2045 to 2047, RFC 2231, RFC 6532.
//!
//! *Security*: every list is bounded by [`ParseLimits`], the work is linear in the octets, and no attachment is decoded.

use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::address::Address;
use crate::automatic::{self, Automatic};
use crate::base_subject::{SubjectPrefix, base_subject, mentions};
use crate::defect::Defect;
use crate::display::one_line;
use crate::headers::{Header, HeaderLimits};
use crate::message_id::MessageId;
use crate::part::{Body, Part};
use crate::{address_list, body, date, encoded_word, preview, structure};

/// How much of a mail is looked at. The mail itself is never cut: the raw octets stay what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseLimits {
    /// Octets of one header (the mail's or a part's).
    pub header_bytes_max: usize,
    /// Fields of one header.
    pub header_fields_max: usize,
    /// Entries of one address header.
    pub addresses_max: usize,
    /// Identifiers kept of `References`: the newest.
    pub references_max: usize,
    /// Characters of the subject.
    pub subject_chars_max: usize,
    /// Parts listed.
    pub parts_max: usize,
    /// Multiparts within each other.
    pub depth_max: usize,
    /// Octets of encoded text that are decoded for the preview.
    pub preview_bytes_max: usize,
    /// Characters of the preview.
    pub preview_chars_max: usize,
}

impl ParseLimits {
    /// The limits of a single header.
    pub fn header(&self) -> HeaderLimits {
        HeaderLimits { bytes_max: self.header_bytes_max, fields_max: self.header_fields_max }
    }
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            header_bytes_max: 512 * 1024,
            header_fields_max: 2_000,
            addresses_max: 1_000,
            references_max: 100,
            subject_chars_max: 500,
            parts_max: 1_000,
            depth_max: 50,
            preview_bytes_max: 16 * 1024,
            preview_chars_max: 200,
        }
    }
}

/// What a mail says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// `From`, in order; entries that are no address have [`Address::raw`].
    pub from: Vec<Address>,
    /// `Sender`.
    pub sender: Option<Address>,
    /// `Reply-To`.
    pub reply_to: Vec<Address>,
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// The decoded subject on one line; empty where absent.
    pub subject: String,
    /// The subject without reply and forward prefixes, for comparing ([`base_subject()`]).
    pub base_subject: String,
    /// What the outermost prefix of the subject says.
    pub subject_prefix: SubjectPrefix,
    /// The numbers that the subject mentions as `#1042`. They prove nothing (anybody can write them).
    pub mentions: Vec<u64>,
    /// `Date`, where it makes sense.
    pub date: Option<Timestamp>,
    /// `Message-ID`; absent where empty.
    pub message_id: Option<MessageId>,
    /// `In-Reply-To`.
    pub in_reply_to: Vec<MessageId>,
    /// `References`, oldest first, the newest kept where there are too many.
    pub references: Vec<MessageId>,
    /// The headers of a mailing list.
    pub list: ListHeaders,
    /// Whether a machine wrote it.
    pub automatic: Automatic,
    /// The leaves of the MIME tree, in order.
    pub parts: Vec<Part>,
    /// Which of them are the text.
    pub body: Body,
    /// The beginning of the text, on one line.
    pub preview: String,
    /// What is wrong, each once.
    pub defects: Vec<Defect>,
    /// The mail has no readable header or its structure goes beyond the limits: nothing but the raw mail can be trusted to be complete.
    pub unparsed: bool,
}

/// What a mailing list says of itself (RFC 2919, RFC 2369, RFC 8058).
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct ListHeaders {
    /// `List-Id` without brackets and phrase.
    #[n(0)]
    pub id: Option<String>,
    /// `List-Post`, as written.
    #[n(1)]
    pub post: Option<String>,
    /// `List-Unsubscribe`, as written.
    #[n(2)]
    pub unsubscribe: Option<String>,
    /// `List-Unsubscribe-Post` asks for one click.
    #[n(3)]
    pub one_click: bool,
}

/// Fields that may stand only once (RFC 5322, section 3.6), other than `From`.
const SINGLE_FIELDS: [&str; 9] =
    ["Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "Content-Type"];

/// The longest list header kept, in characters.
const LIST_CHARS_MAX: usize = 1_000;

/// Reads a raw mail.
pub fn parse(raw: &[u8], limits: &ParseLimits) -> Parsed {
    let header = Header::read(raw, limits.header());
    let mut parsed = Reader { header: &header, limits, defects: Vec::new() }.read();
    let structure = structure::scan(raw, &header, limits);
    parsed.defects.extend(structure.defects);
    parsed.body = body::select(&structure.root, &structure.parts);
    parsed.parts = structure.parts;
    let preview = preview::read(raw, &parsed.parts, &parsed.body, limits);
    parsed.preview = preview.text;
    parsed.defects.extend(preview.defects);
    let beyond = [Defect::TooManyParts, Defect::TooDeep, Defect::HeaderTooLarge];
    parsed.unparsed = header.fields.is_empty() || parsed.defects.iter().any(|defect| beyond.contains(defect));
    parsed
}

/// Reads the fields of a mail's header.
struct Reader<'a> {
    header: &'a Header<'a>,
    limits: &'a ParseLimits,
    defects: Vec<Defect>,
}

impl Reader<'_> {
    fn read(mut self) -> Parsed {
        self.header_defects();
        let subject = self.header.text("Subject").unwrap_or_default();
        let subject = one_line(&encoded_word::decode(&subject), self.limits.subject_chars_max);
        let base = base_subject(&subject);
        let mut parsed = Parsed {
            from: self.from(),
            sender: self.addresses("Sender").into_iter().next(),
            reply_to: self.addresses("Reply-To"),
            to: self.addresses("To"),
            cc: self.addresses("Cc"),
            base_subject: base.text.to_owned(),
            subject_prefix: base.prefix,
            mentions: mentions(&subject),
            date: self.date(),
            message_id: self.header.text("Message-ID").and_then(|text| MessageId::parse(&text)),
            in_reply_to: self.identifiers("In-Reply-To"),
            references: self.identifiers("References"),
            list: self.list(),
            automatic: automatic::classify(self.header, &subject),
            ..Parsed::default()
        };
        parsed.subject = subject;
        parsed.defects = self.defects;
        parsed
    }

    fn note(&mut self, defect: Defect) {
        if !self.defects.contains(&defect) {
            self.defects.push(defect);
        }
    }

    fn header_defects(&mut self) {
        if self.header.is_cut {
            self.note(Defect::HeaderTooLarge);
        }
        if self.header.is_broken {
            self.note(Defect::HeaderBroken);
        }
        if self.header.all("From").nth(1).is_some() {
            self.note(Defect::FromDoubled);
        }
        if SINGLE_FIELDS.iter().any(|name| self.header.all(name).nth(1).is_some()) {
            self.note(Defect::HeaderDoubled);
        }
    }

    /// The first `From`. Which of two a reader's program shows nobody knows, so the defect is what counts.
    fn from(&mut self) -> Vec<Address> {
        let from = self.addresses("From");
        if from.is_empty() {
            self.note(Defect::FromAbsent);
        } else if from.iter().all(|entry| entry.address.is_none()) {
            self.note(Defect::FromInvalid);
        }
        from
    }

    fn addresses(&mut self, name: &str) -> Vec<Address> {
        let Some(text) = self.header.text(name) else {
            return Vec::new();
        };
        let list = address_list::parse(&text, self.limits.addresses_max);
        if list.is_cut {
            self.note(Defect::HeaderListTooLong);
        }
        list.addresses
    }

    fn date(&mut self) -> Option<Timestamp> {
        let text = self.header.text("Date")?;
        let date = date::parse(&text);
        if date.is_none() {
            self.note(Defect::DateInvalid);
        }
        date
    }

    /// The newest identifiers of a field, oldest first.
    fn identifiers(&mut self, name: &str) -> Vec<MessageId> {
        let text = self.header.text(name).unwrap_or_default();
        let mut newest: Vec<MessageId> = crate::message_id::parse_list(&text, self.limits.references_max + 1);
        if newest.len() > self.limits.references_max {
            newest.remove(0);
            self.note(Defect::HeaderListTooLong);
        }
        newest
    }

    fn list(&self) -> ListHeaders {
        let kept = |name: &str| {
            let text = self.header.text(name)?;
            Some(one_line(&encoded_word::decode(&text), LIST_CHARS_MAX)).filter(|text| !text.is_empty())
        };
        let id = kept("List-Id").map(|text| match text.rsplit_once('<') {
            Some((_, id)) => id.trim_end_matches('>').trim().to_owned(),
            None => text,
        });
        let one_click = kept("List-Unsubscribe-Post")
            .is_some_and(|text| text.replace(' ', "").eq_ignore_ascii_case("List-Unsubscribe=One-Click"));
        ListHeaders { id, post: kept("List-Post"), unsubscribe: kept("List-Unsubscribe"), one_click }
    }
}
