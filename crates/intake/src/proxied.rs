//! Reads the PROXY header that a configured proxy puts before a connection.
//!
//! *Security*: called only for peers that the operator named, and then the header must be there. What it says is
//! believed, so whoever may send one may claim any address.

use std::io;

use guichet_smtp::proxy::{self, HEADER_BYTES_MAX, Header, Progress};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::connection::Ends;

/// Reads the header; gives who really talks to whom, and what of the client's own bytes was read with it.
pub(crate) async fn read_header<S: AsyncRead + Unpin>(
    stream: &mut S,
    ends: Ends,
) -> io::Result<(Ends, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES_MAX);
    loop {
        // Bounded: the parser refuses what is longer than a header may be.
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match proxy::parse(&bytes).map_err(io::Error::other)? {
            Progress::Incomplete => {}
            Progress::Complete { header, bytes: length } => {
                return Ok((ends_of(header, ends), bytes.split_off(length.min(bytes.len()))));
            }
        }
    }
}

fn ends_of(header: Header, ends: Ends) -> Ends {
    match header {
        Header::Proxied { source, destination } => {
            let mut client = source;
            client.set_ip(source.ip().to_canonical());
            Ends { client, local: destination.ip() }
        }
        Header::Local => ends,
    }
}
