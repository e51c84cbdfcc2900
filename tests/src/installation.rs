//! Guichet itself: a data directory, its settings, and the program started on it again and again.

use std::cell::RefCell;
use std::env;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output as Finished};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::api::Api;
use crate::process::Process;
use crate::wait::START_SECS_MAX;

/// What the first organisation's channel is called where nothing was configured.
pub const DEMO_ADDRESS: &str = "support@demo.desk.localhost";

/// A place where Guichet keeps its data, gone with this value, and how it is started there.
#[derive(Debug)]
pub struct Installation {
    _folder: Option<TempDir>,
    data_dir: PathBuf,
    arguments: Vec<String>,
    /// Said only once, at the first start.
    token: RefCell<Option<String>>,
}

impl Installation {
    /// A fresh one, on free ports of the loopback.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("guichet-").tempdir().context("a temporary folder")?;
        let data_dir = folder.path().join("data");
        Ok(Self { _folder: Some(folder), ..Self::at(&data_dir) })
    }

    /// One whose data lies there, and stays.
    pub fn at(data_dir: &Path) -> Self {
        let installation = Self {
            _folder: None,
            data_dir: data_dir.to_owned(),
            arguments: Vec::new(),
            token: RefCell::default(),
        };
        installation.with("--smtp-listen", "127.0.0.1:0").with("--http-listen", "127.0.0.1:0")
    }

    /// Starts with this option; a later one replaces an earlier one of that name.
    #[must_use]
    pub fn with(mut self, option: &str, value: &str) -> Self {
        if let Some(at) = self.arguments.iter().position(|argument| argument == option) {
            self.arguments.drain(at..at + 2);
        }
        self.arguments.extend([option.to_owned(), value.to_owned()]);
        self
    }

    /// Starts with this setting, as in the configuration file: `dns.servers`, `smtp.size_max`.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.arguments.extend(["--set".to_owned(), format!("{key}={value}")]);
        self
    }

    /// Where its data lies.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The program with these settings, not started yet.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(program()?);
        command.arg("--data-dir").arg(&self.data_dir).args(&self.arguments);
        // What the person who runs the tests has set is not for this one.
        let ours = env::vars_os().map(|(name, _)| name).filter(|name| is_setting(name));
        ours.for_each(|name| {
            command.env_remove(name);
        });
        Ok(command)
    }

    /// Starts it and waits until it says that it is ready.
    pub fn start(&self) -> Result<Server<'_>> {
        self.start_as(&mut self.command()?)
    }

    /// Starts it through another command, such as one that watches its system calls.
    pub fn start_as(&self, command: &mut Command) -> Result<Server<'_>> {
        let process = Process::start(command)?;
        let ready = process.out.find("Ready.", START_SECS_MAX, |line| (line == "Ready.").then_some(()));
        ready.with_context(|| process.err.lines().join("\n"))?;
        let lines = process.out.lines();
        let said = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let smtp = address(said("SMTP:")).context("the SMTP address")?;
        let http = address(said("HTTP:")).context("the HTTP address")?;
        if let Some(token) = said("API token:") {
            *self.token.borrow_mut() = Some(token.to_owned());
        }
        Ok(Server { place: self, process, smtp, http })
    }

    /// Starts it where it is expected to refuse: what it said, and its exit code.
    pub fn refused(&self) -> Result<Finished> {
        self.command()?.output().context("starting the program")
    }
}

fn is_setting(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("GUICHET_"))
}

/// `127.0.0.1:25`, or that as a URL.
fn address(said: Option<&str>) -> Result<SocketAddr> {
    let said = said.context("not said")?;
    let bare = said.strip_prefix("http://").unwrap_or(said).trim_end_matches('/');
    bare.parse().with_context(|| said.to_owned())
}

/// The program, which cargo puts beside the tests or one folder above them.
pub fn program() -> Result<PathBuf> {
    let test = env::current_exe().context("finding this program")?;
    let folders = test.ancestors().skip(1).take(2);
    let mut programs = folders.map(|folder| folder.join("guichet"));
    programs
        .find(|program| program.is_file())
        .context("guichet is not built: `cargo build --workspace` does it")
}

/// A running Guichet. Dropping it kills it.
#[derive(Debug)]
pub struct Server<'a> {
    place: &'a Installation,
    process: Process,
    /// Where mail comes in.
    pub smtp: SocketAddr,
    /// Where the API answers.
    pub http: SocketAddr,
}

impl Server<'_> {
    /// The API, as the first admin.
    pub fn api(&self) -> Api {
        self.api_as(self.place.token.borrow().as_deref())
    }

    /// The API with another token, or with none.
    pub fn api_as(&self, token: Option<&str>) -> Api {
        Api::new(self.http, token)
    }

    /// The first admin's token.
    pub fn token(&self) -> Result<String> {
        self.place.token.borrow().clone().context("no token was said")
    }

    /// The running process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The operator's command line, which speaks to this server: `organisation`, `domain`, `channel`, `token`.
    pub fn operator(&self, words: &[&str]) -> Result<Value> {
        let finished = self.command_line(&[words, &["--json"]].concat())?;
        if !finished.status.success() {
            bail!("guichet {}: {}", words.join(" "), String::from_utf8_lossy(&finished.stderr));
        }
        serde_json::from_slice(&finished.stdout).with_context(|| format!("guichet {}", words.join(" ")))
    }

    /// What the command line says, and its exit code.
    pub fn command_line(&self, words: &[&str]) -> Result<Finished> {
        let mut command = Command::new(program()?);
        command.args(words).arg("--data-dir").arg(&self.place.data_dir);
        command.output().context("starting the program")
    }

    /// Stops it as an operator would, and waits.
    pub fn stop(self) -> Result<ExitStatus> {
        self.process.stop()
    }

    /// Waits until it ends by itself, or by another's hand.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.process.ended()
    }

    /// Kills it at once.
    pub fn kill(self) -> Result<()> {
        self.process.kill()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::{Installation, address, is_setting};

    #[test]
    fn a_later_option_replaces_an_earlier_one() {
        let installation = Installation::at(Path::new("d")).with("--smtp-listen", "127.0.0.1:25");
        assert_eq!(installation.arguments, ["--http-listen", "127.0.0.1:0", "--smtp-listen", "127.0.0.1:25"]);
    }

    #[test]
    fn reads_addresses_as_they_are_printed() {
        assert_eq!(address(Some("http://127.0.0.1:8080")).unwrap().port(), 8080);
        assert_eq!(address(Some("127.0.0.1:2525")).unwrap().port(), 2525);
        assert!(address(None).is_err());
        assert!(is_setting(OsStr::new("GUICHET_DATA_DIR")) && !is_setting(OsStr::new("PATH")));
    }
}
