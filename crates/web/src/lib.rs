//! What every HTTP surface needs: problems, bearer tokens, cookies, proof of origin, who the client is, bodies, pages, entity
//! tags, idempotency keys, limits, headers, a log of requests.
//!
//! It knows nothing of tickets or mail; the API (and every surface after it) is built from these pieces.

pub mod bearer;
pub mod body;
pub mod client;
pub mod cookie;
pub mod csrf;
pub mod disposition;
pub mod etag;
mod forwarded;
pub mod headers;
pub mod idempotency;
pub mod incoming;
pub mod limits;
pub mod members;
pub mod observe;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod url_token;

pub use client::{Client, Peer, Proxies};
pub use etag::EntityTag;
pub use incoming::{Incoming, IncomingLimits};
pub use members::Members;
pub use page::{Page, Paging};
pub use parameters::Parameters;
pub use problem::{Fault, Kind, Problem};
