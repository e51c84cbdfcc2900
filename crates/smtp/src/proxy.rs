//! The PROXY protocol's header, versions 1 and 2: who the client is when a load balancer stands between.
//!
//! A driver whose listener is set to expect it gathers bytes until [`parse`] finds the header's end, before it starts
//! a [`Receiver`](crate::Receiver); what follows the header is the client's.
//!
//! What must hold: a header is accepted only whole and never beyond its bound; TLVs of version 2 are skipped.
//!
//! *Standards*: "The PROXY protocol", versions 1 and 2 (haproxy.org, 2020/03/05).
//!
//! *Security*: who may send a header can be any client it likes. Expect it only from addresses named in the
//! configuration, and then always: whether it is there must never be guessed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Octets of a version 1 header, CRLF included (section 2.1).
const V1_BYTES_MAX: usize = 107;
/// Octets after the fixed part of a version 2 header: addresses and TLVs. The standard would allow 65,535; a sender
/// that keeps to a first packet (section 2) stays far below this.
const V2_BODY_BYTES_MAX: usize = 4096;
/// Octets of a version 2 header's fixed part.
const V2_FIXED_BYTES: usize = 16;

const V1_SIGNATURE: &[u8] = b"PROXY ";
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The most octets that [`parse`] can need.
pub const HEADER_BYTES_MAX: usize = V2_FIXED_BYTES + V2_BODY_BYTES_MAX;

/// What the bytes so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The beginning of a header; give it again with more behind it.
    Incomplete,
    /// A header of `bytes` octets; what follows is the client's.
    Complete {
        /// What it says.
        header: Header,
        /// Its length.
        bytes: usize,
    },
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The connection is somebody else's.
    Proxied {
        /// The client.
        source: SocketAddr,
        /// Where the client connected to.
        destination: SocketAddr,
    },
    /// The connection is the load balancer's own, or of a kind it can't name: the real peer is the client.
    Local,
}

/// The bytes are no header. Close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Neither version's signature.
    #[error("the connection does not begin with a PROXY header")]
    Missing,
    /// A signature, but then not what the standard lets follow.
    #[error("malformed PROXY header")]
    Malformed,
    /// Longer than a header may be.
    #[error("PROXY header too long")]
    TooLong,
}

/// Parses the header at the front of `bytes`, which is all that came so far.
pub fn parse(bytes: &[u8]) -> Result<Progress, ProxyError> {
    if begins(bytes, V2_SIGNATURE) {
        parse_v2(bytes)
    } else if begins(bytes, V1_SIGNATURE) {
        parse_v1(bytes)
    } else {
        Err(ProxyError::Missing)
    }
}

/// Whether `bytes` can still become, or already is, something that begins with `signature`.
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(byte, expected)| byte == expected)
}

fn parse_v1(bytes: &[u8]) -> Result<Progress, ProxyError> {
    let Some(lf) = memchr::memchr(b'\n', bytes) else {
        return if bytes.len() < V1_BYTES_MAX { Ok(Progress::Incomplete) } else { Err(ProxyError::TooLong) };
    };
    if lf >= V1_BYTES_MAX {
        return Err(ProxyError::TooLong);
    }
    let line =
        bytes.get(..lf).and_then(|line| line.strip_suffix(b"\r")).and_then(|line| str::from_utf8(line).ok());
    let header = line.and_then(v1_header).ok_or(ProxyError::Malformed)?;
    Ok(Progress::Complete { header, bytes: lf + 1 })
}

fn v1_header(line: &str) -> Option<Header> {
    let mut words = line.split(' ').skip(1);
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(Header::Local);
    }
    let (source, destination) = (words.next()?, words.next()?);
    let (source, destination): (IpAddr, IpAddr) = match family {
        "TCP4" => (source.parse::<Ipv4Addr>().ok()?.into(), destination.parse::<Ipv4Addr>().ok()?.into()),
        "TCP6" => (source.parse::<Ipv6Addr>().ok()?.into(), destination.parse::<Ipv6Addr>().ok()?.into()),
        _ => return None,
    };
    let (source_port, destination_port) = (port(words.next()?)?, port(words.next()?)?);
    words.next().is_none().then(|| Header::Proxied {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

/// Decimal without sign or leading zeros (section 2.1).
fn port(digits: &str) -> Option<u16> {
    let is_plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| is_plain)
}

fn parse_v2(bytes: &[u8]) -> Result<Progress, ProxyError> {
    let Some((fixed, body)) = bytes.split_first_chunk::<V2_FIXED_BYTES>() else {
        return Ok(Progress::Incomplete);
    };
    let [.., version_command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > V2_BODY_BYTES_MAX {
        return Err(ProxyError::TooLong);
    }
    let Some(body) = body.get(..length) else {
        return Ok(Progress::Incomplete);
    };
    let header = match version_command {
        0x20 => Header::Local,
        0x21 => v2_header(family, body).ok_or(ProxyError::Malformed)?,
        _ => return Err(ProxyError::Malformed),
    };
    Ok(Progress::Complete { header, bytes: V2_FIXED_BYTES + length })
}

/// Families of section 2.2. SMTP comes over TCP; a socket of the local machine, or an unspecified one, names nobody.
fn v2_header(family: u8, body: &[u8]) -> Option<Header> {
    let (source, destination, ports): (IpAddr, IpAddr, &[u8]) = match family {
        0x00 | 0x31 => return Some(Header::Local),
        0x11 => {
            let (source, rest) = body.split_first_chunk::<4>()?;
            let (destination, rest) = rest.split_first_chunk::<4>()?;
            (Ipv4Addr::from(*source).into(), Ipv4Addr::from(*destination).into(), rest)
        }
        0x21 => {
            let (source, rest) = body.split_first_chunk::<16>()?;
            let (destination, rest) = rest.split_first_chunk::<16>()?;
            (Ipv6Addr::from(*source).into(), Ipv6Addr::from(*destination).into(), rest)
        }
        _ => return None,
    };
    let &[a, b, c, d] = ports.first_chunk::<4>()?;
    Some(Header::Proxied {
        source: SocketAddr::new(source, u16::from_be_bytes([a, b])),
        destination: SocketAddr::new(destination, u16::from_be_bytes([c, d])),
    })
}

#[cfg(test)]
mod tests;
