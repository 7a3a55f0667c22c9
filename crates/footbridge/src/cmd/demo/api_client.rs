//! Requests to the server: those of the apps through the courier, those of the operator through the client of the
//! commands.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use footbridge_courier::{Answer, AnswerLimit, Courier, CourierOptions, Grant, Outbound, Policy, Target};
use footbridge_model::secret::Secret;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::{apps::SampleApp, error::DemoError};
use crate::client::error::ClientError;
use crate::client::{Call, Client};

/// Time limit of one request; everything is on this machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// The pause between two checks of a condition, and most checks: five seconds in all.
const PAUSE: Duration = Duration::from_millis(20);
const CHECKS: u32 = 250;

/// The header with the token of an app.
const APP_TOKEN: HeaderName = HeaderName::from_static("x-bolt-app-token");

/// A client for the requests of apps and operator.
pub(super) struct ApiClient {
    courier: Courier,
    url: String,
    admin: Secret,
}

/// The credential of a request.
enum Credential<'a> {
    None,
    Authorization(Secret),
    Token(&'a Secret),
}

impl ApiClient {
    /// Makes a client. It must be used inside a `LocalSet`.
    pub(super) fn new(url: &str, admin: Secret) -> Self {
        let name = concat!("footbridge-demo/", env!("CARGO_PKG_VERSION"));
        let options = CourierOptions::new(Policy::default(), HeaderValue::from_static(name));
        Self { courier: Courier::new(options.share()), url: url.to_owned(), admin }
    }

    /// Waits until the server is ready.
    ///
    /// # Errors
    /// The server is not ready within five seconds.
    pub(super) async fn ready(&self) -> Result<(), DemoError> {
        let mut last = "it gave no answer".to_owned();
        for _ in 0..CHECKS {
            match self.send(Method::GET, "/readyz", Bytes::new(), Credential::None).await {
                Ok(answer) if answer.status == StatusCode::OK => return Ok(()),
                Ok(answer) => last = format!("it answers {}", answer.status),
                Err(why) => last = why,
            }
            sleep(PAUSE).await;
        }
        Err(DemoError::Call(format!("the server does not become ready: {last}")))
    }

    /// Sends an exchange as `sender` and returns the answer.
    ///
    /// # Errors
    /// The answer is not JSON with status 200.
    pub(super) async fn exchange(
        &self,
        sender: &SampleApp,
        side: &str,
        event: &Value,
    ) -> Result<Value, String> {
        let path = format!("/api/v1/event-bridge/{side}/");
        let body = Bytes::from(event.to_string());
        let answer =
            self.send(Method::POST, &path, body, Credential::Authorization(sender.authorization())).await?;
        read(&answer)
    }

    /// Publishes an event as `publisher` and returns the `body` of the answer.
    ///
    /// # Errors
    /// The answer is not JSON with status 200.
    pub(super) async fn publish(
        &self,
        publisher: &SampleApp,
        name: &str,
        event: &Value,
    ) -> Result<Value, String> {
        let path = format!("/api/events/{name}");
        let body = Bytes::from(event.to_string());
        let answer = read(&self.send(Method::POST, &path, body, Credential::Token(&publisher.token)).await?)?;
        answer.get("body").cloned().ok_or_else(|| format!("the answer has no body: {answer}"))
    }

    /// Requests a ticket for a page of `app` and returns the complete answer.
    ///
    /// # Errors
    /// The answer is not JSON with status 200.
    pub(super) async fn ticket(&self, app: &SampleApp, wanted: &Value) -> Result<Value, String> {
        let body = Bytes::from(wanted.to_string());
        read(&self.send(Method::POST, "/api/v1/tickets", body, Credential::Token(&app.token)).await?)
    }

    /// Returns the metrics as text.
    ///
    /// # Errors
    /// The answer does not have status 200.
    pub(super) async fn metrics(&self) -> Result<String, String> {
        let answer = self.send(Method::GET, "/metrics", Bytes::new(), Credential::None).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == StatusCode::OK { Ok(text) } else { Err(format!("{}: {text}", answer.status)) }
    }

    /// Waits until no delivery of an event is pending and returns the deliveries with their attempts.
    ///
    /// # Errors
    /// Some deliveries stay pending, or the server refuses the request.
    pub(super) async fn finished(&self, event: &str) -> Result<Vec<Value>, String> {
        for _ in 0..CHECKS {
            let rows = self.listed(event).await?;
            if rows.iter().all(|row| row.get("status").is_some_and(|status| status != "pending")) {
                return self.each(&rows).await;
            }
            sleep(PAUSE).await;
        }
        Err("a delivery is still pending although its receiver has answered".to_owned())
    }

    /// Returns the deliveries of an event with their attempts so far.
    ///
    /// # Errors
    /// The server refuses the request.
    pub(super) async fn deliveries(&self, event: &str) -> Result<Vec<Value>, String> {
        self.each(&self.listed(event).await?).await
    }

    async fn listed(&self, event: &str) -> Result<Vec<Value>, String> {
        let list = self.read(vec!["deliveries".to_owned()], Some(event.to_owned())).await?;
        Ok(list.get("data").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    async fn each(&self, rows: &[Value]) -> Result<Vec<Value>, String> {
        let mut deliveries = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            deliveries.push(self.read(vec!["deliveries".to_owned(), id], None).await?);
        }
        Ok(deliveries)
    }

    /// Sends a request to the administration API. The client of the commands blocks, so it runs on another thread.
    async fn read(&self, path: Vec<String>, event: Option<String>) -> Result<Value, String> {
        let (url, admin) = (self.url.clone(), self.admin.clone());
        let answer = spawn_blocking(move || -> Result<Value, ClientError> {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let query = [("event", event.as_deref())];
            let client = Client::new(&url, Some(admin))?;
            client.parse(&client.get(&Call { path: &path, query: &query, ..Call::default() })?)
        });
        answer.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        proof: Credential<'_>,
    ) -> Result<Answer, String> {
        let target = Target::parse(&format!("{}{path}", self.url)).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let header = match &proof {
            Credential::None => None,
            Credential::Authorization(value) => Some((AUTHORIZATION, value)),
            Credential::Token(token) => Some((APP_TOKEN, *token)),
        };
        if let Some((name, value)) = header {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|error| error.to_string())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let outbound = Outbound {
            grants: Arc::new([Grant::for_target(&target)]),
            method,
            headers,
            answer: AnswerLimit::Refuse(1 << 20),
            ..Outbound::post(Arc::new(target), body, Instant::now() + DEADLINE)
        };
        self.courier.send(outbound).await.map_err(|failure| failure.to_string())
    }
}

fn read(answer: &Answer) -> Result<Value, String> {
    let text = String::from_utf8_lossy(&answer.body);
    if answer.status != StatusCode::OK {
        return Err(format!("the server answered {}: {text}", answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|_| format!("the answer of the server is not JSON: {text}"))
}
