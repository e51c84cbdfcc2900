//! Address headers: `From`, `To`, `Cc`, `Reply-To`, `Sender`.
//!
//! Every entry that stands there comes out: as an address, or as the raw text of what is none. Nothing is guessed, so that no
//! answer goes where nobody asked for one: an angle bracket that never closes makes an invalid entry, not a repaired one.
//!
//! *Standards*: RFC 5322, sections 3.4 and 4.4 (groups, comments, routes, obsolete spaces). *Security*: linear; the number of
//! entries is bounded; encoded words are decoded after the structure was read, so that none can smuggle an address in.

use crate::address::{Address, MailAddress};
use crate::display::one_line;
use crate::encoded_word;

/// The longest display name in characters.
const NAME_CHARS_MAX: usize = 200;
/// The longest raw entry in characters.
const RAW_CHARS_MAX: usize = 500;

/// A list, and whether it was longer than wanted.
pub(crate) struct AddressList {
    pub(crate) addresses: Vec<Address>,
    pub(crate) is_cut: bool,
}

/// Reads an unfolded header value.
pub(crate) fn parse(text: &str, addresses_max: usize) -> AddressList {
    let mut list = AddressList { addresses: Vec::new(), is_cut: false };
    let mut rest = text;
    while !rest.is_empty() {
        let entry = Entry::take(&mut rest);
        let Some(address) = entry.into_address() else {
            continue;
        };
        if list.addresses.len() >= addresses_max {
            list.is_cut = true;
            break;
        }
        list.addresses.push(address);
    }
    list
}

impl Address {
    /// Reads the unfolded value of `From`, `To` and their kin: at most `addresses_max` entries.
    pub fn parse_list(text: &str, addresses_max: usize) -> Vec<Self> {
        parse(text, addresses_max).addresses
    }
}

/// One entry between commas, taken to pieces.
#[derive(Default)]
struct Entry<'a> {
    /// Everything, for showing.
    raw: &'a str,
    /// What stands outside of brackets and comments, quotes kept.
    plain: String,
    /// The same with quotes resolved.
    name: String,
    comment: String,
    /// What stands in angle brackets.
    angle: Option<String>,
    is_angle_open: bool,
    comment_depth: u32,
    is_quoted: bool,
}

impl<'a> Entry<'a> {
    /// Takes one entry off the front, its comma included. The name of a group is left out, its members are entries.
    fn take(rest: &mut &'a str) -> Self {
        let text = *rest;
        let mut entry = Self::default();
        let (mut at, mut start) = (0, 0);
        while let Some(c) = text.get(at..).and_then(|tail| tail.chars().next()) {
            let tail = text.get(at..).unwrap_or("");
            if entry.is_outside() {
                match c {
                    ',' | ';' => break,
                    ':' if entry.angle.is_none() => {
                        entry = Self::default();
                        start = at + 1;
                        at += 1;
                        continue;
                    }
                    _ => {}
                }
            }
            // A comma within an encoded word parts nothing.
            let bytes = match c {
                '=' if entry.comment_depth == 0 => encoded_word::word_bytes(tail).unwrap_or(1),
                '\\' => 1 + tail.chars().nth(1).map_or(0, char::len_utf8),
                c => c.len_utf8(),
            };
            entry.feed(tail.get(..bytes).unwrap_or(tail));
            at += bytes;
        }
        entry.raw = text.get(start..at).unwrap_or("").trim();
        *rest = text.get(at + 1..).unwrap_or("");
        entry
    }

    fn is_outside(&self) -> bool {
        !self.is_quoted && !self.is_angle_open && self.comment_depth == 0
    }

    /// Takes one character, quoted pair or encoded word.
    fn feed(&mut self, piece: &str) {
        match piece {
            "\"" if self.comment_depth == 0 => {
                self.is_quoted = !self.is_quoted;
                self.add(piece, "");
            }
            "(" if !self.is_quoted => {
                self.comment_depth += 1;
            }
            ")" if !self.is_quoted && self.comment_depth > 0 => self.comment_depth -= 1,
            _ if self.comment_depth > 0 => self.comment.push_str(piece.trim_start_matches('\\')),
            "<" if !self.is_quoted && self.angle.is_none() => {
                self.is_angle_open = true;
                self.angle = Some(String::new());
            }
            ">" if !self.is_quoted && self.is_angle_open => self.is_angle_open = false,
            _ => self.add(piece, piece.strip_prefix('\\').unwrap_or(piece)),
        }
    }

    fn add(&mut self, piece: &str, unquoted: &str) {
        match &mut self.angle {
            Some(angle) if self.is_angle_open => angle.push_str(piece),
            _ => {
                self.plain.push_str(piece);
                self.name.push_str(unquoted);
            }
        }
    }

    /// The address, or the raw text where it is none; `None` if nothing stood there.
    fn into_address(self) -> Option<Address> {
        if self.raw.is_empty() {
            return None;
        }
        let (spec, name) = match &self.angle {
            Some(angle) => {
                (angle.as_str(), if self.name.trim().is_empty() { &self.comment } else { &self.name })
            }
            None => (self.plain.as_str(), &self.comment),
        };
        let address = MailAddress::parse(&addr_spec(spec)).ok().filter(|_| self.is_outside());
        let name =
            Some(one_line(&encoded_word::decode(name), NAME_CHARS_MAX)).filter(|name| !name.is_empty());
        let raw = address.is_none().then(|| one_line(&encoded_word::decode(self.raw), RAW_CHARS_MAX));
        Some(Address { name, address, raw })
    }
}

/// The address without an obsolete route (`@relay,@relay:user@host`) and without the spaces that once could stand about `.` and `@`.
fn addr_spec(text: &str) -> String {
    let text = text.trim();
    let text =
        if text.starts_with('@') { text.rsplit_once(':').map_or(text, |(_, spec)| spec) } else { text };
    if text.starts_with('"') || !text.contains(char::is_whitespace) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let is_joint = out.ends_with(['.', '@']) || word.starts_with(['.', '@']);
        if !out.is_empty() && !is_joint {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
