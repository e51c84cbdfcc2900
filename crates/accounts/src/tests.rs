//! Accounts, told as an operator would.
