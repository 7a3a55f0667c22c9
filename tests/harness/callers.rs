//! The three kinds of caller: a bridge sender, a Bolt app, the administrator.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::config::{ADMIN_TOKEN, App};
use crate::http::{Answer, Call};

/// `<prefix> base64(<name>:<secret>)`.
pub fn basic(prefix: &str, name: &str, secret: &str) -> String {
    format!("{prefix} {}", STANDARD.encode(format!("{name}:{secret}")))
}

/// A sender on one side of the bridge.
#[derive(Clone, Debug)]
pub struct Bridge {
    address: SocketAddr,
    authorization: String,
    path: String,
}

impl Bridge {
    pub(crate) fn new(address: SocketAddr, app: &App, side: &str) -> Self {
        Self {
            address,
            authorization: basic(&app.prefix, &app.name, &app.secret_key),
            path: format!("/api/v1/event-bridge/{side}/"),
        }
    }

    /// Its endpoint.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it sends as `Authorization`.
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// A request with its credentials and this body, as `application/json`.
    pub fn call(&self, body: impl AsRef<[u8]>) -> Call {
        self.bare(body).header("Authorization", &self.authorization)
    }

    /// A request with this body and without credentials.
    pub fn bare(&self, body: impl AsRef<[u8]>) -> Call {
        Call::new(self.address, "POST", &self.path).header("Content-Type", "application/json").body(body)
    }

    /// Sends this body with the right credentials.
    #[track_caller]
    pub fn send(&self, body: impl AsRef<[u8]>) -> Answer {
        self.call(body).send()
    }

    /// Asks for the record of an exchange that was started with `respond-async`.
    #[track_caller]
    pub fn exchange(&self, id: &str) -> Answer {
        let path = format!("/api/v1/exchanges/{id}");
        Call::new(self.address, "GET", &path).header("Authorization", &self.authorization).send()
    }
}

/// An app on the events API.
#[derive(Clone, Debug)]
pub struct Bolt {
    address: SocketAddr,
    token: String,
}

impl Bolt {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        Self { address, token: token.into() }
    }

    /// A request with its token; `tail` is what follows `/api/events/`.
    pub fn call(&self, method: &str, tail: &str, body: impl AsRef<[u8]>) -> Call {
        Call::new(self.address, method, &format!("/api/events/{tail}"))
            .header("X-Bolt-App-Token", &self.token)
            .header("Content-Type", "application/json")
            .body(body)
    }

    /// POSTs this text.
    #[track_caller]
    pub fn post(&self, tail: &str, body: impl AsRef<[u8]>) -> Answer {
        self.call("POST", tail, body).send()
    }

    /// Unsubscribes from this pattern; the answer's `body`.
    #[track_caller]
    pub fn unsubscribe(&self, pattern: &str) -> Value {
        let answer = Call::new(self.address, "DELETE", &format!("/api/events/{pattern}"));
        done(&answer.header("X-Bolt-App-Token", &self.token).send())
    }

    /// Publishes this request; the answer's `body`.
    #[track_caller]
    pub fn publish(&self, name: &str, request: &Value) -> Value {
        done(&self.post(name, request.to_string()))
    }

    /// Makes a transient `web` hook; the answer's `body`.
    #[track_caller]
    pub fn web(&self, pattern: &str, url: &str) -> Value {
        done(&self.post(&format!("sub/{pattern}"), json!({"route": url, "type": "web"}).to_string()))
    }

    /// Makes a transient hook of the default type; the answer's `body`.
    #[track_caller]
    pub fn server(&self, pattern: &str, route: &str) -> Value {
        done(&self.post(&format!("sub/{pattern}"), json!({"route": route}).to_string()))
    }
}

#[track_caller]
fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let whole = answer.json();
    assert_eq!(whole["code"], 0, "{whole}");
    whole["body"].clone()
}

/// The administrator.
#[derive(Clone, Debug)]
pub struct Admin {
    address: SocketAddr,
}

impl Admin {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// A request with the admin token; `tail` is what follows `/api/v1/`.
    pub fn call(&self, method: &str, tail: &str) -> Call {
        Call::new(self.address, method, &format!("/api/v1/{tail}"))
            .header("Authorization", format!("Bearer {ADMIN_TOKEN}"))
    }

    /// GETs and expects 200.
    #[track_caller]
    pub fn get(&self, tail: &str) -> Value {
        self.call("GET", tail).send().expect(200).json()
    }

    /// Sends JSON.
    #[track_caller]
    pub fn send(&self, method: &str, tail: &str, body: &Value) -> Answer {
        self.call(method, tail).json(body).send()
    }

    /// Sends JSON and expects success; the answer's body, `null` when there is none.
    #[track_caller]
    pub fn done(&self, method: &str, tail: &str, body: &Value) -> Value {
        let answer = self.send(method, tail, body);
        assert!((200..300).contains(&answer.status), "{method} {tail}: {} {}", answer.status, answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// DELETEs and expects success.
    #[track_caller]
    pub fn delete(&self, tail: &str) {
        let answer = self.call("DELETE", tail).send();
        assert!((200..300).contains(&answer.status), "DELETE {tail}: {} {}", answer.status, answer.text());
    }

    /// Every item of a list, over all its pages, but for what the server says of itself and its own
    /// hooks; `tail` has a `?` and no cursor.
    #[track_caller]
    pub fn all(&self, tail: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{tail}{cursor}"));
            items.extend(page["data"].as_array().expect("data").iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let own = |item: &Value| match tail.split('?').next() {
            Some("events") => item["publisher"] == "bolt",
            Some("hooks") => item["app"] == "bolt" && !tail.contains("app=bolt"),
            _ => false,
        };
        items.retain(|item| !own(item));
        items
    }

    /// The one delivery of an event.
    #[track_caller]
    pub fn delivery(&self, event: &str) -> Value {
        let all = self.all(&format!("deliveries?event={event}"));
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }
}
