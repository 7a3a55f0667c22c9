//! Processor time and memory of processes, as the kernel counts them.

use crate::stats::real;
use rustix::time::{ClockId, clock_gettime};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: `USER_HZ`, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// Memory of a process and its children, in MiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// All pages in memory (RSS).
    pub(crate) rss: f64,
    /// Pages in memory, with shared pages divided among the processes that share them (PSS).
    pub(crate) pss: f64,
    /// Pages that no other process shares.
    pub(crate) private: f64,
}

/// One line of `/proc/PID/stat`.
struct Stat {
    parent: u32,
    ticks: u64,
}

/// All processes of the machine.
struct Processes(HashMap<u32, Stat>);

impl Processes {
    fn now() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Self(ids.filter_map(|id| Some((id, stat(id)?))).collect())
    }

    fn is_below(&self, mut id: u32, ancestor: u32) -> bool {
        while id != ancestor {
            match self.0.get(&id) {
                Some(stat) if stat.parent != 0 => id = stat.parent,
                _ => return false,
            }
        }
        true
    }

    fn seconds(&self, counts: impl Fn(u32) -> bool) -> f64 {
        real(self.0.iter().filter(|(id, _)| counts(**id)).map(|(_, stat)| stat.ticks).sum()) / TICKS
    }
}

fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may contain any character, also parentheses.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    // Children that have ended are counted with their parent: a build has many short ones.
    let ticks = (11..=14).map(number).sum::<Option<u64>>()?;
    Some(Stat { parent: u32::try_from(number(1)?).ok()?, ticks })
}

/// Returns the processor time of a process and its children so far, in seconds.
pub(crate) fn cpu_seconds(id: u32) -> f64 {
    let all = Processes::now();
    all.seconds(|other| all.is_below(other, id))
}

/// Returns the processor time of all other processes, without those of the kernel, plus the time that the host of a
/// virtual machine gave to others; in seconds.
pub(super) fn foreign_seconds() -> f64 {
    let (all, own, kernel) = (Processes::now(), std::process::id(), 2);
    all.seconds(|other| !all.is_below(other, own) && !all.is_below(other, kernel)) + stolen_seconds()
}

fn stolen_seconds() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let sums = text.lines().next().unwrap_or_default();
    real(sums.split_whitespace().nth(8).and_then(|ticks| ticks.parse().ok()).unwrap_or_default()) / TICKS
}

/// Returns the memory of a process and its children.
pub(crate) fn memory(id: u32) -> Memory {
    let all = Processes::now();
    all.0.keys().filter(|other| all.is_below(**other, id)).map(|id| alone(*id)).fold(
        Memory::default(),
        |sum, one| Memory {
            rss: sum.rss + one.rss,
            pss: sum.pss + one.pss,
            private: sum.private + one.private,
        },
    )
}

/// Returns the memory of a process without its children.
pub(crate) fn alone(id: u32) -> Memory {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
    let mib = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        real(line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default()) / 1024.0
    };
    let private = mib("Private_Clean:") + mib("Private_Dirty:");
    Memory { rss: mib("Rss:"), pss: mib("Pss:"), private }
}

/// Returns the memory of each process below `id` that runs `program`.
pub(crate) fn running(id: u32, program: &Path) -> Vec<Memory> {
    let program = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    let runs = |other: u32| fs::read_link(format!("/proc/{other}/exe")).is_ok_and(|exe| exe == program);
    let all = Processes::now();
    let below = all.0.keys().filter(|other| **other != id && all.is_below(**other, id) && runs(**other));
    below.map(|other| alone(*other)).collect()
}

/// Returns the monotonic clock in seconds. It is the same for all processes of a machine.
pub(crate) fn monotonic() -> f64 {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default()).as_secs_f64()
}
