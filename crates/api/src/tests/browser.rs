//! A browser: keeps cookies, and says where its requests come from.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::IpAddr;

use axum::body::Body;
use axum::http::header::SET_COOKIE;
use axum::http::{Method, Request};
use guichet_accounts::{Actor, PersonId};
use guichet_desk::Fate;
use guichet_store::OrganisationId;
use guichet_sys::Clock;
use guichet_testkit::CountingRandom;
use guichet_web::Peer;
use serde_json::{Value, json};

use super::world::{Answer, JSON, PUBLIC_URL, World};

/// The password that everybody has here.
pub(super) const PASSWORD: &str = "nine quiet purple bicycles";

pub(super) struct Browser<'a> {
    world: &'a World,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) address: IpAddr,
}

impl<'a> Browser<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        Self { world, cookies: BTreeMap::new(), address: "192.0.2.7".parse().unwrap() }
    }

    /// One in which this person is logged in.
    pub(super) async fn of(world: &'a World, address: &str) -> Self {
        let mut browser = Self::new(world);
        let answer = browser.log_in(address, PASSWORD).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        browser
    }

    pub(super) async fn log_in(&mut self, address: &str, password: &str) -> Answer {
        self.post("/api/v1/session", json!({"address": address, "password": password})).await
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(super) async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(super) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(super) async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path, body);
        let answer = self.world.send(request).await;
        for field in answer.headers.get_all(SET_COOKIE) {
            let (pair, attributes) = field.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// A request as a page of ours has it sent.
    pub(super) fn request(&self, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path).header("origin", PUBLIC_URL);
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        request = request.extension(Peer { address: self.address, is_encrypted: true });
        let body = match body {
            None => Body::empty(),
            Some(body) => {
                request = request.header("content-type", JSON);
                body.to_string().into()
            }
        };
        request.body(body).unwrap()
    }
}

impl World {
    /// Gives a person the password, as they do by the link of a mail.
    pub(super) async fn give_password(&self, organisation: OrganisationId, person: PersonId) {
        let (accounts, now) = (self.desk.accounts(), self.clock.now());
        let random = CountingRandom::default();
        let reset = accounts.reset_access(organisation, person, false, now, &random).await.unwrap();
        let from = "192.0.2.9".parse().unwrap();
        accounts.redeem_reset(&reset.secret, PASSWORD, from, now, &random).await.unwrap();
    }

    /// The admin of *Acme* and the agent have the password.
    pub(super) async fn with_passwords() -> Self {
        let world = Self::new().await;
        world.give_password(world.acme, world.admin_id).await;
        world.give_password(world.acme, world.agent_id).await;
        world
    }

    /// The secret of the link in the latest mail that the server sent to this address; what waits is sent.
    pub(super) async fn mailed_secret(&self, to: &str) -> String {
        let page = self.get("/api/v1/deliveries").await.json();
        let mut secrets = Vec::new();
        for delivery in page["items"].as_array().unwrap().iter().filter(|item| item["recipient"] == to) {
            if delivery["state"] == "due" {
                self.attempt(delivery, Fate::Delivered, "250 2.0.0 taken").await;
            }
            let id = delivery["id"].as_str().unwrap();
            self.get(&format!("/api/v1/deliveries/{id}/raw")).await.problem(404);
            secrets.extend(self.composed_secret(self.acme, id));
        }
        secrets.pop().unwrap_or_else(|| panic!("no mail to {to} in {page}"))
    }

    /// The secret of the link in a mail that the server composed; no endpoint shows such a mail.
    pub(super) fn composed_secret(&self, organisation: OrganisationId, delivery: &str) -> Option<String> {
        let delivery = self.desk.delivery(&Actor::system(organisation), delivery.parse().unwrap()).unwrap();
        let mut sealed = Vec::new();
        let blob = &delivery.delivery.record.raw;
        self.store.of(organisation).open_blob(blob).unwrap().read_to_end(&mut sealed).unwrap();
        let raw = self.desk.accounts().open_letter(organisation, &sealed).ok()?;
        let raw = String::from_utf8(raw).unwrap();
        let raw = raw.replace("=\r\n", "");
        let (_, secret) = raw.split_once("#guichet_")?;
        let secret: String = secret.chars().take_while(char::is_ascii_alphanumeric).collect();
        Some(format!("guichet_{secret}"))
    }
}
