//! Functions of apps, called in processes that can be killed.
//!
//! A function is JavaScript that answers an event. It runs in a *worker*: the server's program, started again,
//! without
//! environment variables, without privileges and unable to open any file. A worker communicates with the server over
//! its standard input and output. The JavaScript engine interrupts nearly every loop at the call's deadline. Loops in
//! built-in functions, which it cannot interrupt, end when the server kills the process.
//!
//! [`Functions`] is the server's side: `pool` holds the workers and schedules calls. [`worker_main`] is the worker's
//! side: `js` runs one call.

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
