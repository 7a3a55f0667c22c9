//! Live events, tickets and forwarding, with real browser clients.

mod common;
mod files;
mod forward;
mod generations;
mod hostile;
mod other_origins;
mod page_token;
mod pages;
mod restart;
mod resume;
mod sockets;
mod stream;
mod tickets;
