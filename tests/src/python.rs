//! What Python's mail libraries say of a mail: authheaders, dkimpy and pyspf, another hand than ours in every line.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::mailbox::Mail;
use crate::peer::{self, peer};

/// The system's own, which has the libraries of the distribution.
const PYTHON: &str = "/usr/bin/python3";
/// A program that comes with the libraries: where it is, they are.
const PROGRAM: &str = "dmarc-policy-find";

const AUTHENTICATE: &str = r#"
import json, sys
import authheaders, authheaders.dmarc_lookup, dkim
# Its list of public suffixes takes all that ends in `.example` for one organisation, so anything would be aligned.
def organisation(domain): return ".".join(domain.split(".")[-2:])
authheaders.get_org_domain = authheaders.dmarc_lookup.get_org_domain = organisation
raw = sys.stdin.buffer.read()
ip, mail_from, helo = sys.argv[1:]
count = len(dkim.DKIM(raw).headers and [1 for name, _ in dkim.DKIM(raw).headers if name.lower() == b"dkim-signature"])
signatures = []
for number in range(count):
    one = dkim.DKIM(raw)
    good = one.verify(idx=number)
    signatures.append({"algorithm": one.signature_fields[b"a"].decode(), "domain": one.domain.decode(), "passes": good})
words = authheaders.authenticate_message(raw, "peer.example", spf=True, ip=ip, mail_from=mail_from, helo=helo)
print(json.dumps({"signatures": signatures, "results": words}))
"#;

/// Whether it is there; says so where it is not.
pub fn is_there() -> bool {
    peer(PROGRAM).is_some()
}

/// What they say of a mail that came from that address, under that name and with that envelope sender:
/// `{"signatures": [{"algorithm", "domain", "passes"}], "results": "..; spf=pass .. dkim=pass .. dmarc=pass .."}`.
pub fn authenticate(mail: &Mail, client: &str, mail_from: &str, helo: &str) -> Result<Value> {
    peer::find(PROGRAM).context("no authheaders")?;
    let mut command = Command::new(PYTHON);
    command.args(["-c", AUTHENTICATE, client, mail_from, helo]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("standard input")?.write_all(&mail.raw)?;
    let done = child.wait_with_output()?;
    if !done.status.success() {
        bail!("python: {}", String::from_utf8_lossy(&done.stderr));
    }
    serde_json::from_slice(&done.stdout).context("what Python says")
}
