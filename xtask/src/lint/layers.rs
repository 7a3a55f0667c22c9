//! Who may name what: drivers stay in their leaf, the outside world comes in through what was passed in.

use super::Finding;
use super::paths::uses;
use super::scan::is_word;
use super::source::Source;

/// Paths that may be named in few places only.
struct Rule {
    name: &'static str,
    /// Any of these, as written in code or as a `use` unfolds.
    paths: &'static [&'static str],
    /// Where the rule holds, as path prefixes.
    within: &'static [&'static str],
    /// Exempt files and folders, as path prefixes.
    except: &'static [&'static str],
    /// Whether it binds test code too.
    tests: bool,
    mend: &'static str,
}

const CRATES: &[&str] = &["crates/"];
const EVERYWHERE: &[&str] = &["crates/", "tests/", "benches/", "xtask/"];

const RULES: &[Rule] = &[
    Rule {
        name: "driver",
        paths: &["rusqlite::", "libsqlite3_sys::"],
        within: EVERYWHERE,
        except: &["crates/journal-sqlite/"],
        tests: true,
        mend: "SQL stays in journal-sqlite: use the journal's ports",
    },
    Rule {
        name: "http-framework",
        paths: &["axum::"],
        within: EVERYWHERE,
        except: &["crates/server/", "tests/"],
        tests: true,
        mend: "axum stays in server: use the types of `http`",
    },
    Rule {
        name: "outbound",
        paths: &["TcpStream::connect", "TcpStream::connect_timeout", "client::conn::", "client::legacy::"],
        within: CRATES,
        except: &["crates/courier/", "crates/footbridge/src/client.rs"],
        tests: false,
        mend: "only courier dials, because it judges the address first: go through it",
    },
    Rule {
        name: "wall-clock",
        paths: &["SystemTime::now", "UtcDateTime::now", "OffsetDateTime::now_utc"],
        within: CRATES,
        except: &["crates/footbridge/src/clock.rs"],
        tests: false,
        mend: "ask the model's Clock that was passed in",
    },
    Rule {
        name: "monotonic-clock",
        paths: &["std::time::Instant"],
        within: &["crates/model/", "crates/journal/", "crates/courier/", "crates/engine/", "crates/server/"],
        except: &[],
        tests: true,
        mend: "use tokio::time::Instant, which a test can pause",
    },
    Rule {
        name: "sleep",
        paths: &["std::thread::sleep", "thread::sleep"],
        within: CRATES,
        // Pool tests stop the thread so that the runtime cannot notice what happens meanwhile.
        except: &["crates/courier/src/tests/"],
        tests: true,
        mend: "wait for what is awaited: a channel, a Notify, a deadline of tokio::time",
    },
    Rule {
        name: "sleep-in-tests",
        paths: &["tokio::time::sleep", "time::sleep", "thread::sleep"],
        within: &["tests/it/"],
        except: &[],
        tests: true,
        mend: "wait for a condition with the harness's `until`",
    },
    Rule {
        name: "environment",
        paths: &["env::var", "env::var_os", "env::vars", "env::vars_os", "env::set_var"],
        within: CRATES,
        except: &["crates/footbridge/"],
        tests: false,
        mend: "the environment is read once, by the config of the binary: take a value",
    },
    Rule {
        name: "process",
        paths: &["std::process::Command", "tokio::process::", "process::exit", "process::abort"],
        within: CRATES,
        except: &["crates/footbridge/", "crates/runtime/", "crates/functions/src/pool/process.rs"],
        tests: false,
        mend: "only runtime and functions start programs, nothing ends this one: return a value to the binary",
    },
    Rule {
        name: "randomness",
        paths: &["getrandom::", "rand::"],
        within: CRATES,
        except: &["crates/footbridge/"],
        tests: false,
        mend: "take the source of randomness as an argument",
    },
    Rule {
        name: "panic",
        paths: &[".unwrap()", ".expect("],
        within: CRATES,
        except: &[],
        tests: false,
        mend: "return an error, or make the case impossible by type",
    },
];

/// Types that turn a `static` into state shared by every server of a process.
const SHARED: [&str; 7] = ["OnceLock", "LazyLock", "OnceCell", "LazyCell", "Mutex", "RwLock", "Atomic"];

pub(super) fn check(source: &Source, findings: &mut Vec<Finding>) {
    let uses = uses(&source.code);
    for rule in RULES.iter().filter(|rule| rule.holds_in(&source.path)) {
        let inline = source.lines().filter(|(_, line)| rule.paths.iter().any(|path| names(line, path)));
        let imported =
            uses.iter().filter(|leaf| rule.paths.iter().any(|path| names(&format!("{}::", leaf.path), path)));
        let mut lines: Vec<usize> =
            inline.map(|(line, _)| line).chain(imported.map(|leaf| leaf.line)).collect();
        lines.sort_unstable();
        lines.dedup();
        for line in lines.into_iter().filter(|line| rule.tests || !source.is_test_line(*line)) {
            let (file, mend) = (source.path.clone(), rule.mend.to_owned());
            findings.push(Finding { file, line, rule: rule.name, mend });
        }
    }
    check_statics(source, findings);
}

impl Rule {
    fn holds_in(&self, path: &str) -> bool {
        let below = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        below(self.within) && !below(self.except)
    }
}

/// Whether `line` names `path`, not merely something that contains it.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back()).unwrap_or(' ');
        let after = line.get(at + path.len()..).and_then(|s| s.chars().next()).unwrap_or(' ');
        let starts = !path.starts_with(is_word) || !is_word(before);
        starts && (!path.ends_with(is_word) || !is_word(after))
    })
}

fn check_statics(source: &Source, findings: &mut Vec<Finding>) {
    if !source.path.starts_with("crates/") {
        return;
    }
    for (line, text) in source.lines().filter(|(line, _)| !source.is_test_line(*line)) {
        let declares = text.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let shared = declares.starts_with("static ") && SHARED.iter().any(|word| text.contains(word));
        if shared || text.contains("thread_local!") {
            let mend =
                "two servers in one process must not meet: keep it in a value that is passed on".to_owned();
            findings.push(Finding { file: source.path.clone(), line, rule: "global-state", mend });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::lint::source::Source;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let mut findings = Vec::new();
        check(&Source::new(path, text), &mut findings);
        findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_folded_use_is_seen() {
        assert_eq!(
            rules("crates/engine/src/a.rs", "use std::{time::{Duration, Instant}, fmt};"),
            ["monotonic-clock"]
        );
        assert!(rules("crates/engine/src/a.rs", "use tokio::time::Instant;").is_empty());
    }

    #[test]
    fn each_driver_has_its_home() {
        let text = "use rusqlite::Connection;";
        assert!(rules("crates/journal-sqlite/src/a.rs", text).is_empty());
        assert_eq!(rules("crates/engine/src/a.rs", text), ["driver"]);
        assert_eq!(rules("crates/engine/src/a.rs", "fn f() { axum::serve() }"), ["http-framework"]);
        assert_eq!(rules("crates/server/src/a.rs", "TcpStream::connect(addr)"), ["outbound"]);
        assert!(rules("crates/server/src/a/tests.rs", "TcpStream::connect(addr)").is_empty());
    }

    #[test]
    fn a_longer_name_is_another_name() {
        assert!(
            rules("crates/engine/src/a.rs", "MySystemTime::now(); env::variant(); x.unwrap_or(1)").is_empty()
        );
    }

    #[test]
    fn product_code_does_not_unwrap_and_comments_do_not_count() {
        assert_eq!(
            rules("crates/model/src/a.rs", "x.unwrap();\ny\n.expect(\"z\")\n// x.unwrap()"),
            ["panic", "panic"]
        );
        assert!(
            rules("crates/model/src/a.rs", "#[expect(x)]\n#[cfg(test)]\nmod t { fn f() { x.unwrap() } }")
                .is_empty()
        );
    }

    #[test]
    fn statics_that_share_state_are_found() {
        assert_eq!(
            rules("crates/model/src/a.rs", "pub(crate) static X: LazyLock<u8> = y();"),
            ["global-state"]
        );
        assert!(
            rules("crates/model/src/a.rs", "static X: &str = z;\nfn f(x: &'static Mutex<u8>) {}").is_empty()
        );
    }
}
