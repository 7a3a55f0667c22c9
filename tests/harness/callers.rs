//! The three kinds of caller: a bridge sender, a Bolt app, the administrator.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::config::{ADMIN_TOKEN, App};
use crate::http::{Answer, Call};

/// Returns a bridge credential: `<prefix> base64(<name>:<secret>)`.
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

    /// The path of the endpoint.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Builds a request with the sender's credentials and this body, as `application/json`.
    pub fn call(&self, body: impl AsRef<[u8]>) -> Call {
        self.bare(body).header("Authorization", &self.authorization)
    }

    /// Builds a request with this body and without credentials.
    pub fn bare(&self, body: impl AsRef<[u8]>) -> Call {
        Call::new(self.address, "POST", &self.path).header("Content-Type", "application/json").body(body)
    }

    /// Sends this body with the sender's credentials.
    #[track_caller]
    pub fn send(&self, body: impl AsRef<[u8]>) -> Answer {
        self.call(body).send()
    }

    /// Requests the result of an exchange that was started with `respond-async`.
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

    /// Builds a request with the app's token; `tail` follows `/api/events/` in the path.
    pub fn call(&self, method: &str, tail: &str, body: impl AsRef<[u8]>) -> Call {
        Call::new(self.address, method, &format!("/api/events/{tail}"))
            .header("X-Bolt-App-Token", &self.token)
            .header("Content-Type", "application/json")
            .body(body)
    }

    /// Sends this text with POST.
    #[track_caller]
    pub fn post(&self, tail: &str, body: impl AsRef<[u8]>) -> Answer {
        self.call("POST", tail, body).send()
    }

    /// Unsubscribes from this pattern and returns the answer's `body`.
    #[track_caller]
    pub fn unsubscribe(&self, pattern: &str) -> Value {
        let answer = Call::new(self.address, "DELETE", &format!("/api/events/{pattern}"));
        done(&answer.header("X-Bolt-App-Token", &self.token).send())
    }

    /// Publishes this event and returns the answer's `body`.
    #[track_caller]
    pub fn publish(&self, name: &str, request: &Value) -> Value {
        done(&self.post(name, request.to_string()))
    }

    /// Creates a transient `web` hook and returns the answer's `body`.
    #[track_caller]
    pub fn web(&self, pattern: &str, url: &str) -> Value {
        done(&self.post(&format!("sub/{pattern}"), json!({"route": url, "type": "web"}).to_string()))
    }

    /// Creates a transient hook of the default type and returns the answer's `body`.
    #[track_caller]
    pub fn server(&self, pattern: &str, route: &str) -> Value {
        done(&self.post(&format!("sub/{pattern}"), json!({"route": route}).to_string()))
    }
}

#[track_caller]
fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["code"], 0, "{answer}");
    answer["body"].clone()
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

    /// Builds a request with the admin token; `tail` follows `/api/v1/` in the path.
    pub fn call(&self, method: &str, tail: &str) -> Call {
        Call::new(self.address, method, &format!("/api/v1/{tail}"))
            .header("Authorization", format!("Bearer {ADMIN_TOKEN}"))
    }

    /// Sends a GET, expects 200 and returns the body.
    #[track_caller]
    pub fn get(&self, tail: &str) -> Value {
        self.call("GET", tail).send().expect(200).json()
    }

    /// Sends a JSON body.
    #[track_caller]
    pub fn send(&self, method: &str, tail: &str, body: &Value) -> Answer {
        self.call(method, tail).json(body).send()
    }

    /// Sends a JSON body and expects success. Returns the answer's body, `null` if it has none.
    #[track_caller]
    pub fn done(&self, method: &str, tail: &str, body: &Value) -> Value {
        let answer = self.send(method, tail, body);
        assert!((200..300).contains(&answer.status), "{method} {tail}: {} {}", answer.status, answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Sends a DELETE and expects success.
    #[track_caller]
    pub fn delete(&self, tail: &str) {
        let answer = self.call("DELETE", tail).send();
        assert!((200..300).contains(&answer.status), "DELETE {tail}: {} {}", answer.status, answer.text());
    }

    /// All items of a list, from all its pages, without the server's own events and hooks. `tail` has a `?` and no
    /// cursor.
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

    /// The delivery of an event that has exactly one.
    #[track_caller]
    pub fn delivery(&self, event: &str) -> Value {
        let all = self.all(&format!("deliveries?event={event}"));
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }
}
