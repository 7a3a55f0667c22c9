//! Settings of this machine that a bare Debian needs to reach the same registries.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Prefixes of environment variables about registries.
const PASSED: [&str; 5] =
    ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "NPM_CONFIG_", "NPM_CONFIG_REGISTRY"];
const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

/// Variables with the path of trusted certificates, which a bare Debian lacks.
const CERTIFICATES: [&str; 6] = [
    "CARGO_HTTP_CAINFO",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "npm_config_cafile",
];

/// Returns the environment of commands in the bare Debian.
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

/// Returns the file with the certificates that this machine trusts.
pub(super) fn certificates() -> Option<PathBuf> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let usual = PathBuf::from("/etc/ssl/certs/ca-certificates.crt");
    named.into_iter().chain([usual]).find(|path| path.is_file())
}

/// Returns the user's configuration files of cargo and npm.
pub(super) fn config_files() -> [Option<PathBuf>; 2] {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    [cargo.join("config.toml"), home.join(".npmrc")].map(|path| path.is_file().then_some(path))
}

/// Returns the package sources of this machine for a Debian release, as lines of a `sources.list`; empty on another
/// release.
pub(super) fn sources(release: &str) -> String {
    let format = "$(SITE) $(RELEASE) $(COMPONENT)";
    let targets =
        output_of(Command::new("apt-get").args(["indextargets", "--format", format, "Created-By: Packages"]));
    sources_of(&targets, release)
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

/// Returns the settings of apt about proxies, dates and retries.
pub(super) fn apt_settings() -> String {
    let wanted = ["Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries"];
    let lines = output_of(Command::new("apt-config").args(["dump", "Acquire"]));
    let kept = lines.lines().filter(|line| wanted.iter().any(|begin| line.starts_with(begin)));
    text(kept.map(str::to_owned))
}

/// Joins lines to the content of a file.
fn text(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(String::new(), |text, line| text + &line + "\n")
}

/// Returns the directory of the Rust toolchain that runs this chore.
pub(super) fn toolchain() -> Option<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let path = PathBuf::from(output_of(Command::new(rustc).args(["--print", "sysroot"])).trim());
    path.join("bin/cargo").is_file().then_some(path)
}

/// Returns true if a file system is mounted below a directory, which must not be removed then.
pub(super) fn has_mounts(folder: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounts.lines().filter_map(|line| line.split(' ').nth(1)).any(|place| Path::new(place).starts_with(folder))
}

pub(super) fn output_of(command: &mut Command) -> String {
    command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_of_the_release_are_used() {
        let targets = "http://deb.test/debian bookworm main\nhttp://deb.test/debian bookworm contrib\n\
            http://deb.test/debian bookworm main\nhttp://deb.test/security bookworm-security main\n\
            http://other.test/x nodistro main\n";
        let lines =
            "deb http://deb.test/debian bookworm main\ndeb http://deb.test/security bookworm-security main\n";
        assert_eq!(sources_of(targets, "bookworm"), lines);
        assert_eq!(sources_of(targets, "trixie"), "");
    }
}
