//! Programs that tests run besides ours: Debian packages, which are installed when they are missing and somebody agrees.

use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};

use crate::consent::Consent;
use crate::process::{self, Outcome, target_dir, works};

/// The program of each and the Debian package that has it. The README's tour is a test and uses the first two, that of
/// the guide to apps the third; installed apps are written for Node, and in Perl where they are not; pages are shown in a
/// real browser; system calls are recorded to see what is on the disk at which moment.
const NEEDED: [(&str, &str); 6] = [
    ("curl", "curl"),
    ("perl", "perl"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("chromium", "chromium"),
    ("strace", "strace"),
];

/// The oldest Node that the tests run on: that of Debian 12.
const NODE: u32 = 18;

const INSTALL: [&str; 2] = ["install", "--no-install-recommends"];

/// What will be installed, as a person wants to know it before.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    packages: u32,
    download: String,
    disk: String,
}

/// Sees to it that they are there.
pub(crate) fn ensure(consent: Consent) -> Outcome {
    let missing = missing();
    if missing.is_empty() {
        return node_is_new_enough();
    }
    let names = missing.join(" ");
    if !works(Command::new("apt-get").arg("--version")) {
        return Err(format!("the tests run programs that are missing here; install them first: {names}"));
    }
    let plan = plan(&missing).map_or_else(
        || "how much apt-get will install for them could not be found out".to_owned(),
        |plan| {
            format!("{} Debian packages: {} to download, {} on disk", plan.packages, plan.download, plan.disk)
        },
    );
    println!("The tests run programs that are missing here: {names}\n({plan}.)");
    let sudo = if root() { "" } else { "sudo " };
    consent.get(
        "Install them with apt-get?",
        &format!(
            "Install them with\n    {sudo}apt-get update && {sudo}apt-get {} {names}\nor let this chore do it, with `--yes` behind it. The rules of the domain need none of them: cargo test -p footbridge-model",
            INSTALL.join(" ")
        ),
    )?;
    process::run(&mut apt(&["update", "-qq"]))?;
    process::run(apt(&INSTALL).args(["-qq", "--yes"]).args(missing))?;
    node_is_new_enough()
}

fn missing() -> Vec<&'static str> {
    let absent = |program: &str| !works(Command::new(program).arg("--version"));
    NEEDED.iter().filter(|(program, _)| absent(program)).map(|(_, package)| *package).collect()
}

fn node_is_new_enough() -> Outcome {
    let version = said(Command::new("node").arg("--version")).unwrap_or_default();
    match major(&version) {
        Some(major) if major >= NODE => Ok(()),
        _ => Err(format!("the tests need Node.js {NODE} or newer, and `node --version` says {version:?}")),
    }
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// What apt-get would do. A machine that has no package lists yet gets them in a folder of ours: looking must change
/// nothing, and needs no root.
fn plan(packages: &[&str]) -> Option<Plan> {
    plan_with(&[], packages).or_else(|| {
        let place = target_dir().ok()?.join("apt");
        std::fs::create_dir_all(place.join("lists/partial")).ok()?;
        std::fs::create_dir_all(place.join("cache/archives/partial")).ok()?;
        let options = [
            format!("-oDir::State::Lists={}", place.join("lists").display()),
            format!("-oDir::Cache={}", place.join("cache").display()),
            "-oDebug::NoLocking=1".to_owned(),
        ];
        let options = options.each_ref().map(String::as_str);
        if !works(Command::new("apt-get").args(options).args(["update", "-qq"])) {
            return None;
        }
        plan_with(&options, packages)
    })
}

fn plan_with(options: &[&str], packages: &[&str]) -> Option<Plan> {
    let mut ask = Command::new("apt-get");
    ask.args(options).args(INSTALL).arg("--assume-no").args(packages).env("LC_ALL", "C.UTF-8");
    read_plan(&said(&mut ask)?)
}

/// From the words of `apt-get install --assume-no`.
fn read_plan(said: &str) -> Option<Plan> {
    let amount = |begin: &str, end: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(begin))?;
        line.split_once(end).map(|(amount, _)| amount.to_owned())
    };
    let counts = said.lines().find(|line| line.contains(" newly installed,"))?;
    let new = counts.split(", ").find_map(|part| part.strip_suffix(" newly installed"))?;
    Some(Plan {
        packages: new.parse().ok()?,
        download: amount("Need to get ", " of archives")?,
        disk: amount("After this operation, ", " of additional")?,
    })
}

/// What a command prints, whatever its exit code is.
fn said(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn apt(args: &[&str]) -> Command {
    let mut command = Command::new(if root() { "apt-get" } else { "sudo" });
    if !root() {
        command.arg("apt-get");
    }
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_of_apt_is_read() {
        let said = "The following NEW packages will be installed:\n  nodejs\n\
                    0 upgraded, 184 newly installed, 0 to remove and 11 not upgraded.\n\
                    Need to get 220 MB of archives.\n\
                    After this operation, 793 MB of additional disk space will be used.\n\
                    Do you want to continue? [Y/n] N\nAbort.\n";
        let plan = Plan { packages: 184, download: "220 MB".into(), disk: "793 MB".into() };
        assert_eq!(read_plan(said), Some(plan));
        assert_eq!(read_plan("E: Unable to locate package nodejs\n"), None);
        assert_eq!(read_plan("Need to get 2,097 kB/220 MB of archives.\n"), None);
    }

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(
            [major("v18.20.4\n"), major("v20"), major("18"), major("")],
            [Some(18), Some(20), None, None]
        );
    }
}
