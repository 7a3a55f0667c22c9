//! The shell blocks of the README's tour and of the apps guide run as written and print the output shown behind
//! them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::binary;

const README: &str = include_str!("../../../README.md");
const APPS_TUTORIAL: &str = include_str!("../../../docs/tutorials/apps.md");

/// Separates the outputs of two blocks. The tour itself never prints it.
const MARK: &str = "~~~ next block ~~~";

/// The addresses in the tours. Tests replace them, because they may be in use.
const SERVER: &str = "127.0.0.1:4400";
const APPS: &str = "127.0.0.1:9000";

/// A shell block and its expected output.
#[derive(Debug, Default, PartialEq, Eq)]
struct Step {
    commands: String,
    says: Vec<String>,
}

/// The steps of the tour under `heading`: each ```` ```sh ```` block with the ```` ```text ```` block after it,
/// if any.
fn steps(page: &str, heading: &str) -> Vec<Step> {
    let (_, tour) = page.split_once(&format!("\n## {heading}\n")).expect("the tour");
    let (tour, _) = tour.split_once("\n## ").expect("something behind the tour");
    let mut steps: Vec<Step> = Vec::new();
    let mut fence = "";
    for line in tour.lines() {
        match (fence, line.strip_prefix("```")) {
            ("", None) => {}
            ("", Some(kind)) => {
                assert!(matches!(kind, "sh" | "text"), "a block of the kind {kind:?} would not be tested");
                fence = kind;
                if kind == "sh" {
                    steps.push(Step::default());
                } else {
                    let step = steps.last().expect("commands before what they say");
                    assert!(step.says.is_empty(), "two texts behind one block");
                }
            }
            (_, Some(_)) => fence = "",
            ("sh", None) => writeln!(steps.last_mut().unwrap().commands, "{line}").unwrap(),
            (_, None) => steps.last_mut().unwrap().says.push(line.to_owned()),
        }
    }
    steps
}

/// Returns true if `line` matches `shown`, in which `…` stands for any text.
fn shows(shown: &str, line: &str) -> bool {
    let (first, rest) = shown.split_once('…').map_or((shown, None), |(first, rest)| (first, Some(rest)));
    let Some(after) = line.strip_prefix(first) else { return false };
    match rest {
        None => after.is_empty(),
        Some(rest) => {
            let ends = after.char_indices().map(|(at, _)| at).chain([after.len()]);
            ends.into_iter().any(|at| shows(rest, &after[at..]))
        }
    }
}

/// Runs the complete tour in one shell and returns the output of each block.
fn run(steps: &[Step], dir: &Path, server: &str) -> Vec<String> {
    // Ends the programs of a tour that fails. Some may have exited already.
    let mut script = "trap 'for job in $(jobs -p); do kill $job 2>/dev/null || :; done' EXIT\n".to_owned();
    for step in steps {
        writeln!(script, "{}echo '{MARK}'", step.commands).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    let programs = binary().parent().unwrap().to_owned();
    let out = Command::new("timeout")
        .args(["120", "bash", "-e", "-u", "-o", "pipefail", "-c", &script])
        .current_dir(dir)
        .env_clear()
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("FOOTBRIDGE_LISTEN", server)
        .env("FOOTBRIDGE_SERVER", format!("http://{server}"))
        .env("FOOTBRIDGE_CONSOLE__LISTEN", "off")
        .output()
        .unwrap();
    let output = String::from_utf8(out.stdout).unwrap();
    let log = std::fs::read_to_string(dir.join("footbridge.log")).unwrap_or_default();
    let errors = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{}\n{output}\n{errors}\n{log}", out.status);
    assert_eq!(errors, "");
    output.split(&format!("{MARK}\n")).map(str::to_owned).collect()
}

/// Two free addresses. Their ports lie below the range from which the system assigns ports to other tests.
fn free_addresses() -> [String; 2] {
    // Each test process tries other ports first.
    let first = std::process::id() % 12_000;
    let mut free = (0..12_000).filter_map(|n| {
        let port = u16::try_from(20_000 + (first + n) % 12_000).ok()?;
        TcpListener::bind(("127.0.0.1", port)).is_ok().then(|| format!("127.0.0.1:{port}"))
    });
    [free.next().unwrap(), free.next().unwrap()]
}

/// Runs a page's tour and compares its output with the output that the page shows.
#[track_caller]
fn takes(page: &str, heading: &str) {
    let dir = tempfile::tempdir().unwrap();
    let [server, apps] = free_addresses();
    let page = page.replace(SERVER, &server).replace(APPS, &apps);
    let steps = steps(&page, heading);
    assert!(steps.len() >= 7 && steps.iter().filter(|step| !step.says.is_empty()).count() >= 6, "{steps:?}");
    let outputs = run(&steps, dir.path(), &server);
    for (step, output) in steps.iter().zip(&outputs) {
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), step.says.len(), "{}\nsaid:\n{output}", step.commands);
        for (shown, line) in step.says.iter().zip(lines) {
            assert!(shows(shown, line), "{}\nshould say: {shown}\nbut says:   {line}", step.commands);
        }
    }
}

#[test]
fn the_tour_runs_as_it_stands() {
    takes(README, "Five-minute tour");
}

#[test]
fn the_tour_of_installed_apps_runs_as_it_stands() {
    takes(APPS_TUTORIAL, "A tour");
}

#[test]
fn shown_output_is_compared_completely() {
    assert!(shows("a … c … e", "a b c d e") && shows("…", "") && shows("é…", "é"));
    assert!(
        !shows("a … c", "a b c d") && !shows("ab", "abc") && !shows("abc", "ab") && !shows("a…c", "xabc")
    );
    let step = Step { commands: "one\ntwo\n".into(), says: vec!["out".into()] };
    let readme =
        "\n## Five-minute tour\n```sh\none\ntwo\n```\ntext\n```text\nout\n```\n## Then\n```sh\nno\n```\n";
    assert_eq!(steps(readme, "Five-minute tour"), [step]);
}

/// The pages of the repository that a page links to, as paths from the root.
fn linked(root: &Path, page: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(root.join(page)).unwrap();
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let here = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
    let above = page.parent().unwrap();
    here.map(|link| {
        let to = root.join(above).join(link.split('#').next().unwrap());
        let to =
            to.canonicalize().unwrap_or_else(|error| panic!("{} links to {link}: {error}", page.display()));
        to.strip_prefix(root.canonicalize().unwrap()).unwrap().to_owned()
    })
    .collect()
}

#[test]
fn every_docs_page_is_linked_and_no_link_is_dead() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut reached = BTreeSet::from([PathBuf::from("README.md")]);
    let mut unread: Vec<PathBuf> = reached.iter().cloned().collect();
    while let Some(page) = unread.pop() {
        for next in linked(root, &page) {
            let is_page = next.extension().is_some_and(|extension| extension == "md");
            if is_page && reached.insert(next.clone()) {
                unread.push(next);
            }
        }
    }
    // Pages that only include a file of the repository are reached as that file.
    let is_copy = |page: &Path| std::fs::read_to_string(root.join(page)).unwrap().contains("{{#include");
    let mut pages: Vec<PathBuf> = Vec::new();
    for folder in [
        "docs/tutorials",
        "docs/guides",
        "docs/reference",
        "docs/explanation",
        "docs/errors",
        "docs/decisions",
    ] {
        let files = std::fs::read_dir(root.join(folder)).unwrap();
        let files = files.map(|file| Path::new(folder).join(file.unwrap().file_name()));
        pages.extend(files.filter(|page| !is_copy(page)));
    }
    assert!(pages.len() >= 40);
    pages.push("sdk/js/README.md".into());
    for page in pages {
        assert!(reached.contains(&page), "no page leads from the README to {}", page.display());
        // Wrapped lines would make an invalid header.
        let text = std::fs::read_to_string(root.join(&page)).unwrap();
        assert!(!text.contains("| base64)"), "{}: `base64` without `-w0` wraps its lines", page.display());
    }
    assert!(!README.contains("| base64)"), "`base64` without `-w0` wraps its lines");
}
