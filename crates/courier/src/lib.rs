//! Makes outbound HTTP/1.1 requests under an address policy.
//!
//! This is the only crate of the workspace that opens outbound sockets. A [`Courier`] belongs to one thread and has its
//! own idle connections; [`CourierShared`] holds what the couriers of all threads share.
//!
//! The policy decides on the address that is dialled. A URL is parsed once ([`Target`]), its name is resolved once,
//! every resolved address is checked ([`Policy`]), and only checked addresses are dialled. An attempt ends with an
//! [`Answer`], or with a [`Failure`](footbridge_model::attempt::Failure) that says whether the receiver may have got the
//! request.
//!
//! A [`Relay`] sends requests to the apps that this server has started: to loopback only, without a policy, and
//! streaming in both directions.
//!
//! Redirects, proxies, cookies, decompression, HTTP/2 and retries are left out on purpose.
//!
//! # Example
//!
//! ```no_run
//! use bytes::Bytes;
//! use footbridge_courier::{Courier, CourierOptions, Outbound, Policy, Target};
//! use http::HeaderValue;
//! use std::{sync::Arc, time::Duration};
//! use tokio::time::Instant;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // The default policy allows public addresses only.
//! let options = CourierOptions::new(Policy::default(), HeaderValue::from_static("Example/1.0"));
//! let courier = Courier::new(options.share());
//! let target = Arc::new(Target::parse("https://example.com/hook")?);
//! let deadline = Instant::now() + Duration::from_secs(10);
//! match courier.send(Outbound::post(target, Bytes::from_static(b"{}"), deadline)).await {
//!     Ok(answer) => println!("{}", answer.status),
//!     Err(failure) => println!("{failure}; sent: {:?}", failure.sent),
//! }
//! # Ok(())
//! # }
//! ```

mod allow;
mod answer_reader;
mod chunk_decoder;
mod class;
mod client;
mod connection;
mod dial;
mod dialer;
mod failures;
mod head;
mod message;
mod options;
mod policy;
mod pool;
mod relay;
mod request;
mod resolve;
mod roots;
mod round_trip;
mod round_trip_error;
mod stream;
mod target;
mod tls;
mod trace;

#[cfg(test)]
mod tests;

pub use allow::{AllowError, AllowRule};
pub use class::RefusalReason;
pub use client::Courier;
pub use dialer::{Dialed, Dialer, Dialing, SystemDialer};
pub use message::{Answer, AnswerLimit, Outbound};
pub use options::{CourierOptions, CourierShared};
pub use policy::{Policy, Refusal};
pub use relay::{Relay, RelayBody, RelayError, Relayed, Switched};
pub use resolve::{Resolver, Resolving, SystemResolver};
pub use roots::{Roots, RootsError};
pub use stream::Stream;
pub use target::{Grant, MAX_URL, Target, TargetError};
pub use trace::{Timing, Traced};
