//! TLS as a client: what a mail server has to prove, and what it need not.
//!
//! *Standards*: RFC 7435 (opportunistic security), RFC 3207, RFC 8314, RFC 6125 (names in certificates).
//!
//! *Security*: with [`Proof::None`] the connection is safe from listeners and from nobody else; the alternative would be
//! to send in the clear. The handshake's own signature is checked all the same.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use tokio_rustls::TlsConnector;

use super::{TlsError, pem};

/// What the certificate of a server has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Nothing: any certificate will do (RFC 7435).
    None,
    /// The name that was asked for, by an authority that this machine trusts.
    Name,
}

/// Connects as a client. Cheap to clone; clones share their session tickets.
#[derive(Clone)]
pub struct ClientTls {
    any: TlsConnector,
    proven: TlsConnector,
}

impl ClientTls {
    /// Trusts the authorities of the system, and those in the PEM file `more`. Reads files; call it at the start.
    ///
    /// A system without authorities is no error here: then only those in `more` prove a name.
    pub fn load(more: Option<&Path>) -> Result<Self, TlsError> {
        let mut roots = system_roots();
        if let Some(path) = more {
            add_file(&mut roots, path)?;
        }
        Self::with_roots(roots)
    }

    /// Trusts no authority but those in this PEM file.
    pub fn of_file(path: &Path) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        add_file(&mut roots, path)?;
        Self::with_roots(roots)
    }

    /// What makes connections for which this much has to be proven.
    #[must_use]
    pub fn connector(&self, proof: Proof) -> &TlsConnector {
        match proof {
            Proof::None => &self.any,
            Proof::Name => &self.proven,
        }
    }

    fn with_roots(roots: RootCertStore) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = || {
            ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(&[&TLS12, &TLS13])
                .map_err(TlsError::Setup)
        };
        let any = builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(Arc::clone(&provider))))
            .with_no_client_auth();
        let proven = builder()?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { any: Arc::new(any).into(), proven: Arc::new(proven).into() })
    }
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "an authority of the system can't be read");
    }
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        tracing::warn!(
            "this system trusts no certificate authority: install ca-certificates, or name a file"
        );
    }
    roots
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), TlsError> {
    let bytes = pem::read(path)?;
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().unwrap_or_default();
    let (taken, _) = roots.add_parsable_certificates(certificates);
    if taken == 0 {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(())
}

/// Takes any certificate, but holds the server to the key in it.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
