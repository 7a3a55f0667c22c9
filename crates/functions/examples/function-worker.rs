//! A worker and nothing else: what `footbridge __function-worker` is. The tests call their functions in it.

use std::process::ExitCode;

fn main() -> ExitCode {
    footbridge_functions::worker_main()
}
