//! Bodies of requests by which operators send events, exchanges and tests, and of their answers.

use crate::ExchangeDetail;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A request to publish an event as an app.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventToSend)]
pub struct SendEvent {
    /// App that publishes the event.
    pub app: String,
    /// Name of the event.
    #[schema(example = "order-paid")]
    pub name: String,
    /// Any JSON value; reaches the receivers byte for byte. `{}` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub body: Option<Box<RawValue>>,
    /// Headers named `x-*` that are sent with every delivery; at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// Names of apps. Only their hooks get the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribers: Option<Vec<String>>,
    /// True to mark the event as a test: its deliveries have the header `Footbridge-Test: true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<bool>,
}

/// An event that was published as an app.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SentEvent {
    #[schema(example = "evt_0f7m2k9x4c1aa")]
    pub id: String,
    pub name: String,
    pub publisher: String,
    #[schema(format = DateTime)]
    pub time: String,
    /// Number of hooks that get the event.
    pub deliveries: u32,
    /// Parts of the request that are valid but probably not intended.
    pub warnings: Vec<String>,
}

/// The direction of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeDirection {
    ToMiniapp,
    ToHost,
}

/// A request to send an exchange as an app.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExchangeToSend)]
pub struct SendExchange {
    /// Direction of the exchange: `to_miniapp` if the sender is the host.
    pub direction: ExchangeDirection,
    /// App that sends the exchange.
    pub app: String,
    /// App that gets it; must be the other app of `body` if that names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The event as the bridge takes it: `event_type` and `payload`. `app_id` and `client_id` are added if they are left out.
    #[schema(value_type = serde_json::Value)]
    pub body: Box<RawValue>,
    /// True to mark the exchange as a test: its request has the header `Footbridge-Test: true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<bool>,
}

/// The outcome of an exchange that was sent as an app.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SentExchange {
    pub exchange: ExchangeDetail,
    /// Answer of the recipient; `null` if there is none, and for a caller without the permission `payloads.read`.
    #[schema(value_type = Option<serde_json::Value>)]
    pub answer: Option<Box<RawValue>>,
    /// HTTP status that the app would have got.
    pub http_status: u16,
}

/// A request to test a hook or a receiver.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TestToMake)]
pub struct NewTest {
    /// JSON to send: the body of the event, or the complete body of the exchange. A small one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub body: Option<Box<RawValue>>,
}

/// The result of a test. Nothing of it is stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TestResult {
    pub delivery: TestAttempt,
}

/// One attempt of a test. Credentials are shortened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TestAttempt {
    pub request: TestRequest,
    /// Answer of the receiver; `null` if none came.
    pub answer: Option<TestAnswer>,
    /// Reason why no answer came.
    pub error: Option<String>,
    pub timing: TestTiming,
    pub address: TestAddress,
    /// Meaning of the outcome in words, with advice.
    pub verdict: String,
}

/// The request of a test as it was sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TestRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<TestHeader>,
    /// Body, at most 64 KiB of it.
    pub body: String,
}

/// A header of a request or an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TestHeader {
    pub name: String,
    pub value: String,
}

/// The answer to a test.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TestAnswer {
    pub status: u16,
    pub headers: Vec<TestHeader>,
    /// Body, at most 64 KiB of it. Bytes that are not UTF-8 are replaced.
    pub body: String,
    /// True if `body` is only the beginning.
    pub truncated: bool,
}

/// The durations of the parts of an attempt, in milliseconds. A part that was not reached is `null`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub struct TestTiming {
    /// Looking the name up and judging its addresses.
    pub dns_ms: Option<f64>,
    /// Opening the TCP connection.
    pub connect_ms: Option<f64>,
    pub tls_ms: Option<f64>,
    /// From sending to the first byte of the answer.
    pub first_byte_ms: Option<f64>,
    pub total_ms: f64,
}

/// The address that was dialled, and the judgement of the address policy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TestAddress {
    pub ip: Option<String>,
    #[schema(example = "public")]
    pub verdict: String,
}

/// The protocol that a receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReceiverProtocol {
    /// Events of hooks, signed as Standard Webhooks are.
    Event,
    /// Exchanges, with the credentials of the receiver's app.
    Exchange,
}

/// A request to probe a receiver.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiverToTest)]
pub struct NewReceiverTest {
    /// URL of the receiver.
    pub url: String,
    /// App whose secrets sign the requests.
    pub app: String,
    pub protocol: ReceiverProtocol,
    /// Name of an event, or `event_type` of an exchange, that the receiver knows; `footbridge-test` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A body of the event, or a payload of the exchange, that the receiver takes. A small one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub body: Option<Box<RawValue>>,
}

/// The state of a test of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReceiverTestState {
    Running,
    Done,
}

/// A test of a receiver. It is forgotten when the server ends.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReceiverTest {
    #[schema(example = "rct_0f7m2k9x4c1aa")]
    pub id: String,
    pub state: ReceiverTestState,
    pub url: String,
    pub app: String,
    pub protocol: ReceiverProtocol,
    /// Results so far, in the order of the probes.
    pub probes: Vec<Probe>,
}

/// The result of one probe.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Probe {
    pub n: u8,
    #[schema(example = "bad_signature")]
    pub name: String,
    /// Description of what was sent.
    pub sent: String,
    /// Answer of a receiver that makes the check.
    pub expected: String,
    /// Description of the answer.
    pub got: String,
    /// True if the receiver makes the check; `null` if the probe cannot tell.
    pub ok: Option<bool>,
    pub advice: String,
    /// Code for Node and Python with the check that is missing.
    pub code: Option<String>,
}
