//! The commands `footbridge lane list|show|pause|resume|skip`.

#![expect(clippy::format_collect, reason = "a few lines for a person")]

use footbridge_api::{Delivery, Lane, List, Reason, Skip};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, body, more, pairs},
};
use crate::{
    client::Call,
    table::{Table, or_dash, plain},
};

/// The verbs of `footbridge lane`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum LaneCommand {
    /// List the lanes: how many deliveries wait for each hook, and why
    List {
        /// Only lanes of hooks of this app
        #[arg(long)]
        app: Option<String>,
        /// Only lanes in this state: idle, moving, waiting, standing, paused or off
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show the lane of one hook with its oldest delivery
    Show {
        /// The id of the hook
        hook: String,
    },
    /// Pause the lane of a hook: no attempt starts until it is resumed, also after a restart
    Pause {
        /// The id of the hook
        hook: String,
        /// Why, for others to read
        #[arg(long)]
        reason: Option<String>,
    },
    /// Resume the lane of a hook
    Resume {
        /// The id of the hook
        hook: String,
    },
    /// Cancel the oldest pending delivery of a hook, so that an ordered hook goes on with the next one
    Skip {
        /// The id of the hook
        hook: String,
        /// The delivery that is the oldest; the command fails if another one is
        #[arg(long, value_name = "ID")]
        delivery: String,
        /// Why, for others to read
        #[arg(long)]
        reason: String,
    },
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(command: &LaneCommand, session: &Session) -> Result<String, Failure> {
    match command {
        LaneCommand::List { app, state, page } => {
            let named = app.as_deref();
            let app = app.clone().map(|app| ("app", app));
            let state = state.clone().map(|state| ("state", state));
            let query: Vec<_> = page.query().chain(app).chain(state).collect();
            let call = Call { path: &["lanes"], query: &pairs(&query), ..Call::default() };
            session.list(&call, named, |list: &List<Lane>| list.data.is_empty(), table)
        }
        LaneCommand::Show { hook } => session.get(&Call { path: &["lanes", hook], ..Call::default() }, one),
        LaneCommand::Pause { hook, reason } => {
            let request = Reason { reason: reason.clone() };
            let call = Call { path: &["lanes", hook, "pause"], body: body(&request), ..Call::default() };
            session.post(&call, one)
        }
        LaneCommand::Resume { hook } => {
            session.post(&Call { path: &["lanes", hook, "resume"], ..Call::default() }, one)
        }
        LaneCommand::Skip { hook, delivery, reason } => {
            let request = Skip { delivery_id: delivery.clone(), reason: reason.clone() };
            let call = Call { path: &["lanes", hook, "skip"], body: body(&request), ..Call::default() };
            session.post(&call, |delivery: &Delivery| format!("{} is cancelled\n", delivery.id))
        }
    }
}

fn table(list: &List<Lane>) -> String {
    let mut table = Table::new(["HOOK", "APP", "STATE", "WHY", "PENDING", "OLDEST"]);
    for lane in &list.data {
        table.row([
            lane.hook.id.clone(),
            short(&lane.hook.app),
            lane.state.clone(),
            or_dash(lane.why.as_ref()),
            lane.pending.to_string(),
            or_dash(lane.head_age_ms.map(age)),
        ]);
    }
    table.or("no lanes: there are no such hooks") + &more(list.next.as_deref())
}

/// Returns a name that leaves room for the other columns in a line of 80 characters.
fn short(name: &str) -> String {
    const MOST: usize = 18;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}

/// Returns a duration with its largest unit.
fn age(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn one(lane: &Lane) -> String {
    let mut rows = vec![
        ("hook", format!("{} of `{}`, {}", lane.hook.id, lane.hook.app, lane.hook.pattern())),
        ("state", lane.state.clone()),
        ("why", lane.text.clone()),
        ("since", or_dash(lane.since.as_ref())),
        ("pending", format!("{} ({} in flight)", lane.pending, lane.in_flight)),
    ];
    if let Some(head) = &lane.head {
        rows.push(("oldest", format!("{} of {}", head.delivery_id, head.event_id)));
        rows.push(("attempts", head.attempts.to_string()));
        rows.push(("next attempt", or_dash(head.next_attempt_at.as_ref())));
        rows.push(("last error", or_dash(head.last_error.as_ref())));
    }
    rows.iter().map(|(name, value)| format!("{name:12}  {}\n", plain(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_api::{Hook, LaneHead};

    fn lane() -> Lane {
        let hook = Hook {
            id: "hook_0f7m2k9x4c1aa".to_owned(),
            app: "a-name-of-an-app-that-is-rather-long".to_owned(),
            publisher: "camera".to_owned(),
            event: "*".to_owned(),
            route: "hooks/all".to_owned(),
            kind: "server".to_owned(),
            transient: false,
            enabled: true,
            created_at: "t".to_owned(),
            answer: None,
            in_flight: None,
            ordered: Some(true),
            managed_by: None,
        };
        let head = LaneHead {
            delivery_id: "dlv_1".to_owned(),
            event_id: "evt_1".to_owned(),
            attempts: 2,
            next_attempt_at: None,
            last_status: Some(503),
            last_error: Some("the receiver\u{1b}[31m answered 503".to_owned()),
        };
        Lane {
            hook,
            state: "standing".to_owned(),
            why: Some("app_disabled".to_owned()),
            text: "its oldest delivery has failed".to_owned(),
            since: None,
            pending: 1_000_000,
            in_flight: 1,
            head: Some(head),
            head_age_ms: Some(360_000),
            paused: None,
        }
    }

    #[test]
    fn a_list_fits_a_line_of_80_characters() {
        let text = table(&List { data: vec![lane()], next: None });
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains("standing  app_disabled  1000000  6m"), "{text}");
        assert_eq!([0, 59_999, 3_600_000, 200_000_000].map(age), ["0s", "59s", "1h", "2d"]);
    }

    #[test]
    fn one_lane_is_shown_with_its_oldest_delivery() {
        let text = one(&lane());
        assert!(text.contains("oldest        dlv_1 of evt_1\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
