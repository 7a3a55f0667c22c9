//! The commands `footbridge link list|add|remove`.

use footbridge_api::{Link, List, NewLink};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, body, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, yes_no},
};

/// The verbs of `footbridge link`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum LinkCommand {
    /// List links, by host and miniapp
    List(PageArgs),
    /// Allow a host and a miniapp to exchange events
    Add(LinkArgs),
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
        LinkCommand::Remove(LinkArgs { host, miniapp }) => {
            let call = Call { path: &["links", host, miniapp], ..Call::default() };
            session.delete(&call, &format!("{host} and {miniapp} may no longer exchange events\n"))
        }
    }
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
