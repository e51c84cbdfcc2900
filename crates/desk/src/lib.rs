//! The help desk: the only writer of tickets.
