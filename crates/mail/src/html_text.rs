//! HTML to plain text: for previews, and as the text of a mail that has none.
//!
//! Blocks become lines, list items get a dash, white space collapses; style sheets, scripts and the head vanish. What is beyond
//! the limits is not tokenised but stripped of everything between angle brackets.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::html_guard::is_affordable;
use crate::sanitise::SanitiseLimits;

/// Turns HTML into text: lines parted by `\n`, at most one empty line in a row.
pub fn html_to_text(html: &str, limits: &SanitiseLimits) -> String {
    if !is_affordable(html, limits) {
        return strip_tags(html);
    }
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(TextSink::default(), TokenizerOpts::default());
    // The sink never asks for a pause, so one run takes all.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.text.into_inner().finish()
}

/// Drops everything between `<` and `>`, and nothing else.
pub(crate) fn strip_tags(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((text, tag)) = rest.split_once('<') {
        out.push_str(text);
        out.push(' ');
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

#[derive(Default)]
struct TextSink {
    text: RefCell<TextBuilder>,
}

impl TokenSink for TextSink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut text = self.text.borrow_mut();
        match token {
            Token::CharacterTokens(characters) => text.characters(&characters),
            Token::TagToken(tag) => return text.tag(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Text under construction.
#[derive(Default)]
struct TextBuilder {
    out: String,
    /// Line breaks owed before the next word: 0, 1 or 2.
    breaks: usize,
    space: bool,
    /// The element whose content is not shown, while within it.
    hidden: Option<&'static str>,
}

impl TextBuilder {
    fn characters(&mut self, characters: &str) {
        if self.hidden.is_some() {
            return;
        }
        for c in characters.chars() {
            if c.is_whitespace() && c != '\u{A0}' {
                self.space = true;
            } else {
                self.gap();
                self.out.push(if c == '\u{A0}' { ' ' } else { c });
            }
        }
    }

    /// Writes the line breaks or the space owed.
    fn gap(&mut self) {
        let (breaks, space) = (std::mem::take(&mut self.breaks), std::mem::take(&mut self.space));
        if self.out.is_empty() {
            return;
        }
        if breaks > 0 {
            self.out.extend(std::iter::repeat_n('\n', breaks));
        } else if space {
            self.out.push(' ');
        }
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if let Some(hidden) = self.hidden {
            if tag.kind == TagKind::EndTag && name == hidden {
                self.hidden = None;
            }
            return TokenSinkResult::Continue;
        }
        match name {
            "br" => self.breaks = (self.breaks + 1).min(2),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "ul" | "ol" | "table" | "hr" => {
                self.breaks = 2;
            }
            "div" | "tr" | "section" | "article" | "header" | "footer" | "dt" | "dd" | "pre" | "address"
            | "li" => {
                self.breaks = self.breaks.max(1);
            }
            "td" | "th" => self.space = true,
            _ => {}
        }
        if tag.kind == TagKind::StartTag { self.start(name) } else { TokenSinkResult::Continue }
    }

    /// What opens beyond a line: a list item, or content that the tokenizer must read in another way.
    fn start(&mut self, name: &str) -> TokenSinkResult<()> {
        match name {
            "li" => {
                self.gap();
                self.out.push_str("- ");
            }
            "script" => return self.hide("script", RawKind::ScriptData),
            "style" => return self.hide("style", RawKind::Rawtext),
            "title" => return self.hide("title", RawKind::Rcdata),
            "textarea" => return TokenSinkResult::RawData(RawKind::Rcdata),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn hide(&mut self, name: &'static str, kind: RawKind) -> TokenSinkResult<()> {
        self.hidden = Some(name);
        TokenSinkResult::RawData(kind)
    }

    fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out
    }
}
