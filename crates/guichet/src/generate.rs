//! Documents that the program knows best, printed for `cargo xtask generate`.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use crate::cli::{Cli, Subject};
use crate::config;

const CLI_HEAD: &str = "\
# Command line

<!-- Made by `cargo xtask generate` from crates/guichet/src/cli.rs and crates/guichet/src/command. -->

`guichet` alone serves. The other commands speak to the running server through `control.sock` in its data directory, or
open the data themselves when no server runs. They take the same configuration as the server, so that they find the same
data; with `--json` they answer in one line of JSON, a list as `{\"items\": [...]}`.

Exit codes: 0, it is done; 1, the server refused, and says why; 2, usage, configuration or environment have to be set right
first.
";

/// The text of a document.
pub(crate) fn document(subject: Subject) -> String {
    match subject {
        Subject::Configuration => config::reference(),
        Subject::Example => config::example(),
        Subject::Cli => command_line(),
        Subject::Openapi => guichet_api::openapi_json(),
    }
}

/// docs/cli.md.
fn command_line() -> String {
    let mut root = Cli::command().term_width(100);
    root.build();
    let mut text = CLI_HEAD.to_owned();
    describe(&mut text, "guichet", &root);
    text
}

fn describe(text: &mut String, name: &str, command: &clap::Command) {
    let help = command.clone().render_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        // What every command takes stands once, at the top.
        let inner = inner.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
        describe(text, &format!("{name} {}", inner.get_name()), &inner);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_committed_reference_of_the_command_line_is_what_the_code_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
        let committed = fs::read_to_string(path).unwrap_or_default();
        assert!(committed == command_line(), "docs/cli.md is old; run `cargo xtask generate`");
    }

    #[test]
    fn every_command_that_people_see_is_described_once() {
        let text = command_line();
        for heading in ["## guichet serve", "## guichet token revoke", "## guichet channel postmaster"] {
            assert_eq!(text.matches(&format!("{heading}\n")).count(), 1, "{heading}");
        }
        assert!(!text.contains("generate\n"), "a hidden command is shown");
        assert_eq!(text.matches("--config <FILE>").count(), 1);
    }
}
