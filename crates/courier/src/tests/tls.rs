use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::CourierOptions;

/// A root of our own and what it signs.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    fn acceptor(&self, name: &str, expired: bool) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.config(name, expired, WebPkiClientVerifier::no_client_auth())))
    }

    fn config(&self, name: &str, expired: bool, clients: Arc<dyn ClientCertVerifier>) -> ServerConfig {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(clients)
                .with_single_cert(
                    vec![certificate.der().clone()],
                    PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                )
                .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

async fn receiver(acceptor: TlsAcceptor) -> Receiver {
    Receiver::start(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut tls) = acceptor.accept(peer.stream).await else { return };
            assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let mut held = Vec::new();
            while tls.read_buf(&mut held).await.is_ok_and(|n| n > 0) {
                if held.ends_with(b"{\"a\":1}") {
                    peer.requests.borrow_mut().push(String::from_utf8(std::mem::take(&mut held)).unwrap());
                    tls.write_all(OK.as_bytes()).await.unwrap();
                    tls.flush().await.unwrap();
                }
            }
        }
    })
    .await
}

fn courier(extra_roots: Vec<CertificateDer<'static>>) -> Courier {
    let resolver = Script::new(&[&["127.0.0.1"]]);
    Courier::new(CourierOptions { resolver, extra_roots, ..options(allowing(&["127.0.0.0/8"])) }.share())
}

#[test]
fn a_certificate_that_holds_is_taken_and_the_connection_kept() {
    run(async {
        let authority = Authority::new();
        let receiver = receiver(authority.acceptor("good.test", false)).await;
        let courier = courier(vec![authority.root()]);
        let url = format!("https://good.test:{}/hook", receiver.addr.port());
        for _ in 0..3 {
            let (written, told) = tokio::sync::oneshot::channel();
            let answer = courier.send(Outbound { written: Some(written), ..post(&url) }).await.unwrap();
            assert_eq!(&answer.body[..], b"ok");
            told.await.unwrap();
        }
        assert_eq!((receiver.connections.get(), receiver.seen()), (1, 3));
        assert!(
            receiver.requests.borrow()[0].contains(&format!("host: good.test:{}\r\n", receiver.addr.port()))
        );
    });
}

#[test]
fn a_certificate_that_does_not_hold_is_never_overlooked() {
    run(async {
        let authority = Authority::new();
        for (name, expired, trusted) in
            [("other.test", false, true), ("good.test", true, true), ("good.test", false, false)]
        {
            let receiver = receiver(authority.acceptor(name, expired)).await;
            let roots = if trusted { vec![authority.root()] } else { Vec::new() };
            let url = format!("https://good.test:{}/", receiver.addr.port());
            let detail =
                assert_failed(courier(roots).send(post(&url)).await, FailureKind::Tls, Sent::Nothing);
            assert!(detail.contains("certificate"), "{detail}");
            assert_eq!(receiver.seen(), 0);
        }
    });
}

#[test]
fn a_peer_that_speaks_no_tls_or_stalls_in_it_fails_before_anything_is_sent() {
    run(async {
        let plain = Receiver::start(|mut peer| async move {
            peer.say("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            peer.say_and_hold("").await;
        })
        .await;
        let closing = Receiver::start(|peer| async move { drop(peer) }).await;
        let stalling = Receiver::start(|peer| peer.say_and_hold("")).await;
        let url = |receiver: &Receiver| format!("https://a.test:{}/", receiver.addr.port());
        let courier = courier(Vec::new());
        assert_failed(courier.send(post(&url(&plain))).await, FailureKind::Tls, Sent::Nothing);
        assert_failed(courier.send(post(&url(&closing))).await, FailureKind::Tls, Sent::Nothing);
        let out = Outbound { deadline: after(300), ..post(&url(&stalling)) };
        assert_failed(courier.send(out).await, FailureKind::Timeout, Sent::Nothing);
    });
}

#[test]
fn an_alert_after_the_request_is_a_tls_failure_and_not_a_reset() {
    run(async {
        let authority = Authority::new();
        let mut roots = RootCertStore::empty();
        roots.add(authority.root()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(authority.config("good.test", false, clients)));
        let receiver = Receiver::start(move |peer| {
            let acceptor = acceptor.clone();
            async move {
                let (_, mut tcp) = acceptor.accept(peer.stream).into_fallible().await.unwrap_err();
                while tcp.read(&mut [0; 4096]).await.is_ok_and(|n| n > 0) {}
            }
        })
        .await;
        let url = format!("https://good.test:{}/", receiver.addr.port());
        // In TLS 1.3 a client is done before the server has looked at its (missing) certificate.
        let detail = assert_failed(
            courier(vec![authority.root()]).send(post(&url)).await,
            FailureKind::Tls,
            Sent::Perhaps,
        );
        assert!(detail.contains("CertificateRequired"), "{detail}");
    });
}
