//! Any bytes as a remote's answers, cut anywhere: each mail has one result, within its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| guichet_smtp::fuzzing::fuzz_sender(bytes));
