//! The log: lines on standard error, filtered by `log.level`. Standard output belongs to what people asked for.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFilter;

/// Starts the log for the whole process; a second call changes nothing.
pub(crate) fn start(level: &LogFilter) {
    let LogFilter(level) = level;
    // The setting has been read as a filter before; should it fail here all the same, the default serves.
    let filter = EnvFilter::try_new(level).unwrap_or_default();
    let colours = std::io::stderr().is_terminal();
    let log =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).with_env_filter(filter);
    let _ = log.try_init();
}
