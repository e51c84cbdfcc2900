//! Markdown to HTML for mail.
//!
//! A line break that the author typed is one in the mail, as people expect who write mail and not documents. A bare web
//! address becomes a link.
//!
//! *Standards*: `CommonMark`, with tables and strikethrough of GitHub's dialect.
//!
//! *Security*: HTML within Markdown is text and gets escaped. Links lead to `http`, `https` and `mailto` only; pictures
//! come from the web or from parts of the same mail. What leads elsewhere keeps its text and loses the link.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html};

/// Where a link may lead.
const LINK_SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];
/// Where a picture may come from, beside the mail itself.
const IMAGE_SCHEMES: [&str; 2] = ["http://", "https://"];
/// What a bare address in a text begins with.
const BARE_SCHEMES: [&str; 2] = ["http://", "https://"];

/// The events of a Markdown text, neighbouring texts joined.
pub(super) fn events(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    TextMergeStream::new(Parser::new_ext(markdown, options))
}

/// Whether a link may lead there.
pub(super) fn is_link(url: &str) -> bool {
    begins_with(url, &LINK_SCHEMES)
}

/// The HTML of a Markdown text: a fragment. `has_part` says which Content-IDs come along.
pub(super) fn to_html(markdown: &str, has_part: &dyn Fn(&str) -> bool) -> String {
    let mut filter = Filter { has_part, open: Vec::new(), is_code: false, out: Vec::new() };
    events(markdown).for_each(|event| filter.take(event));
    let mut out = String::new();
    html::push_html(&mut out, filter.out.into_iter());
    out
}

/// Lets through what is safe in a mail.
struct Filter<'a, 'b> {
    has_part: &'b dyn Fn(&str) -> bool,
    /// The links and pictures around, and whether each was let through.
    open: Vec<bool>,
    is_code: bool,
    out: Vec<Event<'a>>,
}

impl<'a> Filter<'a, '_> {
    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Start(Tag::Link { link_type, ref dest_url, .. }) => {
                let is_safe = link_type == LinkType::Email || is_link(dest_url);
                self.start(event, is_safe);
            }
            Event::Start(Tag::Image { ref dest_url, .. }) => {
                let is_safe = self.is_image(dest_url);
                self.start(event, is_safe);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if self.open.pop() == Some(true) {
                    self.out.push(event);
                }
            }
            Event::Start(Tag::HtmlBlock) => self.out.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => self.out.push(Event::End(TagEnd::Paragraph)),
            Event::Html(text) | Event::InlineHtml(text) => self.out.push(Event::Text(text)),
            Event::SoftBreak => self.out.push(Event::HardBreak),
            Event::Text(text) if self.open.is_empty() && !self.is_code => self.link_addresses(text),
            event => {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => self.is_code = true,
                    Event::End(TagEnd::CodeBlock) => self.is_code = false,
                    _ => {}
                }
                self.out.push(event);
            }
        }
    }

    fn start(&mut self, event: Event<'a>, is_safe: bool) {
        self.open.push(is_safe);
        if is_safe {
            self.out.push(event);
        }
    }

    fn is_image(&self, url: &str) -> bool {
        match url.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("cid:") => {
                url.get(4..).is_some_and(|id| (self.has_part)(id))
            }
            _ => begins_with(url, &IMAGE_SCHEMES),
        }
    }

    /// Makes links of the bare web addresses in a text.
    fn link_addresses(&mut self, text: CowStr<'a>) {
        let mut rest: &str = &text;
        let Some((mut start, mut end)) = bare_address(rest) else {
            return self.out.push(Event::Text(text));
        };
        loop {
            let url = CowStr::from(rest.get(start..end).unwrap_or_default().to_owned());
            let before = rest.get(..start).unwrap_or_default().to_owned();
            let link = Tag::Link {
                link_type: LinkType::Autolink,
                dest_url: url.clone(),
                title: CowStr::Borrowed(""),
                id: CowStr::Borrowed(""),
            };
            self.out.extend([Event::Text(before.into()), Event::Start(link), Event::Text(url)]);
            self.out.push(Event::End(TagEnd::Link));
            rest = rest.get(end..).unwrap_or_default();
            match bare_address(rest) {
                Some(next) => (start, end) = next,
                None => break,
            }
        }
        self.out.push(Event::Text(rest.to_owned().into()));
    }
}

/// Where the first bare web address stands: up to white space or what no address has, without the punctuation of the
/// sentence.
fn bare_address(text: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    loop {
        let start = at + text.get(at..)?.find("http")?;
        let tail = text.get(start..)?;
        let is_word = text.get(..start)?.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        // The scheme and the host's first character come first: only then is the rest looked at, so all of it is once.
        let has_host = |scheme: &&str| {
            tail.strip_prefix(*scheme).is_some_and(|host| host.starts_with(char::is_alphanumeric))
        };
        if is_word && BARE_SCHEMES.iter().any(has_host) {
            let address = tail.split(|c: char| c.is_whitespace() || "<>\"".contains(c)).next()?;
            return Some((start, start + trim_sentence(address).len()));
        }
        at = start + "http".len();
    }
}

/// Without the punctuation at the end; closing parentheses stay where one was opened.
fn trim_sentence(address: &str) -> &str {
    let is_open = address.contains('(');
    address.trim_end_matches(|c: char| ".,;:!?'*_".contains(c) || c == ')' && !is_open)
}

fn begins_with(url: &str, schemes: &[&str]) -> bool {
    schemes
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}
