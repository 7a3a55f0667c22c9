//! The baseline programs, which are Debian packages.

use crate::Outcome;
use std::path::Path;
use std::process::Command;

/// A program and the package that contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Package {
    program: &'static str,
    package: &'static str,
}

pub(crate) const WRK: Package = Package { program: "wrk", package: "wrk" };
pub(crate) const NGINX: Package = Package { program: "nginx", package: "nginx-light" };
pub(crate) const NODE: Package = Package { program: "node", package: "nodejs" };
pub(crate) const REDIS: Package = Package { program: "redis-server", package: "redis-server" };
pub(crate) const REDIS_BENCHMARK: Package = Package { program: "redis-benchmark", package: "redis-tools" };

impl Package {
    fn is_there(self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Servers are often in directories outside of a user's PATH.
        let usual = ["/usr/sbin", "/usr/bin"].map(Path::new).map(Path::to_path_buf);
        std::env::split_paths(&path).chain(usual).any(|dir| dir.join(self.program).is_file())
    }
}

/// Checks that all packages are installed; installs the missing ones if `install` is set.
///
/// # Errors
/// Packages are missing.
pub(crate) fn need(packages: &[Package], install: bool) -> Outcome<()> {
    let missing: Vec<&str> =
        packages.iter().filter(|wanted| !wanted.is_there()).map(|wanted| wanted.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !install {
        return Err(format!(
            "baseline programs are missing: run `apt-get install {list}`, or give --install"
        ));
    }
    let mut command = Command::new("apt-get");
    command.args(["install", "--yes", "--no-install-recommends"]).args(&missing);
    let status = command.env("DEBIAN_FRONTEND", "noninteractive").status();
    let status = status.map_err(|e| format!("cannot run apt-get: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`apt-get install {list}` failed ({status})")) }
}
