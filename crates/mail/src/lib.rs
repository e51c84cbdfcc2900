//! Messages: parse, classify, sanitise. Pure: no clock, no network, no disk.
