//! Whole-program journeys against real peers.
