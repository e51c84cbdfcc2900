//! The content of a transaction, and the final reply to it.
//!
//! *Standards*: RFC 5321, sections 3.3, 4.1.1.4.

use super::outcome::{FailureCause, Outcome, Stage, TransactionResult};
use super::remote_reply::RemoteReply;
use super::step::Step;
use super::{Phase, Sender, SenderOutput};

impl Sender {
    /// The next piece of the content, of any size; what is written for it has at most twice as many octets. Ignored
    /// unless [`WantBody`](SenderOutput::WantBody) was said and the transaction isn't done since.
    pub fn body(&mut self, content: &[u8]) {
        let Phase::Body(stuffer) = &mut self.phase else { return };
        let mut wire = Vec::with_capacity(content.len() + 16);
        stuffer.push(content, &mut wire);
        self.waits += 1;
        if !wire.is_empty() {
            self.outputs.push_back(SenderOutput::Send(wire));
        }
    }

    /// The content is complete. If it can't be had to its end, [`quit`](Self::quit) instead: then no dot is sent, and
    /// the remote drops what it got.
    pub fn body_end(&mut self) {
        let Phase::Body(stuffer) = &mut self.phase else { return };
        let mut wire = Vec::new();
        std::mem::take(stuffer).end(&mut wire);
        self.command(Step::FinalReply, &wire);
    }

    pub(super) fn content_answered(&mut self, reply: RemoteReply) {
        if reply.is_intermediate() {
            return self.fail(FailureCause::OutOfTurn(reply));
        }
        let stage = Stage::FinalReply;
        let outcome = if reply.is_positive() { Outcome::Accepted(reply) } else { Outcome::Refused(reply) };
        self.finish(TransactionResult { stage, outcome });
    }
}
