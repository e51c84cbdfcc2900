//! HTML of strangers made fit to be shown. The raw mail keeps what it was; this is done each time it is shown.
//!
//! Three steps, each simple: a look whether the HTML can be afforded (`html_guard`), cleaning by an allow-list (ammonia),
//! and a pass over the clean result that points inline images to their parts, holds back remote ones and marks links that
//! lie (`html_links`).
//!
//! *Security*: no script, style sheet, form, frame, event handler or relative address; links open elsewhere and tell
//! nothing of where they were clicked. It is still to be shown in a sandbox with a strict policy: this is the first
//! fence, not the only one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use crate::html_guard::is_affordable;
use crate::html_links;
use crate::html_text::strip_tags;

/// How much HTML is taken to pieces. Beyond, the mail is shown as escaped text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SanitiseLimits {
    /// Octets of HTML.
    pub html_bytes_max: usize,
    /// Tags.
    pub tags_max: usize,
    /// Attributes in one tag.
    pub attributes_max: usize,
    /// The sum, over all tags, of the elements open at it: what a tree builder may have to walk.
    pub nesting_work_max: usize,
    /// The sum, over all tags, of the formatting elements open at it: what a tree builder may have to open again.
    pub formatting_work_max: usize,
}

impl Default for SanitiseLimits {
    fn default() -> Self {
        Self {
            html_bytes_max: 2 * 1024 * 1024,
            tags_max: 100_000,
            attributes_max: 200,
            nesting_work_max: 10_000_000,
            formatting_work_max: 500_000,
        }
    }
}

/// HTML that can be shown inside a sandboxed frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SanitisedHtml {
    /// The HTML: a fragment, no `<html>` or `<body>`.
    pub html: String,
    /// Images of other hosts that were held back; their address is in `data-remote-src`.
    pub remote_images: u32,
    /// Links whose text names another host than they lead to; the true one is in `data-link-host`.
    pub link_mismatches: u32,
    /// The HTML was beyond the limits: `html` is its text, escaped.
    pub is_fallback: bool,
}

/// The attributes that lay mail out and can do nothing else.
const LAYOUT_ATTRIBUTES: [&str; 12] = [
    "align",
    "valign",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "dir",
    "face",
    "height",
    "size",
    "width",
];

/// The properties of `style` that lay mail out within its own box: none that loads, covers or moves out of it.
const STYLE_PROPERTIES: [&str; 26] = [
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-radius",
    "border-right",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "line-height",
    "list-style-type",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "vertical-align",
];

/// Pictures within the HTML itself. No SVG, which may hold script.
const DATA_IMAGES: [&str; 4] = ["data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(cleaner);

/// Cleans HTML. `part_url` says where the part with a Content-ID is served, `None` if the mail has no such part.
pub fn sanitise_html(
    html: &str,
    limits: &SanitiseLimits,
    part_url: impl Fn(&str) -> Option<String>,
) -> SanitisedHtml {
    if !is_affordable(html, limits) {
        let shown = html.get(..html.floor_char_boundary(limits.html_bytes_max)).unwrap_or(html);
        let html = format!("<pre>{}</pre>", escape(&strip_tags(shown)));
        return SanitisedHtml { html, is_fallback: true, ..SanitisedHtml::default() };
    }
    html_links::rewrite(&CLEANER.clean(html).to_string(), part_url)
}

/// Cleans HTML that is quoted in a mail of ours. Remote images stay: whether to load them is the reader's choice.
/// `None` where the HTML is beyond the limits.
pub(crate) fn sanitise_for_sending(
    html: &str,
    limits: &SanitiseLimits,
    has_part: impl Fn(&str) -> bool,
) -> Option<String> {
    is_affordable(html, limits).then(|| html_links::keep(&CLEANER.clean(html).to_string(), has_part))
}

fn cleaner() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(["font", "big", "tt", "u", "center"])
        .add_generic_attributes(LAYOUT_ATTRIBUTES)
        .add_generic_attributes(["style"])
        .filter_style_properties(HashSet::from(STYLE_PROPERTIES))
        .url_schemes(HashSet::from(["http", "https", "mailto", "cid", "data"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(|element, attribute, value| {
            is_wanted(element, attribute, value).then_some(Cow::Borrowed(value))
        });
    builder
}

/// `cid:` and `data:` only where they are pictures.
fn is_wanted(element: &str, attribute: &str, value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    if value.starts_with("cid:") {
        return (element, attribute) == ("img", "src");
    }
    if value.starts_with("data:") {
        return (element, attribute) == ("img", "src")
            && DATA_IMAGES.iter().any(|start| value.starts_with(start));
    }
    // Addresses elsewhere than in links and pictures (`cite`) are of use to nobody.
    attribute != "cite"
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
