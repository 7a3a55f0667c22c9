//! Packs the files of `console/` when the program is built.

#[path = "src/assets/pack/mod.rs"]
mod pack;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo runs this in crates/console.
    let console = Path::new("../../console");
    let Some(out) = std::env::var_os("OUT_DIR") else {
        eprintln!("OUT_DIR is not set: cargo runs this program, not you");
        return ExitCode::FAILURE;
    };
    for name in pack::WATCHED {
        println!("cargo::rerun-if-changed=../../console/{name}");
    }
    match pack::pack(console, Path::new(&out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
