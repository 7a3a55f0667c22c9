//! Installed apps: their administration API and their pages.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::config::ADMIN_TOKEN;
use crate::http::{Answer, Call};
use crate::until::{WAIT, until};

/// The administration of installed apps (`/api/apps`) and their pages (`/x/`).
#[derive(Clone, Debug)]
pub struct Apps {
    address: SocketAddr,
}

impl Apps {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Builds a request with the admin token; `tail` follows `/api/apps` in the path.
    pub fn call(&self, method: &str, tail: &str) -> Call {
        self.bare(method, tail).header("Authorization", format!("Bearer {ADMIN_TOKEN}"))
    }

    /// Like [`Apps::call`], without a credential.
    pub fn bare(&self, method: &str, tail: &str) -> Call {
        Call::new(self.address, method, &format!("/api/apps{tail}"))
    }

    /// Builds a request that installs the app in a directory.
    pub fn installing(&self, dir: &Path, replace: bool) -> Call {
        let mut request = json!({"path": dir});
        if replace {
            request["replace"] = json!(true);
        }
        self.call("POST", "/local").json(&request)
    }

    /// Installs the app in a directory and returns the answer's `body`.
    #[track_caller]
    pub fn install(&self, dir: &Path) -> Value {
        body(&self.installing(dir, false).send())
    }

    /// Installs the app in a directory, replacing an app of the same name. Returns the answer's `body`.
    #[track_caller]
    pub fn replace(&self, dir: &Path) -> Value {
        body(&self.installing(dir, true).send())
    }

    /// Uninstalls an app.
    #[track_caller]
    pub fn uninstall(&self, name: &str) {
        let answer = self.call("DELETE", &format!("/{name}")).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Builds a request that starts an app.
    pub fn starting(&self, name: &str) -> Call {
        self.call("POST", "/start").json(&json!({ "name": name }))
    }

    /// Starts an app and returns its context.
    #[track_caller]
    pub fn start(&self, name: &str) -> Value {
        body(&self.starting(name).send())
    }

    /// Stops an app and returns its context.
    #[track_caller]
    pub fn stop(&self, name: &str) -> Value {
        body(&self.call("POST", "/stop").json(&json!({ "name": name })).send())
    }

    /// The description of an installed app.
    #[track_caller]
    pub fn get(&self, name: &str) -> Value {
        body(&self.call("GET", &format!("/{name}")).send())
    }

    /// Returns true if an app of this name is installed.
    pub fn is_installed(&self, name: &str) -> bool {
        self.call("GET", &format!("/{name}")).send().status == 200
    }

    /// The contexts of all running apps.
    #[track_caller]
    pub fn running(&self) -> Vec<Value> {
        body(&self.call("GET", "/@live").send()).as_array().expect("a list").clone()
    }

    /// Returns true if an app of this name is running.
    #[track_caller]
    pub fn is_running(&self, name: &str) -> bool {
        self.running().iter().any(|context| context["name"] == name)
    }

    /// Waits until an app is no longer running.
    #[track_caller]
    pub fn wait_stopped(&self, name: &str) {
        until(&format!("{name} to stop"), WAIT, || !self.is_running(name));
    }

    /// The output of an app, one `stream: text` per line.
    #[track_caller]
    pub fn output(&self, name: &str) -> Vec<String> {
        let page = body(&self.call("GET", &format!("/{name}/logs?after=0&limit=5000")).send());
        let line = |line: &Value| {
            format!("{}: {}", line["stream"].as_str().expect("stream"), line["text"].as_str().expect("text"))
        };
        page["lines"].as_array().expect("lines").iter().map(line).collect()
    }

    /// Builds a visitor's request to `/x/<app>` followed by `tail`.
    pub fn visit(&self, method: &str, name: &str, tail: &str) -> Call {
        Call::new(self.address, method, &format!("/x/{name}{tail}"))
    }

    /// Requests a page of an app.
    #[track_caller]
    pub fn page(&self, name: &str, tail: &str) -> Answer {
        self.visit("GET", name, tail).send()
    }
}

#[track_caller]
fn body(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["code"], 0, "{answer}");
    answer["body"].clone()
}
