//! stub
use crate::args::Args;
use anyhow::Result;
pub(crate) fn run(_a: Args) -> Result<()> {
    Ok(())
}
