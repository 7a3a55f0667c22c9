//! Other programs that tests run: Debian packages, which are installed if they are missing and the user agrees.

use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};

use crate::consent::Consent;
use crate::process::{self, Outcome, target_dir, works};

/// Programs and the Debian packages that contain them. The commands of the README, which a test runs, use the first two;
/// those of the guide to apps use the third. Installed apps are written for Node, some in Perl. Pages are tested in a real
/// browser. strace records system calls, to find the content of the disk at each moment.
const NEEDED: [(&str, &str); 6] = [
    ("curl", "curl"),
    ("perl", "perl"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("chromium", "chromium"),
    ("strace", "strace"),
];

/// The oldest version of Node for the tests: the version of Debian 12.
const NODE: u32 = 18;

const INSTALL: [&str; 2] = ["install", "--no-install-recommends"];

/// The size of an installation, for the question to the user.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    packages: u32,
    download: String,
    disk: String,
}

/// Installs the programs that are missing, if the user agrees.
pub(crate) fn ensure(consent: Consent) -> Outcome {
    let missing = missing();
    if missing.is_empty() {
        return node_is_new_enough();
    }
    let names = missing.join(" ");
    if !works(Command::new("apt-get").arg("--version")) {
        return Err(format!("the tests need programs that are missing here; install them first: {names}"));
    }
    let plan = plan(&missing).map_or_else(
        || "their size is unknown".to_owned(),
        |plan| {
            format!("{} Debian packages: {} to download, {} on disk", plan.packages, plan.download, plan.disk)
        },
    );
    println!("The tests need programs that are missing here: {names}\n({plan}.)");
    let sudo = if root() { "" } else { "sudo " };
    consent.get(
        "Install them with apt-get?",
        &format!(
            "Install them with\n    {sudo}apt-get update && {sudo}apt-get {} {names}\nor run this chore with `--yes`. The tests of the model need none of them: cargo test -p footbridge-model",
            INSTALL.join(" ")
        ),
    )?;
    process::run(&mut apt(&["update", "-qq"]))?;
    process::run(apt(&INSTALL).args(["-qq", "--yes"]).args(missing))?;
    node_is_new_enough()
}

fn missing() -> Vec<&'static str> {
    let absent = |program: &str| !works(Command::new(program).arg("--version"));
    // Debian has a part of Python in a package of its own.
    let no_venv = !works(Command::new("python3").args(["-c", "import ensurepip, venv"]));
    let programs = NEEDED.iter().filter(|(program, _)| absent(program)).map(|(_, package)| *package);
    programs.chain(no_venv.then_some("python3-venv")).collect()
}

fn node_is_new_enough() -> Outcome {
    let version = output_of(Command::new("node").arg("--version")).unwrap_or_default();
    match major(&version) {
        Some(major) if major >= NODE => Ok(()),
        _ => Err(format!("the tests need Node.js {NODE} or newer, and `node --version` prints {version:?}")),
    }
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Asks apt-get for the size of an installation. If the machine has no package lists, they are downloaded into the target
/// directory, because this query must not change the machine and must work without root.
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
    read_plan(&output_of(&mut ask)?)
}

/// Reads the output of `apt-get install --assume-no`.
fn read_plan(text: &str) -> Option<Plan> {
    let amount = |begin: &str, end: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(begin))?;
        line.split_once(end).map(|(amount, _)| amount.to_owned())
    };
    let counts = text.lines().find(|line| line.contains(" newly installed,"))?;
    let new = counts.split(", ").find_map(|part| part.strip_suffix(" newly installed"))?;
    Some(Plan {
        packages: new.parse().ok()?,
        download: amount("Need to get ", " of archives")?,
        disk: amount("After this operation, ", " of additional")?,
    })
}

/// Returns the output of a command, also if the command fails.
fn output_of(command: &mut Command) -> Option<String> {
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
        let text = "The following NEW packages will be installed:\n  nodejs\n\
                    0 upgraded, 184 newly installed, 0 to remove and 11 not upgraded.\n\
                    Need to get 220 MB of archives.\n\
                    After this operation, 793 MB of additional disk space will be used.\n\
                    Do you want to continue? [Y/n] N\nAbort.\n";
        let plan = Plan { packages: 184, download: "220 MB".into(), disk: "793 MB".into() };
        assert_eq!(read_plan(text), Some(plan));
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
