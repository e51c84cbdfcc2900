//! `/operator`: what concerns the whole server: its organisations and who may make one, the names that they claim, its own
//! DKIM keys.
//!
//! *Must hold*: the scopes `operator:read` and `operator:write` are those of operators alone, who are people of the
//! operator's own organisation; nothing here shows mail, tickets or contacts of anybody.

mod claims;
mod dkim;
mod organisations;
mod sign_up;

pub(crate) use claims::{
    __path_approve as __path_approve_claim, __path_decline as __path_decline_claim,
    __path_list as __path_list_claims, approve as approve_claim, decline as decline_claim,
    list as list_claims,
};
pub(crate) use dkim::{__path_rotate as __path_rotate_dkim, rotate as rotate_dkim};
pub(crate) use organisations::{
    __path_create as __path_create_organisation, __path_list as __path_list_organisations,
    __path_resume as __path_resume_organisation, __path_suspend as __path_suspend_organisation,
    create as create_organisation, list as list_organisations, resume as resume_organisation,
    suspend as suspend_organisation,
};
pub(crate) use sign_up::{
    __path_change as __path_change_sign_up, __path_show as __path_show_sign_up, change as change_sign_up,
    show as show_sign_up,
};
