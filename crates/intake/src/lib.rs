//! The SMTP door: listeners, limits, policy, verdicts.
