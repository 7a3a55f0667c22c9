//! Shared by the fuzz targets: two HTTP clients to compare, and a running server.

pub mod clients;
pub mod server;
