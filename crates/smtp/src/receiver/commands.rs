//! What each command does: sequence and limits first, then the question to policy.
//!
//! *Standards*: RFC 5321, sections 4.1.1 and 4.1.4 (order of commands); RFC 3207 (STARTTLS), 3030 (BDAT),
//! 1870, section 6.1 (declared size), 6531, section 3.5 (UTF-8 announced).

use super::{Access, Open, Output, Question, Receiver, Stage, StartTls};
use crate::address::{ForwardPath, ReversePath};
use crate::command::{self, ChunkHead, Command};
use crate::envelope::{HelloVerb, Recipient};
use crate::line::{Line, LineFault};
use crate::parameters::{MailParameters, RecipientParameters};
use crate::replies;
use crate::reply::Reply;

/// The first byte of a TLS record that begins a handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

impl Receiver {
    /// Reads one command and acts on it; returns what follows it.
    pub(super) fn read_command<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let mut rest = input;
        if self.tally.commands == 0 && self.lines.is_between_lines() && input.first() == Some(&TLS_HANDSHAKE)
        {
            self.close_with(&replies::other_protocol());
            return rest;
        }
        let Some(line) = self.lines.next(&mut rest) else {
            return rest;
        };
        self.pace.await_command();
        self.tally.commands += 1;
        let command = parse(&line);
        if let Some(last_word) = self.last_word(&line, &command) {
            self.close_with(&last_word);
            return rest;
        }
        match command.and_then(|command| self.obey(command, rest)) {
            Ok(()) => {}
            Err(refusal) => self.say(&refusal),
        }
        rest
    }

    /// What ends the session, if this line does.
    fn last_word(&self, line: &Line, command: &Result<Command, Reply>) -> Option<Reply> {
        let limits = &self.settings.limits;
        match command {
            Ok(Command::Quit) => Some(replies::closing()),
            Ok(Command::OtherProtocol) => Some(replies::other_protocol()),
            // Where the chunk ends can't be known, so nothing that follows may be taken for a command.
            Ok(Command::UnboundedChunk) => Some(replies::bad_chunk_size()),
            _ if line.fault == Some(LineFault::Endless) => Some(replies::endless_line()),
            _ if self.tally.errors >= limits.errors_max => Some(replies::too_many_errors()),
            _ if self.tally.commands > limits.commands_max => Some(replies::too_many_commands()),
            _ => None,
        }
    }

    fn obey(&mut self, command: Command, rest: &[u8]) -> Result<(), Reply> {
        match command {
            // Its chunk follows, whatever the answer.
            Command::Chunk(head) => self.chunk(head),
            _ if self.access == Access::Refused => return Err(replies::refused_session()),
            Command::Hello(hello) => self.ask(Open::Hello(hello.clone()), Question::Hello(hello)),
            Command::Mail(reverse_path, parameters) => return self.mail(reverse_path, parameters),
            Command::Recipient(recipient) => return self.recipient(recipient),
            Command::Data => return self.data(),
            Command::StartTls => return self.start_tls(rest),
            Command::Reset => {
                self.reset();
                self.say(&replies::ok());
            }
            Command::Noop => self.say(&replies::ok()),
            Command::Help => self.say(&replies::help()),
            Command::Verify => self.say(&replies::cannot_verify()),
            Command::Quit | Command::OtherProtocol | Command::UnboundedChunk => {}
        }
        Ok(())
    }

    fn start_tls(&mut self, rest: &[u8]) -> Result<(), Reply> {
        if self.tls.is_some() {
            return Err(replies::tls_already_on());
        }
        if self.settings.starttls == StartTls::Absent {
            return Err(replies::not_offered());
        }
        if !self.is_extended() {
            return Err(replies::hello_first());
        }
        if !rest.is_empty() {
            self.close_with(&replies::talked_before_tls());
            return Ok(());
        }
        self.reset();
        self.say(&replies::ready_for_tls());
        self.flush();
        self.outputs.push_back(Output::StartTls);
        self.stage = Stage::Handshake;
        Ok(())
    }

    fn mail(&mut self, reverse_path: ReversePath, parameters: MailParameters) -> Result<(), Reply> {
        let limits = &self.settings.limits;
        if self.hello.is_none() {
            return Err(replies::hello_first());
        }
        if self.transaction.is_some() {
            return Err(replies::mail_already_given());
        }
        if !self.is_extended() && parameters != MailParameters::default() {
            return Err(replies::unknown_parameter());
        }
        if !parameters.smtputf8 && reverse_path.mailbox().is_some_and(|mailbox| !mailbox.is_ascii()) {
            return Err(replies::utf8_not_announced());
        }
        if parameters.size.is_some_and(|size| size > limits.message_bytes_max) {
            return Err(replies::too_large(limits.message_bytes_max));
        }
        if self.tally.transactions >= limits.transactions_max {
            return Err(replies::too_many_mails());
        }
        self.tally.transactions += 1;
        let open = Open::Mail(reverse_path.clone(), parameters.clone());
        self.ask(open, Question::Mail { reverse_path, parameters });
        Ok(())
    }

    fn recipient(&mut self, recipient: Recipient) -> Result<(), Reply> {
        let is_extended = self.is_extended();
        let Some(transaction) = &self.transaction else {
            return Err(replies::mail_first());
        };
        if transaction.chunks.is_some() {
            return Err(replies::content_begun());
        }
        if !is_extended && recipient.parameters != RecipientParameters::default() {
            return Err(replies::unknown_parameter());
        }
        if let ForwardPath::Mailbox(mailbox) = &recipient.path
            && !mailbox.is_ascii()
            && !transaction.envelope.parameters.smtputf8
        {
            return Err(replies::utf8_not_announced());
        }
        if transaction.envelope.recipients.len() >= self.settings.limits.recipients_max {
            return Err(replies::too_many_recipients());
        }
        self.ask(Open::Recipient(recipient.clone()), Question::Recipient(recipient));
        Ok(())
    }

    fn data(&mut self) -> Result<(), Reply> {
        let Some(transaction) = &self.transaction else {
            return Err(replies::mail_first());
        };
        if transaction.chunks.is_some() {
            return Err(replies::content_begun());
        }
        if transaction.envelope.recipients.is_empty() {
            return Err(replies::no_valid_recipients());
        }
        let size = transaction.envelope.parameters.size;
        self.ask(Open::Data, Question::Body { size });
        Ok(())
    }

    fn chunk(&mut self, head: ChunkHead) {
        match self.chunk_refusal(head) {
            Some(refusal) => self.begin_chunk(head, Some(refusal)),
            None => match &self.transaction {
                Some(transaction) if transaction.chunks.is_none() => {
                    let size = transaction.envelope.parameters.size.unwrap_or(0).max(head.size);
                    self.ask(Open::Chunk(head), Question::Body { size: Some(size) });
                }
                _ => self.begin_chunk(head, None),
            },
        }
    }

    fn chunk_refusal(&self, head: ChunkHead) -> Option<Reply> {
        let bytes_max = self.settings.limits.message_bytes_max;
        match &self.transaction {
            _ if self.access == Access::Refused => Some(replies::refused_session()),
            _ if !self.is_extended() => Some(replies::hello_first()),
            None => Some(replies::mail_first()),
            Some(transaction) if transaction.envelope.recipients.is_empty() => {
                Some(replies::no_valid_recipients())
            }
            Some(_) if self.bytes_with(head.size) > bytes_max => Some(replies::too_large(bytes_max)),
            Some(_) => None,
        }
    }

    /// Whether the client may use what EHLO offered.
    fn is_extended(&self) -> bool {
        self.hello.as_ref().is_some_and(|hello| hello.verb == HelloVerb::Ehlo)
    }
}

fn parse(line: &Line) -> Result<Command, Reply> {
    match line.fault {
        None => command::parse(&line.bytes),
        Some(fault) => command::unsafe_beginning(&line.bytes).ok_or_else(|| match fault {
            LineFault::BareLineEnd => replies::bare_line_end(),
            LineFault::TooLong => replies::line_too_long(),
            LineFault::Endless => replies::endless_line(),
        }),
    }
}
