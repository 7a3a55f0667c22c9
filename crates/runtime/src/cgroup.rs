//! Control groups of runs: what is in one can be ended as a whole, wherever it has moved itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The memory of one app, all its processes together, and how many processes and threads they may be.
const MEMORY: &str = "1G";
const PROCESSES: &str = "1024";

/// Names the controllers that the groups below may use, and which of them ours need.
const SHARED: &str = "cgroup.subtree_control";
const LIMITED: &str = "+memory +pids";

/// The directory that holds the control groups of one server's runs; there while there are any.
#[derive(Debug, Clone)]
pub(crate) struct Cgroups(PathBuf);

impl Cgroups {
    /// Makes the directory below the server's own group; `name` tells servers of one machine apart.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        let absent = || io::Error::new(io::ErrorKind::NotFound, "no cgroup v2 is mounted");
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let above = own_group(&mounts, &own).ok_or_else(absent)?;
        share_out(&above);
        let base = above.join(name);
        match fs::create_dir(&base) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if !base.join("cgroup.kill").exists() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this kernel has no cgroup.kill"));
        }
        // Only where whoever runs this machine lets the server share out memory and processes.
        let _ = fs::write(base.join(SHARED), LIMITED);
        Ok(Self(base))
    }

    /// Makes the group of a run.
    pub(crate) fn create(&self, run: &str) -> io::Result<PathBuf> {
        let dir = self.0.join(run);
        fs::create_dir_all(&dir)?;
        for (file, most) in [("memory.max", MEMORY), ("memory.swap.max", "0"), ("pids.max", PROCESSES)] {
            // There only where the controller is; the limits of each process hold everywhere.
            if dir.join(file).exists() {
                fs::write(dir.join(file), most)?;
            }
        }
        Ok(dir)
    }

    /// Takes the directory away, when nothing is in it.
    pub(crate) fn close(&self) {
        // Runs are in it; or a killed server's, which are for the next one to end.
        let _ = fs::remove_dir(&self.0);
    }

    /// The groups of runs that were not put away.
    pub(crate) fn left(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect()
    }
}

/// Ends everything in a group.
pub(crate) fn kill(dir: &Path) {
    // A group that is gone has nothing in it.
    let _ = fs::write(dir.join("cgroup.kill"), "1");
}

/// Whether nothing lives in a group.
pub(crate) fn is_empty(dir: &Path) -> bool {
    fs::read_to_string(dir.join("cgroup.events")).map_or(true, |events| events.contains("populated 0"))
}

/// Puts the empty group of a run away, and with the last one the directory that holds them.
pub(crate) fn remove(dir: &Path) {
    remove_within(dir);
    if let Some(above) = dir.parent() {
        // Other runs are in it, most times.
        let _ = fs::remove_dir(above);
    }
}

/// With those that the app has made inside it.
fn remove_within(dir: &Path) {
    if let Ok(entries) = fs::read_dir(dir) {
        entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .for_each(|dir| remove_within(&dir));
    }
    // One that is still in use is swept by the next server.
    let _ = fs::remove_dir(dir);
}

/// Lets the groups below one use the controllers, as far as whoever runs this machine allows it. A group
/// with processes of its own cannot, so a server that is alone in its group, as in a service or a container,
/// goes into one below.
fn share_out(own: &Path) {
    if fs::write(own.join(SHARED), LIMITED).is_ok() {
        return;
    }
    let server = std::process::id().to_string();
    let alone = fs::read_to_string(own.join("cgroup.procs")).is_ok_and(|all| all.trim() == server);
    let below = own.join("footbridge");
    if alone && fs::create_dir_all(&below).is_ok() && fs::write(below.join("cgroup.procs"), server).is_ok() {
        // Not every machine has these controllers here; the limits of each process hold everywhere.
        let _ = fs::write(own.join(SHARED), LIMITED);
    }
}

/// Where the server's own group lies.
fn own_group(mounts: &str, own: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut words = before.split(' ').skip(3);
        let (root, point) = (words.next()?, words.next()?);
        let inside = Path::new("/").join(path).strip_prefix(root).ok()?.to_owned();
        after.starts_with("cgroup2 ").then(|| Path::new(point).join(inside))
    })
}

#[cfg(test)]
mod tests {
    use super::own_group;
    use std::path::Path;

    #[test]
    fn the_own_group_is_found() {
        let hybrid =
            "1 2 0:3 / /sys rw - sysfs s rw\n4 1 0:5 / /sys/fs/cgroup/unified rw shared:1 - cgroup2 c rw";
        let found = own_group(hybrid, "4:memory:/a\n0::/\n");
        assert_eq!(found.as_deref(), Some(Path::new("/sys/fs/cgroup/unified")));
        let service = "4 1 0:5 / /sys/fs/cgroup rw - cgroup2 c rw";
        let found = own_group(service, "0::/system.slice/footbridge.service\n");
        assert_eq!(found.as_deref(), Some(Path::new("/sys/fs/cgroup/system.slice/footbridge.service")));
        assert_eq!(own_group("1 2 0:3 / /sys rw - sysfs s rw", "0::/\n"), None);
    }
}
