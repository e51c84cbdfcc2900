//! The session's behaviour, told in transcripts; see [`transcript`] for how to read them.

mod driving;
mod limits;
mod transcript;

/// Each transcript is a file beside this one's parent, replayed whole, at every split, byte by byte, and with answers
/// that come late.
macro_rules! transcripts {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            transcript::replay(include_str!(concat!("transcripts/", stringify!($name), ".txt")));
        })*
    };
}

transcripts! {
    hello_and_extensions
    helo_has_no_extensions
    one_mail
    pipelined_mails
    order_of_commands
    addresses
    parameters
    dsn_parameters
    smtputf8
    refusals_of_policy
    refused_connection
    starttls
    chunking
    chunking_errors
    declared_size
    too_large_by_data
    dot_stuffing
    smuggling_in_data
    smuggling_in_commands
    smuggling_in_chunks
    unreadable_commands
    other_protocols
}

/// Any instant; only differences count.
#[expect(clippy::disallowed_methods, reason = "an Instant can't be made otherwise; it is never asked again")]
fn start() -> std::time::Instant {
    std::time::Instant::now()
}
