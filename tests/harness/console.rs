//! A browser that is signed in to the console.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::http::{Answer, Call};
use crate::until::{WAIT, until_some};

/// The console's listener as a browser sees it, perhaps with the cookie of a session.
#[derive(Debug, Clone)]
pub struct Console {
    address: SocketAddr,
    cookie: Option<String>,
}

impl Console {
    /// The console of a server, without a session.
    #[track_caller]
    pub fn of(gateway: &Gateway) -> Self {
        let line = until_some("the line of the console", WAIT, || {
            let stdout = gateway.stdout();
            stdout.lines().find_map(|line| line.trim().strip_prefix("console ")).map(str::to_owned)
        });
        Self::at(line.trim())
    }

    /// The console at this URL, without a session.
    #[track_caller]
    pub fn at(url: &str) -> Self {
        let host = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
        Self { address: host.parse().unwrap(), cookie: None }
    }

    /// The code of a link to sign in.
    #[track_caller]
    pub fn code(text: &str) -> String {
        let (_, code) = text.split_once("#setup=").unwrap_or_else(|| panic!("no link: {text}"));
        code.split_whitespace().next().unwrap().to_owned()
    }

    /// Signs in by the link that the server printed.
    #[track_caller]
    pub fn by_link(gateway: &Gateway) -> Self {
        let console = Self::of(gateway);
        console.signed_in(&json!({"setup": Self::code(&gateway.stdout())}))
    }

    /// Signs in with a name and a password.
    #[track_caller]
    pub fn by_password(gateway: &Gateway, user: &str, password: &str) -> Self {
        Self::of(gateway).signed_in(&json!({"user": user, "password": password}))
    }

    /// Signs in with this body.
    #[track_caller]
    pub fn signed_in(&self, body: &Value) -> Self {
        let answer = self.send("POST", "session", body).expect(200);
        Self { address: self.address, cookie: Some(cookie_of(&answer)) }
    }

    /// The same browser with another cookie.
    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self { address: self.address, cookie: Some(cookie.to_owned()) }
    }

    /// The cookie of the session: name and value.
    #[track_caller]
    pub fn cookie(&self) -> &str {
        self.cookie.as_deref().expect("a session")
    }

    /// The address of the listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request of a page of the console; `tail` follows `/api/v1/` in the path.
    pub fn call(&self, method: &str, tail: &str) -> Call {
        let call = Call::new(self.address, method, &format!("/api/v1/{tail}"));
        let call = call.header("Sec-Fetch-Site", "same-origin");
        match &self.cookie {
            Some(cookie) => call.header("Cookie", cookie),
            None => call,
        }
    }

    /// The JSON of a successful GET.
    #[track_caller]
    pub fn get(&self, tail: &str) -> Value {
        self.call("GET", tail).send().expect(200).json()
    }

    /// Sends a request with a JSON body.
    #[track_caller]
    pub fn send(&self, method: &str, tail: &str, body: &Value) -> Answer {
        self.call(method, tail).json(body).send()
    }
}

/// The name and the value of the cookie that an answer sets.
#[track_caller]
fn cookie_of(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().unwrap().to_owned()
}
