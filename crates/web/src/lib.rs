//! What the API and the panel both need of HTTP.
