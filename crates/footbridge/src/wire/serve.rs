//! Runs servers in turn: one that lost its session is followed by one that joins anew.

use super::build::{Built, Ports, build_on};
use super::error::ServeError;
use super::run::{Ended, run};
use crate::config::{Config, env::Env};
use crate::shutdown::Drain;

/// Runs the server until `drain` starts. Calls `ready` once, before it answers requests. Must run on a current-thread
/// runtime.
///
/// # Errors
/// [`ServeError`] if the server cannot start, or its journal stopped because of an error.
pub async fn serve(
    config: Config,
    env: &Env,
    drain: Drain,
    ready: impl FnOnce(&Built),
) -> Result<(), ServeError> {
    serve_on(Ports::USUAL, config, env, drain, ready).await
}

/// Does what [`serve`] does, with these ports.
pub(super) async fn serve_on(
    ports: Ports<'_>,
    mut config: Config,
    env: &Env,
    drain: Drain,
    ready: impl FnOnce(&Built),
) -> Result<(), ServeError> {
    let mut built = build_on(ports, config.clone(), env).await?;
    ready(&built);
    // The port that clients know, also if the system chose it.
    config.listen = built.address;
    while run(built, drain.clone()).await? == Ended::SessionLost {
        if drain.has_started() {
            break;
        }
        built = build_on(ports, config.clone(), env).await?;
        tracing::info!("this server takes part again, with a new session");
    }
    Ok(())
}
