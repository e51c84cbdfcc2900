//! Whose mail was forwarded: the author of the mail within a mail.
//!
//! A mail attached whole says it best. Else the text is searched for the block that mail programs put above what they
//! pass on: `From`, `Date`, `Subject`, `To`, in the language of whoever forwards.
//!
//! *Security*: all of it is the word of whoever wrote the mail, and no more than a proposal. The work is linear in a
//! bounded beginning of the text.

use crate::address::{Address, MailAddress};
use crate::base_subject::SubjectPrefix;
use crate::display::one_line;
use crate::headers::{Header, HeaderLimits};
use crate::html_text::html_to_text;
use crate::parse::Parsed;
use crate::part::Part;
use crate::preview;
use crate::sanitise::SanitiseLimits;
use crate::transfer::decode_part;

/// How many octets of the encoded text are looked at.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// How many octets of an attached mail are looked at: its header.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// How many fields of that.
const HEADER_FIELDS_MAX: usize = 500;
/// How many attached mails are looked at.
const MESSAGES_MAX: usize = 10;
/// How many lines of the text are looked at.
const LINES_MAX: usize = 2_000;
/// Within how many lines the fields of a block stand.
const BLOCK_LINES_MAX: usize = 10;
/// The longest name in characters.
const NAME_CHARS_MAX: usize = 200;

/// What mail programs write above what they pass on, in lower case.
const MARKERS: &[&str] = &[
    "forwarded message",
    "mensagem encaminhada",
    "mensagem reencaminhada",
    "weitergeleitete nachricht",
    "weitergeleiteten nachricht",
    "weitergeleitete e-mail",
    "message transféré",
    "message transmis",
    "message réexpédié",
    "mensaje reenviado",
    "mensaje reexpedido",
    "messaggio inoltrato",
    "doorgestuurd bericht",
    "vidarebefordrat meddelande",
    "videresendt melding",
];

/// The names of fields in many languages, in lower case.
const FROM: &[&str] = &[
    "from",
    "de",
    "von",
    "da",
    "van",
    "från",
    "fra",
    "expéditeur",
    "remetente",
    "absender",
    "remitente",
    "mittente",
];
const DATE: &[&str] = &[
    "date",
    "sent",
    "data",
    "datum",
    "fecha",
    "gesendet",
    "envoyé",
    "envoyé le",
    "enviado",
    "enviada",
    "enviado em",
    "enviada em",
    "enviado el",
    "inviato",
    "verzonden",
    "skickat",
    "sendt",
    "dato",
];
const SUBJECT: &[&str] =
    &["subject", "assunto", "betreff", "objet", "asunto", "oggetto", "onderwerp", "ämne", "emne"];
const TO: &[&str] =
    &["to", "para", "an", "à", "a", "aan", "till", "til", "destinataire", "destinatário", "empfänger"];

/// The author of the mail that this one passes on; none where it passes on none, or where several were attached that
/// have different authors.
pub fn forwarded_author(raw: &[u8], parsed: &Parsed) -> Option<Address> {
    let mut messages = parsed.parts.iter().filter(|part| part.is_message()).peekable();
    if messages.peek().is_some() {
        return attached(raw, messages);
    }
    let sources = preview::beginnings(raw, &parsed.parts, &parsed.body, TEXT_BYTES_MAX);
    sources.iter().find_map(|(is_html, source)| {
        let text = if *is_html { html_to_text(source, &SanitiseLimits::default()) } else { source.clone() };
        inline(&text, parsed.subject_prefix == SubjectPrefix::Forward)
    })
}

fn attached<'a>(raw: &[u8], messages: impl Iterator<Item = &'a Part>) -> Option<Address> {
    let mut authors = messages.take(MESSAGES_MAX).map(|part| author_of(raw, part));
    let first = authors.next()??;
    let is_same = |other: Option<Address>| {
        other
            .and_then(|other| other.address)
            .is_some_and(|other| first.address.as_ref().is_some_and(|one| one.is_same(&other)))
    };
    authors.all(is_same).then_some(first)
}

/// The one author in the header of an attached mail.
fn author_of(raw: &[u8], part: &Part) -> Option<Address> {
    let range = usize::try_from(part.body_start).ok()?..usize::try_from(part.body_end).ok()?;
    let encoded = raw.get(range)?;
    let encoded = encoded.get(..HEADER_BYTES_MAX).unwrap_or(encoded);
    let octets = decode_part(encoded, part.encoding);
    let limits = HeaderLimits { bytes_max: HEADER_BYTES_MAX, fields_max: HEADER_FIELDS_MAX };
    let from = Header::read(&octets, limits).text("From")?;
    let [author] = <[Address; 1]>::try_from(Address::parse_list(&from, 2)).ok()?;
    author.address.is_some().then_some(author)
}

/// The author in the first block of fields. Without a line that says so, the subject must say that it is a forward, and
/// the block must be whole: answers quote such blocks as well.
fn inline(text: &str, is_forward: bool) -> Option<Address> {
    let lines: Vec<&str> = text.lines().take(LINES_MAX).map(bare).collect();
    let mut is_marked = false;
    for (at, line) in lines.iter().enumerate() {
        is_marked |= is_marker(line);
        if !is_marked && !is_forward {
            continue;
        }
        let Some(value) = value_of(line, FROM) else { continue };
        let block = lines
            .get(at.saturating_sub(BLOCK_LINES_MAX)..at + BLOCK_LINES_MAX)
            .unwrap_or_else(|| lines.get(at.saturating_sub(BLOCK_LINES_MAX)..).unwrap_or_default());
        let others = [DATE, SUBJECT, TO]
            .iter()
            .filter(|names| block.iter().any(|line| value_of(line, names).is_some()));
        let wanted = if is_marked { 1 } else { 2 };
        if others.count() >= wanted
            && let Some(author) = author(value)
        {
            return Some(author);
        }
    }
    None
}

/// A line without quotation marks of mails and the stars that stand for bold.
fn bare(line: &str) -> &str {
    line.trim_start_matches(|c: char| c == '>' || c == '|' || c == '*' || c.is_whitespace()).trim_end()
}

fn is_marker(line: &str) -> bool {
    // A sentence that merely speaks of it is longer.
    let is_short = line.chars().count() <= 80;
    let lower = line.to_lowercase();
    is_short && MARKERS.iter().any(|marker| lower.contains(marker))
}

/// The value of a field with one of these names: `From: x`, `*From:* x`, `De : x`.
fn value_of<'a>(line: &'a str, names: &[&str]) -> Option<&'a str> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_matches(|c: char| c == '*' || c.is_whitespace());
    if name.chars().count() > 20 || !names.contains(&name.to_lowercase().as_str()) {
        return None;
    }
    Some(value.trim_matches(|c: char| c == '*' || c.is_whitespace()))
}

/// `Anna <anna@a.example>`, `Anna [mailto:anna@a.example]`, `anna@a.example<mailto:anna@a.example>`. The last address is
/// the author's: what stands before it is a name, which whoever wrote the mail chose.
fn author(value: &str) -> Option<Address> {
    let address = addresses(value).last()?;
    let name = value.split(['<', '[']).next().unwrap_or_default();
    let name =
        one_line(name.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace()), NAME_CHARS_MAX);
    let is_name = !name.is_empty() && !name.contains('@');
    Some(Address { name: is_name.then_some(name), address: Some(address), raw: None })
}

fn addresses(text: &str) -> impl Iterator<Item = MailAddress> {
    let words = text.split(|c: char| c.is_whitespace() || "<>()[]\"',;".contains(c));
    words.filter_map(|word| MailAddress::parse(word.strip_prefix("mailto:").unwrap_or(word)).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        inline(text, true).and_then(|author| author.address).map(|address| address.to_string())
    }

    #[test]
    fn an_author_is_read_however_a_program_writes_them() {
        for value in [
            "Anna <anna@a.example>",
            "anna@a.example",
            "<anna@a.example>",
            "Anna [mailto:anna@a.example]",
            "anna@a.example<mailto:anna@a.example>",
            "\"Anna, A.\" <anna@a.example<mailto:anna@a.example>>",
            "ceo@bank.example <anna@a.example>",
        ] {
            let author = author(value).unwrap();
            assert_eq!(author.address.unwrap().to_string(), "anna@a.example", "{value}");
            assert!(author.name.is_none_or(|name| name.starts_with("Anna")), "{value}");
        }
        assert_eq!(author("Anna"), None);
    }

    /// Who writes to us chooses what they are called; the address that answers go to stands last.
    #[test]
    fn an_address_in_a_name_is_not_the_authors() {
        for value in [
            "Eve [bank@victim.example] <eve@evil.example>",
            "Eve <bank@victim.example> <eve@evil.example>",
            "\"Eve <bank@victim.example>\" <eve@evil.example>",
            "Eve [mailto:bank@victim.example] [mailto:eve@evil.example]",
            "bank@victim.example <eve@evil.example>",
        ] {
            let author = author(value).unwrap();
            assert_eq!(author.address.unwrap().to_string(), "eve@evil.example", "{value}");
        }
    }

    #[test]
    fn a_sentence_is_no_block() {
        assert_eq!(found("From: my point of view\nthis is fine"), None);
        assert_eq!(found("From: anna@a.example\n\nnothing else"), None);
    }

    #[test]
    fn the_outermost_block_counts() {
        let text = "From: anna@a.example\nSent: Monday\nTo: us\nSubject: x\n\n> From: ben@b.example\n> Sent: Sunday\n> Subject: y";
        assert_eq!(found(text).as_deref(), Some("anna@a.example"));
    }

    #[test]
    fn a_quoted_answer_is_no_forward() {
        let text = "Yes.\n\nFrom: anna@a.example\nSent: Monday\nTo: us\nSubject: x";
        assert_eq!(inline(text, false), None);
    }
}
