//! What a byte of mail takes on the disk.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context, Result};
use guichet_tests::installation::DEMO_ADDRESS;

use super::figure::{Figure, Table, Target};
use super::{Extent, subject};
use crate::load::{self, Connections, Content, Delivery, Mails, Plan, Size};

/// The unit of `st_blocks` (stat(2)), whatever the file system's own is.
const BLOCK_BYTES: u64 = 512;

pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    let plan =
        Plan { count: extent.mails, size: Size::Mixed, content: Content::Half, ..Plan::to(DEMO_ADDRESS) };
    let mails = Mails::prepare(plan)?;
    let names = subject::names(&mails)?;
    let place = subject::guichet(&names)?;
    let server = place.start()?;
    let report =
        load::send(&mails, Delivery { to: server.smtp, sessions: 20, connections: Connections::Kept })?;
    // Stopped, it has nothing left to write.
    server.stop()?;
    // Space is allocated late: when the pages are written.
    rustix::fs::sync();
    let raw: u64 = (0..report.accepted()).map(|number| mails.bytes(number)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a disk's bytes are far below 2^52")]
    let ours = allocated(place.data_dir())? as f64 / raw as f64;
    let name = format!("disk per byte of {} mixed mails", report.accepted());
    table.add(Figure { name, unit: "bytes", ours, peer: None, target: Target::AtMost(1.3) });
    Ok(())
}

/// Bytes that a folder and all in it take.
fn allocated(folder: &Path) -> Result<u64> {
    let mut sum = fs::metadata(folder)?.blocks() * BLOCK_BYTES;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { allocated(&entry.path())? } else { metadata.blocks() * BLOCK_BYTES };
    }
    Ok(sum)
}
