//! The console's listener: signing in, sessions, users, roles and tokens.

mod audit;
mod events;
mod matrix;
mod oidc;
mod passwords;
mod payloads;
mod people;
mod scopes;
mod sessions;
mod sign_in;
mod site;
mod visitors;

use harness::{Call, Console, Gateway, Setup};
use serde_json::{Value, json};

/// A server with a console on a free port.
fn setup() -> Setup {
    Setup::new().set("console", "listen", "\"127.0.0.1:0\"")
}

const PASSWORD: &str = "correct horse";

/// Creates a user, and returns the id.
#[track_caller]
fn add_user(admin: &Console, name: &str, role: &str) -> String {
    let user = json!({"name": name, "role": role, "password": PASSWORD});
    admin.send("POST", "users", &user).expect(201).json()["id"].as_str().unwrap().to_owned()
}

/// A request with a token, on the server's own listener; `tail` follows `/api/v1/` in the path.
fn with_token(gateway: &Gateway, token: &str, method: &str, tail: &str) -> Call {
    let call = gateway.call(method, &format!("/api/v1/{tail}"));
    call.header("Authorization", format!("Bearer {token}"))
}

/// Creates an API token with the admin token, and returns it.
#[track_caller]
fn add_token(gateway: &Gateway, request: &Value) -> String {
    let made = gateway.admin().send("POST", "tokens", request).expect(201).json();
    made["token"].as_str().unwrap().to_owned()
}
