//! The options of a run, and the run itself.

use crate::Outcome;
use crate::bench::{self, Bench, Name, Plan};
use crate::machine::Quiet;
use crate::report::Report;
use crate::targets::packages;
use crate::workspace::Workspace;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// Measures a release build of Footbridge on loopback.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Options {
    /// The benches to run; all of them if none is named.
    names: Vec<Name>,
    /// The program to measure; default: `footbridge` in the directory of this program.
    #[arg(long, env = "FOOTBRIDGE_BIN")]
    bin: Option<PathBuf>,
    /// The build that the bench `compare` measures the program against.
    #[arg(long, required_if_eq("names", "compare"))]
    against: Option<PathBuf>,
    /// Number of turns of each target; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    pairs: u32,
    /// Seconds of load in one turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    secs: u64,
    /// Seconds that one bench may wait in all until the machine is quiet; 0 does not wait.
    #[arg(long, default_value_t = 120)]
    wait: u64,
    /// The value of `[server] shards`; default: the server's default.
    #[arg(long)]
    shards: Option<u32>,
    /// Number of events in the benches `backlog` and `lookup`.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1_000..=1_000_000))]
    events: u64,
    /// The directory for databases and logs, which must be on a real disk; default: the directory of this program.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Also write the figures to this file, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Install missing baseline programs with apt-get.
    #[arg(long)]
    install: bool,
    /// Exit with an error if a figure is beyond its limit.
    #[arg(long)]
    strict: bool,
}

/// Runs the benches and prints the figures. Returns false if `--strict` is set and a figure is beyond its limit.
pub(crate) fn run(options: &Options) -> Outcome<bool> {
    let names = if options.names.is_empty() { Name::all().to_vec() } else { options.names.clone() };
    packages::need(&bench::packages(&names), options.install)?;
    let here = std::env::current_exe().map_err(|e| format!("cannot find the path of this program: {e}"))?;
    let beside = here.parent().map(PathBuf::from).unwrap_or_default();
    let program = options.bin.clone().unwrap_or_else(|| beside.join("footbridge"));
    for (program, option) in [(Some(&program), "--bin"), (options.against.as_ref(), "--against")] {
        if let Some(program) = program.filter(|program| !program.is_file()) {
            let program = program.display();
            return Err(format!(
                "{program} does not exist; build it with --release or name another with {option}"
            ));
        }
    }
    let workspace = Workspace::make(options.dir.as_deref().unwrap_or(&beside))?;
    let quiet = Quiet::new(Duration::from_secs(options.wait));
    let mut report = Report::new(&program);
    println!("{}", report.head());
    let Options { pairs, secs, shards, events, .. } = *options;
    let plan = Plan { pairs, secs, shards, events };
    let bench = Bench {
        plan,
        program: &program,
        against: options.against.as_deref(),
        workspace: &workspace,
        quiet: &quiet,
    };
    for name in names {
        let section = name.run(&bench).map_err(|error| format!("{name:?}: {error}"))?;
        println!("{section}");
        report.add(section);
    }
    if let Some(file) = &options.json {
        report.save(file)?;
    }
    Ok(!options.strict || report.passed())
}
