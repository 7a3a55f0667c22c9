//! What a run is asked to do, and the order in which it does it.

use crate::Outcome;
use crate::bench::{self, Bench, Name, Plan};
use crate::machine::Quiet;
use crate::report::Report;
use crate::stage::Stage;
use crate::targets::packages;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// Measures a release build of Footbridge on loopback.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Options {
    /// What to measure; everything when nothing is named.
    names: Vec<Name>,
    /// The program to measure; default: `footbridge` beside this one.
    #[arg(long, env = "FOOTBRIDGE_BIN")]
    bin: Option<PathBuf>,
    /// How often the targets take turns; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    pairs: u32,
    /// Seconds of load in one turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    secs: u64,
    /// Seconds that the turns of one bench may wait until the rest of the machine is quiet; 0 takes it as it is.
    #[arg(long, default_value_t = 120)]
    wait: u64,
    /// `[server] shards`; default: the product's own.
    #[arg(long)]
    shards: Option<u32>,
    /// Events that pile up in `backlog`.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1_000..=1_000_000))]
    events: u64,
    /// Where databases and logs go while it runs; must be a real disk. Default: beside this program.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Writes the figures here too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Installs the baseline programs that are missing, with apt-get.
    #[arg(long)]
    install: bool,
    /// Ends with an error when a bar is missed.
    #[arg(long)]
    strict: bool,
}

/// Measures, prints, and says whether the run may count as passed.
pub(crate) fn run(options: &Options) -> Outcome<bool> {
    let names = if options.names.is_empty() { Name::all().to_vec() } else { options.names.clone() };
    packages::need(&bench::packages(&names), options.install)?;
    let here = std::env::current_exe().map_err(|e| format!("cannot tell where this program lies: {e}"))?;
    let beside = here.parent().map(PathBuf::from).unwrap_or_default();
    let program = options.bin.clone().unwrap_or_else(|| beside.join("footbridge"));
    if !program.is_file() {
        return Err(format!(
            "there is no {}; build it with --release or name another with --bin",
            program.display()
        ));
    }
    let stage = Stage::set(options.dir.as_deref().unwrap_or(&beside))?;
    let quiet = Quiet::new(Duration::from_secs(options.wait));
    let mut report = Report::new(&program);
    println!("{}", report.head());
    let Options { pairs, secs, shards, events, .. } = *options;
    let plan = Plan { pairs, secs, shards, events };
    let bench = Bench { plan, program: &program, stage: &stage, quiet: &quiet };
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
