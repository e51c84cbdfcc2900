//! `/invitations`, from the side of who invites.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use guichet_accounts::{
    Accounts, Actor, Error, Invitation, NewPerson, PersonId, PersonStatus, Role, Scope, TeamId,
};
use guichet_desk::SystemMailKind;
use guichet_mail::MailAddress;
use guichet_web::{Kind, Members, Page, Parameters, Problem, body, members};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, Posted, Refused, Stored};
use crate::path::Number;
use crate::people::{Person, TEAMS_MAX, read_role};
use crate::settings::page;
use crate::state::Api;
use crate::{mailbox, post};

/// List open invitations, oldest first
///
/// Each is a person who has not answered yet.
#[utoipa::path(
    get,
    path = "/api/v1/invitations",
    tag = "people",
    operation_id = "list_invitations",
    params(Paged),
    responses((status = 200, description = "A page of people who are invited", body = Page<Person>)),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Person>, Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let mut all = api.accounts().people(actor.organisation)?;
    all.retain(|person| person.status == PersonStatus::Invited);
    page(&parameters, b'i', all, |person| person.id.0.to_be_bytes().to_vec())
}

/// Somebody to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToInvite {
    /// Where they read mail; what they will log in with.
    #[schema(example = "rui@demo.example")]
    address: String,
    /// Their name, which they can change when they accept; the address if not given.
    #[schema(required = false, example = "Rui Costa")]
    name: String,
    /// `admin`, `agent` (if not given), or, in the operator's own organisation, `operator`.
    #[schema(required = false, example = "agent")]
    role: String,
    /// The teams that they will belong to.
    #[schema(required = false, example = json!([3]))]
    teams: Vec<u64>,
}

/// Invite somebody
///
/// They get a mail with a link that holds for 72 hours, and come in by choosing a password.
#[utoipa::path(
    post,
    path = "/api/v1/invitations",
    tag = "people",
    operation_id = "invite_person",
    request_body(
        description = "Who",
        content((ToInvite = "application/json",
            example = json!({"address": "rui@demo.example", "name": "Rui Costa", "role": "agent", "teams": [3]}))),
    ),
    responses(
        (status = 201, description = "The mail is on its way", body = Person,
            headers(("Location" = String, description = "Where the invitation is taken back"))),
        Posted,
        Stored,
    ),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn invite(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Person>), Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let wanted = read(body::json(request, wait).await?)?;
    caller.may_let_in(&api, wanted.role)?;
    let accounts = caller.accounts(&api);
    let random = api.wiring.random.as_ref();
    let address = wanted.address.clone();
    // Asked before, so that nobody is left behind whom no mail would reach.
    let mailed = (&address, SystemMailKind::Invitation);
    api.wiring.desk.check_system_mail(actor.organisation, mailed, caller.at())?;
    let made = accounts.invite(actor.organisation, wanted, caller.at(), random).await;
    let made = made.map_err(|error| refused(&accounts, actor, &address, error))?;
    let id = made.person.id;
    if let Err(unsent) = send(&api, &caller, &made).await {
        accounts.revoke_invitation(actor.organisation, id).await?;
        return Err(unsent);
    }
    let location = (LOCATION, format!("/api/v1/invitations/{id}"));
    Ok((StatusCode::CREATED, [location], Json(made.person.into())))
}

/// Why somebody can't be invited. Who is invited already can be asked again.
fn refused(accounts: &Accounts, actor: &Actor, address: &MailAddress, error: Error) -> Failure {
    let people = accounts.people(actor.organisation).unwrap_or_default();
    let waits = |person: &&guichet_accounts::Person| {
        person.status == PersonStatus::Invited && person.address.is_same(address)
    };
    match (&error, people.iter().find(waits)) {
        (Error::Taken { what: "address", .. }, Some(person)) => {
            let detail = format!(
                "`{address}` is invited already; the invitation can be sent again (`POST /api/v1/invitations/{}/resend`)",
                person.id
            );
            Problem::new(Kind::UnprocessableContent, detail).into()
        }
        _ => error.into(),
    }
}

fn read(body: Map<String, Value>) -> Result<NewPerson, Failure> {
    let mut members = Members::of(body);
    let address = members.require("address", |value| mailbox::address(&members::text(value)?));
    let name = members.read("name", members::text);
    let role = members.read("role", read_role);
    let teams = members.read("teams", members::list(TEAMS_MAX, |team| members::number(team).map(TeamId)));
    members.finish()?;
    // `finish` has refused a body without one.
    let address = address.ok_or_else(|| Failure::not_found("address"))?;
    Ok(NewPerson {
        name: name.unwrap_or_else(|| address.to_string()),
        address,
        role: role.unwrap_or(Role::Agent),
        teams: teams.unwrap_or_default(),
    })
}

async fn send(api: &Api, caller: &Caller, made: &Invitation) -> Result<(), Failure> {
    let letter = made.letter(&api.wiring.public_url);
    let mail = post::mail(made.person.address.clone(), &made.person.name, letter, SystemMailKind::Invitation);
    api.wiring.desk.send_system_mail(made.organisation.id, mail, caller.at()).await?;
    Ok(())
}

/// Send an invitation again
///
/// The link of the mail before is worth nothing any more, unless no mail can be sent.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/{id}/resend",
    tag = "people",
    operation_id = "resend_invitation",
    params(("id" = u64, Path, description = "The number of the person who is invited", example = 2)),
    responses((status = 200, description = "The mail is on its way", body = Person), Refused, Stored),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn resend(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Person>, Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let id = PersonId(id.of("invitation")?);
    let random = api.wiring.random.as_ref();
    let accounts = caller.accounts(&api);
    let person = accounts.person(actor.organisation, id)?;
    caller.may_let_in(&api, person.role)?;
    // Asked before, so that the link that they have stays good where no mail would reach them.
    let mailed = (&person.address, SystemMailKind::Invitation);
    api.wiring.desk.check_system_mail(actor.organisation, mailed, caller.at())?;
    let made = accounts.resend_invitation(actor.organisation, id, caller.at(), random).await?;
    send(&api, &caller, &made).await?;
    Ok(Json(made.person.into()))
}

/// Take an invitation back
#[utoipa::path(
    delete,
    path = "/api/v1/invitations/{id}",
    tag = "people",
    operation_id = "revoke_invitation",
    params(("id" = u64, Path, description = "The number of the person who is invited", example = 2)),
    responses((status = 204, description = "Its link is worth nothing any more"), Refused, Stored),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn revoke(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let id = PersonId(id.of("invitation")?);
    caller.accounts(&api).revoke_invitation(actor.organisation, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
