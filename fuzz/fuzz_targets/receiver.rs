//! Any bytes to the SMTP session, cut anywhere: it ends or waits, within its bounds, with well-formed replies.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| guichet_smtp::fuzzing::fuzz_receiver(bytes));
