//! Functions of apps, called in processes that can be killed.
//!
//! A function is JavaScript that answers an event. It runs in a *worker*: this program once more, without an
//! environment, without rights and unable to open anything, which talks with the server over its standard input and
//! output. The engine's own deadline ends nearly every loop; the few it does not reach end with their process.
//!
//! [`Functions`] is the server's side; `pool` holds the workers and decides whose turn it is. [`worker_main`] is the
//! other side; `js` is the inside of one call.

mod frame;
mod functions;
mod js;
mod message;
mod options;
mod pool;
mod worker;

pub use functions::Functions;
pub use options::FunctionOptions;
pub use worker::worker_main;
