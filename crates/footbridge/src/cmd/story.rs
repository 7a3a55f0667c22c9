//! Stories and explanations of stored events as text: `footbridge event story|explain`, `exchange story`.

#![expect(clippy::format_push_string, clippy::format_collect, reason = "a few lines for a person")]

use footbridge_api::{EventJudgements, EventStory, ExchangeStory, Fix, Participant, Receiver, Step};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, or_dash, plain},
};

/// The width of a line of steps.
const WIDTH: usize = 80;
/// The most characters of a name in a table.
const NAME: usize = 16;

/// Prints the story of an event.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn of_event(id: &str, session: &Session) -> Result<String, Failure> {
    session.get(&Call { path: &["events", id, "story"], ..Call::default() }, event)
}

/// Prints the story of an exchange.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn of_exchange(id: &str, session: &Session) -> Result<String, Failure> {
    session.get(&Call { path: &["exchanges", id, "story"], ..Call::default() }, exchange)
}

/// Prints for each hook what became of a stored event, and why.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn explain(id: &str, app: Option<&str>, page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let query: Vec<_> = page.query().chain(app.map(|app| ("app", app.to_owned()))).collect();
    let call = Call { path: &["events", id, "explain"], query: &pairs(&query), ..Call::default() };
    session.get(&call, judgements)
}

fn event(story: &EventStory) -> String {
    let head = &story.event;
    let mut text = format!(
        "{}  {} by {}  {}  via {}\n\n",
        head.id,
        plain(&head.name),
        plain(&head.publisher),
        head.time,
        story.origin.via
    );
    text += &steps(&story.steps, &story.participants, story.folded.steps);
    text += &receivers(&story.receivers);
    if story.folded.receivers > 0 {
        text += &format!("{} more hooks name other events or publishers\n", story.folded.receivers);
    }
    for effect in &story.effects {
        text += &format!("caused {} `{}` by {}\n", effect.id, plain(&effect.name), plain(&effect.app));
    }
    text
}

fn exchange(story: &ExchangeStory) -> String {
    let head = &story.exchange;
    let mut text = format!(
        "{}  {} from {} to {}  {}  {}\n\n",
        head.exchange_id,
        plain(&head.event_type),
        plain(&head.sender),
        plain(&head.recipient),
        head.at,
        head.status.as_str()
    );
    text += &steps(&story.steps, &story.participants, story.folded.steps);
    text.push('\n');
    for check in &story.checks {
        let ok = match check.ok {
            Some(true) => "ok",
            Some(false) => "failed",
            None => "-",
        };
        text += &format!("{:9}  {ok:6}  {}\n", check.check, plain(&check.text));
    }
    for receiver in &story.receivers {
        text += &advice(receiver.fix.as_ref());
    }
    text
}

/// Returns the steps, one per line of at most 80 characters.
fn steps(steps: &[Step], participants: &[Participant], folded: u64) -> String {
    let name = |id: &str| {
        let found = participants.iter().find(|participant| participant.id == id);
        found.map_or_else(String::new, |participant| short(&participant.name))
    };
    let rows: Vec<_> = steps
        .iter()
        .map(|step| {
            let (from, to) = (name(&step.from), name(&step.to));
            let who = if from == to { from } else { format!("{from} → {to}") };
            let ms = step.ms.map_or_else(String::new, |ms| format!("  {ms} ms"));
            (step, who, ms)
        })
        .collect();
    let widest = rows.iter().map(|(_, who, _)| who.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (step, who, ms) in rows {
        let time = step.at.get(11..23).unwrap_or(&step.at);
        let mark = match step.outcome.as_str() {
            "ok" => ' ',
            "failed" => 'x',
            _ => '.',
        };
        let line = format!("{time} {mark} {who:widest$}  {}{ms}", plain(&step.text));
        text += &cut(line.trim_end(), WIDTH);
        text.push('\n');
        if let Some(excerpt) = &step.excerpt {
            text += &cut(&format!("{:15}{}", "", plain(excerpt)), WIDTH);
            text.push('\n');
        }
    }
    if folded > 0 {
        text += &format!("{folded} steps in the middle are left out\n");
    }
    text
}

fn receivers(receivers: &[Receiver]) -> String {
    let mut table = Table::new(["GOT IT", "APP", "HOOK", "THEN", "NOW"]);
    let mut advices = String::new();
    for receiver in receivers {
        let hook = receiver.hook.as_ref().map(|hook| hook.id.clone());
        table.row([
            if receiver.got { "yes" } else { "no" }.to_owned(),
            short(&receiver.app),
            or_dash(hook.as_ref()),
            receiver.then.code.clone(),
            receiver.now.code.clone(),
        ]);
        if !receiver.got {
            let who = or_dash(hook);
            advices += &format!("{who} ({}): {}\n", plain(&receiver.app), plain(&receiver.why));
            advices += &advice(receiver.fix.as_ref());
        }
    }
    format!("\n{}{}{advices}", table.or("no hooks"), if advices.is_empty() { "" } else { "\n" })
}

fn judgements(found: &EventJudgements) -> String {
    let mut table = Table::new(["HOOK", "APP", "THEN", "NOW"]);
    let mut reasons = String::new();
    for row in &found.data {
        table.row([row.hook.id.clone(), short(&row.hook.app), row.then.code.clone(), row.now.code.clone()]);
        let changed =
            row.changed.as_ref().map_or_else(String::new, |changed| format!("; {}", plain(changed)));
        reasons += &format!("{}: {}{changed}\n", row.hook.id, plain(&row.reason));
        reasons += &advice(row.fix.as_ref());
    }
    let warnings: String = found.warnings.iter().map(|text| format!("warning: {}\n", plain(text))).collect();
    format!("{warnings}{}\n{reasons}{}", table.or("no such hooks"), more(found.next.as_deref()))
}

/// Returns what can be done, in a line.
fn advice(fix: Option<&Fix>) -> String {
    fix.map_or_else(String::new, |fix| format!("  to do: {}\n", plain(&fix.text)))
}

fn short(name: &str) -> String {
    cut(&plain(name), NAME)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_fit_a_line_of_80_characters() {
        let participant = |id: &str, name: &str| Participant {
            id: id.to_owned(),
            kind: "app".to_owned(),
            name: name.to_owned(),
            state: None,
        };
        let step = |text: &str, outcome: &str| Step {
            at: "2026-01-31T12:00:00.250Z".to_owned(),
            ms: Some(12),
            from: "p0".to_owned(),
            to: "p1".to_owned(),
            kind: "attempt".to_owned(),
            outcome: outcome.to_owned(),
            text: text.to_owned(),
            excerpt: Some("db is\u{1b}[31m down ".repeat(20)),
            about: None,
        };
        let people = [participant("p0", "server"), participant("p1", "a-very-long-name-of-an-app")];
        let text = steps(&[step("try 1 · 503", "failed"), step(&"x".repeat(200), "ok")], &people, 3);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.starts_with("12:00:00.250 x server → a-very-long-nam…  try 1 · 503  12 ms\n"), "{text}");
        assert!(text.ends_with("3 steps in the middle are left out\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
