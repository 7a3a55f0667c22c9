//! Control groups (cgroup v2) of runs. Killing a group ends every process of a run, even one that left its session.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Limits of one app, for all of its processes together: memory in bytes, number of processes and threads.
const MEMORY: &str = "1G";
const PROCESSES: &str = "1024";

/// The file that enables controllers for child groups, and the controllers that runs need.
const SUBTREE_CONTROL: &str = "cgroup.subtree_control";
const CONTROLLERS: &str = "+memory +pids";

/// The directory that holds the control groups of one server's runs. Exists while it holds any.
#[derive(Debug, Clone)]
pub(crate) struct Cgroups(PathBuf);

impl Cgroups {
    /// Creates the directory below the server's own group. `name` must differ between servers on one machine.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        let absent = || io::Error::new(io::ErrorKind::NotFound, "no cgroup v2 is mounted");
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let above = own_group(&mounts, &own).ok_or_else(absent)?;
        enable_controllers(&above);
        let base = above.join(name);
        match fs::create_dir(&base) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if !base.join("cgroup.kill").exists() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this kernel has no cgroup.kill"));
        }
        // Fails where the server may not delegate the memory and pids controllers. The limits are then missing.
        let _ = fs::write(base.join(SUBTREE_CONTROL), CONTROLLERS);
        Ok(Self(base))
    }

    /// Creates the control group of a run and sets its limits.
    pub(crate) fn create(&self, run: &str) -> io::Result<PathBuf> {
        let dir = self.0.join(run);
        fs::create_dir_all(&dir)?;
        for (file, most) in [("memory.max", MEMORY), ("memory.swap.max", "0"), ("pids.max", PROCESSES)] {
            // The file exists only if the controller is enabled. The limits per process apply in any case.
            if dir.join(file).exists() {
                fs::write(dir.join(file), most)?;
            }
        }
        Ok(dir)
    }

    /// Removes the directory if it is empty.
    pub(crate) fn close(&self) {
        // Fails while runs are in it, of this server or of a killed one. The next server ends those.
        let _ = fs::remove_dir(&self.0);
    }

    /// The groups of runs that still exist.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect()
    }
}

/// Kills every process in a group.
pub(crate) fn kill(dir: &Path) {
    // Fails if the group no longer exists; then there is nothing to kill.
    let _ = fs::write(dir.join("cgroup.kill"), "1");
}

/// Returns true if a group has no live process, or no longer exists.
pub(crate) fn is_empty(dir: &Path) -> bool {
    fs::read_to_string(dir.join("cgroup.events")).map_or(true, |events| events.contains("populated 0"))
}

/// Removes the empty group of a run, and the directory that holds the groups if this was the last.
pub(crate) fn remove(dir: &Path) {
    remove_within(dir);
    if let Some(above) = dir.parent() {
        // Usually fails because other runs are in it.
        let _ = fs::remove_dir(above);
    }
}

/// Removes a group and the groups that the app created inside it.
fn remove_within(dir: &Path) {
    if let Ok(entries) = fs::read_dir(dir) {
        entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .for_each(|dir| remove_within(&dir));
    }
    // A group that is still in use is removed by the next server.
    let _ = fs::remove_dir(dir);
}

/// Enables the controllers for child groups, if the system allows it. A group that holds processes cannot
/// enable them, so a server that is alone in its group (as in a service or a container) moves itself into a
/// child group first.
fn enable_controllers(own: &Path) {
    if fs::write(own.join(SUBTREE_CONTROL), CONTROLLERS).is_ok() {
        return;
    }
    let server = std::process::id().to_string();
    let alone = fs::read_to_string(own.join("cgroup.procs")).is_ok_and(|all| all.trim() == server);
    let below = own.join("footbridge");
    if alone && fs::create_dir_all(&below).is_ok() && fs::write(below.join("cgroup.procs"), server).is_ok() {
        // Some machines lack these controllers here. The limits per process apply in any case.
        let _ = fs::write(own.join(SUBTREE_CONTROL), CONTROLLERS);
    }
}

/// The directory of the server's own group, from `/proc/self/mountinfo` and `/proc/self/cgroup`.
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
    fn own_group_is_found_in_hybrid_and_unified_hierarchies() {
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
