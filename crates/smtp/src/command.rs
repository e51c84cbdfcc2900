//! One command: from the bytes of a line to a value that the session can act on.
//!
//! What must hold: whatever stands in a line, the result is a command or the reply that refuses it. A line that
//! begins a chunk whose size can't be read is a case of its own, since what follows it can't be told apart
//! from commands.
//!
//! Leniency: spaces after `FROM:` and `TO:` and at a line's end are accepted. An address without angle brackets
//! is not: every mail server writes them.
//!
//! *Standards*: RFC 5321, section 4.1; RFC 3030 (BDAT), 3207 (STARTTLS).

use crate::address::{ForwardPath, ReversePath};
use crate::envelope::{Hello, HelloVerb, Recipient};
use crate::parameters::{MailParameters, RecipientParameters};
use crate::replies;
use crate::reply::Reply;

/// A command, syntactically right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Hello(Hello),
    Mail(ReversePath, MailParameters),
    Recipient(Recipient),
    Data,
    Chunk(ChunkHead),
    StartTls,
    Reset,
    Noop,
    Help,
    Verify,
    Quit,
    /// BDAT, but how many octets follow is not known.
    UnboundedChunk,
    /// A line of HTTP or SSH: a browser or a scanner led here.
    OtherProtocol,
}

/// The argument of BDAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkHead {
    pub(crate) size: u64,
    pub(crate) place: ChunkPlace,
}

/// Whether more chunks follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkPlace {
    Inner,
    Last,
}

/// Parses a line without its CRLF.
pub(crate) fn parse(line: &[u8]) -> Result<Command, Reply> {
    if let Some(special) = unsafe_beginning(line) {
        return Ok(chunk_head(line).map_or(special, Command::Chunk));
    }
    let text = std::str::from_utf8(line).ok().filter(|text| !text.chars().any(char::is_control));
    let text = text.ok_or_else(replies::unreadable_command)?.trim_end_matches(' ');
    let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
    let argument = argument.trim_start_matches(' ');
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => hello(HelloVerb::Ehlo, argument).map(Command::Hello),
        "HELO" => hello(HelloVerb::Helo, argument).map(Command::Hello),
        "MAIL" => mail(argument),
        "RCPT" => recipient(argument).map(Command::Recipient),
        "DATA" => without_argument(Command::Data, argument),
        "STARTTLS" => without_argument(Command::StartTls, argument),
        "RSET" => without_argument(Command::Reset, argument),
        "QUIT" => without_argument(Command::Quit, argument),
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" if argument.is_empty() => Err(replies::argument_wanted()),
        "VRFY" => Ok(Command::Verify),
        "EXPN" | "AUTH" | "ETRN" | "TURN" | "ATRN" | "BURL" | "SEND" | "SOML" | "SAML" => {
            Err(replies::not_offered())
        }
        _ => Err(replies::unknown_command()),
    }
}

/// A line after which the next can't be trusted to be a command, judged by its beginning alone: the rest of it may be
/// ill-formed, or missing.
pub(crate) fn unsafe_beginning(line: &[u8]) -> Option<Command> {
    const OTHERS: [&[u8]; 10] =
        [b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH", b"TRACE", b"PRI"];
    let verb = line.split(|byte| !byte.is_ascii_alphanumeric()).next()?;
    if verb.eq_ignore_ascii_case(b"BDAT") {
        return Some(Command::UnboundedChunk);
    }
    let is_other = OTHERS.iter().any(|other| verb.eq_ignore_ascii_case(other)) || line.starts_with(b"SSH-");
    is_other.then_some(Command::OtherProtocol)
}

fn chunk_head(line: &[u8]) -> Option<ChunkHead> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ').filter(|word| !word.is_empty());
    let verb = words.next()?;
    let size = words.next()?;
    let place = match words.next() {
        None => ChunkPlace::Inner,
        Some(last) if last.eq_ignore_ascii_case("LAST") => ChunkPlace::Last,
        Some(_) => return None,
    };
    let is_whole = verb.eq_ignore_ascii_case("BDAT") && words.next().is_none();
    let size = decimal(size).filter(|_| is_whole)?;
    Some(ChunkHead { size, place })
}

/// `1*20DIGIT` within 64 bits, without the sign that `str::parse` would take.
pub(crate) fn decimal(digits: &str) -> Option<u64> {
    let plain = digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

fn without_argument(command: Command, argument: &str) -> Result<Command, Reply> {
    if argument.is_empty() { Ok(command) } else { Err(replies::no_argument_wanted()) }
}

fn hello(verb: HelloVerb, name: &str) -> Result<Hello, Reply> {
    let is_name =
        (1..=Hello::NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_name { Ok(Hello { verb, name: name.to_owned() }) } else { Err(replies::bad_hello()) }
}

fn mail(argument: &str) -> Result<Command, Reply> {
    let (path, parameters) = path_and_parameters("FROM:", argument).ok_or_else(replies::bad_mail)?;
    let path = ReversePath::parse(path).map_err(|_| replies::bad_sender_address())?;
    Ok(Command::Mail(path, MailParameters::parse(parameters)?))
}

fn recipient(argument: &str) -> Result<Recipient, Reply> {
    let (path, parameters) = path_and_parameters("TO:", argument).ok_or_else(replies::bad_recipient)?;
    let path = ForwardPath::parse(path).map_err(|_| replies::bad_recipient_address())?;
    Ok(Recipient { path, parameters: RecipientParameters::parse(parameters)? })
}

/// Splits `FROM:<path> parameters` into what stands between the brackets and what stands behind them.
fn path_and_parameters<'a>(preposition: &str, argument: &'a str) -> Option<(&'a str, &'a str)> {
    let (word, rest) = argument.split_at_checked(preposition.len())?;
    let bracketed = rest.trim_start_matches(' ').strip_prefix('<')?;
    let (path, after) = bracketed.split_at(closing_bracket(bracketed)?);
    let parameters = after.strip_prefix('>')?;
    let is_apart = parameters.is_empty() || parameters.starts_with(' ');
    (word.eq_ignore_ascii_case(preposition) && is_apart).then_some((path, parameters))
}

/// Where the path ends: a `>` in a quoted local part is part of it.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().position(|byte| {
        let ends = byte == b'>' && !quoted;
        if byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = byte == b'\\' && quoted && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests;
