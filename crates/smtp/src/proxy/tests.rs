use proptest::prelude::*;

use super::*;

/// Every beginning is incomplete; the whole is `header`; what follows doesn't matter.
#[track_caller]
fn check(bytes: &[u8], header: Header) {
    for end in 0..bytes.len() {
        assert_eq!(parse(&bytes[..end]), Ok(Progress::Incomplete), "{end} bytes");
    }
    let complete = Ok(Progress::Complete { header, bytes: bytes.len() });
    assert_eq!(parse(bytes), complete);
    assert_eq!(parse(&[bytes, b"EHLO x\r\n"].concat()), complete);
}

fn proxied(source: &str, destination: &str) -> Header {
    Header::Proxied {
        source: source.parse().expect("an address"),
        destination: destination.parse().expect("an address"),
    }
}

fn v2(version_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a short body").to_be_bytes();
    [V2_SIGNATURE, &[version_command, family], &length, body].concat()
}

#[test]
fn version_1_names_the_client() {
    check(b"PROXY TCP4 192.0.2.1 198.51.100.1 4321 25\r\n", proxied("192.0.2.1:4321", "198.51.100.1:25"));
    check(
        b"PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n",
        proxied("[2001:db8::1]:0", "[2001:db8::2]:65535"),
    );
    check(b"PROXY UNKNOWN\r\n", Header::Local);
    check(b"PROXY UNKNOWN ffff:f 1 2 3\r\n", Header::Local);
}

#[test]
fn version_1_is_taken_by_the_letter() {
    let bad: [&[u8]; 13] = [
        b"PROXY \r\n",
        b"PROXY TCP4\r\n",
        b"PROXY TCP5 192.0.2.1 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
        b"PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 2001:db8::1 198.51.100.1 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 65536 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 01 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 +1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1 \r\n",
    ];
    for line in bad {
        assert_eq!(parse(line), Err(ProxyError::Malformed), "{}", line.escape_ascii());
    }
}

#[test]
fn version_2_names_the_client() {
    let v4 = [192, 0, 2, 1, 198, 51, 100, 1, 0x10, 0xe1, 0, 25];
    check(&v2(0x21, 0x11, &v4), proxied("192.0.2.1:4321", "198.51.100.1:25"));
    let tlvs = [&v4[..], &[0x04, 0, 2, 9, 9]].concat();
    check(&v2(0x21, 0x11, &tlvs), proxied("192.0.2.1:4321", "198.51.100.1:25"));
    let (source, destination): (Ipv6Addr, Ipv6Addr) =
        ("2001:db8::1".parse().expect("an address"), "2001:db8::2".parse().expect("an address"));
    let v6 = [&source.octets()[..], &destination.octets(), &[0x10, 0xe1, 0, 25]].concat();
    check(&v2(0x21, 0x21, &v6), proxied("[2001:db8::1]:4321", "[2001:db8::2]:25"));
}

#[test]
fn version_2_without_a_client_is_local() {
    check(&v2(0x20, 0x00, b""), Header::Local);
    check(&v2(0x20, 0x11, b"whatever"), Header::Local);
    check(&v2(0x21, 0x00, b"whatever"), Header::Local);
    check(&v2(0x21, 0x31, &[0; 216]), Header::Local);
}

#[test]
fn version_2_is_taken_by_the_letter() {
    for (version_command, family, length) in
        [(0x11, 0x11, 12), (0x22, 0x11, 12), (0x21, 0x12, 12), (0x21, 0x11, 11), (0x21, 0x21, 35)]
    {
        assert_eq!(parse(&v2(version_command, family, &vec![0; length])), Err(ProxyError::Malformed));
    }
}

#[test]
fn promise_9_headers_are_bounded() {
    let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
    assert_eq!(parse(&endless[..106]), Ok(Progress::Incomplete));
    assert_eq!(parse(&endless[..107]), Err(ProxyError::TooLong));
    assert_eq!(parse(&[&endless[..], b"\r\n"].concat()), Err(ProxyError::TooLong));
    let longest = v2(0x20, 0, &[0; V2_BODY_BYTES_MAX]);
    assert_eq!(longest.len(), HEADER_BYTES_MAX);
    check(&longest, Header::Local);
    assert_eq!(parse(&v2(0x20, 0, &[0; V2_BODY_BYTES_MAX + 1])[..16]), Err(ProxyError::TooLong));
}

#[test]
fn smtp_is_no_header() {
    for bytes in [&b"E"[..], b"EHLO x\r\n", b"PROXX", b"\r\n\r\n\0\r\nQUIT\r", b"proxy TCP4"] {
        assert_eq!(parse(bytes), Err(ProxyError::Missing));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_it(signature in 0..3usize, tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = [[&b""[..], V1_SIGNATURE, V2_SIGNATURE][signature], &tail].concat();
        if let Ok(Progress::Complete { bytes: length, .. }) = parse(&bytes) {
            prop_assert!(length <= bytes.len());
        }
    }
}
