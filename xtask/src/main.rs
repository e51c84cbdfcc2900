//! What a developer runs: check, test, bench, load, fuzz.

fn main() {}
