//! The certificate of a server that was given none: made once, kept in the data directory.
//!
//! *Must hold*: key and certificate appear together or not at all, in one file of mode 0600; one that is
//! already there is never written over.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::TlsError;

/// The path of the self-signed certificate, made now if it is not there.
pub(super) fn ensure(data_dir: &Path, host_names: &[String]) -> Result<PathBuf, TlsError> {
    let folder = data_dir.join("tls");
    let path = folder.join("self-signed.pem");
    if path.exists() {
        return Ok(path);
    }
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(host_names)
        .map_err(|error| TlsError::HostNames { host_names: host_names.to_vec(), error })?;
    let pem = cert.pem() + &signing_key.serialize_pem();
    write(&folder, &path, pem.as_bytes()).map_err(|error| TlsError::Write { path: path.clone(), error })?;
    Ok(path)
}

fn write(folder: &Path, path: &Path, pem: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let unfinished = path.with_extension("pem.new");
    // Left by a start that was cut short; `create_new` then makes sure that the mode is ours.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(pem)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(folder)?.sync_all()
}
