//! `footbridge explain PUBLISHER NAME`

use footbridge_api::{Judgements, Question};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, body, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, counted, plain, yes_no},
};

/// Arguments of `footbridge explain`: an event that might be published.
#[derive(Debug, Clone, clap::Args)]
pub struct ExplainArgs {
    /// The app that would publish the event
    publisher: String,
    /// The name of the event
    name: String,
    /// Assume that the publisher names this subscriber; may be given more than once
    #[arg(long = "to", value_name = "APP")]
    subscribers: Vec<String>,
    /// Assume that the event is private
    #[arg(long)]
    private: bool,
    /// Show only the hooks of this app
    #[arg(long)]
    app: Option<String>,
    /// Show only the hooks that would get the event
    #[arg(long)]
    gets: bool,
    #[command(flatten)]
    page: PageArgs,
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(args: &ExplainArgs, session: &Session) -> Result<String, Failure> {
    let question = Question {
        publisher: args.publisher.clone(),
        name: args.name.clone(),
        subscribers: Some(args.subscribers.clone()).filter(|names| !names.is_empty()),
        private: args.private.then_some(true),
        with: Vec::new(),
    };
    let app = args.app.clone().map(|app| ("app", app));
    let gets = args.gets.then(|| ("would_get", "true".to_owned()));
    let query: Vec<_> = args.page.query().chain(app).chain(gets).collect();
    let call = Call { path: &["explain"], query: &pairs(&query), body: body(&question), ..Call::default() };
    session.post(&call, human)
}

fn human(found: &Judgements) -> String {
    let mut table = Table::new(["GETS IT", "HOOK", "APP", "PATTERN", "TYPE", "ROUTE", "WHY"]);
    for row in &found.data {
        let hook = &row.hook;
        table.row([
            yes_no(row.would_get),
            hook.id.clone(),
            hook.app.clone(),
            hook.pattern(),
            hook.kind.clone(),
            hook.route.clone(),
            row.reason.clone(),
        ]);
    }
    let warnings = found.warnings.iter().map(|warning| format!("warning: {}\n", plain(warning)));
    let warnings = warnings.collect::<Vec<_>>().concat();
    let count = counted(found.would_get, "hook", "hooks");
    format!("{warnings}{}{count} would get it\n{}", table.or("no such hooks"), more(found.next.as_deref()))
}

#[cfg(test)]
mod tests {
    use footbridge_api::{Hook, Judgement};

    use super::*;

    #[test]
    fn the_answer_is_a_table_with_a_count() {
        let hook = Hook {
            id: "hook_1".to_owned(),
            app: "shop".to_owned(),
            publisher: "camera".to_owned(),
            event: "*".to_owned(),
            route: "hooks/all".to_owned(),
            kind: "server".to_owned(),
            transient: false,
            enabled: true,
            created_at: "t".to_owned(),
            answer: None,
            in_flight: None,
            ordered: None,
            managed_by: None,
        };
        let judged = |would_get| Judgement {
            hook: hook.clone(),
            would_get,
            code: "gets".to_owned(),
            reason: "because".to_owned(),
            fix: None,
        };
        let found = Judgements {
            data: vec![judged(true), judged(false)],
            next: Some("c".to_owned()),
            would_get: 1,
            would_add: Vec::new(),
            would_lose: Vec::new(),
            warnings: vec!["no app is called `camra`".to_owned()],
        };
        let text = human(&found);
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.first(), Some(&"warning: no app is called `camra`"));
        assert!(rows[2].starts_with("yes      hook_1  shop  camera/*  server  hooks/all  because"), "{text}");
        assert!(rows[3].starts_with("no       hook_1"), "{text}");
        assert!(text.ends_with("1 hook would get it\nmore: --cursor c\n"), "{text}");
    }
}
