//! One outbound HTTP/1.1 attempt under an address policy.
//!
//! The only crate of the workspace that opens outbound sockets. A [`Courier`] belongs to one thread and keeps its own
//! idle connections; what all threads share is a [`CourierShared`]. An attempt is decided on the address it dials:
//! a URL is read once ([`Target`]), a name is resolved once, every answer is judged ([`Policy`]), and what was judged
//! is what is dialled. Whatever happens ends as an [`Answer`] or as a
//! [`Failure`](footbridge_model::attempt::Failure) that says whether the receiver may have seen the request.
//!
//! A [`Relay`] is for the apps that this server has started: loopback only, without a policy, streamed both ways.
//!
//! Absent on purpose: redirects, proxies, cookies, decompression, HTTP/2, retries.

mod allow;
mod capture;
mod chunks;
mod class;
mod classify;
mod client;
mod dial;
mod dialer;
mod exchange;
mod fault;
mod head;
mod message;
mod options;
mod policy;
mod pool;
mod relay;
mod request;
mod resolve;
mod roots;
mod stream;
mod target;
mod tls;
mod wire;

#[cfg(test)]
mod tests;

pub use allow::{AllowError, AllowRule};
pub use class::Reason;
pub use client::Courier;
pub use dialer::{Dialed, Dialer, Dialing, SystemDialer};
pub use message::{Answer, AnswerLimit, Outbound};
pub use options::{CourierOptions, CourierShared};
pub use policy::{Policy, Refusal};
pub use relay::{Relay, RelayBody, RelayError, Relayed, RelayedBody, Switched};
pub use resolve::{Resolver, Resolving, SystemResolver};
pub use roots::{Roots, RootsError};
pub use stream::Stream;
pub use target::{Grant, MAX_URL, Target, TargetError};
