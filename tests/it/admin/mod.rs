//! §7 Administration API.

mod apps;
mod attention;
mod audit;
mod deliveries;
mod errors;
mod events;
mod exchanges;
mod explain;
mod exports;
mod hooks;
mod jobs;
mod lanes;
mod links;
mod name_reuse;
mod pages;
mod probes;
mod provenance;
mod replays;
mod rotate;
mod searches;
mod sending;
mod stats;
mod story;
mod tail;
mod trials;
mod views;
