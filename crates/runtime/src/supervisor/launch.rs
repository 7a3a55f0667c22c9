//! What a run begins with: its command, its processes, its streams.

use super::helper::{Helper, Streams};
use super::machine::Machine;
use super::words;
use crate::host::{self, HostWire};
use crate::output::pump;
use crate::spec::{CHANNEL, Spec};
use crate::user::Account;
use footbridge_model::name::AppName;
use footbridge_model::package::Program;
use footbridge_model::run::{StartOrder, Stream};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Socket;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

/// What is run.
pub(super) fn command(machine: &Machine, order: &StartOrder) -> Result<Vec<String>, String> {
    if matches!(machine.account, Account::Undecided) {
        return Err(words::UNDECIDED.to_owned());
    }
    if host::runs(&order.package) {
        let file = machine.host.as_ref().map_err(Clone::clone)?;
        // The name tells one node from another in a list of processes, and gives `process.title` room.
        let words = ["node", &file.to_string_lossy(), CHANNEL, order.app.as_str()];
        return Ok(words.map(str::to_owned).to_vec());
    }
    match &order.package.program {
        Program::Command(words) if !words.is_empty() => Ok(words.clone()),
        _ => Err(words::NOTHING.to_owned()),
    }
}

/// Starts the helper and tells it, and the host, what to run.
pub(super) async fn processes(
    machine: &Machine,
    order: &StartOrder,
    spec: &Spec,
) -> io::Result<(Helper, Option<HostWire>, Streams)> {
    let (mut host, mut theirs) = (None, None);
    if host::runs(&order.package) {
        let (ours, other) = Socket::pair()?;
        ours.set_nonblocking(true)?;
        let mut wire = HostWire::new(UnixStream::from_std(ours)?);
        wire.order(order, machine.environment.address()).await?;
        (host, theirs) = (Some(wire), Some(OwnedFd::from(other)));
    }
    let (mut helper, streams) = Helper::spawn(&machine.program, theirs)?;
    helper.run(spec).await?;
    Ok((helper, host, streams))
}

pub(super) fn pumps(machine: &Machine, app: &AppName, (out, err): Streams) -> Vec<JoinHandle<()>> {
    let (store, again) = (machine.store.clone(), machine.store.clone());
    let (app, too) = (app.clone(), app.clone());
    let out = out.map(|out| tokio::spawn(pump(out, store, app, Stream::Out)));
    let err = err.map(|err| tokio::spawn(pump(err, again, too, Stream::Err)));
    out.into_iter().chain(err).collect()
}
