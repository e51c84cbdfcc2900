//! Signs mail as a stranger's server would.
//!
//! Why not the library that the server verifies with: a mistake in it would then agree with itself. This one signs
//! `relaxed/relaxed`, the way nearly all mail is signed, and nothing else.
//!
//! *Standards*: RFC 6376 (DKIM), RFC 8463 (Ed25519).

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64;

/// The fields that are signed where the mail has them.
const SIGNED: &[&str] = &["from", "to", "subject", "date", "message-id", "mime-version", "content-type"];

/// How to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `rsa-sha256` with 2048 bits: what nearly everyone uses.
    Rsa,
    /// `ed25519-sha256`.
    Ed25519,
}

/// A fresh key of a domain, under a selector.
#[derive(Debug)]
pub struct Signer {
    key: Key,
    selector: String,
}

#[derive(Debug)]
enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// Makes a key. One key may serve several domains: each publishes its [`Signer::record`].
    pub fn generate(algorithm: Algorithm, selector: &str) -> Result<Self> {
        let key = match algorithm {
            Algorithm::Rsa => {
                Key::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).context("making a key")?))
            }
            Algorithm::Ed25519 => Key::Ed25519(Ed25519KeyPair::generate().context("making a key")?),
        };
        Ok(Self { key, selector: selector.to_owned() })
    }

    /// The name of the TXT record of `domain` (RFC 6376, 3.6.2.1).
    pub fn record_name(&self, domain: &str) -> String {
        format!("{}._domainkey.{domain}", self.selector)
    }

    /// The text of the TXT record (RFC 6376, 3.6.1).
    pub fn record(&self) -> Result<String> {
        let (kind, key) = match &self.key {
            Key::Rsa(pair) => {
                let der: PublicKeyX509Der<'_> = pair.public_key().as_der().context("encoding a key")?;
                ("rsa", BASE64.encode(der.as_ref()))
            }
            Key::Ed25519(pair) => ("ed25519", BASE64.encode(pair.public_key().as_ref())),
        };
        Ok(format!("v=DKIM1; k={kind}; p={key}"))
    }

    /// The whole `DKIM-Signature` field for a mail of `domain`, with its line end, to be put before the mail.
    pub fn sign(&self, domain: &str, mail: &[u8]) -> Result<String> {
        let (fields, body) = split(mail);
        let body_hash = BASE64.encode(digest(&SHA256, &relaxed_body(body)).as_ref());
        let algorithm = match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let selector = &self.selector;
        let mut hashed = Vec::new();
        let mut names = Vec::new();
        for name in SIGNED {
            // RFC 6376, 5.4.2: of several of a name, the last comes first.
            if let Some(field) =
                fields.iter().rev().find(|field| name_of(field).eq_ignore_ascii_case(name.as_bytes()))
            {
                hashed.extend(relaxed_field(field));
                hashed.extend(b"\r\n");
                names.push(*name);
            }
        }
        let names = names.join(":");
        let bare = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};\r\n\
             \th={names};\r\n\tbh={body_hash};\r\n\tb="
        );
        hashed.extend(relaxed_field(bare.as_bytes()));
        Ok(format!("{bare}{}\r\n", folded(&BASE64.encode(&self.signature(&hashed)?))))
    }

    fn signature(&self, hashed: &[u8]) -> Result<Vec<u8>> {
        match &self.key {
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, hashed, &mut signature).context("signing")?;
                Ok(signature)
            }
            // RFC 8463, 3: Ed25519 signs the SHA-256 of what RSA would hash itself.
            Key::Ed25519(pair) => Ok(pair.sign(digest(&SHA256, hashed).as_ref()).as_ref().to_vec()),
        }
    }
}

/// Lines of a length that every server takes.
fn folded(base64: &str) -> String {
    let lines: Vec<&str> =
        base64.as_bytes().chunks(72).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    lines.join("\r\n\t")
}

/// The fields, each without its last line end, and the body.
fn split(mail: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let end = mail.windows(4).position(|four| four == b"\r\n\r\n").map_or(mail.len(), |at| at + 2);
    let (mut head, body) = mail.split_at(end);
    let mut fields = Vec::new();
    while !head.is_empty() {
        let field = field_bytes(head);
        let (field, rest) = head.split_at(field);
        fields.push(field.strip_suffix(b"\r\n").unwrap_or(field));
        head = rest;
    }
    (fields, body.strip_prefix(b"\r\n").unwrap_or(body))
}

/// How far the first field goes: to the first line end that no white space follows.
fn field_bytes(head: &[u8]) -> usize {
    let ends = head.windows(2).enumerate().filter(|(_, two)| two == b"\r\n").map(|(at, _)| at + 2);
    let mut last = ends.filter(|end| !head.get(*end).is_some_and(|byte| is_space(*byte)));
    last.next().unwrap_or(head.len())
}

fn name_of(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// RFC 6376, 3.4.2: lower-case name, unfolded, runs of white space one space, none at the ends.
fn relaxed_field(field: &[u8]) -> Vec<u8> {
    let name = name_of(field);
    let value = field.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
    let unfolded: Vec<u8> = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut out = name.to_ascii_lowercase();
    out.push(b':');
    out.extend(one_space(unfolded.trim_ascii()));
    out
}

/// RFC 6376, 3.4.4: no white space at line ends, runs of it one space, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let end = line.iter().rposition(|byte| !is_space(*byte)).map_or(0, |at| at + 1);
        out.extend(one_space(line.get(..end).unwrap_or_default()));
        out.extend(b"\r\n");
    }
    while out.ends_with(b"\r\n\r\n") {
        out.truncate(out.len() - 2);
    }
    if out == b"\r\n" { Vec::new() } else { out }
}

/// Each run of white space as one space.
fn one_space(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut before = false;
    for byte in text {
        let space = is_space(*byte);
        match (space, before) {
            (true, true) => {}
            (true, false) => out.push(b' '),
            (false, _) => out.push(*byte),
        }
        before = space;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6376_3_4_5_relaxed() {
        let mail = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
        let (fields, body) = split(mail);
        let relaxed: Vec<Vec<u8>> = fields.into_iter().map(relaxed_field).collect();
        assert_eq!(relaxed, [b"a:X".to_vec(), b"b:Y Z".to_vec()]);
        assert_eq!(relaxed_body(body), b" C\r\nD E\r\n");
    }

    #[test]
    fn empty_bodies_hash_as_nothing() {
        for body in ["", "\r\n", "\r\n\r\n", " \t\r\n"] {
            assert_eq!(relaxed_body(body.as_bytes()), b"", "{body:?}");
        }
    }

    #[test]
    fn rfc8463_body_hash() {
        let body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
        let hash = BASE64.encode(digest(&SHA256, &relaxed_body(body)).as_ref());
        assert_eq!(hash, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    }

    #[test]
    fn a_signature_names_what_it_covers() {
        let signer = Signer::generate(Algorithm::Ed25519, "one").unwrap();
        let field = signer.sign("a.example", b"Subject: x\r\nFrom: a@a.example\r\n\r\nhello\r\n").unwrap();
        assert!(field.contains("d=a.example; s=one;\r\n\th=from:subject;\r\n"), "{field}");
        assert!(field.ends_with("\r\n"));
        assert!(signer.record().unwrap().starts_with("v=DKIM1; k=ed25519; p="));
    }
}
