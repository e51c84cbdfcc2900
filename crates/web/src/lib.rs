//! What every HTTP surface needs: problems, bearer tokens, pages, entity tags, limits, headers, a log of requests.
//!
//! It knows nothing of tickets or mail; the API (and every surface after it) is built from these pieces.

pub mod bearer;
pub mod body;
pub mod disposition;
pub mod etag;
pub mod headers;
pub mod limits;
pub mod observe;
pub mod page;
pub mod parameters;
pub mod problem;

pub use etag::EntityTag;
pub use page::{Page, Paging};
pub use parameters::Parameters;
pub use problem::{Fault, Kind, Problem};
