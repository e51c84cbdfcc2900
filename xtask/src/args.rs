//! The words after `cargo xtask`: flags, options with a value, and what follows `--`.
//!
//! Small on purpose: an argument parser would cost more to build than everything else here. What is not taken by
//! the command is an error, so a misspelt flag never runs the wrong thing.

use std::env;
use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

/// The words not yet taken, in their order.
#[derive(Debug)]
pub(crate) struct Args {
    words: Vec<String>,
    /// What follows `--`.
    passed_on: Vec<String>,
}

impl Args {
    pub(crate) fn from_env() -> Self {
        Self::new(env::args().skip(1))
    }

    fn new(words: impl Iterator<Item = String>) -> Self {
        let mut words: Vec<String> = words.collect();
        let passed_on = match words.iter().position(|word| word == "--") {
            Some(at) => words.split_off(at).split_off(1),
            None => Vec::new(),
        };
        Self { words, passed_on }
    }

    /// The first word, which is not an option: the command.
    pub(crate) fn command(&mut self) -> Option<String> {
        (!self.words.is_empty()).then(|| self.words.remove(0))
    }

    /// The next word that is no option, if any. Take the options first.
    pub(crate) fn positional(&mut self) -> Option<String> {
        let at = self.words.iter().position(|word| !word.starts_with('-'))?;
        Some(self.words.remove(at))
    }

    /// True where the flag stands; takes it.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// The value of `name VALUE` or `name=VALUE`, if given; takes both.
    pub(crate) fn value<T>(&mut self, name: &str) -> Result<Option<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(at) = self.words.iter().position(|word| names(word, name)) else {
            return Ok(None);
        };
        let word = self.words.remove(at);
        let text = match word.split_once('=') {
            Some((_, value)) => value.to_owned(),
            None if at < self.words.len() => self.words.remove(at),
            None => bail!("{name} wants a value"),
        };
        text.parse()
            .map(Some)
            .map_err(|error| anyhow::anyhow!("{error}"))
            .with_context(|| format!("{name} {text}"))
    }

    /// What follows `--`; an error where a word was left that nobody took.
    pub(crate) fn finish(self) -> Result<Vec<String>> {
        match self.words.first() {
            Some(word) => bail!("unknown option or word `{word}`"),
            None => Ok(self.passed_on),
        }
    }

    /// Every word, to be passed on as they are.
    #[cfg(not(feature = "bench"))]
    pub(crate) fn rest(self) -> Vec<String> {
        self.words
    }
}

fn names(word: &str, name: &str) -> bool {
    word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn takes_flags_and_values_in_both_spellings() {
        let mut args = args("load --size 5000 --json --to=127.0.0.1:25 -- --exact");
        assert_eq!(args.command().as_deref(), Some("load"));
        assert_eq!(args.value::<usize>("--size").unwrap(), Some(5000));
        assert_eq!(args.value::<String>("--to").unwrap().as_deref(), Some("127.0.0.1:25"));
        assert!(args.flag("--json"));
        assert!(!args.flag("--json"));
        assert_eq!(args.finish().unwrap(), ["--exact"]);
    }

    #[test]
    fn a_misspelt_flag_is_an_error() {
        assert!(args("--jsno").finish().is_err());
        assert!(args("--size").value::<usize>("--size").is_err());
        assert!(args("--size much").value::<usize>("--size").is_err());
    }
}
