//! Subjects without `Re:`, `ENC:`, `WG:` and their kin, and what the outermost of them says.
//!
//! Used to compare, never to prove: a subject alone brings nobody into a ticket (case 1).
//!
//! *Standards*: RFC 5256, section 2.1 (base subject), with the prefixes of mail programs in other languages.

use minicbor::{Decode, Encode};
use serde::Serialize;

/// Numbers that a subject mentions and that are kept.
const MENTIONS_MAX: usize = 16;

/// What the outermost prefix of a subject says the mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum SubjectPrefix {
    /// There is none.
    #[default]
    #[n(0)]
    None,
    /// An answer.
    #[n(1)]
    Reply,
    /// Passed on.
    #[n(2)]
    Forward,
}

/// Prefixes of answers, in lower case. `vs` answers in Finnish and Estonian and forwards in Danish: only references can tell.
const REPLIES: &[&str] = &[
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "svar",
    "vs",
    "vast",
    "odp",
    "odpověď",
    "odpoveď",
    "res",
    "resp",
    "rif",
    "r",
    "réf",
    "rép",
    "ynt",
    "cvp",
    "yan",
    "vá",
    "válasz",
    "odg",
    "odgovor",
    "ats",
    "atb",
    "bls",
    "balas",
    "trả lời",
    "tl",
    "απ",
    "σχετ",
    "отв",
    "ответ",
    "відп",
    "отг",
    "адк",
    "од",
    "רה",
    "השב",
    "תשובה",
    "رد",
    "پاسخ",
    "回复",
    "回覆",
    "答复",
    "返信",
    "답장",
    "회신",
    "ตอบกลับ",
    "er",
    "rsp",
    "jav",
    "pas",
    "reply",
    "risposta",
    "respuesta",
    "réponse",
];

/// Prefixes of what is passed on, in lower case.
const FORWARDS: &[&str] = &[
    "fw",
    "fwd",
    "wg",
    "enc",
    "tr",
    "tr.",
    "rv",
    "i",
    "doorst",
    "vb",
    "vl",
    "vidsän",
    "pd",
    "fs",
    "továbbítás",
    "tov",
    "ilt",
    "i̇lt",
    "ilet",
    "yml",
    "prosl",
    "prij",
    "ed",
    "pers",
    "trs",
    "terusan",
    "chuyển tiếp",
    "πρθ",
    "пересл",
    "переслано",
    "препр",
    "הועבר",
    "הועברה",
    "إعادة توجيه",
    "بازارسال",
    "转发",
    "轉寄",
    "转寄",
    "転送",
    "전달",
    "ส่งต่อ",
    "weiterleitung",
    "reenv",
    "inoltro",
    "transf",
    "videresendt",
    "framsent",
    "redirecționat",
];

/// The longest prefix in octets.
const PREFIX_BYTES_MAX: usize = 40;

/// A subject taken to pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseSubject<'a> {
    /// What is left when all prefixes are gone; compare without regard to case.
    pub text: &'a str,
    /// What the outermost prefix says.
    pub prefix: SubjectPrefix,
}

/// Takes prefixes, list names in brackets and a trailing `(fwd)` off a decoded subject.
pub fn base_subject(subject: &str) -> BaseSubject<'_> {
    let mut base = BaseSubject { text: subject.trim(), prefix: SubjectPrefix::None };
    loop {
        if let Some((prefix, rest)) = split_prefix(base.text) {
            base.text = rest;
            if base.prefix == SubjectPrefix::None {
                base.prefix = prefix;
            }
        } else if let Some(rest) = strip_list_name(base.text) {
            base.text = rest;
        } else if let Some(rest) = strip_suffix(base.text) {
            base.text = rest;
            if base.prefix == SubjectPrefix::None {
                base.prefix = SubjectPrefix::Forward;
            }
        } else {
            return base;
        }
    }
}

/// `Re:`, `RE[2]:`, `Re^3:`, `Aw (2):`, `TR :`, `回复：`.
fn split_prefix(text: &str) -> Option<(SubjectPrefix, &str)> {
    let head = text.get(..text.floor_char_boundary(PREFIX_BYTES_MAX))?;
    let colon = head.find([':', '：'])?;
    let (word, rest) = text.split_at(colon);
    let word = word.trim_end();
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit() || "[]()^*".contains(c)).trim_end();
    let word = bare.to_lowercase();
    let prefix = if REPLIES.contains(&word.as_str()) {
        SubjectPrefix::Reply
    } else if FORWARDS.contains(&word.as_str()) {
        SubjectPrefix::Forward
    } else {
        return None;
    };
    Some((prefix, rest.trim_start_matches([':', '：']).trim_start()))
}

/// `[announce] News`: the name of a list, if something follows.
fn strip_list_name(text: &str) -> Option<&str> {
    let (_, rest) = text.strip_prefix('[')?.split_once(']')?;
    Some(rest.trim_start()).filter(|rest| !rest.is_empty())
}

fn strip_suffix(text: &str) -> Option<&str> {
    let start = text.len().checked_sub("(fwd)".len())?;
    let (rest, suffix) = text.split_at_checked(start)?;
    suffix.eq_ignore_ascii_case("(fwd)").then(|| rest.trim_end())
}

/// The numbers that a subject mentions as `#1042`, in order, each once.
pub fn mentions(subject: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for piece in subject.split('#').skip(1) {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let number = piece.get(..digits).and_then(|digits| digits.parse().ok());
        let ends = !piece.chars().nth(digits).is_some_and(char::is_alphabetic);
        if let Some(number) = number.filter(|number| ends && !found.contains(number)) {
            found.push(number);
        }
        if found.len() == MENTIONS_MAX {
            break;
        }
    }
    found
}
