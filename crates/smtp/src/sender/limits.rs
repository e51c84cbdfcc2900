//! Every bound of a sending session, by name.
//!
//! *Standards*: RFC 5321, sections 4.5.3.1.5 (length of replies), 4.5.3.2 (time-outs).

use std::time::Duration;

/// What one session may cost. Overstepping fails the connection, which is temporary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderLimits {
    /// Octets of one reply line, its end included. RFC 5321 allows 512; some servers put a page into one.
    pub reply_line_bytes_max: usize,
    /// Lines of one reply. The longest honest ones answer EHLO with some thirty.
    pub reply_lines_max: usize,
    /// Octets of one reply, all lines together.
    pub reply_bytes_max: usize,
    /// Octets of a reply's words that are kept.
    pub reply_text_bytes_max: usize,
    /// Seconds to wait for the greeting (RFC 5321, section 4.5.3.2.1: 5 minutes).
    pub greeting_secs_max: u32,
    /// Seconds for the reply to EHLO, HELO, STARTTLS, each step of AUTH, and RSET. RFC 5321 names none: as for MAIL.
    pub command_secs_max: u32,
    /// Seconds for the TLS handshake: nobody thinks during it.
    pub handshake_secs_max: u32,
    /// Seconds for the reply to MAIL (RFC 5321, section 4.5.3.2.2: 5 minutes).
    pub mail_secs_max: u32,
    /// Seconds for the reply to RCPT (RFC 5321, section 4.5.3.2.3: 5 minutes).
    pub recipient_secs_max: u32,
    /// Seconds for the reply to DATA (RFC 5321, section 4.5.3.2.4: 2 minutes).
    pub data_secs_max: u32,
    /// Seconds to write one piece of the content (RFC 5321, section 4.5.3.2.5: 3 minutes).
    pub block_secs_max: u32,
    /// Seconds for the final reply (RFC 5321, section 4.5.3.2.6: 10 minutes). Less would send mails twice.
    pub final_reply_secs_max: u32,
    /// Seconds for the reply to QUIT: nothing depends on it.
    pub quit_secs_max: u32,
}

impl Default for SenderLimits {
    fn default() -> Self {
        Self {
            reply_line_bytes_max: 4096,
            reply_lines_max: 128,
            reply_bytes_max: 32 << 10,
            reply_text_bytes_max: 2048,
            greeting_secs_max: 300,
            command_secs_max: 300,
            handshake_secs_max: 60,
            mail_secs_max: 300,
            recipient_secs_max: 300,
            data_secs_max: 120,
            block_secs_max: 180,
            final_reply_secs_max: 600,
            quit_secs_max: 10,
        }
    }
}

/// A wait that the driver must not prolong: while [`Sender::wait`](super::Sender::wait) gives an equal one, its time
/// goes on running, whatever octets came in between. So a remote can't hold a session with a byte now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Differs from wait to wait.
    pub number: u64,
    /// How long it may last; then call [`Sender::timed_out`](super::Sender::timed_out).
    pub time: Duration,
}
