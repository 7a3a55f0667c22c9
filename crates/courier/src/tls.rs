//! TLS for `https` targets. The configuration is built for the first one, because the root store costs memory that plain
//! HTTP does not need.

use std::fmt;
use std::sync::Arc;

use footbridge_model::attempt::{Failure, FailureKind, TlsFault};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::ErrorKind;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use crate::failures::is_shortage;
use crate::roots::Roots;

/// The TLS configurations of a process: one for all apps, and one for each app with certificate authorities of its own.
pub(crate) struct TlsConnectors {
    roots: Option<Arc<Roots>>,
    /// The roots of the system, of Mozilla, and `roots`.
    base: OnceCell<RootCertStore>,
    connector: OnceCell<TlsConnector>,
}

impl TlsConnectors {
    pub(crate) fn new(roots: Option<Arc<Roots>>) -> Self {
        Self { roots, base: OnceCell::new(), connector: OnceCell::new() }
    }

    /// Returns the connector for an app; `own` holds the app's own certificate authorities.
    ///
    /// The first call reads the root store of the system on another thread.
    pub(crate) async fn connector<'a>(&'a self, own: Option<&'a Roots>) -> Result<&'a TlsConnector, Failure> {
        let connector = own.map_or(&self.connector, |own| &own.connector);
        connector
            .get_or_try_init(async || {
                let mut trusted = self.base().await?.clone();
                add(&mut trusted, own).map_err(|error| setup_failure(&error.to_string()))?;
                let config = config(trusted).map_err(|error| setup_failure(&error.to_string()))?;
                Ok(TlsConnector::from(Arc::new(config)))
            })
            .await
    }

    async fn base(&self) -> Result<&RootCertStore, Failure> {
        self.base
            .get_or_try_init(async || {
                let roots = self.roots.clone();
                let read = tokio::task::spawn_blocking(move || base(roots.as_deref())).await;
                read.map_err(|_| setup_failure("the root store could not be read"))?
            })
            .await
    }
}

impl fmt::Debug for TlsConnectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnectors").field("made", &self.connector.initialized()).finish_non_exhaustive()
    }
}

fn setup_failure(why: &str) -> Failure {
    Failure::before(FailureKind::Tls(TlsFault::Other), format!("TLS cannot be set up: {why}"))
}

/// The roots of the system (`SSL_CERT_FILE` and `SSL_CERT_DIR` are respected) together with those of Mozilla, so that it
/// works in a container without roots.
fn base(more: Option<&Roots>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        // A file that could not be opened because descriptors are short may be readable next time. Store no result
        // without it.
        if let ErrorKind::Io { inner, .. } = &error.kind
            && is_shortage(inner)
        {
            return Err(Failure::before(FailureKind::Local, format!("the root store: {inner}")));
        }
        tracing::warn!(%error, "a system root certificate could not be read");
    }
    roots.add_parsable_certificates(system.certs);
    add(&mut roots, more).map_err(|error| setup_failure(&error.to_string()))?;
    Ok(roots)
}

fn add(store: &mut RootCertStore, roots: Option<&Roots>) -> Result<(), rustls::Error> {
    for certificate in roots.map(Roots::certificates).unwrap_or_default() {
        store.add(certificate.clone())?;
    }
    Ok(())
}

fn config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
