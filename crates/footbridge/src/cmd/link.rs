//! The commands `footbridge link list|show|add|enable|disable|remove`.

use footbridge_api::{Link, LinkPatch, List, NewLink};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, body, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, lines, yes_no},
};

/// The verbs of `footbridge link`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum LinkCommand {
    /// List links, by host and miniapp
    List(PageArgs),
    /// Show whether a host and a miniapp may exchange events
    Show(LinkArgs),
    /// Allow a host and a miniapp to exchange events
    Add(LinkArgs),
    /// Enable a link again
    Enable(LinkArgs),
    /// Disable a link: exchanges between the host and the miniapp are refused until it is enabled
    Disable(LinkArgs),
    /// Remove a link: the host and the miniapp may no longer exchange events
    #[command(visible_alias = "delete")]
    Remove(LinkArgs),
}

/// The two apps of a link.
#[derive(Debug, Clone, clap::Args)]
pub struct LinkArgs {
    /// The name of the host app
    host: String,
    /// The name of the miniapp
    miniapp: String,
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(command: &LinkCommand, session: &Session) -> Result<String, Failure> {
    match command {
        LinkCommand::List(page) => list(page, session),
        LinkCommand::Add(LinkArgs { host, miniapp }) => {
            let new = NewLink { host: host.clone(), miniapp: miniapp.clone(), enabled: None };
            let call = Call { path: &["links"], body: body(&new), ..Call::default() };
            session.post(&call, |link: &Link| {
                format!("{} and {} may exchange events\n", link.host, link.miniapp)
            })
        }
        LinkCommand::Show(LinkArgs { host, miniapp }) => {
            let call = Call { path: &["links", host, miniapp], ..Call::default() };
            session.get(&call, |link: &Link| lines(link))
        }
        LinkCommand::Enable(args) => switch(args, true, session),
        LinkCommand::Disable(args) => switch(args, false, session),
        LinkCommand::Remove(LinkArgs { host, miniapp }) => {
            let call = Call { path: &["links", host, miniapp], ..Call::default() };
            session.delete(&call, &format!("{host} and {miniapp} may no longer exchange events\n"))
        }
    }
}

fn switch(
    LinkArgs { host, miniapp }: &LinkArgs,
    enabled: bool,
    session: &Session,
) -> Result<String, Failure> {
    let call =
        Call { path: &["links", host, miniapp], body: body(&LinkPatch { enabled }), ..Call::default() };
    session.patch(&call, |link: &Link| lines(link))
}

fn list(page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let query: Vec<_> = page.query().collect();
    session.get(&Call { path: &["links"], query: &pairs(&query), ..Call::default() }, |list: &List<Link>| {
        let mut table = Table::new(["HOST", "MINIAPP", "ENABLED"]);
        for link in &list.data {
            table.row([link.host.clone(), link.miniapp.clone(), yes_no(link.enabled)]);
        }
        table.or("no links yet; add one with `footbridge link add HOST MINIAPP`")
            + &more(list.next.as_deref())
    })
}
