//! §7 Administration API.

mod apps;
mod deliveries;
mod errors;
mod events;
mod exchanges;
mod explain;
mod fresh;
mod hooks;
mod links;
mod pages;
mod replays;
mod rotate;
