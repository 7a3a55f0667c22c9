//! Processes of this machine, read from `/proc`.

use std::fs;
use std::path::Path;

/// A process, running or ended. The start time distinguishes it from a later process with the same id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// The process id.
    pub pid: u32,
    /// The program and its arguments.
    pub line: String,
    parent: u32,
    started: u64,
}

impl Process {
    /// Returns true while the process runs. A zombie does not run.
    pub fn lives(&self) -> bool {
        read(self.pid).is_some_and(|now| now.started == self.started)
    }
}

fn read(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may contain any character.
    let rest = stat.rsplit_once(')')?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    Some(Process { pid, line, parent: fields.get(1)?.parse().ok()?, started: fields.get(19)?.parse().ok()? })
}

fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// The processes with a working directory in `dir`, and those with `address` as their `BOLT_ADDRESS`.
pub fn processes_at(dir: &Path, address: &str) -> Vec<Process> {
    let mark = format!("BOLT_ADDRESS={address}\0");
    let belongs = |process: &Process| {
        let at = |what: &str| format!("/proc/{}/{what}", process.pid);
        fs::read_link(at("cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
            || fs::read(at("environ")).is_ok_and(|environ| {
                let environ = String::from_utf8_lossy(&environ);
                environ.starts_with(&mark) || environ.contains(&format!("\0{mark}"))
            })
    };
    all().into_iter().filter(belongs).collect()
}

/// All descendants of process `pid`.
pub fn descendants(pid: u32) -> Vec<Process> {
    let (mut found, all) = (Vec::<Process>::new(), all());
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        for process in all.iter().filter(|process| process.parent == parent) {
            parents.push(process.pid);
            found.push(process.clone());
        }
    }
    found
}
