//! `footbridge stats` and `footbridge top`: traffic now, app by app.

use std::time::Duration;

use footbridge_api::{AppNow, StatsNow};

use super::{failure::Failure, remote::Session};
use crate::{
    client::Call,
    shutdown,
    table::{Table, or_dash, plain},
    terminal::Terminal,
};

/// Time between two pictures of `top`.
const REFRESH: Duration = Duration::from_secs(2);

/// Arguments of `footbridge stats` and `footbridge top`.
#[derive(Debug, Clone, clap::Args)]
pub struct StatsArgs {
    /// Show at most this many apps, those with trouble first
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Returns the statistics of now.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn stats(args: &StatsArgs, session: &Session) -> Result<String, Failure> {
    session.get(&Call { path: &["stats", "now"], ..Call::default() }, |now| human(now, args.limit))
}

/// Shows the statistics again and again until Ctrl-C; once if the output is no terminal.
///
/// # Errors
/// As [`stats`].
pub fn top(args: &StatsArgs, session: &Session, terminal: &mut Terminal) -> Result<String, Failure> {
    if session.json() || !terminal.shows {
        return stats(args, session);
    }
    let (_trigger, mut interrupted) =
        shutdown::by_signals().map_err(|error| Failure::other(error.to_string()))?;
    // The other screen of the terminal: what was there before comes back at the end.
    let mut shown = terminal.write("\u{1b}[?1049h\u{1b}[?25l");
    let ended = loop {
        let picture = match stats(args, session) {
            Ok(picture) => picture,
            Err(failure) => break Err(failure),
        };
        shown = shown.and_then(|()| terminal.write(&format!("\u{1b}[H\u{1b}[2J{picture}\nCtrl-C ends it\n")));
        let wait =
            session.client().block_on(async { tokio::time::timeout(REFRESH, interrupted.started()).await });
        if shown.is_err() || !matches!(wait, Ok(Err(_))) {
            break Ok(String::new());
        }
    };
    let _ = terminal.write("\u{1b}[?25h\u{1b}[?1049l");
    ended
}

fn human(now: &StatsNow, limit: usize) -> String {
    let StatsNow { rates, account, lanes, .. } = now;
    // The server leaves both out for a caller that is limited to some apps.
    let through = rates.as_ref().map_or_else(String::new, |rates| {
        format!(
            "through   publish {:.1}/s  exchange {:.1}/s  page {:.1}/s\n",
            rates.publish, rates.exchange, rates.page
        )
    });
    let accepted = account.as_ref().map_or_else(String::new, |account| {
        format!(
            "accepted  {} = delivered {} + unanswered {} + dead {}\n\
\x20         + cancelled {} + pending {}\n",
            account.accepted,
            account.delivered,
            account.unanswered,
            account.dead,
            account.cancelled,
            account.pending,
        )
    });
    let head = format!(
        "{through}times     first try ok {}  p50 {}  p95 {}\n{accepted}\
         lanes     waiting {}  standing {}  paused {}\n\n",
        percent(now.first_try_ok),
        ms(now.p50_ms),
        ms(now.p95_ms),
        lanes.waiting,
        lanes.standing,
        lanes.paused,
    );
    let mut apps: Vec<&AppNow> = now.apps.iter().collect();
    apps.sort_by(|a, b| {
        let busy = |app: &AppNow| app.says + app.hears;
        (b.dead, b.waiting).cmp(&(a.dead, a.waiting)).then(busy(b).total_cmp(&busy(a)))
    });
    let mut table = Table::new(["APP", "SAYS/S", "HEARS/S", "FIRST TRY", "P95", "WAITING", "DEAD"]);
    for app in apps.iter().take(limit) {
        table.row([
            short(&plain(&app.app)),
            format!("{:.1}", app.says),
            format!("{:.1}", app.hears),
            percent(app.first_try_ok),
            ms(app.p95_ms),
            app.waiting.to_string(),
            app.dead.to_string(),
        ]);
    }
    let hidden = apps.len().saturating_sub(limit);
    let more = if hidden == 0 { String::new() } else { format!("{hidden} more: --limit {}\n", apps.len()) };
    head + &table.or("no apps") + &more
}

/// Returns a name that leaves room for the other columns in a line of 80 characters.
fn short(name: &str) -> String {
    const MOST: usize = 24;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}

fn percent(part: Option<f64>) -> String {
    or_dash(part.map(|part| format!("{:.1} %", part * 100.0)))
}

fn ms(ms: Option<f64>) -> String {
    or_dash(ms.map(|ms| format!("{ms:.0} ms")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_api::{AccountNow, LaneCounts, Rates};

    #[test]
    fn apps_with_trouble_come_first_in_80_columns() {
        let app = |app: &str, dead: u64| AppNow {
            app: app.to_owned(),
            says: 12345.6,
            hears: 2.0,
            first_try_ok: Some(0.5),
            p95_ms: Some(12345.0),
            waiting: 1_000_000,
            dead,
            last_heard_at: None,
            last_said_at: None,
        };
        let account =
            AccountNow { accepted: 3, pending: 0, delivered: 2, unanswered: 0, dead: 1, cancelled: 0 };
        let now = StatsNow {
            time: String::new(),
            started_at: String::new(),
            rates: Some(Rates { page: 0.0, publish: 1.0, exchange: 0.25 }),
            first_try_ok: None,
            p50_ms: None,
            p95_ms: Some(8.4),
            account: Some(account),
            lanes: LaneCounts { waiting: 1, standing: 0, paused: 0 },
            apps: vec![app("calm", 0), app(&"long".repeat(16), 9)],
        };
        let text = human(&now, 1);
        let table: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("APP")).collect();
        assert!(table[1].starts_with("longlong") && table[1].ends_with(" 9"), "{text}");
        assert!(table.iter().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.ends_with("1 more: --limit 2\n"), "{text}");
    }
}
