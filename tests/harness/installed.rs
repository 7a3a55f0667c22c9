//! Installed apps as the administrator and their visitors see them.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::config::ADMIN_TOKEN;
use crate::http::{Answer, Call};
use crate::until::{WAIT, until};

/// `/api/apps` with the admin token, and `/x/`.
#[derive(Clone, Debug)]
pub struct Apps {
    address: SocketAddr,
}

impl Apps {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// A request with the admin token; `tail` is what follows `/api/apps`.
    pub fn call(&self, method: &str, tail: &str) -> Call {
        self.bare(method, tail).header("Authorization", format!("Bearer {ADMIN_TOKEN}"))
    }

    /// The same without a credential.
    pub fn bare(&self, method: &str, tail: &str) -> Call {
        Call::new(self.address, method, &format!("/api/apps{tail}"))
    }

    /// A request that installs the app of a directory.
    pub fn installing(&self, dir: &Path, replace: bool) -> Call {
        let mut request = json!({"path": dir});
        if replace {
            request["replace"] = json!(true);
        }
        self.call("POST", "/local").json(&request)
    }

    /// Installs the app of a directory; the answer's `body`.
    #[track_caller]
    pub fn install(&self, dir: &Path) -> Value {
        body(&self.installing(dir, false).send())
    }

    /// Installs it in place of what is installed under its name; the answer's `body`.
    #[track_caller]
    pub fn replace(&self, dir: &Path) -> Value {
        body(&self.installing(dir, true).send())
    }

    /// Removes an app.
    #[track_caller]
    pub fn uninstall(&self, name: &str) {
        let answer = self.call("DELETE", &format!("/{name}")).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// A request that starts an app.
    pub fn starting(&self, name: &str) -> Call {
        self.call("POST", "/start").json(&json!({ "name": name }))
    }

    /// Starts an app; its context.
    #[track_caller]
    pub fn start(&self, name: &str) -> Value {
        body(&self.starting(name).send())
    }

    /// Stops an app; its context.
    #[track_caller]
    pub fn stop(&self, name: &str) -> Value {
        body(&self.call("POST", "/stop").json(&json!({ "name": name })).send())
    }

    /// An installed app.
    #[track_caller]
    pub fn get(&self, name: &str) -> Value {
        body(&self.call("GET", &format!("/{name}")).send())
    }

    /// Whether there is an installed app of this name.
    pub fn knows(&self, name: &str) -> bool {
        self.call("GET", &format!("/{name}")).send().status == 200
    }

    /// The contexts of what runs.
    #[track_caller]
    pub fn live(&self) -> Vec<Value> {
        body(&self.call("GET", "/@live").send()).as_array().expect("a list").clone()
    }

    /// Whether an app runs.
    #[track_caller]
    pub fn runs(&self, name: &str) -> bool {
        self.live().iter().any(|context| context["name"] == name)
    }

    /// Waits until an app runs no more.
    #[track_caller]
    pub fn wait_down(&self, name: &str) {
        until(&format!("the end of {name}"), WAIT, || !self.runs(name));
    }

    /// What an app wrote, as `stream: text`.
    #[track_caller]
    pub fn output(&self, name: &str) -> Vec<String> {
        let page = body(&self.call("GET", &format!("/{name}/logs?after=0&limit=5000")).send());
        let line = |line: &Value| {
            format!("{}: {}", line["stream"].as_str().expect("stream"), line["text"].as_str().expect("text"))
        };
        page["lines"].as_array().expect("lines").iter().map(line).collect()
    }

    /// A request of a visitor to `/x/<app>` followed by `tail`.
    pub fn visit(&self, method: &str, name: &str, tail: &str) -> Call {
        Call::new(self.address, method, &format!("/x/{name}{tail}"))
    }

    /// A page of an app.
    #[track_caller]
    pub fn page(&self, name: &str, tail: &str) -> Answer {
        self.visit("GET", name, tail).send()
    }
}

#[track_caller]
fn body(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let whole = answer.json();
    assert_eq!(whole["code"], 0, "{whole}");
    whole["body"].clone()
}
