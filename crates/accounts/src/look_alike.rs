//! Whether a label that somebody wants can be taken for another: `рaypal` with a Cyrillic letter, `paypa1`, `rnarca`,
//! `mar-ca`, `marca2`.
//!
//! Two labels are alike when their *forms* meet: the skeleton of UTS 39 over the characters as people see them, without
//! accents and hyphens, with the tricks that ASCII allows folded away, once as it stands and once without digits at its
//! end. It errs towards being alike: what is alike is not refused but shown to the operator, who reads the name.
//!
//! *Standards*: UTS 39, 4 (skeletons) and 5.1 (scripts); RFC 5890 (A-labels and U-labels).

use std::fmt;

use guichet_mail::DomainName;
use minicbor::{Decode, Encode};
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;

/// Why a label is held until the operator has looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Likeness {
    /// What the other is.
    #[n(0)]
    pub to: LikenessTo,
    /// The other name; the label itself where it is alone at fault.
    #[n(1)]
    pub name: String,
}

/// What a label is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LikenessTo {
    /// A name that is kept for the server.
    #[n(0)]
    Reserved,
    /// A name below the base domain that another organisation has.
    #[n(1)]
    Label,
    /// Another organisation's own domain.
    #[n(2)]
    Domain,
    /// A name that the operator protects.
    #[n(3)]
    Protected,
    /// None: it mixes scripts, as names do that want to be taken for others.
    #[n(4)]
    Scripts,
}

impl LikenessTo {
    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            LikenessTo::Reserved => "reserved",
            LikenessTo::Label => "label",
            LikenessTo::Domain => "domain",
            LikenessTo::Protected => "protected",
            LikenessTo::Scripts => "scripts",
        }
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.to {
            LikenessTo::Reserved => write!(f, "it looks like the reserved name `{name}`"),
            LikenessTo::Label => write!(f, "it looks like `{name}`, which another organisation has"),
            LikenessTo::Domain => write!(f, "it looks like `{name}`, a domain of another organisation"),
            LikenessTo::Protected => write!(f, "it looks like the protected name `{name}`"),
            LikenessTo::Scripts => write!(f, "`{name}` mixes letters of several scripts"),
        }
    }
}

/// A label in the forms by which it is compared.
pub(crate) struct Look {
    forms: [String; 2],
}

impl Look {
    /// Of an A-label, or of any text that names something.
    pub(crate) fn of(label: &str) -> Self {
        let seen = as_seen(label);
        let stem = seen.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        // A name of digits alone keeps them.
        let stem = if stem.is_empty() { &seen } else { stem };
        Self { forms: [fold(&seen), fold(stem)] }
    }

    /// Whether one can be taken for the other.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.forms.iter().any(|form| !form.is_empty() && other.forms.contains(form))
    }
}

/// Whether a label is written in more than one script; Japanese and its like, which are written so, are one.
pub(crate) fn mixes_scripts(label: &str) -> bool {
    !as_seen(label).as_str().is_single_script()
}

/// As people see it: U-labels, lower case.
fn as_seen(label: &str) -> String {
    let name = DomainName::parse(label).map_or_else(|_| label.to_owned(), |name| name.to_unicode());
    name.to_lowercase()
}

/// The skeleton, and then what ASCII alone allows. The skeleton comes first: it makes letters of other scripts ASCII,
/// and a case folding in between would undo some (`I` is `l` to it).
fn fold(seen: &str) -> String {
    let plain: String = skeleton(seen).filter(|c| !is_mark(*c)).flat_map(char::to_lowercase).collect();
    let mut folded = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '0' => folded.push('o'),
            '1' | 'i' | 'j' | '|' | '!' => folded.push('l'),
            '3' => folded.push('e'),
            '4' => folded.push('a'),
            '5' => folded.push('s'),
            '7' => folded.push('t'),
            '-' | '_' | '.' | ' ' => {}
            c => folded.push(c),
        }
    }
    // UTS 39 itself takes `m` for `rn`; `vv` and `cl` are what it leaves out because they are two letters each.
    folded.replace("vv", "w").replace("cl", "d")
}

/// Accents and other signs on a letter, which many readers pass over.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, other: &str) -> bool {
        Look::of(one).is_like(&Look::of(other))
    }

    #[test]
    fn letters_of_other_scripts_accents_and_ascii_tricks_are_seen_through() {
        for (one, other) in [
            ("p\u{0430}ypal", "paypal"),
            ("xn--pypal-4ve", "paypal"),
            ("paypa1", "paypal"),
            ("paypai", "paypal"),
            ("g00gle", "google"),
            ("rnarca", "marca"),
            ("vvork", "work"),
            ("clesk", "desk"),
            ("mar-ca", "marca"),
            ("marca2", "marca"),
            ("marca-24", "marca"),
            ("m\u{e4}rca", "marca"),
            ("adm1n", "admin"),
            ("p0stmaster", "postmaster"),
            ("MARCA", "marca"),
            ("\u{ff4d}arca", "marca"),
        ] {
            assert!(alike(one, other), "{one} {other} {:?} {:?}", Look::of(one).forms, Look::of(other).forms);
            assert!(alike(other, one), "{other} {one}");
        }
    }

    #[test]
    fn other_names_are_other_names() {
        for (one, other) in [
            ("acme", "acne"),
            ("marca", "marta"),
            ("24", "42"),
            ("north", "south"),
            ("1", "2"),
            ("mail", "main"),
        ] {
            assert!(!alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn mixed_scripts_are_seen_and_whole_ones_are_not() {
        for label in ["m\u{0430}rca", "xn--pypal-4ve"] {
            assert!(mixes_scripts(label), "{label}");
        }
        for label in [
            "marca",
            "\u{043c}\u{0430}\u{0440}\u{043a}\u{0430}",
            "k7m3x9q2",
            "m\u{e4}rz-24",
            "\u{65e5}\u{672c}\u{306e}",
        ] {
            assert!(!mixes_scripts(label), "{label}");
        }
    }

    #[test]
    fn any_text_has_a_form_and_none_panics() {
        for text in ["", "-", "xn--", "xn--\u{fffd}", "\u{0}", "\u{202e}abc", &"a".repeat(10_000)] {
            let _ = Look::of(text).is_like(&Look::of("x"));
            let _ = mixes_scripts(text);
        }
    }
}
