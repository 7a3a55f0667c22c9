//! A complete server in this process with a temporary database, reached over loopback.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use footbridge::config::{LoadArgs, load};
use footbridge::{shutdown, wire};

/// The secret key of the app `superapp`.
pub const SECRET_KEY: &str = "secret-key-of-superapp";
/// The token of the app `superapp`.
pub const TOKEN: &str = "token-of-superapp";

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
database = "sqlite:fuzz.db"
admin_token = "admin-token-for-fuzzing-only"
[server]
shards = 1
[console]
listen = "off"
[[app]]
name = "superapp"
token = "token-of-superapp"
secret_key = "secret-key-of-superapp"
hooks = { "superapp/seen" = { route = "http://127.0.0.1:1/", type = "web" } }
"#;

/// Must be called first: the server starts this program again as the helper of its apps; then this call runs
/// the helper.
pub fn start() {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == "__app-init") {
        let _ = footbridge_runtime::init_main(words);
        std::process::exit(0);
    }
    address();
}

/// The address of the server in this process. The first call starts it.
///
/// # Panics
/// If the server cannot be started.
pub fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let (sender, started) = mpsc::channel();
        thread::spawn(move || serve(&sender));
        started.recv().expect("the server starts")
    })
}

fn serve(started: &mpsc::Sender<SocketAddr>) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = home.path().join("footbridge.toml");
    let text = CONFIG.replace("sqlite:fuzz.db", &format!("sqlite:{}", home.path().join("fuzz.db").display()));
    std::fs::write(&file, text).expect("the configuration is written");
    let config = load(&LoadArgs { file: Some(file), cores: 1, ..LoadArgs::default() }).expect("it is right");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let built = wire::build(config, &BTreeMap::default()).await.expect("the server is built");
        let _ = started.send(built.address);
        let (_trigger, drain) = shutdown::by_hand();
        wire::run(built, drain).await.expect("the server runs");
    });
}

/// Sends bytes on a new connection, closes the sending half and returns the complete answer.
///
/// # Panics
/// If the server does not accept the connection, or does not close it within ten seconds.
pub fn send(bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address()).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit");
    // The server may have refused the request before it has read all of it.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let mut room = [0; 4096];
    loop {
        match stream.read(&mut room) {
            Ok(0) => return answer,
            Ok(length) => answer.extend_from_slice(&room[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the server hangs"),
            Err(_) => return answer,
        }
    }
}

/// The status of the first answer.
pub fn status(answer: &[u8]) -> Option<u16> {
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}
