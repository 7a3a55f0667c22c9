//! Which folders may name which paths: a driver stays in its crate, and code gets clock, randomness, environment and
//! sockets from its caller.

use super::Finding;
use super::source::Source;

/// Paths that only some folders may name.
struct Rule {
    name: &'static str,
    /// Any of these, as written in code or imported by `use`.
    paths: &'static [&'static str],
    /// Folders and files that the rule covers, as path prefixes.
    within: &'static [&'static str],
    /// Folders and files that are exempt, as path prefixes.
    except: &'static [&'static str],
    /// True if the rule covers test code too.
    tests: bool,
    mend: &'static str,
}

const CRATES: &[&str] = &["crates/"];
const EVERYWHERE: &[&str] = &["crates/", "tests/", "benches/", "xtask/"];

const RULES: &[Rule] = &[
    Rule {
        name: "driver",
        paths: &["rusqlite", "libsqlite3_sys"],
        within: EVERYWHERE,
        except: &["crates/journal-sqlite/"],
        tests: true,
        mend: "SQL stays in journal-sqlite: use the journal's ports",
    },
    Rule {
        name: "http-framework",
        paths: &["axum"],
        within: EVERYWHERE,
        except: &["crates/server/", "tests/"],
        tests: true,
        mend: "axum stays in server: use the types of `http`",
    },
    Rule {
        name: "outbound",
        paths: &["TcpStream::connect", "TcpStream::connect_timeout", "client::conn", "client::legacy"],
        within: CRATES,
        except: &["crates/courier/", "crates/footbridge/src/client/"],
        tests: false,
        mend: "only courier opens connections, because it checks the address against the egress policy: use it",
    },
    Rule {
        name: "wall-clock",
        paths: &["SystemTime::now", "UtcDateTime::now", "OffsetDateTime::now_utc"],
        within: CRATES,
        except: &["crates/footbridge/src/clock.rs"],
        tests: false,
        mend: "take the model's Clock as an argument",
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
        mend: "wait for the event itself: a channel, a Notify, a deadline of tokio::time",
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
        // The build scripts of the book and of the console get their output folders from cargo.
        except: &["crates/footbridge/", "crates/book/build.rs", "crates/console/build.rs"],
        tests: false,
        mend: "the configuration of the binary reads the environment once: take the value as an argument",
    },
    Rule {
        name: "process",
        paths: &["std::process::Command", "tokio::process", "process::exit", "process::abort"],
        within: CRATES,
        except: &["crates/footbridge/", "crates/runtime/", "crates/functions/src/pool/worker_process.rs"],
        tests: false,
        mend: "only runtime and functions start programs, and only the binary ends the process: return a value",
    },
    Rule {
        name: "randomness",
        paths: &["getrandom", "rand"],
        within: CRATES,
        except: &["crates/footbridge/"],
        tests: false,
        mend: "take the source of randomness as an argument",
    },
];

pub(super) fn check(source: &Source, findings: &mut Vec<Finding>) {
    let facts = &source.facts;
    let uses = facts.uses.iter().map(|used| (used.line, &used.segments));
    let paths: Vec<(usize, &Vec<String>)> =
        facts.paths.iter().map(|path| (path.line, &path.segments)).chain(uses).collect();
    for rule in RULES.iter().filter(|rule| rule.covers(&source.path)) {
        let mut lines: Vec<usize> =
            paths.iter().filter(|(_, segments)| rule.names(segments)).map(|(line, _)| *line).collect();
        lines.sort_unstable();
        lines.dedup();
        for line in lines.into_iter().filter(|line| rule.tests || !source.is_test_line(*line)) {
            findings.push(Finding::new(&source.path, line, rule.name, rule.mend));
        }
    }
    if !source.path.starts_with("crates/") {
        return;
    }
    let product = |lines: &[usize]| -> Vec<usize> {
        lines.iter().copied().filter(|line| !source.is_test_line(*line)).collect()
    };
    for line in product(&facts.unwraps) {
        findings.push(Finding::new(
            &source.path,
            line,
            "panic",
            "return an error, or make the case impossible by type",
        ));
    }
    for line in product(&facts.shared_state) {
        let mend = "two servers in one process would share this state: hold it in a value that is passed on";
        findings.push(Finding::new(&source.path, line, "global-state", mend));
    }
}

impl Rule {
    fn covers(&self, path: &str) -> bool {
        let below = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        below(self.within) && !below(self.except)
    }

    /// Returns true if the path holds one of the rule's paths, segment by segment.
    fn names(&self, segments: &[String]) -> bool {
        self.paths.iter().any(|path| {
            let wanted: Vec<&str> = path.split("::").collect();
            segments.windows(wanted.len()).any(|part| part == wanted)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::lint::source::Source;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let mut findings = Vec::new();
        check(&Source::new(path, text).unwrap(), &mut findings);
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
        assert_eq!(rules("crates/server/src/a.rs", "fn f() { TcpStream::connect(addr) }"), ["outbound"]);
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
