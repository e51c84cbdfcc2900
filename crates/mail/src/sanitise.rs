//! HTML of strangers made fit to be shown.

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
}

impl Default for SanitiseLimits {
    fn default() -> Self {
        Self {
            html_bytes_max: 2 * 1024 * 1024,
            tags_max: 100_000,
            attributes_max: 200,
            nesting_work_max: 10_000_000,
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
    /// Links whose text names another host than they lead to; that host is in `data-link-host`.
    pub link_mismatches: u32,
    /// The HTML was beyond the limits: `html` is its text, escaped.
    pub is_fallback: bool,
}
