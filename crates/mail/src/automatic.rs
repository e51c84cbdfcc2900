//! Whether a person wrote a mail or a machine.
//!
//! The answer decides whether an automatic answer may go out, so it must not be fooled into a loop, nor into silence: what
//! ordinary mail carries as well (`X-Auto-Response-Suppress`, case 15) proves nothing by itself.
//!
//! *Standards*: RFC 3834 first; RFC 3464 and RFC 6522 (reports), RFC 2919 and RFC 2369 (lists); then the headers that programs
//! use without a standard. *Security*: all of it is the sender's word: it may silence us, never make us speak.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::headers::Header;
use crate::params::Structured;

/// Who or what sent a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Automatic {
    /// A person, for all that can be seen.
    #[default]
    #[n(0)]
    No,
    /// An answer by machine: out of office, receipt (`Auto-Submitted: auto-replied`).
    #[n(1)]
    Reply,
    /// A notice by machine (`Auto-Submitted: auto-generated`).
    #[n(2)]
    Generated,
    /// A delivery status notification or another bounce.
    #[n(3)]
    Bounce,
    /// A mailing list.
    #[n(4)]
    List,
    /// Mass mail.
    #[n(5)]
    Bulk,
}

/// How the subject of an out-of-office answer begins, in lower case.
const OUT_OF_OFFICE: &[&str] = &[
    "automatic reply",
    "auto reply",
    "autoreply",
    "auto-reply",
    "out of office",
    "out-of-office",
    "automatische antwort",
    "abwesenheit",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "resposta automática",
    "ausência temporária",
    "fora do escritório",
    "risposta automatica",
    "fuori sede",
    "automatisch antwoord",
    "afwezig",
    "autosvar",
    "automatiskt svar",
    "automatisk svar",
    "automaattinen vastaus",
    "autoodpowiedź",
    "odpowiedź automatyczna",
    "automatická odpověď",
    "automatikus válasz",
    "otomatik yanıt",
    "автоматический ответ",
    "автоответ",
    "自動応答",
    "自动答复",
    "자동 회신",
];

impl Automatic {
    /// Whether an automatic answer may go out to it, for all that the mail itself says.
    pub fn is_human(self) -> bool {
        self == Self::No
    }

    /// The same mail, known to have come with an empty envelope sender: no person sends so (RFC 3834, section 3.3).
    #[must_use]
    pub fn with_null_sender(self) -> Self {
        match self {
            Self::No => Self::Reply,
            known => known,
        }
    }
}

/// Classifies a mail by its header and its decoded subject.
pub(crate) fn classify(header: &Header<'_>, subject: &str) -> Automatic {
    if let Some(report) = report(header) {
        return report;
    }
    let submitted = submitted(header);
    match submitted {
        Submitted::Replied => return Automatic::Reply,
        Submitted::Generated => return Automatic::Generated,
        Submitted::No | Submitted::Unstated => {}
    }
    if submitted == Submitted::Unstated {
        if is_old_bounce(header) {
            return Automatic::Bounce;
        }
        if answers_by_machine(header) || is_out_of_office(header, subject) {
            return Automatic::Reply;
        }
    }
    many(header)
}

/// A report about another mail (RFC 6522).
fn report(header: &Header<'_>) -> Option<Automatic> {
    let content_type = Structured::parse(&header.text("Content-Type")?);
    if content_type.value == "message/delivery-status" {
        return Some(Automatic::Bounce);
    }
    if content_type.value != "multipart/report" {
        return None;
    }
    Some(match content_type.plain("report-type").unwrap_or("").to_ascii_lowercase().as_str() {
        "disposition-notification" => Automatic::Reply,
        "feedback-report" | "tlsrpt" | "dmarc" => Automatic::Generated,
        _ => Automatic::Bounce,
    })
}

/// What `Auto-Submitted` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Submitted {
    Unstated,
    No,
    Replied,
    Generated,
}

fn submitted(header: &Header<'_>) -> Submitted {
    let mut found = Submitted::Unstated;
    for field in header.all("Auto-Submitted") {
        match Structured::parse(&field.unfolded()).value.as_str() {
            "auto-replied" => return Submitted::Replied,
            word if word.starts_with("auto-") => found = Submitted::Generated,
            "no" if found == Submitted::Unstated => found = Submitted::No,
            _ => {}
        }
    }
    found
}

/// Bounces from before RFC 3464, and of those that never heard of it.
fn is_old_bounce(header: &Header<'_>) -> bool {
    let from = header.text("From").unwrap_or_default().to_ascii_lowercase();
    header.first("X-Failed-Recipients").is_some()
        || from.contains("mailer-daemon@")
        || from.starts_with("mailer-daemon")
}

fn answers_by_machine(header: &Header<'_>) -> bool {
    let is_yes = |name: &str| {
        header
            .text(name)
            .is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "" | "no" | "none" | "false"))
    };
    ["X-Autoreply", "X-Autorespond", "X-Autoreply-From", "X-Mail-Autoreply", "X-Autoresponse"]
        .iter()
        .any(|name| is_yes(name))
        || precedence(header) == "auto_reply"
}

/// A subject counts only together with a header that answering programs set.
fn is_out_of_office(header: &Header<'_>, subject: &str) -> bool {
    let suppresses = header
        .text("X-Auto-Response-Suppress")
        .is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "" | "none"));
    let subject = subject.to_lowercase();
    suppresses && OUT_OF_OFFICE.iter().any(|start| subject.starts_with(start))
}

/// Mail to many.
fn many(header: &Header<'_>) -> Automatic {
    let has = |name: &str| header.first(name).is_some();
    let precedence = precedence(header);
    if has("List-Id") || has("List-Post") || precedence == "list" {
        Automatic::List
    } else if has("List-Unsubscribe") || matches!(precedence.as_str(), "bulk" | "junk") {
        Automatic::Bulk
    } else {
        Automatic::No
    }
}

fn precedence(header: &Header<'_>) -> String {
    header.text("Precedence").unwrap_or_default().to_ascii_lowercase()
}
