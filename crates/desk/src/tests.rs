//! The desk, told as its users would.
