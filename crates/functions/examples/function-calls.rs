//! Measures the time of a call with a new and with an idle worker: `function-calls [calls]`. Uses the example
//! `function-worker`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use footbridge_functions::{FunctionOptions, Functions};
use footbridge_model::name::AppName;
use footbridge_model::run::FunctionCall;
use std::time::{Duration, Instant};

fn main() {
    let calls = std::env::args().nth(1).map_or(1000, |calls| calls.parse().unwrap());
    let program = std::env::current_exe().unwrap().with_file_name("function-worker");
    let dir = tempfile::tempdir().unwrap();
    let source = "module.exports = async (event, ctx) => {
        await ctx.publish('seen', {body: {id: event.id}});
        return {seen: event.id};
    };";
    std::fs::write(dir.path().join("f.js"), source).unwrap();
    let call = FunctionCall {
        app: AppName::trusted("shop"),
        dir: dir.path().to_str().unwrap().to_owned(),
        file: "f.js".to_owned(),
        event: r#"{"id":"evt_1","name":"photo-saved","body":{"n":1}}"#.into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let once = |functions: &Functions| {
        let start = Instant::now();
        runtime.block_on(functions.call(call.clone())).unwrap();
        start.elapsed()
    };
    let options = || FunctionOptions::new(program.clone(), Duration::from_secs(5));
    let mut cold: Vec<_> = (0..20).map(|_| once(&Functions::new(options()))).collect();
    let functions = Functions::new(options());
    once(&functions);
    let mut warm: Vec<_> = (0..calls).map(|_| once(&functions)).collect();
    for (name, times) in [("cold", &mut cold), ("warm", &mut warm)] {
        times.sort_unstable();
        println!("{name}: median {:?}, 99 % {:?}", times[times.len() / 2], times[times.len() * 99 / 100]);
    }
}
