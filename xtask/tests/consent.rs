//! Packages are installed only with permission: the chore names the missing packages with their size and asks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A double of apt-get: records its arguments and prints a plan.
const APT: &str = r#"#!/bin/sh
echo "$*" >> "${0%/*}/calls"
case "$*" in *--assume-no*)
    echo "0 upgraded, 184 newly installed, 0 to remove and 0 not upgraded."
    echo "Need to get 220 MB of archives."
    echo "After this operation, 793 MB of additional disk space will be used."
esac
"#;

/// A machine with apt-get and without the programs that the tests need.
struct Machine(PathBuf);

impl Machine {
    fn new(name: &str) -> Self {
        let bin = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _of_an_earlier_run = fs::remove_dir_all(&bin);
        fs::create_dir_all(&bin).unwrap();
        for (program, text) in
            [("apt-get", APT), ("sudo", "#!/bin/sh\n[ \"$1\" = --version ] || exec \"$@\"\n")]
        {
            fs::write(bin.join(program), text).unwrap();
            fs::set_permissions(bin.join(program), Permissions::from_mode(0o755)).unwrap();
        }
        Self(bin)
    }

    /// Runs `cargo xtask test` without a terminal and returns its output.
    fn test(&self, words: &[&str], env: &[(&str, &str)]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("test").args(words).env_clear().env("PATH", &self.0);
        let output = command.envs(env.iter().copied()).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "no test can be run on such a machine");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Returns the calls of apt-get that would change the machine.
    fn changes(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.0.join("calls")).unwrap_or_default();
        calls.lines().filter(|call| call.contains(" --yes ")).map(str::to_owned).collect()
    }
}

#[test]
fn without_permission_missing_packages_are_named_and_nothing_changes() {
    let machine = Machine::new("refused");
    let said = machine.test(&[], &[("CI", "false")]);
    for part in [
        "missing here: curl perl python3 nodejs chromium strace python3-venv",
        "184 Debian packages: 220 MB to download, 793 MB on disk",
        "nothing was installed: there is no terminal to ask for permission",
        "apt-get update && ",
        "install --no-install-recommends curl perl python3 nodejs chromium strace python3-venv",
        "--yes",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    assert_eq!(machine.changes(), [""; 0]);
}

#[test]
fn permission_is_an_argument_or_ci() {
    for (name, words, env) in [("word", &["--yes"][..], ("CI", "")), ("ci", &[][..], ("CI", "true"))] {
        let machine = Machine::new(name);
        let said = machine.test(words, &[env]);
        assert!(said.contains("793 MB on disk"), "{said}");
        assert_eq!(
            machine.changes(),
            [
                "install --no-install-recommends -qq --yes curl perl python3 nodejs chromium strace python3-venv"
            ]
        );
    }
}
