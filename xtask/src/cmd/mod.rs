//! The chores, one per file, and the help that lists them.

mod bench;
mod book;
mod ci;
mod demo;
mod faults;
mod fresh;
mod fuzz;
mod lint;
mod node;
mod package;
mod test;

use crate::process::Outcome;

struct Chore {
    name: &'static str,
    args: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "ci",
        args: "[--yes]",
        about: "everything a change must pass, cheapest first",
        run: ci::run,
    },
    Chore {
        name: "lint",
        args: "[--tighten]",
        about: "check the code rules that neither rustc nor clippy can state",
        run: lint::run,
    },
    Chore {
        name: "test",
        args: "[--yes] [NAME…]",
        about: "all tests, black-box ones included; words go on to the runner",
        run: test::run,
    },
    Chore {
        name: "node",
        args: "[--yes]",
        about: "install what the tests' sample apps need from npm",
        run: node::run,
    },
    Chore { name: "bench", args: "[NAME] [-- ARGS]", about: "measure the release build", run: bench::run },
    Chore {
        name: "package",
        args: "",
        about: "the release as a Debian package and as an archive, in target/packages",
        run: package::run,
    },
    Chore {
        name: "fresh",
        args: "[--keep] [package]",
        about: "the README's commands, or the Debian package, on a bare Debian (as root, 30 minutes)",
        run: fresh::run,
    },
    Chore {
        name: "faults",
        args: "[--yes] [--long] [CASE…]",
        about: "the fault suite, as docs/faults.md lists it",
        run: faults::run,
    },
    Chore {
        name: "fuzz",
        args: "[TARGET…] [--seconds N]",
        about: "random input against what parses what others send",
        run: fuzz::run,
    },
    Chore {
        name: "book",
        args: "",
        about: "check the pages, links and names of the documentation",
        run: book::run,
    },
    Chore { name: "demo", args: "[--once]", about: "build the release and run its demo", run: demo::run },
];

/// Runs the named chore, or lists them all.
pub(crate) fn run(name: &str, args: &[String]) -> Outcome {
    if matches!(name, "" | "help" | "-h" | "--help") {
        print!("{}", help());
        return Ok(());
    }
    match CHORES.iter().find(|chore| chore.name == name) {
        Some(chore) => (chore.run)(args),
        None => Err(format!("there is no chore `{name}`\n\n{}", help())),
    }
}

/// For chores that take no words of their own.
fn no_args(args: &[String]) -> Outcome {
    args.first().map_or(Ok(()), |word| Err(format!("this chore takes no arguments, and got `{word}`")))
}

fn help() -> String {
    let line = |chore: &Chore| format!("  {:<9}{:<20}{}\n", chore.name, chore.args, chore.about);
    CHORES.iter().fold("cargo xtask <chore>\n\n".to_owned(), |text, chore| text + &line(chore))
}
