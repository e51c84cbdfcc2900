//! Markdown to plain text: as a person would type it in a mail without markup.
//!
//! Paragraphs, lists, quotes and code stay as they look in Markdown; `[text](address)` becomes `text <address>`;
//! escapes and hashes of headings vanish; emphasis is `_so_` and `*so*`.
//!
//! *Security*: what stands before each line is bounded, so that a line of thousand `>` can't make each line after it as
//! long.

use std::iter;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::markdown::{events, is_link};

/// Lists and quotes within each other that still move a line to the right.
const INDENTS_MAX: usize = 12;
/// A horizontal line.
const RULE: &str = "----------";

/// The plain text of a Markdown text; lines end in `\n`, the last one too.
pub(super) fn to_text(markdown: &str) -> String {
    let mut writer = Writer::default();
    events(markdown).for_each(|event| writer.take(event));
    writer.end_line();
    writer.out
}

/// What a list item, quote or code block puts before its lines.
struct Indent {
    /// Before the first line; taken once.
    first: Option<String>,
    rest: &'static str,
    /// Columns that `rest` is wide beyond its own length: a number as wide as the item's.
    spaces: usize,
}

#[derive(Default)]
struct Writer {
    out: String,
    indents: Vec<Indent>,
    /// The number of the next item, for each list around; `None` for one with dashes.
    lists: Vec<Option<u64>>,
    /// The address of each link around, and where its text begins.
    links: Vec<(String, usize)>,
    /// The current line has begun.
    is_open: bool,
    /// An empty line is owed before the next block.
    gap: bool,
    /// Cells of the current row so far.
    cells: usize,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.lines(&text),
            Event::Code(code) => {
                self.text("`");
                self.lines(&code);
                self.text("`");
            }
            Event::SoftBreak | Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.begin_block();
                self.text(RULE);
                self.end_block();
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock | Tag::Table(_) => self.begin_block(),
            Tag::BlockQuote(_) => self.start_indented("> "),
            // A fence has its own way to stand out; four spaces do for both.
            Tag::CodeBlock(_) => self.start_indented("    "),
            Tag::List(first) => {
                self.begin_block();
                self.lists.push(first);
            }
            Tag::Item => self.start_item(),
            Tag::TableCell => self.start_cell(),
            Tag::Emphasis => self.text("_"),
            Tag::Strong => self.text("*"),
            Tag::Strikethrough => self.text("~"),
            Tag::Link { dest_url, .. } => self.links.push((dest_url.to_string(), self.out.len())),
            Tag::Image { dest_url, .. } => {
                self.text("[");
                self.links.push((dest_url.to_string(), self.out.len()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock | TagEnd::Table => self.end_block(),
            TagEnd::BlockQuote(_) | TagEnd::CodeBlock => {
                self.end_block();
                self.indents.pop();
            }
            TagEnd::List(_) => {
                self.end_block();
                self.lists.pop();
            }
            TagEnd::Item => self.end_item(),
            TagEnd::TableHead | TagEnd::TableRow => {
                self.end_line();
                self.cells = 0;
            }
            TagEnd::Emphasis => self.text("_"),
            TagEnd::Strong => self.text("*"),
            TagEnd::Strikethrough => self.text("~"),
            TagEnd::Link => self.end_link(""),
            TagEnd::Image => self.end_link("]"),
            _ => {}
        }
    }

    /// Begins a block whose lines all begin so.
    fn start_indented(&mut self, rest: &'static str) {
        self.begin_block();
        self.indents.push(Indent { first: None, rest, spaces: 0 });
    }

    fn start_cell(&mut self) {
        if self.cells > 0 {
            self.text(" | ");
        }
        self.cells += 1;
    }

    fn start_item(&mut self) {
        self.begin_block();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        };
        self.indents.push(Indent { spaces: marker.len(), first: Some(marker), rest: "" });
    }

    /// Ends an item; an empty one shows its marker at least.
    fn end_item(&mut self) {
        if self.indents.last().is_some_and(|indent| indent.first.is_some()) {
            self.begin_line();
        }
        self.end_line();
        self.indents.pop();
    }

    /// Writes the address behind a link's text, unless it is the text.
    fn end_link(&mut self, close: &str) {
        let Some((url, start)) = self.links.pop() else { return };
        let is_shown =
            self.out.get(start..).is_some_and(|text| url.strip_prefix("mailto:").unwrap_or(&url) == text);
        self.text(close);
        if is_link(&url) && !is_shown {
            self.text(" <");
            self.text(&url);
            self.text(">");
        }
    }

    /// Writes a text that may have several lines.
    fn lines(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.begin_line();
                self.end_line();
            }
            if !line.is_empty() {
                self.text(line);
            }
        }
    }

    /// Writes a piece of the current line.
    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.begin_line();
            self.out.push_str(text);
        }
    }

    fn begin_line(&mut self) {
        if std::mem::replace(&mut self.is_open, true) {
            return;
        }
        for indent in self.indents.iter_mut().take(INDENTS_MAX) {
            if let Some(first) = indent.first.take() {
                self.out.push_str(&first);
            } else {
                self.out.push_str(indent.rest);
                self.out.extend(iter::repeat_n(' ', indent.spaces));
            }
        }
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
        }
    }

    fn begin_block(&mut self) {
        self.end_line();
        // Within an item whose marker is not written yet there is nothing to stand apart from.
        if std::mem::take(&mut self.gap) && self.indents.last().is_none_or(|indent| indent.first.is_none()) {
            self.begin_line();
            self.end_line();
        }
    }

    fn end_block(&mut self) {
        self.end_line();
        self.gap = true;
    }
}
