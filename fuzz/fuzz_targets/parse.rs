//! Any bytes as a mail: it is read within its limits, its parts lie inside it, and each can be decoded.
#![no_main]

use guichet_mail::{ParseLimits, decode_part, digest, forwarded_author, forwarding_confirmation, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let limits = ParseLimits::default();
    let parsed = parse(raw, &limits);
    assert!(parsed.parts.len() <= limits.parts_max);
    for part in &parsed.parts {
        assert!(part.header_start <= part.body_start && part.body_start <= part.body_end);
        let range = part.body_start as usize..part.body_end as usize;
        let body = raw.get(range).expect("a part lies inside its mail");
        decode_part(body, part.encoding);
    }
    let _ = (forwarded_author(raw, &parsed), forwarding_confirmation(raw, &parsed));
    // The same mail always has the same digest, or duplicates would not be known again.
    assert_eq!(digest(raw, limits.header()), digest(raw, limits.header()));
});
