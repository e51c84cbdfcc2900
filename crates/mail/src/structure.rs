//! The MIME structure of a mail, as offsets into its raw octets.
//!
//! One pass over the octets, in which only lines that begin with `--` are looked at: a 30 MB attachment costs a search for line
//! breaks and no copy. A message within (`message/rfc822`) is one leaf and is not looked into, so that a forwarded mail can't
//! make up parts of this one.
//!
//! *Standards*: RFC 2046, section 5.1; numbering as RFC 3501, section 6.4.5.
//!
//! *Security*: parts and depth are bounded; beyond, the rest of the mail is not listed. Work is linear in the
//! octets times the depth.

use crate::defect::Defect;
use crate::headers::{Header, HeaderLimits};
use crate::leaf::{self, Leaf};
use crate::params::Structured;
use crate::parse::ParseLimits;
use crate::part::Part;

/// The longest boundary in octets; RFC 2046 allows 70, some programs write more.
const BOUNDARY_BYTES_MAX: usize = 250;

/// Which kind of multipart a leaf stands in, as far as it decides what is the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// One part after the other; also every kind that nobody knows.
    #[default]
    Mixed,
    /// The same in several forms, the best one last.
    Alternative,
    /// A root, and what belongs to it.
    Related,
    /// Messages.
    Digest,
}

/// A node of the tree.
#[derive(Debug)]
pub(crate) enum Node {
    /// An index into the list of parts.
    Leaf(u32),
    /// A multipart and what it holds.
    Multipart(Kind, Vec<Node>),
}

/// The structure of a mail.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) root: Node,
    pub(crate) parts: Vec<Part>,
    pub(crate) defects: Vec<Defect>,
}

/// A multipart whose end has not come yet.
struct Open {
    kind: Kind,
    boundary: Vec<u8>,
    children: Vec<Node>,
    /// Parts begun so far: the number of the newest.
    count: u32,
    /// The closing boundary was read; what follows is epilogue.
    is_closed: bool,
    /// What it is if its boundary never comes: one text.
    as_leaf: Part,
}

struct Scanner<'a> {
    raw: &'a [u8],
    limits: &'a ParseLimits,
    open: Vec<Open>,
    root: Option<Node>,
    parts: Vec<Part>,
    defects: Vec<Defect>,
    /// The leaf being read: its end is not known yet.
    leaf: Option<Part>,
    /// Leaves and multiparts begun so far.
    begun: usize,
}

/// Reads the structure of a mail whose header is `header`.
pub(crate) fn scan(raw: &[u8], header: &Header<'_>, limits: &ParseLimits) -> Structure {
    let mut scanner = Scanner {
        raw,
        limits,
        open: Vec::new(),
        root: None,
        parts: Vec::new(),
        defects: Vec::new(),
        leaf: None,
        begun: 0,
    };
    let root_start = header.fields.first().map_or(0, |field| field.range.start);
    scanner.begin(header, root_start, header.body_start);
    scanner.lines(header.body_start);
    scanner.finish()
}

impl Scanner<'_> {
    /// Begins the entity whose header was just read: a multipart or a leaf.
    fn begin(&mut self, header: &Header<'_>, header_start: usize, body_start: usize) {
        self.begun += 1;
        let content_type = header.text("Content-Type").map(|text| Structured::parse(&text));
        let kind = self.open.last().map_or(Kind::Mixed, |open| open.kind);
        let path = self.path();
        let leaf = Leaf { header, content_type: content_type.as_ref(), kind, path: &path };
        let part = leaf::read(&leaf, header_start as u64, body_start as u64);
        match content_type.and_then(|value| self.multipart(&value)) {
            Some((kind, boundary)) => {
                self.open.push(Open {
                    kind,
                    boundary,
                    children: Vec::new(),
                    count: 0,
                    is_closed: false,
                    as_leaf: part,
                });
            }
            None => self.leaf = Some(part),
        }
    }

    /// Kind and boundary of the multipart that a content type begins, if it does and can be followed.
    fn multipart(&mut self, value: &Structured) -> Option<(Kind, Vec<u8>)> {
        let kind = match value.value.strip_prefix("multipart/")? {
            "alternative" => Kind::Alternative,
            "related" => Kind::Related,
            "digest" => Kind::Digest,
            _ => Kind::Mixed,
        };
        if self.open.len() >= self.limits.depth_max {
            self.note(Defect::TooDeep);
            return None;
        }
        let boundary = value.label("boundary").unwrap_or_default();
        let boundary = boundary.trim_end();
        if boundary.is_empty() || boundary.len() > BOUNDARY_BYTES_MAX {
            self.note(Defect::BoundaryMissing);
            return None;
        }
        Some((kind, boundary.as_bytes().to_vec()))
    }

    /// Looks at every line from `at` on that may be a boundary.
    fn lines(&mut self, mut at: usize) {
        while let Some(start) = self.next_dashes(at) {
            let end = line_end(self.raw, start);
            at = match self.delimiter(start, end) {
                Some((level, is_closing)) => self.cross(level, is_closing, start, end),
                None => end,
            };
            if self.open.is_empty() {
                break;
            }
        }
    }

    /// Where the next line begins that starts with `--`.
    fn next_dashes(&self, at: usize) -> Option<usize> {
        if self.open.is_empty() {
            return None;
        }
        let rest = self.raw.get(at..)?;
        if rest.starts_with(b"--") && (at == 0 || self.raw.get(at - 1) == Some(&b'\n')) {
            return Some(at);
        }
        memchr::memmem::find(rest, b"\n--").map(|found| at + found + 1)
    }

    /// Which open multipart the line delimits, innermost first, and whether it closes it.
    fn delimiter(&self, start: usize, end: usize) -> Option<(usize, bool)> {
        let line = self.raw.get(start + 2..end)?.trim_ascii_end();
        if line.len() > BOUNDARY_BYTES_MAX + 2 {
            return None;
        }
        let level = |text: &[u8]| self.open.iter().rposition(|open| open.boundary == text);
        match level(line) {
            Some(level) => Some((level, false)),
            None => level(line.strip_suffix(b"--")?).map(|level| (level, true)),
        }
    }

    /// Ends whatever is open within `level` and begins its next part. Says where to go on.
    fn cross(&mut self, level: usize, is_closing: bool, start: usize, end: usize) -> usize {
        self.end_leaf(body_end(self.raw, start));
        while self.open.len() > level + 1 {
            self.close_innermost(body_end(self.raw, start));
        }
        let Some(open) = self.open.last_mut() else {
            return end;
        };
        if is_closing {
            open.is_closed = true;
            return end;
        }
        if self.begun >= self.limits.parts_max {
            self.note(Defect::TooManyParts);
            return self.raw.len();
        }
        open.is_closed = false;
        open.count += 1;
        self.begin_part(end)
    }

    /// Reads the header of a part at `at` and begins it. Says where its body begins.
    fn begin_part(&mut self, at: usize) -> usize {
        let limits = HeaderLimits {
            bytes_max: self.limits.header_bytes_max,
            fields_max: self.limits.header_fields_max,
        };
        let rest = self.raw.get(at..).unwrap_or_default();
        let header = Header::read(rest, limits);
        let body_start = at + header.body_start;
        self.begin(&header, at, body_start);
        body_start
    }

    /// Ends the leaf being read, if there is one.
    fn end_leaf(&mut self, end: usize) {
        if let Some(part) = self.leaf.take() {
            let leaf = self.list(part, end);
            self.hand_out(leaf);
        }
    }

    /// Puts a leaf that ends at `end` on the list.
    fn list(&mut self, mut part: Part, end: usize) -> Node {
        part.body_end = (end as u64).max(part.body_start);
        self.parts.push(part);
        Node::Leaf(self.parts.len() as u32 - 1)
    }

    /// Closes the innermost multipart, whose octets end at `end`.
    fn close_innermost(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let node = if open.count == 0 {
            self.note(Defect::BoundaryMissing);
            self.list(open.as_leaf, end)
        } else {
            if !open.is_closed {
                self.note(Defect::Truncated);
            }
            Node::Multipart(open.kind, open.children)
        };
        self.hand_out(node);
    }

    /// Gives a finished node to the multipart around it.
    fn hand_out(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(outer) => outer.children.push(node),
            None => self.root = Some(node),
        }
    }

    /// The IMAP number of the leaf that begins: the numbers of the multiparts around it (the outermost has none).
    fn path(&self) -> Vec<u32> {
        if self.open.is_empty() { vec![1] } else { self.open.iter().map(|open| open.count).collect() }
    }

    fn note(&mut self, defect: Defect) {
        if !self.defects.contains(&defect) {
            self.defects.push(defect);
        }
    }

    fn finish(mut self) -> Structure {
        let end = self.raw.len();
        self.end_leaf(end);
        while !self.open.is_empty() {
            self.close_innermost(end);
        }
        // Cut off by ourselves, not on the way.
        if self.defects.contains(&Defect::TooManyParts) {
            self.defects.retain(|defect| *defect != Defect::Truncated);
        }
        let root = self.root.unwrap_or(Node::Multipart(Kind::Mixed, Vec::new()));
        Structure { root, parts: self.parts, defects: self.defects }
    }
}

/// Where the line at `start` ends, its line break included.
fn line_end(raw: &[u8], start: usize) -> usize {
    let rest = raw.get(start..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(raw.len(), |end| start + end + 1)
}

/// Where the body before the boundary line at `start` ends: the line break before it belongs to the boundary.
fn body_end(raw: &[u8], start: usize) -> usize {
    match raw.get(..start) {
        Some([.., b'\r', b'\n']) => start - 2,
        Some([.., b'\n']) => start - 1,
        _ => start,
    }
}
