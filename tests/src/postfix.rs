//! Postfix with a configuration, queue and mailbox of its own: a peer to send through, and to be measured beside.
//!
//! It runs as root, as Postfix must, but touches nothing of the system's own Postfix.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::peer;
use crate::wait::{self, STOP_SECS_MAX};

/// The user that mail is delivered as.
const NOBODY: &str = "65534";

/// The daemons that are needed, none of them in a chroot; process limits are Postfix's own.
const MASTER: &str = "\
pickup    unix  n  -  n  60    1  pickup
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
verify    unix  -  -  n  -     1  verify
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -     -  proxymap
smtp      unix  -  -  n  -     -  smtp
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
discard   unix  -  -  n  -     -  discard
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  n  -     1  anvil
scache    unix  -  -  n  -     1  scache
postlog   unix-dgram n - n -   1  postlogd
";

/// What holds for every use: loopback, no look-ups of the client's name (the journeys' names are their own affair), no
/// local users, a log that a test can read.
const MAIN: &str = "\
compatibility_level = 3.6
inet_protocols = ipv4
mynetworks = 127.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
notify_classes =
biff = no
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
message_size_limit = 60000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
";

/// A running Postfix; dropping it stops it.
#[derive(Debug)]
pub struct Postfix {
    folder: TempDir,
    /// Where it listens.
    pub address: SocketAddr,
}

/// How it is set up.
#[derive(Debug, Clone)]
pub struct Options {
    address: SocketAddr,
    settings: Vec<(String, String)>,
}

impl Options {
    /// Listens there; a mail server by that name that accepts nothing yet.
    pub fn new(name: &str, address: SocketAddr) -> Self {
        let options = Self { address, settings: Vec::new() };
        options.set("myhostname", name).set("inet_interfaces", &address.ip().to_string())
    }

    /// A line of `main.cf`.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Takes mail for all addresses of the domains that match (POSIX regular expression), into one maildir.
    #[must_use]
    pub fn maildir_for(self, domains: &str) -> Self {
        // A `$` would begin the name of a parameter (postconf(5)).
        let domains = domains.replace('$', "$$");
        self.set("virtual_mailbox_domains", &format!("regexp:{{{{/{domains}/ OK}}}}"))
            .set("virtual_mailbox_maps", "static:inbox/")
            .set("virtual_uid_maps", &format!("static:{NOBODY}"))
            .set("virtual_gid_maps", &format!("static:{NOBODY}"))
    }

    /// Delivers to the MX of each recipient's domain, from its own address, and only by TLS. Certificates are not
    /// verified, as nobody's are between strangers (RFC 7435).
    #[must_use]
    pub fn relay_by_tls(self) -> Self {
        let from = self.address.ip().to_string();
        self.set("smtp_tls_security_level", "encrypt")
            .set("smtp_tls_loglevel", "1")
            .set("smtp_bind_address", &from)
            .set("smtp_address_preference", "ipv4")
    }
}

impl Postfix {
    /// Starts it and waits until it takes connections.
    pub fn start(options: &Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("postfix-").tempdir().context("a temporary folder")?;
        let postfix = Self { folder, address: options.address };
        postfix.configure(options)?;
        postfix.control("start")?;
        Ok(postfix)
    }

    /// The folder that mail is delivered into.
    pub fn maildir(&self) -> PathBuf {
        self.path("mail").join("inbox/new")
    }

    /// How many mails were delivered into the maildir.
    pub fn delivered(&self) -> usize {
        fs::read_dir(self.maildir()).map_or(0, Iterator::count)
    }

    /// The folder of its queue.
    pub fn queue(&self) -> PathBuf {
        self.path("queue")
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The number of the process that all its others descend from.
    pub fn pid(&self) -> Result<u32> {
        let text = fs::read_to_string(self.queue().join("pid/master.pid")).context("Postfix's pid")?;
        text.trim().parse().context("Postfix's pid")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self, options: &Options) -> Result<()> {
        // Its users must pass through the folder, which is made for root alone.
        fs::set_permissions(self.folder.path(), Permissions::from_mode(0o755))?;
        for name in ["config", "queue", "data", "mail"] {
            fs::create_dir(self.path(name)).with_context(|| format!("making {name}"))?;
        }
        chown("postfix", &self.path("data"))?;
        chown(NOBODY, &self.path("mail"))?;
        let mut main = MAIN.to_owned();
        let folder = self.folder.path().display().to_string();
        let own =
            [("queue_directory", "queue"), ("data_directory", "data"), ("virtual_mailbox_base", "mail")];
        main.extend(own.map(|(key, name)| format!("{key} = {folder}/{name}\n")));
        main.extend([format!("maillog_file = {folder}/log\nmaillog_file_prefixes = {folder}\n")]);
        main.extend(options.settings.iter().map(|(key, value)| format!("{key} = {value}\n")));
        fs::write(self.path("config/main.cf"), main).context("main.cf")?;
        let listener = format!("{} inet n - n - - smtpd\n", options.address);
        fs::write(self.path("config/master.cf"), listener + MASTER).context("master.cf")
    }

    fn control(&self, word: &str) -> Result<()> {
        let program = peer::find("postfix").context("no postfix")?;
        let mut command = Command::new(program);
        let finished = command.arg("-c").arg(self.path("config")).arg(word).output().context("postfix")?;
        if !finished.status.success() {
            bail!("postfix {word}: {}{}", String::from_utf8_lossy(&finished.stderr), self.log());
        }
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        // Without one it never started.
        let Ok(pid) = self.pid() else { return Ok(()) };
        self.control("stop")?;
        let running = || Path::new(&format!("/proc/{pid}")).exists();
        wait::until("the end of Postfix", STOP_SECS_MAX, || (!running()).then_some(()))
    }
}

fn chown(user: &str, folder: &Path) -> Result<()> {
    let status = Command::new("chown").arg(user).arg(folder).status().context("chown")?;
    if !status.success() {
        bail!("{user} can't be given {}", folder.display());
    }
    Ok(())
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            // Nobody is left to hear it but the person who reads the test's output.
            drop(std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{error:#}\n")));
        }
    }
}
