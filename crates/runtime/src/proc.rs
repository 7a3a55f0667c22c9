//! What `/proc` tells about processes and sockets.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// The parts of `/proc/PID/stat` that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: i32,
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// When it started, in ticks since boot: with the process id and the boot, a name that is never used twice.
    pub(crate) started: u64,
}

impl Stat {
    /// Whether it still runs; what merely waits to be reaped does not.
    pub(crate) const fn alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// One process.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The program's name stands in brackets and may hold anything, brackets too.
fn parse_stat(text: &str) -> Option<Stat> {
    let pid = text.split_once(' ')?.0.parse().ok()?;
    let mut rest = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = rest.next()?.chars().next()?;
    let parent = rest.next()?.parse().ok()?;
    let group = rest.next()?.parse().ok()?;
    let started = rest.nth(16)?.parse().ok()?;
    Some(Stat { pid, state, parent, group, started })
}

/// Every process that can be seen.
pub(crate) fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| stat(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

/// The children of a process.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    match fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")) {
        Ok(text) => text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
        Err(_) => all().iter().filter(|stat| stat.parent == pid).map(|stat| stat.pid).collect(),
    }
}

/// A process and all that come from it.
pub(crate) fn family(pid: i32) -> Vec<i32> {
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

/// Whether a member of a process group still runs.
pub(crate) fn group_alive(group: i32) -> bool {
    all().iter().any(|stat| stat.group == group && stat.alive())
}

/// The environment a process was started with; empty when it may not be read.
pub(crate) fn environment(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// The name of a process's program, for messages.
pub(crate) fn name(pid: i32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned())
}

/// Names this boot of the machine.
pub(crate) fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// A socket that accepts connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    pub(crate) inode: u64,
}

/// Every TCP socket of this machine that accepts connections.
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
        // The kernel lists what listens first: a machine with many connections costs no more than one with few.
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

/// Addresses stand there as 32-bit words in the machine's byte order.
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

/// Whether a process holds one of these sockets; `None` when that may not be known.
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
    fn a_name_with_brackets_does_not_confuse() {
        let text = "42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9876 11 12";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.pid, stat.state, stat.parent, stat.group, stat.started), (42, 'S', 7, 42, 9876));
    }

    #[test]
    fn only_listening_sockets_are_read() {
        let v4 = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0";
        let listener = |address: &str, inode| Some(Listener { address: address.parse().unwrap(), inode });
        assert_eq!(parse_listener(v4), listener("127.0.0.1:8080", 12345));
        let v6 = "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1 0 100 0";
        assert_eq!(parse_listener(v6), listener("[::1]:8080", 9));
        assert_eq!(parse_listener(&v4.replace(" 0A ", " 01 ")), None);
    }
}
