//! Organisations, domains, channels, people, API tokens.
