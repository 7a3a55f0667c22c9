//! A worker's life.

use super::confine;
use crate::frame::{encode, read};
use crate::js::Engine;
use crate::message::{Call, Limits, Said};
use std::io::{self, Read, Write as _};
use std::process::ExitCode;

/// What the program does when it is started as a worker: takes calls from its standard input until that ends.
///
/// Call it before anything else: the process must have no thread and no open file yet.
pub fn worker_main() -> ExitCode {
    match serve(&mut io::stdin().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(calls: &mut impl Read) -> io::Result<()> {
    let Some(first) = read(calls)? else { return Ok(()) };
    let limits: Limits = serde_json::from_slice(&first)?;
    if let Err(why) = confine::confine(limits.memory) {
        return say(&Said::Unfit(why));
    }
    loop {
        // Made before the call comes, so that the call need not wait for it, and never used for another.
        let engine = match Engine::new(limits) {
            Ok(engine) => engine,
            Err(why) => return say(&Said::Unfit(why)),
        };
        say(&Said::Ready)?;
        let Some(call) = read(calls)? else { return Ok(()) };
        let call: Call<'_> = serde_json::from_slice(&call)?;
        confine::allow_time(limits.timeout);
        let end = engine.run(&call, Box::new(|text| drop(say(&Said::Wrote(text.to_owned())))));
        say(&end.said)?;
        if end.spoilt {
            // Something inside was cut off half way. The process goes as it is: even freeing may fail now.
            std::mem::forget(engine);
            return Ok(());
        }
    }
}

fn say(said: &Said) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(&encode(said)?)?;
    out.flush()
}
