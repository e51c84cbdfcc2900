//! `/invitations`: asking people in.
//!
//! *Must hold*: the secret of an invitation goes out by mail alone, and no answer has it; where the first
//! mail can't be sent the invitation is taken back, so that none is open that nobody got.

mod accept;
mod invite;

pub(crate) use accept::{__path_redeem, __path_show, Accepted, Cookie, redeem, show};
pub(crate) use invite::{
    __path_invite, __path_list, __path_resend, __path_revoke, invite, list, resend, revoke,
};
