//! The user that apps run as.

use crate::options::RuntimeError;
use crate::spec::UserIds;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The user that apps run as. Determined once, when the runtime opens.
#[derive(Debug, Clone)]
pub(crate) enum Account {
    /// A user other than the server's.
    Separate(AppUser),
    /// The user that runs the server. For root this must have been configured explicitly.
    Server,
    /// No user: the server runs as root and `[runtime] user` is not set. No app can start.
    Unset,
}

/// A user other than the server's, as found in `/etc/passwd` and `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppUser {
    pub(crate) name: String,
    pub(crate) home: String,
    pub(crate) ids: UserIds,
}

impl Account {
    /// Looks up `[runtime] user`, a name or a numeric id, on this machine.
    pub(crate) fn find(user: Option<&str>) -> Result<Self, RuntimeError> {
        let own = rustix::process::geteuid();
        let Some(name) = user else {
            return Ok(if own.is_root() { Self::Unset } else { Self::Server });
        };
        let read = |path: &str| {
            fs::read_to_string(path).map_err(|source| RuntimeError::Users { path: path.to_owned(), source })
        };
        let unknown = || RuntimeError::UnknownUser(name.to_owned());
        let found = lookup(name, &read("/etc/passwd")?, &read("/etc/group")?).ok_or_else(unknown)?;
        if found.ids.uid == own.as_raw() {
            Ok(Self::Server)
        } else if own.is_root() {
            Ok(Self::Separate(found))
        } else {
            Err(RuntimeError::CannotSwitch(name.to_owned()))
        }
    }

    /// The numeric ids to switch to; `None` when apps run as the server's own user.
    pub(crate) fn ids(&self) -> Option<&UserIds> {
        match self {
            Self::Separate(user) => Some(&user.ids),
            Self::Server | Self::Unset => None,
        }
    }

    /// Returns true if the user may enter `dir` and every directory above it.
    pub(crate) fn reaches(&self, dir: &Path) -> io::Result<bool> {
        let Self::Separate(user) = self else { return Ok(true) };
        for above in dir.ancestors() {
            if !user.ids.may_search(&fs::metadata(above)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Returns a warning for each of `files` that the separate user of apps can read. `files` hold secrets of the server.
///
/// # Errors
/// When there is no such user, or this server cannot become it.
pub fn readable_to_apps(user: Option<&str>, files: &[PathBuf]) -> Result<Vec<String>, RuntimeError> {
    let account = Account::find(user)?;
    let Account::Separate(separate) = &account else { return Ok(Vec::new()) };
    let readable = |file: &PathBuf| {
        let file = file.canonicalize().ok()?;
        let about = file.metadata().ok()?;
        let open = separate.ids.may_read(&about) && account.reaches(file.parent()?).unwrap_or(true);
        open.then(|| {
            format!(
                "apps run as {} and can read {}, which holds secrets of the server: run `chmod o-r` on it, or `chmod g-r` if that user is in its group",
                separate.name,
                file.display()
            )
        })
    };
    Ok(files.iter().filter_map(readable).collect())
}

impl UserIds {
    fn may_search(&self, dir: &fs::Metadata) -> bool {
        self.rights(dir) & 1 == 1
    }

    fn may_read(&self, file: &fs::Metadata) -> bool {
        self.rights(file) & 4 == 4
    }

    /// The permission bits of a file for this user: 4 = read, 2 = write, 1 = execute or enter.
    fn rights(&self, file: &fs::Metadata) -> u32 {
        use std::os::unix::fs::MetadataExt as _;
        let shift = if file.uid() == self.uid {
            6
        } else if file.gid() == self.gid || self.groups.contains(&file.gid()) {
            3
        } else {
            0
        };
        file.mode() >> shift & 7
    }
}

/// Finds a user by name, or by numeric id if no user has that name, with all of its groups.
fn lookup(user: &str, passwd: &str, group: &str) -> Option<AppUser> {
    let fields = |line: &'_ str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let entries = || passwd.lines().map(fields).filter(|entry| entry.len() >= 6);
    let named = entries().find(|entry| entry.first().is_some_and(|name| name == user));
    let entry = named.or_else(|| entries().find(|entry| entry.get(2).is_some_and(|uid| uid == user)))?;
    let name = entry.first()?.clone();
    let (uid, gid) = (entry.get(2)?.parse().ok()?, entry.get(3)?.parse().ok()?);
    let mut groups = vec![gid];
    for line in group.lines() {
        let mut words = line.split(':').skip(2);
        let (Some(id), Some(members)) = (words.next().and_then(|id| id.parse().ok()), words.next()) else {
            continue;
        };
        if members.split(',').any(|member| member == name) && !groups.contains(&id) {
            groups.push(id);
        }
    }
    Some(AppUser { name, home: entry.get(5)?.clone(), ids: UserIds { uid, gid, groups } })
}

#[cfg(test)]
mod tests {
    use super::lookup;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nshop:x:1001:1002:,,,:/srv/shop:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\nshop:x:1002:\ndata:x:33:www,shop\nother:x:34:shopper\nbad\n";

    #[test]
    fn lookup_finds_a_user_by_name_or_id_with_all_groups() {
        let shop = lookup("shop", PASSWD, GROUP).unwrap();
        assert_eq!((shop.home.as_str(), shop.ids.uid, shop.ids.gid), ("/srv/shop", 1001, 1002));
        assert_eq!(shop.ids.groups, [1002, 33]);
        assert_eq!(lookup("1001", PASSWD, GROUP), Some(shop));
        assert_eq!(lookup("nobody", PASSWD, GROUP), None);
    }
}
