//! Whom apps run as.

use crate::options::RuntimeError;
use crate::spec::Ids;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Whom apps run as, decided once.
#[derive(Debug, Clone)]
pub(crate) enum Account {
    /// Another user than the server's.
    Other(Other),
    /// Whoever runs the server; by its own will when that is root.
    Own,
    /// Nobody: the server is root and was not told whom to use.
    Undecided,
}

/// A user that is not the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Other {
    pub(crate) name: String,
    pub(crate) home: String,
    pub(crate) ids: Ids,
}

impl Account {
    /// Finds `[runtime] user` on this machine.
    pub(crate) fn find(user: Option<&str>) -> Result<Self, RuntimeError> {
        let own = rustix::process::geteuid();
        let Some(name) = user else {
            return Ok(if own.is_root() { Self::Undecided } else { Self::Own });
        };
        let read = |path: &str| {
            fs::read_to_string(path).map_err(|source| RuntimeError::Users { path: path.to_owned(), source })
        };
        let unknown = || RuntimeError::UnknownUser(name.to_owned());
        let other = lookup(name, &read("/etc/passwd")?, &read("/etc/group")?).ok_or_else(unknown)?;
        if other.ids.uid == own.as_raw() {
            Ok(Self::Own)
        } else if own.is_root() {
            Ok(Self::Other(other))
        } else {
            Err(RuntimeError::CannotSwitch(name.to_owned()))
        }
    }

    /// What the kernel needs to know to become this user.
    pub(crate) fn ids(&self) -> Option<&Ids> {
        match self {
            Self::Other(other) => Some(&other.ids),
            Self::Own | Self::Undecided => None,
        }
    }

    /// Whether the user can pass through a directory and all above it.
    pub(crate) fn reaches(&self, dir: &Path) -> io::Result<bool> {
        let Self::Other(other) = self else { return Ok(true) };
        for above in dir.ancestors() {
            if !other.ids.may_search(&fs::metadata(above)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Warnings about files with secrets that apps can read although they run as another user than the server.
///
/// # Errors
/// When there is no such user, or this server cannot become it.
pub fn readable_to_apps(user: Option<&str>, files: &[PathBuf]) -> Result<Vec<String>, RuntimeError> {
    let account = Account::find(user)?;
    let Account::Other(other) = &account else { return Ok(Vec::new()) };
    let readable = |file: &PathBuf| {
        let file = file.canonicalize().ok()?;
        let about = file.metadata().ok()?;
        let open = other.ids.may_read(&about) && account.reaches(file.parent()?).unwrap_or(true);
        open.then(|| {
            format!(
                "apps run as {} and can read {}, which holds secrets of the server: run `chmod o-r` on it, or `chmod g-r` if the group is theirs",
                other.name,
                file.display()
            )
        })
    };
    Ok(files.iter().filter_map(readable).collect())
}

impl Ids {
    fn may_search(&self, dir: &fs::Metadata) -> bool {
        self.rights(dir) & 1 == 1
    }

    fn may_read(&self, file: &fs::Metadata) -> bool {
        self.rights(file) & 4 == 4
    }

    /// What the mode of a file allows this user: 4 to read, 2 to write, 1 to run or to search.
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

/// A name, or the number of a user that has one.
fn lookup(user: &str, passwd: &str, group: &str) -> Option<Other> {
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
    Some(Other { name, home: entry.get(5)?.clone(), ids: Ids { uid, gid, groups } })
}

#[cfg(test)]
mod tests {
    use super::lookup;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nshop:x:1001:1002:,,,:/srv/shop:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\nshop:x:1002:\ndata:x:33:www,shop\nother:x:34:shopper\nbad\n";

    #[test]
    fn a_user_comes_with_all_groups() {
        let shop = lookup("shop", PASSWD, GROUP).unwrap();
        assert_eq!((shop.home.as_str(), shop.ids.uid, shop.ids.gid), ("/srv/shop", 1001, 1002));
        assert_eq!(shop.ids.groups, [1002, 33]);
        assert_eq!(lookup("1001", PASSWD, GROUP), Some(shop));
        assert_eq!(lookup("nobody", PASSWD, GROUP), None);
    }
}
