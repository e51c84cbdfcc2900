//! Which leaves of a mail are its text.
//!
//! *Standards*: the walk of RFC 8621, section 4.1.4 (JMAP), reduced to text: pictures are found by their Content-ID or offered
//! beside the text.

use crate::part::{Body, Disposition, Part};
use crate::structure::{Kind, Node};

/// Chooses the body. `depth` of the tree is bounded by the scanner.
pub(crate) fn select(root: &Node, parts: &[Part]) -> Body {
    let mut walk = Walk { parts, text: Vec::new(), html: Vec::new() };
    match root {
        Node::Leaf(_) => walk.nodes(std::slice::from_ref(root), Kind::Mixed, Wanted::default()),
        Node::Multipart(kind, children) => {
            let wanted = Wanted { in_alternative: *kind == Kind::Alternative, ..Wanted::default() };
            walk.nodes(children, *kind, wanted);
        }
    }
    let is_html =
        |index: &u32| walk.parts.get(*index as usize).is_some_and(|part| part.content_type == "text/html");
    if !walk.html.iter().any(is_html) {
        walk.html.clear();
    }
    Body { text_parts: walk.text, html_parts: walk.html }
}

struct Walk<'a> {
    parts: &'a [Part],
    text: Vec<u32>,
    html: Vec<u32>,
}

/// Which of the two bodies the leaves at hand go into.
#[derive(Clone, Copy)]
struct Wanted {
    text: bool,
    html: bool,
    /// Some multipart around is an alternative.
    in_alternative: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { text: true, html: true, in_alternative: false }
    }
}

impl Walk<'_> {
    fn nodes(&mut self, nodes: &[Node], kind: Kind, mut wanted: Wanted) {
        let (text_before, html_before) = (self.text.len(), self.html.len());
        for (position, node) in nodes.iter().enumerate() {
            match node {
                Node::Multipart(inner, children) => {
                    let in_alternative = wanted.in_alternative || *inner == Kind::Alternative;
                    self.nodes(children, *inner, Wanted { in_alternative, ..wanted });
                }
                Node::Leaf(index) => self.leaf(*index, position, kind, &mut wanted),
            }
        }
        if kind == Kind::Alternative && wanted.text && wanted.html {
            self.lend(text_before, html_before);
        }
    }

    fn leaf(&mut self, index: u32, position: usize, kind: Kind, wanted: &mut Wanted) {
        let Some(part) = self.parts.get(index as usize) else {
            return;
        };
        let is_html = part.content_type == "text/html";
        let is_text = is_html || part.content_type == "text/plain";
        // Within a related only the root is text; a named text that does not come first is a file.
        let is_body = part.disposition != Disposition::Attachment
            && (position == 0 || kind != Kind::Related && part.name.is_none());
        if !is_text || !is_body {
            return;
        }
        if kind == Kind::Alternative {
            if is_html {
                self.html.push(index);
            } else {
                self.text.push(index);
            }
            return;
        }
        if wanted.in_alternative {
            if is_html {
                wanted.text = false;
            } else {
                wanted.html = false;
            }
        }
        if wanted.text {
            self.text.push(index);
        }
        if wanted.html {
            self.html.push(index);
        }
    }

    /// An alternative that has only one form lends it to the other body.
    fn lend(&mut self, text_before: usize, html_before: usize) {
        let text_new = self.text.get(text_before..).unwrap_or_default().to_vec();
        let html_new = self.html.get(html_before..).unwrap_or_default().to_vec();
        if text_new.is_empty() {
            self.text.extend(html_new);
        } else if html_new.is_empty() {
            self.html.extend(text_new);
        }
    }
}
