//! `guichet key rotate`: the master key is another, everything works as before, and the old key opens nothing. And what a
//! thief of the data directory has who has not the key.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use data_encoding::BASE32_NOPAD;
use guichet_tests::browser::Browser;
use guichet_tests::installation::{Installation, Server};
use guichet_tests::mailbox::Mail;
use guichet_tests::postfix::Postfix;
use guichet_tests::{python, totp};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::crash::{killed_at, may_trace};
use crate::customer::{CHANNEL, OUR_HOST, World, hosts, journey};
use crate::furnished::{PASSWORD, browser};
use crate::replies::proves_all;

const ADMIN: &str = "admin@demo.desk.example";
const KEY: &str = "master.key";
/// A change does less often than that what it can be killed at; killed later, it is done.
const KILLS_MAX: usize = 40;
/// Where it is killed: as the store makes rows durable, as a key or a folder is made so, as a file takes its place.
const CALLS: [&str; 3] = ["fdatasync", "fsync", "?rename,?renameat,?renameat2"];

/// What the admin can do: a second factor, with the codes for the day on which the telephone is lost.
struct Admin {
    browser: Browser,
    telephone: String,
    codes: Vec<Value>,
}

impl Admin {
    fn of(server: &Server<'_>, address: &str) -> Result<Self> {
        let browser = browser(server, "demo", address)?;
        let setup = browser.post("/account/totp", &json!({ "password": PASSWORD }))?.expect(201)?.json()?;
        let telephone = setup["secret"].as_str().context("no secret")?.to_owned();
        let [now, _] = totp::now_and_next(&telephone)?;
        let done = browser.post("/account/totp/confirm", &json!({ "code": now }))?.expect(200)?.json()?;
        let codes = done["recovery_codes"].as_array().context("no codes")?.clone();
        Ok(Self { browser, telephone, codes })
    }

    /// Logs in by password and by what the telephone shows.
    fn log_in(&self, server: &Server<'_>) -> Result<()> {
        let browser = Browser::new(server.http, "the day after");
        let [_, next] = totp::now_and_next(&self.telephone)?;
        browser.log_in(ADMIN, PASSWORD, &json!({ "code": next }))?.expect(201)?;
        let lost = Browser::new(server.http, "without a telephone");
        lost.log_in(ADMIN, PASSWORD, &json!({ "code": self.codes[0] }))?.expect(201)?;
        let session = self.browser.cookie("__Host-guichet_session").context("no session")?;
        let before = Browser::new(server.http, "from before");
        before.set_cookie("__Host-guichet_session", &session);
        before.get("/session")?;
        Ok(())
    }
}

/// Changes the key: what the command says.
fn rotate(place: &Installation) -> Result<(bool, String)> {
    let done = place.command()?.args(["key", "rotate"]).output().context("guichet key rotate")?;
    let said = [done.stdout, done.stderr].concat();
    Ok((done.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

fn key(place: &Installation) -> Result<String> {
    Ok(fs::read_to_string(place.data_dir().join(KEY))?.trim().to_owned())
}

/// With this key the server does not start, and one line says why.
fn opens_nothing(place: Installation, key: &str) -> Result<()> {
    let refused = place.set("master_key", key).refused()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success() && said.lines().count() == 1, "refused: {said}");
    ensure!(said.contains("key") && !said.contains(key), "it names the key, and does not tell it: {said}");
    Ok(())
}

/// An answer to the customer: the mail that she has, proven.
fn answered(agent: &mut Agent, postfix: &Postfix, ticket: u64) -> Result<Mail> {
    let before = postfix.delivered();
    let written = agent.reply(ticket, json!({}))?;
    agent.until(&written.delivery()?, "delivered").with_context(|| postfix.log())?;
    let mail = postfix.mails(before + 1)?.pop().context("no mail")?;
    if python::is_there() {
        let bounces_to = mail.address("Return-Path");
        proves_all(&python::authenticate(&mail, &hosts()[0].to_string(), &bounces_to, OUR_HOST)?, &mail)?;
    }
    Ok(mail)
}

#[test]
fn after_a_change_of_the_master_key_everything_works_and_the_old_key_opens_nothing() -> Result<()> {
    journey(&["postfix"], |world| {
        let place = World::guichet()?;
        let server = place.start()?;
        world.publish_keys(&server)?;
        let postfix = Postfix::start(&World::their_server()?)?;
        let admin = Admin::of(&server, ADMIN)?;
        let mut agent = Agent::of(&server)?;
        World::submit(&postfix, CHANNEL, &world.letter(CHANNEL, "Invoice 7", "")?)?;
        let ticket = agent.next_ticket().with_context(|| postfix.log())?;
        let mail = answered(&mut agent, &postfix, ticket)?;
        let (done, said) = rotate(&place)?;
        ensure!(!done && said.contains("stop it"), "not while it runs: {said}");

        let old = key(&place)?;
        ensure!(server.stop()?.success());
        let (done, said) = rotate(&place)?;
        ensure!(done, "the change: {said}");
        let new = key(&place)?;
        ensure!(old != new && !said.contains(&new), "{said}");
        opens_nothing(World::set_up(Installation::at(place.data_dir())), &old)?;

        let server = place.start()?;
        admin.log_in(&server)?;
        let mut agent = Agent::of(&server)?;
        answered(&mut agent, &postfix, ticket)?;
        let to = mail.address("Reply-To");
        World::submit(&postfix, &to, &world.letter(&to, "Re: before", "")?)?;
        assert_eq!(agent.next_message()?["ticket"], ticket, "a reply address of before");
        let deeds = admin_deeds(&server)?;
        ensure!(deeds.contains("key"), "{deeds}");
        Ok(())
    })
}

/// What the operator reads of who did what.
fn admin_deeds(server: &Server<'_>) -> Result<String> {
    Ok(server.operator(&["audit", "list", "house"])?.to_string())
}

#[test]
fn a_change_of_the_master_key_that_is_killed_anywhere_goes_on_at_the_next_start() -> Result<()> {
    if !may_trace()? {
        return Ok(());
    }
    let place = Installation::new()?;
    let server = place.start()?;
    let admin = Admin::of(&server, "admin@demo.desk.localhost")?;
    ensure!(server.stop()?.success());
    let (first, mut codes) = (key(&place)?, admin.codes.iter());
    for calls in CALLS {
        let mut kills = 0;
        while !killed_at(&place, calls, kills + 1)?.args(["key", "rotate"]).output()?.status.success() {
            kills += 1;
            ensure!(kills < KILLS_MAX, "it does not come to its end");
            let server = place.start()?;
            server.api().get("/tickets")?;
            // Each code works once; what the telephone shows changes too seldom for this.
            if let Some(code) = codes.next() {
                let browser = Browser::new(server.http, "the day after");
                let code = json!({ "code": code });
                browser.log_in("admin@demo.desk.localhost", PASSWORD, &code)?.expect(201)?;
            }
            ensure!(server.stop()?.success());
        }
        ensure!(kills > 0, "never killed at {calls}");
    }
    ensure!(key(&place)? != first);
    opens_nothing(Installation::at(place.data_dir()), &first)
}

/// What a private key begins with behind its length: version 0 and the algorithm (RFC 5208 5, RFC 8410 7).
const PKCS8_ED25519: &[u8] = b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
const PKCS8_RSA: &[u8] = b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04";

/// Every file below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let kind = fs::symlink_metadata(&path)?.file_type();
        if kind.is_dir() {
            found.extend(files(&path)?);
        } else if kind.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

#[test]
fn a_data_directory_without_its_master_key_tells_no_secret() -> Result<()> {
    let place = Installation::new()?;
    let server = place.start()?;
    let admin = Admin::of(&server, "admin@demo.desk.localhost")?;
    let session = admin.browser.cookie("__Host-guichet_session").context("no session")?;
    let token = server.token()?;
    ensure!(server.stop()?.success());
    let code = admin.codes[0].as_str().context("no code")?.to_owned();
    let secrets = [
        ("the password", PASSWORD.into()),
        ("the hash of the password", b"$argon2id$".to_vec()),
        ("the telephone's secret", admin.telephone.clone().into()),
        ("the telephone's secret in octets", BASE32_NOPAD.decode(admin.telephone.as_bytes())?),
        ("a recovery code", code.clone().into()),
        ("a recovery code without hyphens", code.replace('-', "").into()),
        ("the session", session.into()),
        ("the token", token.trim_start_matches("guichet_").into()),
        ("a private key", b"PRIVATE KEY".to_vec()),
        ("a private key for Ed25519", PKCS8_ED25519.to_vec()),
        ("a private key for RSA", PKCS8_RSA.to_vec()),
    ];
    let mut looked = 0;
    // The certificate's key is no secret of anybody's: it is made by the server for itself, and anew where it is missing.
    let of_tls = place.data_dir().join("tls");
    for path in
        files(place.data_dir())?.iter().filter(|path| !path.ends_with(KEY) && !path.starts_with(&of_tls))
    {
        let bytes = fs::read(path)?;
        looked += bytes.len();
        for (name, secret) in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_slice());
            ensure!(!found, "{name} stands in {}", path.display());
        }
    }
    ensure!(looked > 1_000, "only {looked} octets: is this the data?");
    Ok(())
}
