use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::{CourierOptions, Roots};

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

    fn pem(&self) -> String {
        let text = STANDARD.encode(self.root());
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }

    /// It as a file that an operator names.
    fn roots(&self) -> Arc<Roots> {
        Arc::new(Roots::parse(Path::new("ca.pem"), self.pem().as_bytes()).unwrap())
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

fn courier(roots: Option<Arc<Roots>>) -> Courier {
    let resolver = Script::new(&[&["127.0.0.1"]]);
    Courier::new(CourierOptions { resolver, roots, ..options(allowing(&["127.0.0.0/8"])) }.share())
}

#[test]
fn a_valid_certificate_is_accepted_and_its_connection_reused() {
    run(async {
        let authority = Authority::new();
        let receiver = receiver(authority.acceptor("good.test", false)).await;
        let courier = courier(Some(authority.roots()));
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
fn an_invalid_certificate_is_refused_and_the_failure_says_why() {
    run(async {
        let authority = Authority::new();
        for (name, expired, trusted, fault, why) in [
            ("other.test", false, true, TlsFault::WrongName, "its certificate is for other.test"),
            ("good.test", true, true, TlsFault::Expired, "its certificate expired at 2021-01-01T00:00:00"),
            ("good.test", false, false, TlsFault::UnknownIssuer, "[egress] ca_file"),
        ] {
            let receiver = receiver(authority.acceptor(name, expired)).await;
            let roots = trusted.then(|| authority.roots());
            let url = format!("https://good.test:{}/", receiver.addr.port());
            let sent = courier(roots).send(post(&url)).await;
            let detail = assert_failed(sent, FailureKind::Tls(fault), Sent::Nothing);
            assert!(detail.contains(why) && detail.contains("good.test"), "{detail}");
            assert_eq!(receiver.seen(), 0);
        }
    });
}

#[test]
fn an_authority_of_one_app_is_trusted_for_no_other() {
    run(async {
        let authority = Authority::new();
        let receiver = receiver(authority.acceptor("good.test", false)).await;
        let courier = courier(None);
        let url = format!("https://good.test:{}/", receiver.addr.port());
        let roots = Some(authority.roots());
        let own = || Outbound { roots: roots.clone(), ..post(&url) };
        courier.send(own()).await.unwrap();
        assert_eq!(courier.idle_connections(), 1);
        let unknown = FailureKind::Tls(TlsFault::UnknownIssuer);
        assert_failed(courier.send(post(&url)).await, unknown, Sent::Nothing);
        courier.send(own()).await.unwrap();
        assert_eq!(receiver.seen(), 2);
    });
}

#[test]
fn a_file_of_authorities_is_checked_when_it_is_read() {
    let dir = std::env::temp_dir().join(format!("footbridge-roots-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let read = |text: &str| {
        let path = dir.join("ca.pem");
        std::fs::write(&path, text).unwrap();
        Roots::read(&path).map(|roots| roots.certificates().len()).map_err(|error| error.to_string())
    };
    let pem = Authority::new().pem();
    assert_eq!(read(&pem), Ok(1));
    assert_eq!(read(&format!("a comment\n{pem}\n{pem}")), Ok(2));
    assert!(read("").unwrap_err().contains("holds no certificate"));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(read(&format!("{pem}{broken}")).unwrap_err().contains("certificate 2"));
    assert!(Roots::read(&dir.join("none")).unwrap_err().to_string().contains("none"));
    std::fs::remove_dir_all(&dir).unwrap();
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
        // An alert about the version, as TLS 1.0 servers send it.
        let old = Receiver::start(|mut peer| async move {
            let _ = peer.stream.write_all(b"\x15\x03\x01\x00\x02\x02\x46").await;
            peer.say_and_hold("").await;
        })
        .await;
        let url = |receiver: &Receiver| format!("https://a.test:{}/", receiver.addr.port());
        let courier = courier(None);
        let failed = async |receiver: &Receiver, fault| {
            assert_failed(courier.send(post(&url(receiver))).await, FailureKind::Tls(fault), Sent::Nothing)
        };
        assert!(failed(&plain, TlsFault::NotTls).await.contains("write http://"));
        assert!(failed(&closing, TlsFault::Other).await.contains("write http://"));
        assert!(failed(&old, TlsFault::Version).await.contains("1.2 or 1.3"));
        let out = Outbound { deadline: after(300), ..post(&url(&stalling)) };
        assert_failed(courier.send(out).await, FailureKind::Timeout, Sent::Nothing);
    });
}

#[test]
fn plain_http_to_a_tls_port_has_its_own_failure() {
    run(async {
        let authority = Authority::new();
        let acceptor = authority.acceptor("good.test", false);
        let receiver = Receiver::start(move |peer| {
            let acceptor = acceptor.clone();
            async move {
                let (_, mut tcp) = acceptor.accept(peer.stream).into_fallible().await.unwrap_err();
                while tcp.read(&mut [0; 4096]).await.is_ok_and(|n| n > 0) {}
            }
        })
        .await;
        let url = format!("http://good.test:{}/", receiver.addr.port());
        let sent = courier(None).send(post(&url)).await;
        let detail = assert_failed(sent, FailureKind::Tls(TlsFault::Wanted), Sent::Perhaps);
        assert!(detail.contains("write https://"), "{detail}");
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
            courier(Some(authority.roots())).send(post(&url)).await,
            FailureKind::Tls(TlsFault::Other),
            Sent::Perhaps,
        );
        assert!(detail.contains("CertificateRequired"), "{detail}");
    });
}
