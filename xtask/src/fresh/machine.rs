//! What a bare root takes over from this machine so that it reaches the same registries: settings, never packages.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Settings in the environment that say how registries are reached.
const PASSED: [&str; 5] =
    ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "NPM_CONFIG_", "NPM_CONFIG_REGISTRY"];
const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

/// How programs are told of the certificates that this machine trusts, which a bare root lacks.
const CERTIFICATES: [&str; 6] = [
    "CARGO_HTTP_CAINFO",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "npm_config_cafile",
];

/// The environment of commands in the root.
pub(super) fn environment() -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| {
            let name = name.to_ascii_uppercase();
            PROXIES.contains(&name.as_str()) || PASSED.iter().any(|begin| name.starts_with(begin))
        })
        .collect();
    if certificates().is_some() {
        env.retain(|(name, _)| !CERTIFICATES.contains(&name.as_str()));
        env.extend(CERTIFICATES.map(|name| (name.to_owned(), "/etc/ssl/machine.crt".to_owned())));
    }
    let fixed = [
        ("HOME", "/root"),
        ("LANG", "C.UTF-8"),
        ("PATH", "/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("CARGO_TERM_COLOR", "never"),
    ];
    env.extend(fixed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env
}

/// The bundle of certificates that this machine trusts.
pub(super) fn certificates() -> Option<PathBuf> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let usual = PathBuf::from("/etc/ssl/certs/ca-certificates.crt");
    named.into_iter().chain([usual]).find(|path| path.is_file())
}

/// The user's settings of cargo and of npm.
pub(super) fn config_files() -> [Option<PathBuf>; 2] {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    [cargo.join("config.toml"), home.join(".npmrc")].map(|path| path.is_file().then_some(path))
}

/// Where this machine gets packages of a Debian release from, as lines of a `sources.list`. Empty on another release.
pub(super) fn sources(release: &str) -> String {
    let format = "$(SITE) $(RELEASE) $(COMPONENT)";
    let said =
        said(Command::new("apt-get").args(["indextargets", "--format", format, "Created-By: Packages"]));
    sources_of(&said, release)
}

fn sources_of(targets: &str, release: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for target in targets.lines() {
        let words: Vec<&str> = target.split_whitespace().collect();
        let [site, of, "main"] = words[..] else { continue };
        let line = format!("deb {site} {of} main");
        if of.split('-').next() == Some(release) && !lines.contains(&line) {
            lines.push(line);
        }
    }
    text(lines)
}

/// Proxies, and whether apt checks dates.
pub(super) fn apt_settings() -> String {
    let wanted = ["Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries"];
    let lines = said(Command::new("apt-config").args(["dump", "Acquire"]));
    let kept = lines.lines().filter(|line| wanted.iter().any(|begin| line.starts_with(begin)));
    text(kept.map(str::to_owned))
}

/// Lines as a file has them.
fn text(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(String::new(), |text, line| text + &line + "\n")
}

/// The toolchain that runs this chore, whole.
pub(super) fn toolchain() -> Option<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let path = PathBuf::from(said(Command::new(rustc).args(["--print", "sysroot"])).trim());
    path.join("bin/cargo").is_file().then_some(path)
}

/// Whether something is mounted below a folder: then nothing there may be removed.
pub(super) fn has_mounts(folder: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounts.lines().filter_map(|line| line.split(' ').nth(1)).any(|place| Path::new(place).starts_with(folder))
}

pub(super) fn said(command: &mut Command) -> String {
    command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_those_of_the_release() {
        let targets = "http://deb.test/debian bookworm main\nhttp://deb.test/debian bookworm contrib\n\
            http://deb.test/debian bookworm main\nhttp://deb.test/security bookworm-security main\n\
            http://other.test/x nodistro main\n";
        let lines =
            "deb http://deb.test/debian bookworm main\ndeb http://deb.test/security bookworm-security main\n";
        assert_eq!(sources_of(targets, "bookworm"), lines);
        assert_eq!(sources_of(targets, "trixie"), "");
    }
}
