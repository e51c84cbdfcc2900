//! SMTP itself, both ends: pure session machines and the wire format.
