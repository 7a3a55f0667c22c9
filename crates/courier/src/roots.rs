//! Certificate authorities that are trusted besides those of the system and of Mozilla.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

/// The largest file that is read, in bytes. The list of Mozilla has about 200 kB.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The certificate authorities of a PEM file.
pub struct Roots {
    path: PathBuf,
    certificates: Vec<CertificateDer<'static>>,
    pub(crate) connector: OnceCell<TlsConnector>,
}

/// Why the certificate authorities of a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file cannot be read.
    #[error("cannot read the file {}: {source}", path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is far larger than a list of certificates.
    #[error("the file {} is too large to be a list of certificates", .0.display())]
    TooLarge(PathBuf),
    /// The file has no certificate.
    #[error(
        "the file {} holds no certificate; expected PEM, with `-----BEGIN CERTIFICATE-----` before each", .0.display()
    )]
    Empty(PathBuf),
    /// A certificate cannot be parsed.
    #[error("certificate {number} in the file {} cannot be read: {why}", path.display())]
    Broken {
        /// The path of the file.
        path: PathBuf,
        /// The number of the certificate in the file; the first is 1.
        number: usize,
        /// The reason, as the parser reports it.
        why: String,
    },
}

impl Roots {
    /// Reads and checks a PEM file. Blocks the thread while it reads.
    ///
    /// # Errors
    /// [`RootsError`]
    pub fn read(path: &Path) -> Result<Self, RootsError> {
        let unreadable = |source| RootsError::Unreadable { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE {
            return Err(RootsError::TooLarge(path.to_owned()));
        }
        Self::parse(path, &std::fs::read(path).map_err(unreadable)?)
    }

    pub(crate) fn parse(path: &Path, text: &[u8]) -> Result<Self, RootsError> {
        let (mut certificates, mut store) = (Vec::new(), RootCertStore::empty());
        for found in CertificateDer::pem_slice_iter(text) {
            let number = certificates.len() + 1;
            let broken = |why: String| RootsError::Broken { path: path.to_owned(), number, why };
            let certificate = found.map_err(|error| broken(error.to_string()))?;
            store.add(certificate.clone()).map_err(|error| broken(error.to_string()))?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err(RootsError::Empty(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), certificates, connector: OnceCell::new() })
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// Returns true if both contain the same certificates, so that a connection opened with one may serve the other.
    pub(crate) fn are_equal(one: Option<&Arc<Self>>, other: Option<&Arc<Self>>) -> bool {
        match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one.certificates == other.certificates,
            _ => false,
        }
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots")
            .field("path", &self.path)
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}
