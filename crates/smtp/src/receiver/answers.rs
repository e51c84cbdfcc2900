//! What follows from each answer of policy.
//!
//! *Standards*: RFC 5321, sections 3.1 (refused connections), 3.2 and 4.1.1.1 (EHLO), 4.1.4 (EHLO begins anew).

use super::content::Dotted;
use super::{Access, Open, Receiver, Stage, StartTls, Tally, Transaction};
use crate::address::ReversePath;
use crate::envelope::{Envelope, HelloVerb};
use crate::parameters::MailParameters;
use crate::replies;
use crate::reply::{Code, Reply};

impl Receiver {
    /// Policy says yes, perhaps in words of its own; those count where the standard leaves the words free.
    pub(super) fn accepted(&mut self, open: Open, words: Option<Reply>) {
        match open {
            Open::Connect => {
                self.stage = Stage::Commands;
                if !self.stopping {
                    self.say(&replies::greeting(&self.settings.host));
                }
            }
            Open::Hello(hello) => {
                self.reset();
                let reply = self.hello_reply(hello.verb);
                self.hello = Some(hello);
                self.say(&reply);
            }
            Open::Mail(reverse_path, parameters) => {
                self.begin_transaction(reverse_path, parameters);
                self.say(&words.unwrap_or_else(replies::sender_ok));
            }
            Open::Recipient(recipient) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.envelope.recipients.push(recipient);
                }
                self.say(&words.unwrap_or_else(replies::recipient_ok));
            }
            Open::Data => {
                self.stage = Stage::Data(Dotted::default());
                self.pace.await_content();
                self.say(&replies::start_mail_input());
            }
            Open::Chunk(head) => self.begin_chunk(head, None),
            Open::BodyEnd => {
                self.tally = Tally { transactions: self.tally.transactions, ..Tally::default() };
                self.say(&words.unwrap_or_else(replies::mail_accepted));
            }
        }
    }

    /// Policy says no.
    pub(super) fn refused(&mut self, open: &Open, refusal: Reply) {
        match open {
            Open::Connect => {
                self.stage = Stage::Commands;
                self.access = Access::Refused;
                self.say(&refusal);
            }
            Open::Chunk(head) if refusal.code() != Code::ServiceUnavailable => {
                self.begin_chunk(*head, Some(refusal));
            }
            // A client that can't send its content begins anew.
            Open::Data => {
                self.reset();
                self.say(&refusal);
            }
            _ => self.say(&refusal),
        }
    }

    fn begin_transaction(&mut self, reverse_path: ReversePath, parameters: MailParameters) {
        // MAIL FROM is asked about only after EHLO, and EHLO only after the connection.
        let (Some(peer), Some(hello)) = (self.peer, self.hello.clone()) else {
            return;
        };
        let tls = self.tls.clone();
        let envelope = Envelope { peer, hello, tls, reverse_path, parameters, recipients: Vec::new() };
        self.transaction = Some(Transaction { envelope, chunks: None });
    }

    fn hello_reply(&self, verb: HelloVerb) -> Reply {
        let host = &self.settings.host;
        if verb == HelloVerb::Helo {
            return Reply::without_status(Code::Ok, host.clone());
        }
        let mut lines = format!("{host}\nPIPELINING\nSIZE {}\n", self.settings.limits.message_bytes_max);
        if self.settings.starttls == StartTls::Offered && self.tls.is_none() {
            lines.push_str("STARTTLS\n");
        }
        // Of DSN (RFC 3461) success is told where asked; failure never, since whatever fails is refused at once.
        lines.push_str("ENHANCEDSTATUSCODES\n8BITMIME\nDSN\nCHUNKING\nSMTPUTF8\nHELP");
        Reply::without_status(Code::Ok, lines)
    }
}
