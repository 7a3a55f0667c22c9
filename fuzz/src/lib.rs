//! What several fuzz targets use: an answer read by two clients, and a server to talk to.

pub mod clients;
pub mod server;
