//! A body that is too large for memory: taken piece by piece, up to a limit, for so long.
//!
//! *Standards*: RFC 9110 15.5.9 (too slow), 15.5.14 (too large).

use std::time::Duration;

use axum::body::{BodyDataStream, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::problem::{Kind, Problem};

/// How much may come, and how slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncomingLimits {
    /// Octets of the whole body.
    pub bytes_max: u64,
    /// Time between two pieces.
    pub silence_max: Duration,
    /// Time for all of it.
    pub wait_max: Duration,
}

/// A body on its way in.
#[derive(Debug)]
pub struct Incoming {
    pieces: BodyDataStream,
    limits: IncomingLimits,
    bytes: u64,
    deadline: Instant,
}

impl Incoming {
    /// The body of this request; refused at once if it says that it is too large.
    pub fn of(request: Request, limits: IncomingLimits) -> Result<Self, Problem> {
        let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length: Option<u64> = length.and_then(|length| length.parse().ok());
        if length.is_some_and(|length| length > limits.bytes_max) {
            return Err(limits.too_large());
        }
        let deadline = Instant::now() + limits.wait_max;
        Ok(Self { pieces: request.into_body().into_data_stream(), limits, bytes: 0, deadline })
    }

    /// The next piece; none after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let until = self.deadline.min(Instant::now() + self.limits.silence_max);
        let piece = timeout_at(until, self.pieces.next()).await;
        let piece = piece.map_err(|_| Problem::new(Kind::RequestTimeout, "the body came too slowly"))?;
        let broken_off = |_| Problem::new(Kind::BadRequest, "the body broke off");
        let Some(piece) = piece.transpose().map_err(broken_off)? else {
            return Ok(None);
        };
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.bytes > self.limits.bytes_max {
            return Err(self.limits.too_large());
        }
        Ok(Some(piece))
    }
}

impl IncomingLimits {
    fn too_large(&self) -> Problem {
        let detail = format!("it is larger than the {} octets that are taken here", self.bytes_max);
        Problem::new(Kind::ContentTooLarge, detail)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;

    use super::*;

    const LIMITS: IncomingLimits = IncomingLimits {
        bytes_max: 10,
        silence_max: Duration::from_secs(5),
        wait_max: Duration::from_secs(12),
    };

    async fn read(body: Body) -> Result<Vec<u8>, Kind> {
        let mut incoming = Incoming::of(Request::new(body), LIMITS).map_err(|problem| problem.kind())?;
        let mut all = Vec::new();
        while let Some(piece) = incoming.next().await.map_err(|problem| problem.kind())? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    /// Four pieces of two octets, each after so many seconds.
    fn dripping(secs: u64) -> Body {
        Body::from_stream(stream::iter(0..4).then(move |_| async move {
            tokio::time::advance(Duration::from_secs(secs)).await;
            Ok::<_, std::io::Error>("ab")
        }))
    }

    #[tokio::test]
    async fn a_body_comes_in_pieces_up_to_the_limit() {
        let piece = |_| Ok::<_, std::io::Error>("abcde");
        let pieces = |number: u32| Body::from_stream(stream::iter((0..number).map(piece)));
        assert_eq!(read(pieces(2)).await.unwrap(), b"abcdeabcde");
        assert_eq!(read(pieces(3)).await.unwrap_err(), Kind::ContentTooLarge);
        assert_eq!(read(Body::empty()).await.unwrap(), b"");
    }

    #[test]
    fn a_body_that_says_that_it_is_too_large_is_not_begun() {
        let request = Request::post("/").header("content-length", "11").body(Body::empty()).unwrap();
        assert_eq!(Incoming::of(request, LIMITS).unwrap_err().kind(), Kind::ContentTooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up() {
        assert_eq!(read(dripping(2)).await.unwrap(), b"abababab");
        assert_eq!(read(dripping(4)).await.unwrap_err(), Kind::RequestTimeout);
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(never).await.unwrap_err(), Kind::RequestTimeout);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_told() {
        let broken = Body::from_stream(stream::iter([Ok("abc"), Err(std::io::Error::other("gone"))]));
        assert_eq!(read(broken).await.unwrap_err(), Kind::BadRequest);
    }
}
