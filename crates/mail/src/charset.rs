//! Octets to text, whatever the label says. Text is never empty because of its charset.
//!
//! *Standards*: labels after the WHATWG Encoding Standard, which reads `iso-8859-1` as windows-1252 and `gb2312` as GBK, as
//! senders mean them; `utf-7` is not among them and is read here for its ASCII only, undecoded.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, GBK, UTF_8, WINDOWS_1252};

/// Text, and whether it is all that the octets said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedText {
    /// The text, with U+FFFD where octets are not of the charset.
    pub text: String,
    /// The label is unknown, or octets were not of the charset.
    pub is_damaged: bool,
}

/// Decodes text of a declared charset, or of none. See [`decode_text_checked`].
pub fn decode_text(bytes: &[u8], charset: Option<&str>) -> String {
    decode_text_checked(bytes, charset).text
}

/// Decodes text: by its label; where that is absent, unknown or plainly wrong, as UTF-8 if it is valid, else as windows-1252.
pub fn decode_text_checked(bytes: &[u8], charset: Option<&str>) -> DecodedText {
    let declared = charset.map(|label| (label, encoding_of(label)));
    let (text, is_damaged) = match declared {
        None => decode_undeclared(bytes, false),
        Some((label, None)) => decode_undeclared(bytes, !is_ascii_label(label)),
        Some((_, Some(encoding))) => decode_declared(bytes, encoding),
    };
    DecodedText { text: text.into_owned(), is_damaged }
}

/// The encoding of a label. GB18030 reads all that GBK and GB2312 do, and the characters that senders add (case 26).
fn encoding_of(label: &str) -> Option<&'static Encoding> {
    let label = label.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    let encoding = Encoding::for_label_no_replacement(label.as_bytes()).or_else(|| alias_of(label))?;
    Some(if encoding == GBK { GB18030 } else { encoding })
}

/// Labels of real mail that the WHATWG does not list.
fn alias_of(label: &str) -> Option<&'static Encoding> {
    let label = label.to_ascii_lowercase();
    let known = match label.as_str() {
        "cp932" | "ms932" => "shift_jis",
        "cp936" | "ms936" => "gbk",
        "cp949" | "ms949" | "ks_c_5601" | "uhc" => "euc-kr",
        "cp950" | "ms950" => "big5",
        "iso-2022-jp-1" | "iso-2022-jp-2" | "iso-2022-jp-3" | "iso-2022-jp-ms" | "cp50220" | "cp50221" => {
            "iso-2022-jp"
        }
        "utf8mb4" | "utf-8-mac" | "x-utf-8" => "utf-8",
        "latin-1" | "iso 8859-1" | "cp1252" | "ansi" => "windows-1252",
        other => other.strip_prefix("cp").filter(|number| number.starts_with("125")).map_or("", |number| {
            WINDOWS_NAMES.iter().find(|name| name.ends_with(number)).copied().unwrap_or("")
        }),
    };
    Encoding::for_label_no_replacement(known.as_bytes())
}

const WINDOWS_NAMES: [&str; 9] = [
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
];

/// Labels that say "nothing special" and so are no defect.
fn is_ascii_label(label: &str) -> bool {
    ["", "ascii", "us-ascii", "default", "_iso-2022-jp$esc", "unknown-8bit", "x-unknown"]
        .iter()
        .any(|known| label.trim().eq_ignore_ascii_case(known))
}

fn decode_declared<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> (Cow<'a, str>, bool) {
    let (text, used, had_errors) = encoding.decode(bytes);
    // `us-ascii` and `iso-8859-1` on what is valid UTF-8: mislabelled, as no Western text looks like that by chance.
    if used == WINDOWS_1252
        && !bytes.is_ascii()
        && let Ok(utf8) = std::str::from_utf8(bytes)
    {
        return (Cow::Borrowed(utf8), false);
    }
    if had_errors && used == UTF_8 && is_mostly_damaged(&text) && !is_cut_off(bytes) {
        return (WINDOWS_1252.decode_without_bom_handling(bytes).0, true);
    }
    (text, had_errors)
}

/// Labelled UTF-8 and not one sequence beyond ASCII is valid: some single-octet charset, most likely Western.
fn is_mostly_damaged(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii() || c == char::REPLACEMENT_CHARACTER)
}

/// UTF-8 that ends within a character: some program cut it. A single octet is rather an `é` of another charset.
fn is_cut_off(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_err_and(|error| error.error_len().is_none() && bytes.len() - error.valid_up_to() > 1)
}

fn decode_undeclared(bytes: &[u8], is_damaged: bool) -> (Cow<'_, str>, bool) {
    if let Ok(text) = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)) {
        return (Cow::Borrowed(text), is_damaged);
    }
    let (text, _, _) = WINDOWS_1252.decode(bytes);
    (text, true)
}
