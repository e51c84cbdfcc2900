//! Certificate chain and key as they stand in their files.

use std::{fs::File, io::Read, path::Path};

use rustls::{crypto::aws_lc_rs, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::TlsError;

/// No chain comes near it; `/dev/zero` does.
const PEM_BYTES_MAX: u64 = 1 << 20;

/// The bytes of both files, compared to notice a change whatever the file system says about times.
#[derive(PartialEq, Eq)]
pub(super) struct PemFiles {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl PemFiles {
    pub(super) fn read(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self { chain: read(chain)?, key: read(key)? })
    }

    /// Parses both and checks that they belong together.
    pub(super) fn certified_key(&self, chain: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(&self.chain).collect::<Result<_, _>>().unwrap_or_default();
        if certificates.is_empty() {
            return Err(TlsError::NoCertificate { path: chain.to_owned() });
        }
        let private_key =
            PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::NoKey { path: key.to_owned() })?;
        CertifiedKey::from_der(certificates, private_key, &aws_lc_rs::default_provider())
            .map_err(|error| TlsError::Mismatch { chain: chain.to_owned(), key: key.to_owned(), error })
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(PEM_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| TlsError::Read { path: path.to_owned(), error })?;
    if bytes.len() as u64 > PEM_BYTES_MAX {
        return Err(TlsError::TooLarge { path: path.to_owned(), bytes_max: PEM_BYTES_MAX });
    }
    Ok(bytes)
}
