//! The program on a store that several servers share.

use super::build::{OpenStore, Ports};
use super::error::ServeError;
use super::launch::Opened;
use super::serve::serve_on;
use crate::config::{self, Config, LoadArgs, MasterKey, env::Env};
use crate::shutdown;
use footbridge_engine::NoLauncher;
use footbridge_journal::memory::{MemoryCluster, MemoryJournal};
use footbridge_journal::{Burial, Cluster as _, NodeCard, Peer};
use footbridge_model::id::EventId;
use footbridge_model::time::{Clock, Millis};
use footbridge_runtime::RuntimeError;
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const NOW: Millis = Millis(1_800_000_000_000);

fn config_in(folder: &Path) -> Config {
    let env: Env =
        [("FOOTBRIDGE_ADMIN_TOKEN".to_owned(), "0123456789abcdef0123456789abcdef".to_owned())].into();
    let args = LoadArgs {
        listen: Some("127.0.0.1:0".to_owned()),
        database: Some(format!("sqlite:{}/shared.db", folder.display())),
        env,
        cores: 1,
        ..LoadArgs::default()
    };
    config::load(&args).unwrap()
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    stream.write_all(request.as_bytes()).await.is_ok()
        && stream.read_to_end(&mut answer).await.is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

/// The other servers, as this one sees them. Keeps its session alive.
async fn others(node: &MemoryJournal) -> Vec<Peer> {
    node.beat(EventId::from_number(0), NOW).await.unwrap().peers
}

/// Waits until a server answers whose session is not `before`.
async fn until_another_is_ready(
    node: &MemoryJournal,
    address: &Cell<Option<SocketAddr>>,
    before: Option<&Peer>,
) -> Peer {
    let found = async {
        loop {
            let other = others(node).await.pop();
            let other = other.filter(|other| before.is_none_or(|before| before.session != other.session));
            if let (Some(other), Some(address)) = (other, address.get())
                && is_ready(address).await
            {
                return other;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), found).await.unwrap()
}

#[tokio::test]
async fn a_server_joins_again_after_its_session_was_lost_and_leaves_the_store_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = MemoryCluster::new();
    let node = cluster.node();
    node.join(NodeCard::default(), NOW).await.unwrap();
    let open = |_: &Config, _: SocketAddr, _: &dyn Clock| -> Result<OpenStore, ServeError> {
        Ok(OpenStore { store: Arc::new(cluster.node()), master_key: MasterKey::new([7; 32]) })
    };
    let no_apps = |_: &Config, _: &str, _: &Env, _: &Arc<dyn Clock>| -> Result<Opened, RuntimeError> {
        Ok((Arc::new(NoLauncher), mpsc::channel(1).1))
    };
    let ports = Ports { store: &open, launcher: &no_apps };
    let (trigger, drain) = shutdown::by_hand();
    let (address, env) = (Cell::new(None), Env::default());
    let serving = serve_on(ports, config_in(folder.path()), &env, drain, |built| {
        address.set(Some(built.address));
    });
    let checks = async {
        let first = until_another_is_ready(&node, &address, None).await;
        loop {
            let seen = others(&node).await.pop().unwrap();
            assert_eq!(seen.session, first.session);
            if let Burial::Buried(_) = node.bury(seen.session, seen.beat, NOW).await.unwrap() {
                break;
            }
        }
        // At the same address.
        until_another_is_ready(&node, &address, Some(&first)).await;
        trigger.start();
    };
    tokio::join!(async { serving.await.unwrap() }, checks);
    assert_eq!(others(&node).await, [], "the server has left the store");
}
