//! DNS names as text: one spelling for the cache and the wire.
//!
//! *Standards*: RFC 1035 section 2.3.4 (sizes), RFC 4343 (case), RFC 3596 section 2.5 (`ip6.arpa`).

use std::{
    borrow::Cow,
    fmt::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Lower case, without the final dot; `None` where DNS could not hold such a name.
pub(super) fn canonical(name: &str) -> Option<Cow<'_, str>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label_fits = |label: &str| !label.is_empty() && label.len() <= LABEL_BYTES_MAX;
    if name.len() > NAME_BYTES_MAX || !name.is_ascii() || !name.split('.').all(label_fits) {
        return None;
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Some(Cow::Owned(name.to_ascii_lowercase()))
    } else {
        Some(Cow::Borrowed(name))
    }
}

/// The name under which the names of `address` stand: `4.3.2.1.in-addr.arpa`, or nibbles under `ip6.arpa`.
#[must_use]
pub fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let mut name = String::with_capacity(72);
            for octet in address.octets().iter().rev() {
                // Writing to a String can't fail.
                let _ = write!(name, "{:x}.{:x}.", octet & 0x0f, octet >> 4);
            }
            name.push_str("ip6.arpa");
            name
        }
    }
}

/// Addresses that are no host's of the open internet: this machine's, a private network's, or nobody's.
///
/// *Standards*: RFC 6890 (special addresses), RFC 6598 (carriers' networks), RFC 4193 (unique local addresses), RFC 8215
/// (a network's own translators), RFC 3879 (site-local addresses, which some networks still have).
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || v6.is_unique_local()
                || matches!(v6.segments(), [0x64, 0xff9b, 1, ..] | [0xfec0..=0xfeff, ..])
                || embedded(v6).is_some_and(|v4| is_private(v4.into()))
        }
    }
}

/// The IPv4 address that an IPv6 address leads to: through a translator (RFC 6052 2.1) or a tunnel (RFC 3056 2), or as
/// compatible (RFC 4291 2.5.5.1).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0 | 0x64, 0 | 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(canonical("Example.ORG.").as_deref(), Some("example.org"));
        assert_eq!(canonical("_dmarc.example.org").as_deref(), Some("_dmarc.example.org"));
    }

    #[test]
    fn what_dns_cannot_hold_is_no_name() {
        let label = "a".repeat(64);
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(63)].join(".");
        for name in ["", ".", "a..b", ".a", "exämple.org", &label, &long] {
            assert_eq!(canonical(name), None, "{name:?}");
        }
    }

    #[test]
    fn an_address_has_a_reverse_name() {
        assert_eq!(reverse_name("192.0.2.1".parse().unwrap()), "1.2.0.192.in-addr.arpa");
        assert_eq!(
            reverse_name("2001:db8::cb01".parse().unwrap()),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }
}
