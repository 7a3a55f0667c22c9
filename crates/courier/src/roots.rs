//! Authorities of one's own: who is trusted besides those that the machine and Mozilla trust.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

/// The largest file that is read: all authorities of the world fit in it many times.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The certificates of a PEM file, and how to speak TLS with whom they vouch for.
pub struct Roots {
    path: PathBuf,
    certificates: Vec<CertificateDer<'static>>,
    pub(crate) connector: OnceCell<TlsConnector>,
}

/// Why a file gives no authorities.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// It cannot be read.
    #[error("cannot read the file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is far larger than any such file.
    #[error("the file {} is too large to be a list of certificates", .0.display())]
    TooLarge(PathBuf),
    /// There is none in it.
    #[error(
        "the file {} holds no certificate; expected PEM, with `-----BEGIN CERTIFICATE-----` before each", .0.display()
    )]
    Empty(PathBuf),
    /// One of them is none.
    #[error("certificate {number} in the file {} cannot be read: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Roots {
    /// Reads and checks a PEM file. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// [`RootsError`]
    pub fn read(path: &Path) -> Result<Self, RootsError> {
        let unreadable = |source| RootsError::Unreadable { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
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

    /// Where they come from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// Whether two are the same, so that what was opened under one serves the other.
    pub(crate) fn same(one: Option<&Arc<Self>>, other: Option<&Arc<Self>>) -> bool {
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
