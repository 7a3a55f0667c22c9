//! The chores, one per file, and the help text with their list.

mod bench;
mod book;
mod ci;
mod console;
mod demo;
mod faults;
mod fresh;
mod fuzz;
mod lint;
mod node;
mod openapi;
mod package;
mod test;
mod vendor;

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
        about: "run every check that a change must pass, the cheapest first",
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
        about: "run all tests, or those with NAME; arguments are passed to the runner",
        run: test::run,
    },
    Chore {
        name: "node",
        args: "[--yes]",
        about: "install the npm packages of the tests' sample apps",
        run: node::run,
    },
    Chore { name: "bench", args: "[NAME] [-- ARGS]", about: "measure the release build", run: bench::run },
    Chore {
        name: "package",
        args: "",
        about: "build the Debian package and the archive of a release, in target/packages",
        run: package::run,
    },
    Chore {
        name: "fresh",
        args: "[--keep] [package]",
        about: "try the commands of the README, or the Debian package, on a bare Debian (as root, 30 minutes)",
        run: fresh::run,
    },
    Chore {
        name: "faults",
        args: "[--yes] [--long] [CASE…]",
        about: "run the fault suite of docs/faults.md",
        run: faults::run,
    },
    Chore {
        name: "fuzz",
        args: "[TARGET…] [--seconds N]",
        about: "feed random input to the parsers of foreign data",
        run: fuzz::run,
    },
    Chore {
        name: "book",
        args: "",
        about: "check the pages, links and names of the documentation",
        run: book::run,
    },
    Chore {
        name: "console",
        args: "[--yes] [--write]",
        about: "check the console's types; with --write, renew those of the API",
        run: console::run,
    },
    Chore {
        name: "openapi",
        args: "[--yes]",
        about: "check the API description with other people's readers, and a server against it",
        run: openapi::run,
    },
    Chore {
        name: "vendor",
        args: "",
        about: "fetch the console's libraries again from the npm registry",
        run: vendor::run,
    },
    Chore { name: "demo", args: "[--once]", about: "build the binary and run its demo", run: demo::run },
];

/// Runs the named chore, or prints the list of chores.
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

/// Returns an error if there are arguments, for chores without any.
fn no_args(args: &[String]) -> Outcome {
    args.first().map_or(Ok(()), |word| Err(format!("this chore has no arguments, but got `{word}`")))
}

fn help() -> String {
    let line = |chore: &Chore| format!("  {:<9}{:<20}{}\n", chore.name, chore.args, chore.about);
    CHORES.iter().fold("cargo xtask <chore>\n\n".to_owned(), |text, chore| text + &line(chore))
}
