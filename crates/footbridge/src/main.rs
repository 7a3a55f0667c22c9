//! The entry point of the `footbridge` program.

use std::{env, process::ExitCode, thread};

use clap::Parser as _;
use footbridge::cli::{self, Cli};

/// An allocator that is fast for many small short-lived buffers on many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // These helper processes of apps must start before this process has threads or open files.
    let mut words = env::args_os().skip(1);
    match words.next() {
        Some(word) if word == "__app-init" => return footbridge_runtime::init_main(words),
        Some(word) if word == "__function-worker" => return footbridge_functions::worker_main(),
        _ => {}
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Also the help, which may be lost on a full disk.
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return if cli::print_usage(&error) { ExitCode::from(code) } else { ExitCode::FAILURE };
        }
    };
    // The only place that reads the environment. Variables that are not UTF-8 cannot be settings of ours.
    let env = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cli::run(&cli, &env.collect(), cores)
}
