//! A worker and nothing else: what `footbridge __function-worker` is. The tests call their functions in it.

use std::process::ExitCode;

/// As in the product: it reserves memory in its own way, which a worker's limits must bear.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    footbridge_functions::worker_main()
}
