//! The standard sentences: everything that the machine says by itself, and what a driver's policy says in
//! the usual cases. In one place, so that a person who reads a bounce meets one voice.
//!
//! What must hold: a refusal names what is wrong in words for people, and never what is behind it (paths,
//! names of other programs, causes of our own trouble).

use crate::reply::{Code, Reply, Status};

macro_rules! sentences {
    ($($(#[$doc:meta])* $visibility:vis $name:ident: $code:ident $subject:literal $detail:literal $text:literal;)*) => {
        $($(#[$doc])* $visibility fn $name() -> Reply {
            Reply::new(Code::$code, Status::new($subject, $detail), $text)
        })*
    };
}

// For policy: what a driver answers.
sentences! {
    /// The mail is kept; a driver that can name the result says so itself.
    pub mail_accepted: Ok 0 0 "The mail is safe with us.";
    /// No such address here.
    pub unknown_mailbox: MailboxUnavailable 1 1 "There is nobody here by that address. Please check it for typing errors.";
    /// The domain is not ours.
    pub relaying_denied: MailboxUnavailable 7 1 "This server takes mail only for its own domains, and that one is not among them.";
    /// The sender is unwanted.
    pub blocked: MailboxUnavailable 7 1 "This mail was refused by the policy of the recipient's organisation.";
    /// The domain of the reverse path publishes that such mail is not its own (RFC 7372).
    pub authentication_failed: MailboxUnavailable 7 26 "The sender's domain asks that mail which fails its DMARC checks be refused, and this mail does.";
    /// No room for the mail: disk, or bytes in flight.
    pub no_room: InsufficientStorage 3 1 "There is no room for this mail just now. Please try again later.";
    /// Trouble of ours whose cause is in the log.
    pub local_trouble: LocalError 3 0 "We have a problem of our own. Please try again later.";
    /// An answer can't be had just now, such as one from DNS.
    pub undecided: LocalError 4 3 "We can't decide this just now. Please try again later.";
    /// Too many connections, over all or from this address.
    pub too_many_connections: ServiceUnavailable 7 0 "There are too many connections just now. Please try again later.";
    /// No service for this client.
    pub no_service: TransactionFailed 7 1 "This server takes no mail from your address.";
}

// What the machine says: a command done.
sentences! {
    pub(crate) ready_for_tls: Ready 0 0 "Go ahead with TLS.";
    pub(crate) closing: Closing 0 0 "Goodbye.";
    pub(crate) ok: Ok 0 0 "OK.";
    pub(crate) sender_ok: Ok 1 0 "Sender OK.";
    pub(crate) recipient_ok: Ok 1 5 "Recipient OK.";
    pub(crate) chunk_ok: Ok 0 0 "Chunk received.";
    pub(crate) cannot_verify: CannotVerify 0 0 "We don't say who is here. Send the mail and you will know.";
    pub(crate) help: Help 0 0 "This server speaks SMTP as in RFC 5321.\nEHLO lists its extensions.";
}

// What the machine says: the session ends.
sentences! {
    pub(crate) shutting_down: ServiceUnavailable 3 2 "This server is about to restart. Please connect again in a moment.";
    pub(crate) timed_out: ServiceUnavailable 4 2 "You were silent or slow for too long.";
    pub(crate) too_many_errors: ServiceUnavailable 7 0 "There were too many errors on this connection.";
    pub(crate) too_many_commands: ServiceUnavailable 7 0 "There were too many commands without a mail.";
    pub(crate) too_many_mails: ServiceUnavailable 7 0 "That was enough for one connection. Please open a new one.";
    pub(crate) endless_line: ServiceUnavailable 7 0 "That line has no end.";
    pub(crate) other_protocol: ServiceUnavailable 7 0 "This is a mail server; it speaks nothing but SMTP.";
    pub(crate) talked_before_tls: ServiceUnavailable 7 0 "Wait for the answer to STARTTLS before you go on.";
    pub(crate) backlog_full: ServiceUnavailable 7 0 "Too much was sent ahead of our answers.";
}

// What the machine says: a line or an argument is wrong.
sentences! {
    pub(crate) unknown_command: SyntaxError 5 1 "There is no such command.";
    pub(crate) unreadable_command: SyntaxError 5 2 "That is no command: it holds control characters or isn't UTF-8.";
    pub(crate) bare_line_end: SyntaxError 5 2 "Lines end in CR LF; a CR or an LF alone is refused.";
    pub(crate) line_too_long: SyntaxError 5 6 "That line is too long.";
    pub(crate) not_offered: NotImplemented 5 1 "That command is not offered here.";
    pub(crate) no_argument_wanted: ArgumentError 5 4 "That command takes no argument.";
    pub(crate) argument_wanted: ArgumentError 5 4 "That command needs an argument.";
    pub(crate) bad_hello: ArgumentError 5 4 "Please give the name of your machine, in ASCII and without spaces.";
    pub(crate) bad_chunk_size: ArgumentError 5 4 "That is no chunk size; where the chunk ends can't be known.";
    pub(crate) bad_mail: ArgumentError 5 4 "Please write MAIL FROM:<address>.";
    pub(crate) bad_recipient: ArgumentError 5 4 "Please write RCPT TO:<address>.";
    pub(crate) bad_parameter: ArgumentError 5 4 "A parameter is malformed or given twice.";
    pub(crate) unknown_parameter: ParameterNotRecognised 5 4 "A parameter is unknown or not offered here.";
    pub(crate) bad_sender_address: ArgumentError 1 7 "The sender is no valid address.";
    pub(crate) bad_recipient_address: ArgumentError 1 3 "The recipient is no valid address.";
    pub(crate) utf8_not_announced: MailboxNameNotAllowed 6 7 "An address outside ASCII needs SMTPUTF8 with MAIL FROM.";
}

// What the machine says: not now, not here, not so.
sentences! {
    pub(crate) refused_session: BadSequence 5 1 "This session was refused; only QUIT is left.";
    pub(crate) hello_first: BadSequence 5 1 "Please say EHLO first.";
    pub(crate) mail_first: BadSequence 5 1 "Please say MAIL FROM first.";
    pub(crate) mail_already_given: BadSequence 5 1 "A mail is already begun; finish it or say RSET.";
    pub(crate) tls_already_on: BadSequence 5 1 "TLS is on already.";
    pub(crate) content_begun: BadSequence 5 1 "The content has begun; go on with BDAT or say RSET.";
    pub(crate) no_valid_recipients: TransactionFailed 5 1 "There is no valid recipient.";
    pub(crate) too_many_recipients: InsufficientStorage 5 3 "That is enough recipients for one mail. Please send the others another.";
    pub(crate) bare_line_end_in_mail: MailboxUnavailable 6 11 "The mail holds a CR or an LF alone; lines must end in CR LF (RFC 5321, section 2.3.8).";
}

/// Larger than the bound, which it names.
pub(crate) fn too_large(message_bytes_max: u64) -> Reply {
    let text = format!("The mail is too large: at most {message_bytes_max} bytes are taken.");
    Reply::new(Code::ExceededStorage, Status::new(3, 4), text)
}

/// The greeting (RFC 5321, section 4.2); names the host and nothing of the program's version.
pub(crate) fn greeting(host: &str) -> Reply {
    Reply::without_status(Code::Ready, format!("{host} ESMTP"))
}

/// The answer to DATA.
pub(crate) fn start_mail_input() -> Reply {
    Reply::without_status(Code::StartMailInput, "Send the mail; end it with a dot on a line of its own.")
}
