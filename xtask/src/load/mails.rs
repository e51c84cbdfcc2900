//! The mails: each another, each the same again from the same seed.

use std::fmt::Write as _;
use std::ops::Range;

use anyhow::Result;
use guichet_tests::dkim::{Algorithm, Signer};
use guichet_tests::dns::Zone;
use guichet_tests::random::Random;

use super::text::Text;

/// The name of the key that signs.
const SELECTOR: &str = "load";
/// What the client says in `EHLO`.
pub(crate) const HELLO: &str = "client.example";
/// Text to cut from; more where a single mail is larger.
const TEXT_BYTES: usize = 8 << 20;
/// What the header fields take, about.
const HEAD_BYTES: usize = 420;
const BOUNDARY: &str = "=_two_parts_=";

/// What is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) count: usize,
    pub(crate) size: Size,
    pub(crate) content: Content,
    /// `{n}` is replaced by 1 to `organisations`.
    pub(crate) recipient: String,
    pub(crate) organisations: usize,
    pub(crate) senders: usize,
    pub(crate) signed: Option<Algorithm>,
    /// Another seed gives other mails.
    pub(crate) seed: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    Bytes(usize),
    /// As an office's mail is: many small, few large.
    Mixed,
}

impl Size {
    /// In a hundred mails: so many of so many bytes.
    const MIXED: [(usize, usize); 6] =
        [(30, 2_000), (30, 5_000), (20, 15_000), (12, 50_000), (6, 200_000), (2, 1_000_000)];

    fn of(self, random: &mut Random) -> usize {
        let Self::Bytes(bytes) = self else {
            let mut at = random.below(100);
            let found = Self::MIXED.iter().find(|(share, _)| {
                let here = at < *share;
                at = at.saturating_sub(*share);
                here
            });
            return found.map_or(0, |(_, bytes)| *bytes);
        };
        bytes
    }

    fn largest(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Mixed => Self::MIXED.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Text,
    Random,
    /// Every second mail of each.
    Half,
}

impl Plan {
    /// Mails of 5 KB to one address, from a thousand senders.
    pub(crate) fn to(recipient: &str) -> Self {
        Self {
            count: 10_000,
            size: Size::Bytes(5_000),
            content: Content::Text,
            recipient: recipient.to_owned(),
            organisations: 1,
            senders: 1_000,
            signed: None,
            seed: 1,
        }
    }

    fn domains(&self) -> usize {
        (self.senders / 10).max(1)
    }
}

/// Everything that is made before the clock starts.
#[derive(Debug)]
pub(crate) struct Mails {
    plan: Plan,
    words: Text,
    random: Text,
    signer: Option<Signer>,
    /// One field for each mail, where they are signed.
    signatures: Vec<String>,
}

/// One mail as it goes over the wire.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    /// `MAIL`, `RCPT` and `DATA`, each with its line end.
    pub(crate) commands: [String; 3],
    pub(crate) head: String,
    pub(crate) body: Body,
}

/// The longer part of a mail, not copied: where it stands in the store of text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Body {
    #[default]
    None,
    Words(Range<usize>),
    Random(Range<usize>),
}

impl Mails {
    pub(crate) fn prepare(plan: Plan) -> Result<Self> {
        let mut random = Random::new(plan.seed);
        let bytes = TEXT_BYTES.max(plan.size.largest() * 2);
        let store = |wanted: bool| if wanted { bytes } else { 0 };
        let words = Text::words(store(plan.content != Content::Random), &mut random);
        let attachments = Text::random(store(plan.content != Content::Text), &mut random);
        let signer = plan.signed.map(|algorithm| Signer::generate(algorithm, SELECTOR)).transpose()?;
        let mut mails = Self { plan, words, random: attachments, signer, signatures: Vec::new() };
        mails.signatures = mails.sign()?;
        Ok(mails)
    }

    pub(crate) fn count(&self) -> usize {
        self.plan.count
    }

    /// What the senders' domains publish.
    pub(crate) fn zone(&self) -> Result<Zone> {
        let policy = "v=spf1 ip4:127.0.0.0/8 -all";
        let mut zone = Zone::new().text(HELLO, policy);
        for domain in (0..self.plan.domains()).map(domain) {
            zone = zone.text(&domain, policy).text(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject");
            if let Some(signer) = &self.signer {
                zone = zone.text(&signer.record_name(&domain), &signer.record()?);
            }
        }
        Ok(zone)
    }

    /// The mail of that number.
    pub(crate) fn mail(&self, number: usize) -> Mail {
        let plan = &self.plan;
        let mut random = Random::new(Random::new(plan.seed).next_u64() ^ number as u64);
        let sender = number % plan.senders.max(1);
        let from = format!("person{sender}@{}", domain(sender % plan.domains()));
        let organisation = number % plan.organisations.max(1) + 1;
        let to = plan.recipient.replace("{n}", &organisation.to_string());
        let bytes = plan.size.of(&mut random).saturating_sub(HEAD_BYTES);
        let attached = match plan.content {
            Content::Text => false,
            Content::Random => true,
            Content::Half => number % 2 == 1,
        };
        let mut head = self.signatures.get(number).cloned().unwrap_or_default();
        let id = random.next_u64();
        // Writing to a string cannot fail.
        let _ = write!(
            head,
            "From: Person {sender} <{from}>\r\nTo: <{to}>\r\nSubject: Order {number} has not arrived\r\n\
             Date: Sat, 21 Nov 2026 08:00:00 +0000\r\nMessage-ID: <{number}.{id:016x}@{HELLO}>\r\n\
             MIME-Version: 1.0\r\n{}",
            if attached { two_parts(number) } else { LETTER.to_owned() }
        );
        let body = if attached {
            Body::Random(self.random.cut(bytes, &mut random))
        } else {
            Body::Words(self.words.cut(bytes, &mut random))
        };
        let commands =
            [format!("MAIL FROM:<{from}>\r\n"), format!("RCPT TO:<{to}>\r\n"), "DATA\r\n".to_owned()];
        Mail { commands, head, body }
    }

    /// The size of that mail.
    pub(crate) fn bytes(&self, number: usize) -> u64 {
        let mail = self.mail(number);
        (mail.head.len() + self.body(&mail.body).len() + Self::tail(&mail.body).len()) as u64
    }

    /// The bytes of a body.
    pub(crate) fn body(&self, body: &Body) -> &[u8] {
        match body {
            Body::None => &[],
            Body::Words(cut) => self.words.get(cut),
            Body::Random(cut) => self.random.get(cut),
        }
    }

    /// What follows a body, up to the end of the mail.
    pub(crate) fn tail(body: &Body) -> &'static str {
        if matches!(body, Body::Random(_)) { "--=_two_parts_=--\r\n" } else { "" }
    }

    fn sign(&self) -> Result<Vec<String>> {
        let Some(signer) = &self.signer else {
            return Ok(Vec::new());
        };
        let one = |number| {
            let mail = self.mail(number);
            let whole =
                [mail.head.as_bytes(), self.body(&mail.body), Self::tail(&mail.body).as_bytes()].concat();
            signer.sign(&domain(number % self.plan.senders.max(1) % self.plan.domains()), &whole)
        };
        (0..self.plan.count).map(one).collect()
    }
}

/// The end of the header of a mail that is only text.
const LETTER: &str = "Content-Type: text/plain; charset=utf-8\r\n\r\n";

/// The end of the header of a mail with an attachment, and its first part.
fn two_parts(number: usize) -> String {
    format!(
        "Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\r\n--{BOUNDARY}\r\n{LETTER}\
         A picture of order {number} is attached.\r\n--{BOUNDARY}\r\nContent-Type: image/jpeg; name=\"{number}.jpg\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"{number}.jpg\"\r\n\r\n"
    )
}

fn domain(number: usize) -> String {
    format!("s{number}.example")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Algorithm, Content, Mails, Plan, Size};

    fn whole(mails: &Mails, number: usize) -> Vec<u8> {
        let mail = mails.mail(number);
        [mail.head.as_bytes(), mails.body(&mail.body), Mails::tail(&mail.body).as_bytes()].concat()
    }

    #[test]
    fn every_mail_is_another_and_as_large_as_wanted() {
        let plan = Plan { count: 100, content: Content::Half, ..Plan::to("support@demo{n}.example") };
        let mails = Mails::prepare(Plan { organisations: 3, ..plan }).unwrap();
        let all: Vec<Vec<u8>> = (0..100).map(|number| whole(&mails, number)).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 100);
        assert!(all.iter().all(|mail| (4_700..5_400).contains(&mail.len())), "{:?}", all[1].len());
        assert_eq!(mails.mail(4).commands[1], "RCPT TO:<support@demo2.example>\r\n");
    }

    #[test]
    fn the_same_seed_gives_the_same_mails() {
        let one = Mails::prepare(Plan::to("a@b.example")).unwrap();
        let other = Mails::prepare(Plan::to("a@b.example")).unwrap();
        assert_eq!(whole(&one, 7), whole(&other, 7));
    }

    #[test]
    fn signed_mails_begin_with_their_signature() {
        let plan =
            Plan { count: 2, signed: Some(Algorithm::Ed25519), size: Size::Mixed, ..Plan::to("a@b.example") };
        let mails = Mails::prepare(plan).unwrap();
        assert!(
            mails
                .mail(1)
                .head
                .starts_with("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=s1.example")
        );
    }
}
