//! Renders the documentation when the program is built.

#[path = "src/render/mod.rs"]
mod render;
#[path = "src/text.rs"]
mod text;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo runs this in crates/book. A path that is compiled in would name where the checkout was.
    let root = Path::new("../..");
    let Some(out) = std::env::var_os("OUT_DIR") else {
        eprintln!("OUT_DIR is not set: cargo runs this program, not you");
        return ExitCode::FAILURE;
    };
    println!("cargo::rerun-if-changed=../../docs");
    match render::book(root, Path::new(&out)) {
        Ok(sources) => {
            for source in sources {
                println!("cargo::rerun-if-changed=../../{source}");
            }
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}
