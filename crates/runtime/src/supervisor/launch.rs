//! Starts the parts of a run: its command line, its processes and the copying of its output.

use super::context::LaunchContext;
use super::helper::{Helper, Streams};
use super::messages;
use crate::host::{self, HostChannel};
use crate::output::pump;
use crate::spec::{CHANNEL, ProcessSpec};
use crate::user::Account;
use footbridge_model::name::AppName;
use footbridge_model::package::Program;
use footbridge_model::run::{StartOrder, Stream};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Socket;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

/// The command line of an app, or the reason why it cannot start.
pub(super) fn command(context: &LaunchContext, order: &StartOrder) -> Result<Vec<String>, String> {
    if matches!(context.account, Account::Unset) {
        return Err(messages::NO_USER.to_owned());
    }
    if host::is_hosted(&order.package) {
        let file = context.host.as_ref().map_err(Clone::clone)?;
        // The app's name identifies the process in a process list, and reserves space for `process.title`.
        let words = ["node", &file.to_string_lossy(), CHANNEL, order.app.as_str()];
        return Ok(words.map(str::to_owned).to_vec());
    }
    match &order.package.program {
        Program::Command(words) if !words.is_empty() => Ok(words.clone()),
        _ => Err(messages::NO_PROGRAM.to_owned()),
    }
}

/// Starts the helper and sends it, and the Node host, what to run.
pub(super) async fn processes(
    context: &LaunchContext,
    order: &StartOrder,
    spec: &ProcessSpec,
) -> io::Result<(Helper, Option<HostChannel>, Streams)> {
    let (mut host, mut theirs) = (None, None);
    if host::is_hosted(&order.package) {
        let (ours, other) = Socket::pair()?;
        ours.set_nonblocking(true)?;
        let mut channel = HostChannel::new(UnixStream::from_std(ours)?);
        channel.send_order(order, context.environment.address()).await?;
        (host, theirs) = (Some(channel), Some(OwnedFd::from(other)));
    }
    let (mut helper, streams) = Helper::spawn(&context.program, theirs)?;
    helper.run(spec).await?;
    Ok((helper, host, streams))
}

/// Starts the tasks that copy the app's output into the store.
pub(super) fn pumps(context: &LaunchContext, app: &AppName, streams: Streams) -> Vec<JoinHandle<()>> {
    let Streams { stdout, stderr } = streams;
    let stdout = stdout.map(|pipe| tokio::spawn(pump(pipe, context.store.clone(), app.clone(), Stream::Out)));
    let stderr = stderr.map(|pipe| tokio::spawn(pump(pipe, context.store.clone(), app.clone(), Stream::Err)));
    stdout.into_iter().chain(stderr).collect()
}
