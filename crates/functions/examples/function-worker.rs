//! A worker process for tests, as `footbridge __function-worker` is in the product.

use std::process::ExitCode;

/// The allocator of the product. It reserves memory in its own way, which the limits of a worker must allow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    footbridge_functions::worker_main()
}
