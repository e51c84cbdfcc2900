//! The ports of `guichet-sys` as data, for tests.
