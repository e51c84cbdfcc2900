//! The mail that is answered or handed on, below the new text.
//!
//! *Security*: all of it is a stranger's. As text it stays text; as HTML it is sanitised, so it can't close the element
//! it stands in. It is bounded: a conversation of years would otherwise grow with each answer.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Original, Quoted};
use crate::display::one_line;
use crate::sanitise::{SanitiseLimits, escape, sanitise_for_sending};

/// How much of an earlier mail is repeated at most.
struct Bounds {
    text_bytes: usize,
    text_lines: usize,
    /// HTML can't be cut within; a longer one is repeated as text.
    html_bytes: usize,
}

/// An answer repeats what it answers for orientation only.
const REPLY: Bounds = Bounds { text_bytes: 64 * 1024, text_lines: 1_000, html_bytes: 256 * 1024 };
/// What is handed on shall be there whole, short of the absurd.
const FORWARD: Bounds = Bounds { text_bytes: 1024 * 1024, text_lines: 50_000, html_bytes: 2 * 1024 * 1024 };
/// The longest list of recipients that a forwarded mail's block names, in characters.
const FIELD_CHARS_MAX: usize = 2_000;
/// What stands where an earlier mail was cut.
const CUT: &str = "[The rest of the earlier mail is left out because of its length.]";
/// What begins a forwarded mail; most mail programs know it.
const FORWARDED: &str = "---------- Forwarded message ---------";
/// The look of a quotation in most mail programs.
const BLOCKQUOTE: &str =
    "<blockquote type=\"cite\" style=\"margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex\">";

/// The quotation in the text part; lines end in `\n`.
pub(super) fn to_text(quoted: &Quoted) -> String {
    let mut out = String::new();
    match quoted {
        Quoted::Reply(original) => {
            out.push_str(&attribution(original));
            out.push('\n');
            for line in cut(&original.text, &REPLY) {
                let space = if line.is_empty() || line.starts_with('>') { "" } else { " " };
                let _ = writeln!(out, ">{space}{line}");
            }
        }
        Quoted::Forward(original) => {
            for line in block(original) {
                out.push_str(&line);
                out.push('\n');
            }
            out.push('\n');
            for line in cut(&original.text, &FORWARD) {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

/// The quotation in the HTML part. `has_part` says which Content-IDs come along.
pub(super) fn to_html(quoted: &Quoted, has_part: &dyn Fn(&str) -> bool) -> String {
    match quoted {
        Quoted::Reply(original) => format!(
            "<div>{}</div>\n{BLOCKQUOTE}\n{}\n</blockquote>\n",
            escape(&attribution(original)),
            content(original, &REPLY, has_part)
        ),
        Quoted::Forward(original) => {
            let block: Vec<String> = block(original).iter().map(|line| escape(line)).collect();
            let content = content(original, &FORWARD, has_part);
            format!("<div>{}</div>\n<br>\n<div>\n{content}\n</div>\n", block.join("<br>\n"))
        }
    }
}

/// The sanitised HTML, or the text where there is none that can be used.
fn content(original: &Original, bounds: &Bounds, has_part: &dyn Fn(&str) -> bool) -> String {
    let html = original.html.as_deref().filter(|html| html.len() <= bounds.html_bytes);
    html.and_then(|html| sanitise_for_sending(html, &SanitiseLimits::default(), has_part)).unwrap_or_else(
        || {
            let lines: Vec<String> = cut(&original.text, bounds).iter().map(|line| escape(line)).collect();
            lines.join("<br>\n")
        },
    )
}

/// `On Sat, 21 Nov 2026 at 09:30 UTC, Anna wrote:`, which mail programs know as the beginning of a quotation.
fn attribution(original: &Original) -> String {
    let from = one_line(&original.from, FIELD_CHARS_MAX);
    let from = if from.is_empty() { "somebody" } else { &from };
    match original.date {
        Some(date) => format!("On {}, {from} wrote:", moment(date)),
        None => format!("{from} wrote:"),
    }
}

fn moment(date: Timestamp) -> String {
    date.strftime("%a, %d %b %Y at %H:%M UTC").to_string()
}

/// The lines that say what mail is handed on.
fn block(original: &Original) -> Vec<String> {
    let field = |name: &str, value: &str| {
        let value = one_line(value, FIELD_CHARS_MAX);
        (!value.is_empty()).then(|| format!("{name}: {value}"))
    };
    let fields = [
        field("From", &original.from),
        original.date.map(|date| format!("Date: {}", moment(date))),
        field("Subject", &original.subject),
        field("To", &original.to),
        field("Cc", &original.cc),
    ];
    std::iter::once(FORWARDED.to_owned()).chain(fields.into_iter().flatten()).collect()
}

/// The lines of a text, at most as many as the bounds allow, and a note where there were more.
fn cut<'a>(text: &'a str, bounds: &Bounds) -> Vec<&'a str> {
    let text = text.trim_end();
    let shown = text.get(..text.floor_char_boundary(bounds.text_bytes)).unwrap_or(text);
    let mut lines: Vec<&str> = shown.lines().take(bounds.text_lines + 1).map(str::trim_end).collect();
    if shown.len() < text.len() || lines.len() > bounds.text_lines {
        lines.truncate(bounds.text_lines);
        lines.push(CUT);
    }
    lines
}
