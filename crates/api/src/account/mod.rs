//! `/account`: what somebody changes of themselves: name, password, second factor.
//!
//! *Must hold*: a token changes none of it, so that a leaked one does not become a lasting one; what stands beside the
//! password is changed by who knows the password.

mod address;
mod own;
mod password;
mod totp;

pub(crate) use address::{
    __path_confirm as __path_confirm_address, __path_request as __path_request_address,
    confirm as confirm_address, request as request_address,
};
pub(crate) use own::{__path_change, __path_read, change, read};
pub(crate) use password::{__path_change as __path_change_password, change as change_password};
pub(crate) use totp::{
    __path_begin as __path_begin_totp, __path_confirm as __path_confirm_totp,
    __path_remove as __path_remove_totp, __path_renew as __path_renew_recovery_codes, begin as begin_totp,
    confirm as confirm_totp, remove as remove_totp, renew as renew_recovery_codes,
};
