//! Deliveries as people see them: lists, one with its attempts, and what is done about them.
