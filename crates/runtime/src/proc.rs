//! Reads processes and sockets from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// The fields of `/proc/PID/stat` that the runtime uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: i32,
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// Start time in ticks since boot. Together with the process id and the boot id it identifies a process uniquely.
    pub(crate) started: u64,
}

impl Stat {
    /// Returns true if the process runs. A zombie does not run.
    pub(crate) const fn alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// Reads the state of a process; `None` if there is none with this id.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Parses the text of a `stat` file. The program's name is in brackets and may itself contain brackets.
fn parse_stat(text: &str) -> Option<Stat> {
    let pid = text.split_once(' ')?.0.parse().ok()?;
    let mut rest = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = rest.next()?.chars().next()?;
    let parent = rest.next()?.parse().ok()?;
    let group = rest.next()?.parse().ok()?;
    let started = rest.nth(16)?.parse().ok()?;
    Some(Stat { pid, state, parent, group, started })
}

/// Every process that this process can see.
pub(crate) fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| stat(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

/// The ids of a process's children.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    match fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")) {
        Ok(text) => text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
        Err(_) => all().iter().filter(|stat| stat.parent == pid).map(|stat| stat.pid).collect(),
    }
}

/// The ids of a process and all of its descendants.
pub(crate) fn descendants(pid: i32) -> Vec<i32> {
    let mut below: HashMap<i32, Vec<i32>> = HashMap::new();
    for stat in all() {
        below.entry(stat.parent).or_default().push(stat.pid);
    }
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(below.remove(&parent).unwrap_or_default());
        next += 1;
    }
    found
}

/// Returns true if any member of a process group still runs.
pub(crate) fn group_alive(group: i32) -> bool {
    all().iter().any(|stat| stat.group == group && stat.alive())
}

/// The environment a process was started with; empty if it cannot be read.
pub(crate) fn environment(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// The name of a process's program, for messages to users.
pub(crate) fn name(pid: i32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned())
}

/// The kernel's id of the current boot.
pub(crate) fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// A listening TCP socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    pub(crate) inode: u64,
}

/// Every listening TCP socket of this machine.
pub(crate) fn listeners() -> Vec<Listener> {
    let mut found = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        read_listeners(Path::new(table), &mut found);
    }
    found
}

fn read_listeners(table: &Path, found: &mut Vec<Listener>) {
    let Ok(file) = fs::File::open(table) else { return };
    for line in BufReader::new(file).lines().skip(1) {
        // The kernel lists listening sockets first, so reading stops before the open connections.
        let Some(listener) = line.ok().and_then(|line| parse_listener(&line)) else { return };
        found.push(listener);
    }
}

fn parse_listener(line: &str) -> Option<Listener> {
    let mut words = line.split_ascii_whitespace();
    let (address, port) = words.nth(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    if words.nth(1)? != "0A" {
        return None;
    }
    let inode = words.nth(5)?.parse().ok()?;
    Some(Listener { address: SocketAddr::new(parse_ip(address)?, port), inode })
}

/// Parses an address, which `/proc` writes as 32-bit words in the machine's byte order.
fn parse_ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    if hex.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let mut octets = [0; 16];
    for (index, part) in octets.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&word(index * 8)?);
    }
    let address = Ipv6Addr::from(octets);
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

/// Returns true if a process has one of these sockets open; `None` if its descriptors may not be read.
pub(crate) fn holds(pid: i32, inodes: &[u64]) -> Option<bool> {
    let entries = match fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return None,
        Err(_) => return Some(false),
    };
    let held = entries.filter_map(Result::ok).any(|entry| {
        let link = fs::read_link(entry.path()).unwrap_or_default();
        let inode =
            link.to_str().and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
        inode.is_some_and(|inode| inodes.contains(&inode))
    });
    Some(held)
}

#[cfg(test)]
mod tests {
    use super::{Listener, parse_listener, parse_stat};

    #[test]
    fn stat_is_parsed_when_the_name_has_brackets() {
        let text = "42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9876 11 12";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.pid, stat.state, stat.parent, stat.group, stat.started), (42, 'S', 7, 42, 9876));
    }

    #[test]
    fn only_listening_sockets_are_parsed() {
        let v4 = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0";
        let listener = |address: &str, inode| Some(Listener { address: address.parse().unwrap(), inode });
        assert_eq!(parse_listener(v4), listener("127.0.0.1:8080", 12345));
        let v6 = "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1 0 100 0";
        assert_eq!(parse_listener(v6), listener("[::1]:8080", 9));
        assert_eq!(parse_listener(&v4.replace(" 0A ", " 01 ")), None);
    }
}
