//! The command `footbridge audit`.

use footbridge_api::{AuditEntry, SearchedList};
use serde_json::Value;

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, cut, or_dash},
};

/// The widest text of a change in the table.
const CHANGE_WIDTH: usize = 80;

/// Options that select entries of the audit log.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AuditArgs {
    /// Only entries that contain this text
    text: Option<String>,
    /// Only changes by this actor: a kind (token, user, `api_token`, file, system, app), a name, or kind:name
    #[arg(long)]
    who: Option<String>,
    /// Only this action; app.* for all that begin with `app.`
    #[arg(long)]
    action: Option<String>,
    /// Only changes of this object: a kind, an id or name, or kind:id
    #[arg(long)]
    object: Option<String>,
    /// Only changes since this time: 2026-01-31T12:00:00Z, or 2h for two hours ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only changes before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(args: &AuditArgs, session: &Session) -> Result<String, Failure> {
    let AuditArgs { text, who, action, object, since, until, page } = args.clone();
    let options = [
        ("q", text),
        ("who", who),
        ("action", action),
        ("object", object),
        ("since", since),
        ("until", until),
    ];
    let given = options.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query: Vec<_> = given.chain(page.query()).collect();
    let call = Call { path: &["audit"], query: &pairs(&query), ..Call::default() };
    session.get(&call, table)
}

fn table(list: &SearchedList<AuditEntry>) -> String {
    let mut table = Table::new(["AT", "WHO", "FROM", "ACTION", "OBJECT", "CHANGE"]);
    for entry in &list.data {
        table.row([
            entry.at.clone(),
            format!("{} {}", entry.who.kind, entry.who.name),
            or_dash(entry.from.as_ref()),
            entry.action.clone(),
            format!("{} {}", entry.object.kind, entry.object.id),
            cut(&change(entry), CHANGE_WIDTH),
        ]);
    }
    table.or("no entries") + &more(list.next.as_deref())
}

/// Returns the change in one line: `member: before → after` for an update, else the note.
fn change(entry: &AuditEntry) -> String {
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (&entry.before, &entry.after) else {
        return or_dash(entry.note.as_ref());
    };
    let one = |(name, new): (&String, &Value)| {
        format!("{name}: {} → {new}", before.get(name).unwrap_or(&Value::Null))
    };
    let mut parts: Vec<String> = after.iter().map(one).collect();
    parts.extend(entry.note.clone());
    or_dash(Some(parts.join("; ")).filter(|text| !text.is_empty()))
}
