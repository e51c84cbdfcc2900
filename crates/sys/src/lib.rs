//! The outside as ports: clock, randomness, DNS, TLS material.
