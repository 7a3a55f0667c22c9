//! TLS for `https` targets: made at the first one, since the root store costs memory that plain HTTP never needs.

use std::fmt;
use std::sync::Arc;

use footbridge_model::attempt::{Failure, FailureKind};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

/// Makes and keeps the one TLS configuration of a process.
pub(crate) struct Tls {
    extra_roots: Vec<CertificateDer<'static>>,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    pub(crate) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self { extra_roots, connector: OnceCell::new() }
    }

    /// The connector; the first call reads the system's root store, off this thread.
    pub(crate) async fn connector(&self) -> Result<&TlsConnector, Failure> {
        self.connector
            .get_or_try_init(async || {
                let extra = self.extra_roots.clone();
                let made = tokio::task::spawn_blocking(move || config(&extra)).await;
                let config = made
                    .map_err(|_| no_tls("the root store could not be read"))?
                    .map_err(|error| no_tls(&error.to_string()))?;
                Ok(TlsConnector::from(Arc::new(config)))
            })
            .await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("made", &self.connector.initialized()).finish_non_exhaustive()
    }
}

fn no_tls(why: &str) -> Failure {
    Failure::before(FailureKind::Tls, format!("TLS cannot be set up: {why}"))
}

/// The system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` honoured) joined with Mozilla's, so that a bare container works too.
fn config(extra: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "a system root certificate could not be read");
    }
    roots.add_parsable_certificates(system.certs);
    for certificate in extra {
        roots.add(certificate.clone())?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
