//! Any bytes where an address is expected, in SMTP and in header fields: what is taken for one can be written and
//! read back, and carries nothing that would end a line.
#![no_main]

use guichet_mail::{Address, MailAddress};
use libfuzzer_sys::fuzz_target;

/// Addresses of one field that are read.
const ADDRESSES_MAX: usize = 50;

fuzz_target!(|bytes: &[u8]| {
    guichet_smtp::fuzzing::fuzz_parsers(bytes);
    let text = String::from_utf8_lossy(bytes);
    if let Ok(address) = MailAddress::parse(&text) {
        let written = address.to_string();
        assert!(!written.chars().any(char::is_control), "{written:?}");
        assert_eq!(MailAddress::parse(&written).as_ref(), Ok(&address));
    }
    assert!(Address::parse_list(&text, ADDRESSES_MAX).len() <= ADDRESSES_MAX);
});
