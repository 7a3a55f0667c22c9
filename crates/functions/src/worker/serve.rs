//! The main loop of a worker.

use super::confine;
use crate::frame::{encode, read};
use crate::js::Engine;
use crate::message::{Call, Limits, WorkerMessage};
use std::io::{self, Read, Write as _};
use std::process::ExitCode;

/// Runs this process as a worker: handles calls from standard input until its end.
///
/// Call it first: the process must not have started a thread or opened a file.
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
        return send(&WorkerMessage::CannotStart(why));
    }
    loop {
        // Created before the call arrives, so that the call need not wait for it. Each engine serves one call.
        let engine = match Engine::new(limits) {
            Ok(engine) => engine,
            Err(why) => return send(&WorkerMessage::CannotStart(why)),
        };
        send(&WorkerMessage::Ready)?;
        let Some(call) = read(calls)? else { return Ok(()) };
        let call: Call<'_> = serde_json::from_slice(&call)?;
        confine::allow_time(limits.timeout);
        let end = engine.call(&call, Box::new(|text| drop(send(&WorkerMessage::Logged(text.to_owned())))));
        send(&end.message)?;
        if end.interrupted {
            // The engine was interrupted and may be inconsistent. Even dropping it may fail, so the process exits.
            std::mem::forget(engine);
            return Ok(());
        }
    }
}

fn send(message: &WorkerMessage) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(&encode(message)?)?;
    out.flush()
}
