//! Live events, tickets and forwarding, with the clients that pages have.

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
mod stand;
mod stream;
mod tickets;
