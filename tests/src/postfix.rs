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

use crate::certificate::Certificate;
use crate::mailbox::Mail;
use crate::peer;
use crate::wait::{self, DELIVERY_SECS_MAX, STOP_SECS_MAX};

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
    services: Vec<String>,
    certificate: Option<String>,
}

impl Options {
    /// Listens there; a mail server by that name that accepts nothing yet.
    pub fn new(name: &str, address: SocketAddr) -> Self {
        let options = Self { address, settings: Vec::new(), services: Vec::new(), certificate: None };
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

    /// Answers `RCPT` for an address with these words: `450 4.2.1 Not now`.
    #[must_use]
    pub fn answering(self, recipients: &[(&str, &str)]) -> Self {
        let entry = |(address, words): &(&str, &str)| format!(" {{ {address} = {words} }}");
        let entries: String = recipients.iter().map(entry).collect();
        self.set("smtpd_recipient_restrictions", &format!("check_recipient_access inline:{{{entries} }}"))
    }

    /// Hands the mail for an address to this shell script, with the words that it says and its exit status as what
    /// becomes of it (sysexits.h), after the mail was accepted.
    #[must_use]
    pub fn script_for(mut self, address: &str, script: &str) -> Self {
        self.services.push(format!("script unix - n n - - pipe user=nobody argv=/bin/sh -c {{{script}}}\n"));
        self.set("transport_maps", &format!("inline:{{ {{ {address} = script: }} }}"))
    }

    /// Offers STARTTLS, with this chain and key (PEM).
    #[must_use]
    pub fn tls(mut self, certificate: &Certificate) -> Self {
        self.certificate = Some(certificate.pem());
        self.set("smtpd_tls_security_level", "may")
            .set("smtpd_tls_loglevel", "1")
            .set("smtpd_tls_received_header", "yes")
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

    /// The mails in the maildir, once there are so many.
    pub fn mails(&self, count: usize) -> Result<Vec<Mail>> {
        let enough = || (self.delivered() >= count).then_some(());
        let what = format!("mail number {count}");
        wait::until(&what, DELIVERY_SECS_MAX, enough).with_context(|| self.log())?;
        let entries = fs::read_dir(self.maildir())?.collect::<Result<Vec<_>, _>>()?;
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
        paths.iter().map(|path| Ok(Mail::stored(&fs::read(path)?))).collect()
    }

    /// Stops, and comes back as another. Sessions end: an open one would go on as it began.
    pub fn change(&self, options: &Options) -> Result<()> {
        self.stop()?;
        self.write_configuration(options)?;
        self.control("start")
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
        self.write_configuration(options)
    }

    fn write_configuration(&self, options: &Options) -> Result<()> {
        let mut main = MAIN.to_owned();
        let folder = self.folder.path().display().to_string();
        let own =
            [("queue_directory", "queue"), ("data_directory", "data"), ("virtual_mailbox_base", "mail")];
        main.extend(own.map(|(key, name)| format!("{key} = {folder}/{name}\n")));
        main.extend([format!("maillog_file = {folder}/log\nmaillog_file_prefixes = {folder}\n")]);
        main.extend(options.settings.iter().map(|(key, value)| format!("{key} = {value}\n")));
        if let Some(pem) = &options.certificate {
            fs::write(self.path("config/tls.pem"), pem).context("tls.pem")?;
            main.extend([format!("smtpd_tls_chain_files = {folder}/config/tls.pem\n")]);
        }
        fs::write(self.path("config/main.cf"), main).context("main.cf")?;
        let listener = format!("{} inet n - n - - smtpd\n", options.address);
        let services: String = options.services.concat();
        fs::write(self.path("config/master.cf"), listener + MASTER + &services).context("master.cf")
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
