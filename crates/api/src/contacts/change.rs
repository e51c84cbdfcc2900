//! `POST /contacts`, `PATCH /contacts/{id}`: what people say of a contact.
//!
//! *Standards*: RFC 7396 (merge patch).

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{HeaderName, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use guichet_accounts::Scope;
use guichet_desk::{Belongs, CompanyId, ContactChange, NewContact};
use guichet_mail::MailAddress;
use guichet_web::{Fault, Kind, Members, Problem, body, members};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::one::wanted;
use super::shape::{Contact, Versioned};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::mailbox;
use crate::openapi::{Patched, Posted, Stored};
use crate::path::Number;
use crate::state::Api;

/// How many addresses are read; the desk allows no more.
const ADDRESSES_MAX: usize = 50;

/// Somebody to be known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct NewContactBody {
    /// What they are called.
    #[schema(required = false, example = "Ana Lima")]
    name: String,
    /// Their addresses, the one that mail goes to first.
    #[schema(example = json!(["ana@customer.example", "ana@private.example"]))]
    addresses: Vec<String>,
    /// The company that they belong to; without it their domains tell.
    #[schema(required = false, example = 3)]
    company: u64,
    /// What people should know of them; every team reads it that knows the contact.
    #[schema(required = false, example = "Prefers the telephone")]
    note: String,
}

/// Make a contact
///
/// Where only other teams know somebody with such an address, this is another contact: you learn nothing of theirs, which keeps
/// the mail that comes from the address. An admin sees both and merges them.
#[utoipa::path(
    post,
    path = "/api/v1/contacts",
    tag = "contacts",
    operation_id = "create_contact",
    request_body(
        description = "Who",
        content((NewContactBody = "application/json",
            example = json!({"name": "Ana Lima", "addresses": ["ana@customer.example"]}))),
    ),
    responses(
        (status = 201, description = "The contact", body = Contact, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"))),
        Posted,
        Stored,
    ),
    security(("token" = ["contacts:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Versioned), Failure> {
    let actor = caller.may(Scope::ContactsWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let new = NewContact {
        name: members.read("name", members::text),
        addresses: members.require("addresses", addresses).unwrap_or_default(),
        belongs: members.read("company", members::number).map(CompanyId).map(Belongs::To),
        note: members.read("note", members::text).unwrap_or_default(),
    };
    members.finish()?;
    let contact = api.wiring.desk.create_contact(actor, &new, api.wiring.clock.now()).await?;
    let location = (LOCATION, format!("/api/v1/contacts/{}", contact.id.0));
    Ok((StatusCode::CREATED, [location], Versioned(contact)))
}

/// What shall change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct ContactPatch {
    /// What they are called; mail does not change what people set. Null takes it away, so that the next mail gives one.
    #[schema(example = "Ana Lima")]
    name: Option<String>,
    /// All their addresses, the one that mail goes to first.
    #[schema(required = false, example = json!(["ana@private.example", "ana@customer.example"]))]
    addresses: Vec<String>,
    /// The company that they belong to; `none`: to none, whatever the domain; null: as the domains tell.
    #[schema(schema_with = company_schema)]
    company: Option<Value>,
    /// What people should know of them; null is nothing.
    #[schema(example = "Prefers the telephone")]
    note: Option<String>,
    /// Whether what they begin is unwanted: new tickets from a proven address of theirs begin in spam.
    #[schema(required = false, example = true)]
    spam: bool,
}

fn company_schema() -> utoipa::openapi::schema::Object {
    use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::String, Type::Null]))
        .description(Some(
            "The number of a company; `none`: of none; null: as the domains of the addresses tell.",
        ))
        .examples([serde_json::json!(3)])
        .build()
}

const MEMBERS: &str = "name, addresses, company, note, spam";

/// Change a contact
///
/// With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    patch,
    path = "/api/v1/contacts/{id}",
    tag = "contacts",
    operation_id = "change_contact",
    params(
        ("id" = u64, Path, description = "The contact's number", example = 12),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (ContactPatch = "application/merge-patch+json", example = json!({"name": "Ana Lima", "company": 3})),
            (ContactPatch = "application/json", example = json!({"spam": true})),
        ),
    ),
    responses(
        (status = 200, description = "The contact as it is now", body = Contact,
            headers(("ETag" = String, description = "Its new version"))),
        Patched,
        Stored,
    ),
    security(("token" = ["contacts:write"])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::ContactsWrite)?;
    let (contact, expected) = wanted(&api, actor, &id, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let change = read(&body::merge_patch(request, wait).await?)?;
    Ok(Versioned(api.wiring.desk.change_contact(actor, contact.id, &change, expected).await?))
}

fn read(patch: &Map<String, Value>) -> Result<ContactChange, Problem> {
    let mut change = ContactChange::default();
    let mut faults = Vec::new();
    for (name, value) in patch {
        if let Err(why) = set(&mut change, name, value) {
            faults.push(Fault::of_member(name, why));
        }
    }
    if faults.is_empty() { Ok(change) } else { Err(Problem::of_faults(Kind::UnprocessableContent, faults)) }
}

fn set(change: &mut ContactChange, name: &str, value: &Value) -> Result<(), String> {
    match name {
        "name" => change.name = Some(if value.is_null() { None } else { Some(members::text(value)?) }),
        "addresses" => change.addresses = Some(addresses(value)?),
        "company" => change.belongs = Some(belongs(value)?),
        "note" => change.note = Some(if value.is_null() { String::new() } else { members::text(value)? }),
        "spam" => change.spam = Some(members::flag(value)?),
        _ => return Err(format!("there is nothing of this name to change; there is {MEMBERS}")),
    }
    Ok(())
}

fn belongs(value: &Value) -> Result<Option<Belongs>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(word) if word == "none" => Ok(Some(Belongs::ToNone)),
        value => {
            let number = value.as_u64().ok_or("the number of a company, `none` or null is needed")?;
            Ok(Some(Belongs::To(CompanyId(number))))
        }
    }
}

fn addresses(value: &Value) -> Result<Vec<MailAddress>, String> {
    members::list(ADDRESSES_MAX, |value| mailbox::address(&members::text(value)?))(value)
}
