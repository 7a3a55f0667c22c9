//! A bare Debian in a directory, with this machine's Rust and a fresh clone, in which commands run.

mod machine;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{self, Outcome, root as repository, target_dir};

/// The oldest Debian release on which everything must work.
const RELEASE: &str = "bookworm";

/// The path of the clone in the root directory of the bare Debian.
const CLONE: &str = "footbridge";

/// A bare Debian, the commands that ran in it, and the log.
pub(crate) struct Fresh {
    place: PathBuf,
    toolchain: PathBuf,
    log: fs::File,
    steps: Vec<(String, Duration, Outcome)>,
}

impl Fresh {
    /// Checks that this machine has all programs and permissions, and opens the log.
    pub(crate) fn new() -> Result<Self, String> {
        for (program, package) in [
            ("debootstrap", "debootstrap"),
            ("unshare", "util-linux"),
            ("chroot", "coreutils"),
            ("git", "git"),
        ] {
            if !process::works(Command::new("which").arg(program)) {
                return Err(format!("this chore runs `{program}`: apt-get install {package}"));
            }
        }
        if machine::output_of(Command::new("id").arg("-u")).trim() != "0" {
            return Err("this chore needs root for mount and chroot: run it as root".into());
        }
        let toolchain = machine::toolchain().ok_or("cannot find the directory of the Rust toolchain")?;
        let place = target_dir()?.join("fresh");
        fs::create_dir_all(&place).map_err(|e| format!("cannot make {}: {e}", place.display()))?;
        let file = place.join("log.txt");
        let log = fs::File::create(&file).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        println!("the log is also written to {}", file.display());
        Ok(Self { place, toolchain, log, steps: Vec::new() })
    }

    fn root(&self) -> PathBuf {
        self.place.join("root")
    }

    /// Makes the root directory. With `keep`, an existing one is used again with its build output.
    pub(crate) fn make(&mut self, keep: bool) -> Outcome {
        let root = self.root();
        if !(keep && root.join("etc/debian_version").exists()) {
            self.remove()?;
            let sources = machine::sources(RELEASE);
            let mut debootstrap = Command::new("debootstrap");
            debootstrap.args(["--variant=minbase", RELEASE]).arg(&root);
            debootstrap.args(sources.lines().next().and_then(|line| line.split(' ').nth(1)));
            self.step("debootstrap --variant=minbase", &mut debootstrap)?;
            if !sources.is_empty() {
                write(&root.join("etc/apt/sources.list"), &sources)?;
            }
            write(&root.join("etc/apt/apt.conf.d/99machine"), &machine::apt_settings())?;
        }
        for file in ["etc/resolv.conf", "etc/hosts"] {
            fs::copy(Path::new("/").join(file), root.join(file))
                .map_err(|e| format!("cannot copy /{file}: {e}"))?;
        }
        self.clone_repository()
    }

    /// Clones the repository, which contains committed files only.
    fn clone_repository(&mut self) -> Outcome {
        let (clone, target) = (self.root().join(CLONE), self.root().join("target-kept"));
        if clone.join("target").exists() {
            fs::rename(clone.join("target"), &target)
                .map_err(|e| format!("cannot keep the build output: {e}"))?;
        }
        if clone.exists() {
            fs::remove_dir_all(&clone).map_err(|e| format!("cannot remove {}: {e}", clone.display()))?;
        }
        let mut git = Command::new("git");
        git.args(["clone", "--quiet", "--no-local"]).arg(repository()).arg(&clone);
        self.step("git clone", &mut git)?;
        if target.exists() {
            fs::rename(target, clone.join("target"))
                .map_err(|e| format!("cannot keep the build output: {e}"))?;
        }
        let commit =
            machine::output_of(Command::new("git").args(["log", "-1", "--format=%h %s"]).current_dir(&clone));
        self.print(&format!("commit {}", commit.trim()));
        let changed = Command::new("git").args(["status", "--porcelain"]).current_dir(repository()).output();
        if changed.is_ok_and(|output| !output.stdout.is_empty()) {
            self.print("files that are not committed are not in the clone");
        }
        Ok(())
    }

    /// Copies the output of `cargo xtask package` to `/packages` in the root directory.
    pub(crate) fn give_packages(&self) -> Outcome {
        let (from, to) = (target_dir()?.join("packages"), self.root().join("packages"));
        if !from.is_dir() {
            return Err("there are no packages: run `cargo xtask package` first".into());
        }
        process::run(Command::new("cp").arg("--recursive").arg("--no-target-directory").args([from, to]))
    }

    /// Runs a command in the clone inside the bare Debian.
    pub(crate) fn run(&mut self, line: &str) -> Outcome {
        let word = |path: Option<PathBuf>| path.unwrap_or_default().into_os_string();
        let [cargo, npm] = machine::config_files().map(word);
        // All processes end with this program, also if it is killed.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "unshare"])
            .args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--"])
            .args(["sh", "-c", include_str!("inside.sh"), "inside.sh"])
            .arg(self.root())
            .arg(&self.toolchain)
            .arg(word(machine::certificates()))
            .args([cargo, npm])
            .args([&format!("/{CLONE}"), "sh", "-c", line])
            .env_clear()
            .envs(machine::environment())
            .stdin(std::process::Stdio::null());
        self.step(line, &mut command)
    }

    fn step(&mut self, title: &str, command: &mut Command) -> Outcome {
        let started = Instant::now();
        self.print(&format!("$ {title}"));
        let log = &mut self.log;
        // A failed write to the log is ignored: a full disk makes the step itself fail.
        let done = process::tee_titled(title, command, |line| drop(log.write_all(line.as_bytes())));
        self.steps.push((title.to_owned(), started.elapsed(), done.clone()));
        done
    }

    fn print(&mut self, line: &str) {
        println!("\n{line}");
        drop(writeln!(self.log, "\n{line}"));
    }

    /// Removes the root directory. Its mounts ended with the commands.
    pub(crate) fn remove(&self) -> Outcome {
        let root = self.root();
        if machine::has_mounts(&root) {
            return Err(format!("something is mounted in {}: unmount it first", root.display()));
        }
        match fs::remove_dir_all(&root) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("cannot remove {}: {e}", root.display()))
            }
            _ => Ok(()),
        }
    }

    /// Prints each step with its time and result. Returns an error if a step failed.
    pub(crate) fn end(mut self) -> Outcome {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut text = format!("a bare Debian {RELEASE} on {cores} cores:");
        for (title, time, done) in &self.steps {
            let how = if done.is_ok() { "ok" } else { "FAILED" };
            let (minutes, seconds) = (time.as_secs() / 60, time.as_secs() % 60);
            let _ = write!(
                text,
                "
  {how:<7}{minutes:>3} min {seconds:>2} s  {title}"
            );
        }
        self.print(&text);
        match self.steps.iter().filter(|(.., done)| done.is_err()).count() {
            0 => Ok(()),
            n => Err(format!(
                "{n} of {} steps failed; see {}",
                self.steps.len(),
                self.place.join("log.txt").display()
            )),
        }
    }
}

fn write(file: &Path, text: &str) -> Outcome {
    fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}
