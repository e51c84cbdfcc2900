//! From the greeting to the first `Ready`: EHLO or HELO, STARTTLS.
//!
//! What must hold: what was said in the clear is forgotten once TLS is on. HELO is the way out only when EHLO isn't
//! known; any other refusal is one.
//!
//! *Standards*: RFC 5321, sections 3.1, 3.2; RFC 3207; RFC 7435 (opportunistic).

use super::extensions::Extensions;
use super::outcome::FailureCause;
use super::remote_reply::RemoteReply;
use super::settings::TlsWish;
use super::step::Step;
use super::{Phase, Sender, SenderOutput};
use crate::envelope::Hello;

/// Octets of the TLS library's words that are kept.
const HANDSHAKE_WORDS_BYTES_MAX: usize = 500;

impl Sender {
    /// The handshake after [`SenderOutput::StartTls`] is done.
    pub fn tls_started(&mut self) {
        if matches!(self.phase, Phase::Handshake) {
            self.is_secured = true;
            self.hello_name = None;
            self.extensions = Extensions::default();
            self.say_hello();
        }
    }

    /// The handshake after [`SenderOutput::StartTls`] failed; `why` is for people. With [`TlsWish::IfOffered`] the
    /// driver may connect anew with [`TlsWish::Never`].
    pub fn tls_failed(&mut self, why: &str) {
        if matches!(self.phase, Phase::Handshake) {
            let kept = why.get(..why.floor_char_boundary(HANDSHAKE_WORDS_BYTES_MAX)).unwrap_or_default();
            self.fail(FailureCause::Handshake(kept.to_owned()));
        }
    }

    pub(super) fn greeted(&mut self, reply: RemoteReply) {
        if !reply.is_positive() {
            return self.refused_or_out_of_turn(reply);
        }
        self.greeting_name = first_word(&reply.text);
        self.step_done();
        self.say_hello();
    }

    pub(super) fn ehlo_answered(&mut self, reply: RemoteReply, lines: &[String]) {
        if matches!(reply.code, 500 | 502) {
            self.step_done();
            let wire = format!("HELO {}\r\n", self.settings.helo);
            return self.command(Step::Helo, wire.as_bytes());
        }
        if reply.is_positive() {
            self.extensions = Extensions::parse(lines);
        }
        self.helo_answered(reply);
    }

    pub(super) fn helo_answered(&mut self, reply: RemoteReply) {
        if !reply.is_positive() {
            return self.refused_or_out_of_turn(reply);
        }
        self.hello_name = first_word(&reply.text);
        match self.settings.tls {
            TlsWish::IfOffered | TlsWish::Required if !self.is_secured && self.extensions.starttls => {
                self.step_done();
                self.command(Step::StartTls, b"STARTTLS\r\n");
            }
            TlsWish::Required if !self.is_secured => self.give_up(FailureCause::TlsMissing),
            _ => self.authenticate(),
        }
    }

    pub(super) fn starttls_answered(&mut self, reply: RemoteReply) {
        if reply.code == 220 {
            self.step_done();
            self.phase = Phase::Handshake;
            self.outputs.push_back(SenderOutput::StartTls);
        } else if reply.is_refusal() && self.settings.tls == TlsWish::IfOffered {
            self.authenticate();
        } else {
            self.refused_or_out_of_turn(reply);
        }
    }

    pub(super) fn refused_or_out_of_turn(&mut self, reply: RemoteReply) {
        if reply.is_refusal() {
            self.give_up(FailureCause::Refused(reply));
        } else {
            self.fail(FailureCause::OutOfTurn(reply));
        }
    }

    fn say_hello(&mut self) {
        let wire = format!("EHLO {}\r\n", self.settings.helo);
        self.command(Step::Ehlo, wire.as_bytes());
    }
}

/// A name, if the text begins with one.
fn first_word(text: &str) -> Option<String> {
    let word = text.split(' ').next()?;
    let is_name =
        (1..=Hello::NAME_BYTES_MAX).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic());
    is_name.then(|| word.to_owned())
}
