//! JSON over HTTP: the API under `/api/v1`.
