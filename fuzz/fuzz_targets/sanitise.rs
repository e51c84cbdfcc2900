//! Any bytes as HTML: what comes out has no script, and cleaning it once more finds nothing to clean.
#![no_main]

use guichet_mail::{SanitiseLimits, html_to_text, sanitise_html};
use libfuzzer_sys::fuzz_target;

/// What no cleaned HTML contains, in any spelling.
const FORBIDDEN: &[&str] = &["<script", "<iframe", "<object", "<embed", "<style", "<svg", "<form", "<base", "<meta"];

fuzz_target!(|bytes: &[u8]| {
    let limits = SanitiseLimits::default();
    let html = String::from_utf8_lossy(bytes);
    let clean = sanitise_html(&html, &limits, |_| None).html;
    let lower = clean.to_ascii_lowercase();
    for tag in FORBIDDEN {
        assert!(!lower.contains(tag), "{tag} in {clean:?}");
    }
    let again = sanitise_html(&clean, &limits, |_| None).html.to_ascii_lowercase();
    for tag in FORBIDDEN {
        assert!(!again.contains(tag), "{tag} in {again:?}");
    }
    html_to_text(&html, &limits);
});
