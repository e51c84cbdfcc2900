//! A transaction: one sender, one recipient, one mail; up to the content.
//!
//! With PIPELINING all commands leave in one write. Then each combination of answers must end well (RFC 2920,
//! section 3.1):
//! - A refusal, and DATA is refused too: the first refusal is the result; RSET goes before the next MAIL if needed.
//! - RCPT refused, yet DATA answered `354`: a lone dot ends a content that nobody gets.
//! - MAIL refused, but RCPT accepted and DATA answered `354`: a lone dot would deliver an empty mail, so the connection
//!   is given up.
//!
//! *Standards*: RFC 5321, section 3.3; RFC 1870, 2920, 6152, 6531.

use std::collections::VecDeque;

use crate::address::{ForwardPath, ReversePath};
use crate::parameters::{Notify, OriginalRecipient, Return};

use super::outcome::{ConnectionFailure, FailureCause, Outcome, Stage, TransactionResult, Unsendable};
use super::remote_reply::RemoteReply;
use super::step::Step;
use super::stuffing::DotStuffer;
use super::{Phase, Sender, SenderOutput, parameters};

/// What is to be sent, but for the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The sender.
    pub reverse_path: ReversePath,
    /// The recipient.
    pub recipient: ForwardPath,
    /// Octets of the content, its CRLFs counted.
    pub size: u64,
    /// Whether the content has octets over 127.
    pub eight_bit: bool,
    /// Whether header fields, or addresses in them, are beyond ASCII. An address here that is has the same effect.
    pub smtputf8: bool,
    /// What to ask for by DSN, if the remote offers it.
    pub dsn: Option<Dsn>,
}

/// Parameters of RFC 3461. What can't be written by its grammar, or is too long, is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dsn {
    /// `ENVID`: printable ASCII, up to 100 octets when encoded.
    pub envid: Option<String>,
    /// `RET`.
    pub ret: Option<Return>,
    /// `NOTIFY`.
    pub notify: Option<Notify>,
    /// `ORCPT`.
    pub orcpt: Option<OriginalRecipient>,
}

/// A transaction under way.
#[derive(Debug)]
pub(super) struct Running {
    /// Commands not sent yet.
    commands: VecDeque<(Step, String)>,
    has_sender: bool,
    has_recipient: bool,
    /// The first refusal: it decides, whatever is answered to the rest of a pipelined group.
    refusal: Option<(Stage, RemoteReply)>,
}

impl Running {
    pub(super) fn refuse(&mut self, stage: Stage, reply: RemoteReply) {
        self.refusal.get_or_insert((stage, reply));
    }

    /// The result when the connection fails.
    pub(super) fn lost(self, failure: &ConnectionFailure) -> TransactionResult {
        match self.refusal {
            Some((stage, reply)) => TransactionResult { stage, outcome: Outcome::Refused(reply) },
            None => TransactionResult { stage: failure.stage, outcome: Outcome::Lost(failure.clone()) },
        }
    }
}

impl Transaction {
    fn needs_smtputf8(&self) -> bool {
        let is_ascii = self.reverse_path.mailbox().is_none_or(crate::Mailbox::is_ascii)
            && self.recipient.mailbox().is_none_or(crate::Mailbox::is_ascii);
        self.smtputf8 || !is_ascii
    }
}

impl Sender {
    /// Begins a transaction; only when [`Ready`](SenderOutput::Ready). At another time its result is a temporary
    /// failure, and nothing is sent.
    pub fn begin(&mut self, transaction: &Transaction) {
        if !matches!(self.phase, Phase::Ready) {
            let failure = ConnectionFailure { stage: self.stage(), cause: FailureCause::Abandoned };
            let result = TransactionResult { stage: Stage::MailFrom, outcome: Outcome::Lost(failure) };
            return self.outputs.push_back(SenderOutput::Done(result));
        }
        if let Some(why) = self.unsendable(transaction) {
            let result = TransactionResult { stage: Stage::MailFrom, outcome: Outcome::Unsendable(why) };
            self.outputs.push_back(SenderOutput::Done(result));
            return self.ready();
        }
        let reset = self.reset_due.then(|| (Step::Reset, "RSET\r\n".to_owned()));
        let smtputf8 = transaction.needs_smtputf8();
        let mail = (Step::Mail, parameters::mail(transaction, smtputf8, &self.extensions));
        let recipient = (Step::Recipient, parameters::recipient(transaction, &self.extensions));
        let data = (Step::Data, "DATA\r\n".to_owned());
        let commands = reset.into_iter().chain([mail, recipient, data]).collect();
        self.reset_due = false;
        self.transaction = Some(Running { commands, has_sender: false, has_recipient: false, refusal: None });
        self.send_commands();
    }

    fn unsendable(&self, transaction: &Transaction) -> Option<Unsendable> {
        let &Transaction { size, eight_bit, .. } = transaction;
        match self.extensions.size_max() {
            Some(size_max) if size > size_max => return Some(Unsendable::TooLarge { size, size_max }),
            _ => {}
        }
        if transaction.needs_smtputf8() && !self.extensions.smtputf8 {
            return Some(Unsendable::SmtpUtf8);
        }
        (eight_bit && !self.extensions.eight_bit_mime).then_some(Unsendable::EightBit)
    }

    /// Sends the next command, or with PIPELINING all of them.
    fn send_commands(&mut self) {
        let Some(running) = &mut self.transaction else { return };
        let count = if self.extensions.pipelining { running.commands.len() } else { 1 };
        let mut wire = Vec::new();
        for (step, command) in running.commands.drain(..count.min(running.commands.len())) {
            self.awaited.push_back(step);
            wire.extend_from_slice(command.as_bytes());
        }
        self.waits += 1;
        self.phase = Phase::Replies;
        self.outputs.push_back(SenderOutput::Send(wire));
    }

    pub(super) fn reset_answered(&mut self, reply: RemoteReply) {
        if reply.is_positive() {
            self.go_on();
        } else {
            // No QUIT: what follows in the group may have made the remote wait for content.
            let is_refusal = reply.is_refusal();
            self.fail(if is_refusal { FailureCause::Refused(reply) } else { FailureCause::OutOfTurn(reply) });
        }
    }

    pub(super) fn mail_answered(&mut self, reply: RemoteReply) {
        let Some(running) = &mut self.transaction else { return };
        if reply.is_intermediate() {
            return self.fail(FailureCause::OutOfTurn(reply));
        }
        running.has_sender = reply.is_positive();
        if reply.is_refusal() {
            running.refuse(Stage::MailFrom, reply);
        }
        self.go_on();
    }

    pub(super) fn recipient_answered(&mut self, reply: RemoteReply) {
        let Some(running) = &mut self.transaction else { return };
        if reply.is_intermediate() {
            return self.fail(FailureCause::OutOfTurn(reply));
        }
        running.has_recipient = reply.is_positive();
        if reply.is_refusal() {
            running.refuse(Stage::RcptTo, reply);
        }
        self.go_on();
    }

    pub(super) fn data_answered(&mut self, reply: RemoteReply) {
        let Some(running) = &mut self.transaction else { return };
        if reply.is_refusal() {
            running.refuse(Stage::Data, reply);
            return self.go_on();
        }
        let is_refused = running.refusal.is_some();
        if reply.is_positive() || (is_refused && running.has_recipient) {
            return self.fail(FailureCause::OutOfTurn(reply));
        }
        self.step_done();
        if is_refused {
            return self.command(Step::LoneDot, b".\r\n");
        }
        self.phase = Phase::Body(DotStuffer::default());
        self.outputs.push_back(SenderOutput::WantBody);
    }

    /// Whatever the remote thinks of a mail for nobody: with its dot the transaction is over.
    pub(super) fn lone_dot_answered(&mut self, reply: RemoteReply) {
        let Some(running) = &mut self.transaction else { return };
        if reply.is_intermediate() {
            return self.fail(FailureCause::OutOfTurn(reply));
        }
        running.has_sender = false;
        self.go_on();
    }

    /// After an answer: what of the group is still to be answered, then the next command, or the result.
    fn go_on(&mut self) {
        self.step_done();
        let Some(running) = &mut self.transaction else { return };
        if !self.awaited.is_empty() {
            return;
        }
        match running.refusal.take() {
            None => self.send_commands(),
            Some((stage, reply)) => {
                self.reset_due = running.has_sender || running.has_recipient;
                self.finish(TransactionResult { stage, outcome: Outcome::Refused(reply) });
            }
        }
    }

    pub(super) fn finish(&mut self, result: TransactionResult) {
        self.awaited.clear();
        self.transaction = None;
        self.outputs.push_back(SenderOutput::Done(result));
        self.ready();
    }
}
