//! The session's behaviour, told in transcripts; see [`transcript`] for how to read them.

mod against_receiver;
mod driving;
mod replies;
mod transcript;

/// Each transcript is a file beside this one's parent, replayed whole, at every split, and byte by byte.
macro_rules! transcripts {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            transcript::replay(include_str!(concat!("transcripts/", stringify!($name), ".txt")));
        })*
    };
}

transcripts! {
    one_mail
    two_mails_on_one_connection
    without_pipelining
    hello_falls_back
    refused_greeting
    refused_greeting_for_ever
    refused_hello
    starttls
    starttls_refused_but_not_required
    starttls_refused_though_required
    farewell_instead_of_tls
    starttls_not_offered_though_required
    implicit_tls
    auth_plain
    auth_plain_too_long_for_one_line
    auth_login
    auth_refused
    farewell_while_signing_in
    auth_not_offered
    auth_not_in_clear
    mail_refused
    mail_refused_and_content_wanted
    recipient_refused
    recipient_refused_and_content_wanted
    recipient_refused_without_pipelining
    data_refused
    content_refused
    content_refused_before_its_end
    content_accepted_before_its_end
    reset_refused
    unsendable
    parameters
    dsn_parameters
    farewell_when_idle
    farewell_in_a_transaction
    farewell_after_a_refusal
    farewell_as_final_reply
    closed_before_the_final_reply
    timed_out
    replies_nobody_asked_for
    replies_that_make_no_sense
    replies_of_no_use
}
