//! Every bound of a receiving session, by name.
//!
//! What must hold: no field is optional and none means "without limit"; the defaults are safe for a server
//! on the open internet and no stricter than RFC 5321, section 4.5.3, asks.

/// What one session may cost. Each bound says what its overstepping is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one message, as stored: CRLFs counted, dot stuffing not. Advertised with SIZE (RFC 1870);
    /// more is answered `552 5.3.4`.
    pub message_bytes_max: u64,
    /// Octets of a refused body that are still read so as to find its end. More ends the session, after
    /// the refusal has been sent.
    pub discard_bytes_max: u64,
    /// Octets of one command line, CRLF included. RFC 5321 asks for 512, extensions add up to about 1,200
    /// (DSN alone 500 to RCPT); more is answered `500 5.5.6` and the whole line skipped.
    pub command_bytes_max: usize,
    /// Octets of an overlong or ill-formed line that are skipped in search of its CRLF. More ends the
    /// session with `421 4.7.0`.
    pub skipped_bytes_max: usize,
    /// Octets kept while a question is open. The driver stops reading as soon as
    /// [`Receiver::wants_input`](crate::Receiver::wants_input) says so, thus at most one read's worth
    /// gathers here; a driver that goes on regardless loses the session.
    pub backlog_bytes_max: usize,
    /// Recipients accepted in one transaction, at least 100 (RFC 5321, section 4.5.3.1.8). More hear
    /// `452 4.5.3` and the sender takes them to its next transaction.
    pub recipients_max: usize,
    /// Transactions begun on one connection; one more hears `421 4.7.0`, and the sender connects anew.
    pub transactions_max: u32,
    /// Commands since the last mail was accepted, or since the start, but for BDAT that brings content; one more hears
    /// `421 4.7.0`.
    pub commands_max: u32,
    /// Permanent refusals (`5xx`) since the last mail was accepted, or since the start. After these the
    /// next command hears `421 4.7.0`.
    pub errors_max: u32,
    /// Seconds to wait for one whole command (RFC 5321, section 4.5.3.2.7: 5 minutes), `421 4.4.2`.
    pub command_secs_max: u32,
    /// Seconds to wait for the TLS handshake; then the connection is closed without a word.
    pub handshake_secs_max: u32,
    /// Seconds in a body without a single byte (RFC 5321, section 4.5.3.2.5: 3 minutes), `421 4.4.2`.
    pub body_idle_secs_max: u32,
    /// Seconds that a body may take before its rate counts.
    pub body_grace_secs: u32,
    /// Octets per second that a body must average once the grace is over, `421 4.4.2`. Zero counts as one.
    pub body_bytes_per_sec_min: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 50_000_000,
            discard_bytes_max: 100_000_000,
            command_bytes_max: 2048,
            skipped_bytes_max: 1 << 20,
            backlog_bytes_max: 256 << 10,
            recipients_max: 100,
            transactions_max: 1000,
            commands_max: 1000,
            errors_max: 20,
            command_secs_max: 300,
            handshake_secs_max: 60,
            body_idle_secs_max: 180,
            body_grace_secs: 120,
            body_bytes_per_sec_min: 512,
        }
    }
}
