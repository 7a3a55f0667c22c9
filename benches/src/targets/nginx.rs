//! nginx as a plain reverse proxy: the same two hops as an exchange without its checks.

use super::{free_address, listens};
use crate::Outcome;
use crate::workspace::{Program, Workspace};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

const CONFIG: &str = r#"
daemon off;
worker_processes 2;
pid DIR/nginx.pid;
error_log DIR/nginx.err warn;
events { worker_connections 4096; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  upstream receiver { server RECEIVER; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen LISTEN reuseport;
    location / {
      proxy_pass http://receiver;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
"#;

/// A running nginx process.
#[derive(Debug)]
pub(crate) struct Nginx {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Starts nginx as a proxy for `receiver`.
    pub(crate) fn start(workspace: &Workspace, receiver: SocketAddr) -> Outcome<Self> {
        let (dir, address) = (workspace.dir("nginx")?, free_address()?);
        let place = dir.to_string_lossy();
        let config = CONFIG.replace("DIR", &place);
        let config =
            config.replace("RECEIVER", &receiver.to_string()).replace("LISTEN", &address.to_string());
        let file = dir.join("nginx.conf");
        std::fs::write(&file, config).map_err(|e| format!("{}: {e}", file.display()))?;
        let mut command = Command::new("nginx");
        // nginx must be able to reach the directory, so it runs as the user of the bench.
        command.arg("-p").arg(&dir).arg("-c").arg(&file).args(["-g", "user root;"]);
        let mut program = workspace.start(&mut command, &dir)?;
        program.wait(Duration::from_secs(10), || listens(address))?;
        Ok(Self { program, address })
    }
}
