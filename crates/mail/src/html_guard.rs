//! Whether HTML can be taken to pieces at a fair price.
//!
//! A tree builder after the HTML standard is not linear: it walks the open elements at each tag, opens unclosed formatting
//! elements again in each block, and looks for doubles among the attributes of a tag. This is a cheap look beforehand that
//! counts what would make it dear (case 23: 100,000 nested elements, 20,000 attributes, formatting that never closes).
//!
//! *Security*: it may count too much, never much too little: every `<` before a letter counts as a tag, be it in a comment, a
//! style sheet or an attribute, and an end tag takes off only what was opened under the same name.

use std::collections::HashMap;

use crate::sanitise::SanitiseLimits;

/// Elements that never hold any.
const VOID: [&[u8]; 14] = [
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param",
    b"source", b"track", b"wbr",
];

/// Elements that the tree builder opens again after each block in which they were not closed.
const FORMATTING: [&[u8]; 14] = [
    b"a", b"b", b"big", b"code", b"em", b"font", b"i", b"nobr", b"s", b"small", b"strike", b"strong", b"tt",
    b"u",
];

/// Element names told apart; more different ones than HTML has come from nobody who means well.
const NAMES_MAX: usize = 1_000;
/// Octets of a name that are looked at; the longest name of HTML has ten.
const NAME_BYTES_MAX: usize = 32;
/// Separators counted once a tag seems to begin within a tag, where attributes can no longer be told for certain.
const DOUBTFUL_SEPARATORS_MAX: usize = 20_000;

/// Whether the HTML stays within the limits.
pub(crate) fn is_affordable(html: &str, limits: &SanitiseLimits) -> bool {
    html.len() <= limits.html_bytes_max && Guard::new(limits).walk(html.as_bytes()).is_some()
}

struct Guard<'a> {
    limits: &'a SanitiseLimits,
    tags: usize,
    nesting: Nesting<'a>,
    attributes: Attributes,
}

impl<'a> Guard<'a> {
    fn new(limits: &'a SanitiseLimits) -> Self {
        let nesting = Nesting { open: HashMap::new(), depth: 0, formatting: 0, work: 0, formatting_work: 0 };
        Self { limits, tags: 0, nesting, attributes: Attributes::default() }
    }

    /// `None` as soon as a limit is passed.
    fn walk(&mut self, html: &'a [u8]) -> Option<()> {
        for (at, &byte) in html.iter().enumerate() {
            let after = html.get(at + 1..).unwrap_or_default();
            match (byte, after) {
                (b'<', [letter, ..]) if letter.is_ascii_alphabetic() => self.start(tag_name(after))?,
                (b'<', [b'/', name @ ..]) if name.first().is_some_and(u8::is_ascii_alphabetic) => {
                    self.nesting.end(tag_name(name));
                }
                _ => {}
            }
            let attributes = self.attributes.feed(byte);
            (attributes <= self.limits.attributes_max).then_some(())?;
            (self.attributes.doubtful <= DOUBTFUL_SEPARATORS_MAX).then_some(())?;
        }
        Some(())
    }

    fn start(&mut self, name: &'a [u8]) -> Option<()> {
        self.tags += 1;
        self.nesting.start(name);
        self.attributes.start();
        let is_fair = self.tags <= self.limits.tags_max
            && self.nesting.open.len() <= NAMES_MAX
            && self.nesting.work <= self.limits.nesting_work_max
            && self.nesting.formatting_work <= self.limits.formatting_work_max;
        is_fair.then_some(())
    }
}

/// Elements opened and not closed yet, by name.
struct Nesting<'a> {
    open: HashMap<&'a [u8], usize>,
    depth: usize,
    formatting: usize,
    /// Sum of the depths at all tags.
    work: usize,
    /// Sum of the open formatting elements at all tags.
    formatting_work: usize,
}

impl<'a> Nesting<'a> {
    fn start(&mut self, name: &'a [u8]) {
        if is_one_of(name, &VOID) {
            // No depth, but the formatting elements are opened again before it.
            self.formatting_work += self.formatting;
            return;
        }
        *self.open.entry(name).or_default() += 1;
        self.depth += 1;
        self.formatting += usize::from(is_one_of(name, &FORMATTING));
        self.work += self.depth;
        self.formatting_work += self.formatting;
    }

    fn end(&mut self, name: &[u8]) {
        // An end tag in another case than the start tag takes nothing off: too much counted, seldom.
        if let Some(open) = self.open.get_mut(name).filter(|open| **open > 0) {
            *open -= 1;
            self.depth -= 1;
            self.formatting -= usize::from(is_one_of(name, &FORMATTING));
        }
    }
}

fn is_one_of(name: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A tag's name, cut where names of HTML never get to.
fn tag_name(text: &[u8]) -> &[u8] {
    let text = text.get(..NAME_BYTES_MAX).unwrap_or(text);
    let end = text.iter().position(|byte| is_separator(*byte) || *byte == b'>').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0C' | b'\r' | b'/')
}

/// Counts the attributes of a tag as the tokenizer of the HTML standard (section 13.2.5) would find them.
#[derive(Default)]
struct Attributes {
    state: State,
    count: usize,
    /// Separators seen since the first tag that began within a tag.
    doubtful: usize,
    is_doubtful: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    TagName,
    BeforeName,
    /// At the first octet of an attribute's name.
    NewName,
    Name,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
}

impl Attributes {
    /// A tag begins, or seems to.
    fn start(&mut self) {
        if self.state == State::Text {
            self.state = State::TagName;
            self.count = 0;
        } else {
            self.is_doubtful = true;
        }
    }

    /// Takes one octet and says how many attributes the tag at hand has so far.
    fn feed(&mut self, byte: u8) -> usize {
        self.doubtful +=
            usize::from(self.is_doubtful && (is_separator(byte) || matches!(byte, b'"' | b'\'')));
        self.state = self.next(byte);
        self.count += usize::from(self.state == State::NewName);
        self.count
    }

    fn next(&self, byte: u8) -> State {
        let is_space = is_separator(byte) && byte != b'/';
        match (self.state, byte) {
            (State::Quoted(quote), byte) if byte == quote => State::BeforeName,
            (State::Quoted(quote), _) => State::Quoted(quote),
            (State::Text, _) | (_, b'>') => State::Text,
            (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
            (State::BeforeValue, _) if is_space => State::BeforeValue,
            (State::Unquoted, _) if is_space => State::BeforeName,
            (State::BeforeValue | State::Unquoted, _) => State::Unquoted,
            (State::NewName | State::Name | State::AfterName, b'=') => State::BeforeValue,
            (State::NewName | State::Name | State::AfterName, _) if is_space => State::AfterName,
            (_, b'/') => State::BeforeName,
            (State::TagName | State::BeforeName, _) if is_space => State::BeforeName,
            (State::TagName, _) => State::TagName,
            (State::BeforeName | State::AfterName, _) => State::NewName,
            (State::NewName | State::Name, _) => State::Name,
        }
    }
}
