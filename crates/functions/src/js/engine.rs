//! One JavaScript engine for one call.

use super::call_state::{CallState, ConsoleSink};
use super::failure::CallFailure;
use super::load::{self, Loaded};
use super::{console, context, show, timers};
use crate::message::{Call, FunctionReturn, Limits, WorkerMessage};
use rquickjs::promise::PromiseState;
use rquickjs::runtime::RejectionTracker;
use rquickjs::{Context, Ctx, Function, Persistent, Promise, Runtime, Value};
use serde_json::value::RawValue;
use std::rc::Rc;
use std::thread::park_timeout;
use std::time::Instant;

/// Stack size of JavaScript in bytes, enough for a few thousand nested calls.
const STACK: usize = 1 << 20;

/// The end of a call.
pub(crate) struct CallEnd {
    /// The result to send to the server.
    pub(crate) message: WorkerMessage,
    /// True if a limit interrupted the call. The engine must not be used any more, not even to drop it.
    pub(crate) interrupted: bool,
}

/// A JavaScript engine for one call.
pub(crate) struct Engine {
    runtime: Runtime,
    context: Context,
    limits: Limits,
}

type Saved<T> = Result<Persistent<T>, CallFailure>;

impl Engine {
    /// Creates an engine. Can be done before the call arrives.
    pub(crate) fn new(limits: Limits) -> Result<Self, String> {
        let made = |error: rquickjs::Error| format!("no JavaScript engine: {error}");
        let runtime = Runtime::new().map_err(made)?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(STACK);
        let context = Context::full(&runtime).map_err(made)?;
        Ok(Self { runtime, context, limits })
    }

    /// Calls the function. Use each engine once. Console output goes to `sink`.
    pub(crate) fn call(&self, call: &Call<'_>, sink: ConsoleSink) -> CallEnd {
        let state = Rc::new(CallState::new(self.limits, &call.file, sink));
        let deadline = Rc::clone(&state);
        self.runtime.set_interrupt_handler(Some(Box::new(move || deadline.expired())));
        self.runtime.set_host_promise_rejection_tracker(Some(rejection_tracker(&state)));
        let end = self.call_function(call, &state);
        state.clear();
        self.runtime.set_host_promise_rejection_tracker(None);
        match end {
            Ok(value) => {
                let published = state.published.take();
                CallEnd {
                    message: WorkerMessage::Returned(FunctionReturn { value, published }),
                    interrupted: false,
                }
            }
            Err(failure) => {
                let interrupted = failure.interrupted;
                CallEnd { message: WorkerMessage::Failed(failure.into_error(&state)), interrupted }
            }
        }
    }

    fn call_function(
        &self,
        call: &Call<'_>,
        state: &Rc<CallState>,
    ) -> Result<Option<Box<RawValue>>, CallFailure> {
        let function = self.load_function(call, state)?;
        let promise = self.with_context(state, |ctx| {
            let event = ctx.json_parse(call.event.get())?;
            let context = context::context(ctx, state, &call.app)?;
            let value: Value<'_> = function.restore(ctx)?.call((event, context))?;
            // Resolving a new promise waits for any value, and does not use anything that the function may have
            // replaced.
            let (promise, resolve, _) = ctx.promise()?;
            resolve.call::<_, ()>((value,))?;
            Ok(Ok(Persistent::save(ctx, promise)))
        })??;
        let value = self.wait(&promise, state)?;
        self.check_rejections(state)?;
        self.with_context(state, |ctx| to_json(ctx, state, value.restore(ctx)?))?
    }

    /// Runs the file and returns the function that it exports.
    fn load_function(&self, call: &Call<'_>, state: &Rc<CallState>) -> Saved<Function<'static>> {
        let mut namespace = None;
        let exports = self.with_context(state, |ctx| {
            let globals = ctx.globals();
            console::install(ctx, &globals, state)?;
            timers::install(&globals, &state.timers)?;
            match load::load(ctx, &call.file, &call.source)? {
                Loaded::CommonJs(body) => {
                    state.column_shift.set(load::COMMONJS_PREFIX.len());
                    Ok(Ok(Persistent::save(ctx, load::run(ctx, &body)?)))
                }
                Loaded::Module(module) => {
                    let (module, promise) = module.eval()?;
                    namespace = Some(Persistent::save(ctx, module.namespace()?.into_value()));
                    Ok(Ok(Persistent::save(ctx, promise.into_value())))
                }
            }
        })??;
        let exports = match namespace {
            None => exports,
            Some(namespace) => {
                let promise = self.with_context(state, |ctx| {
                    let promise = Promise::from_value(exports.restore(ctx)?)?;
                    Ok(Ok(Persistent::save(ctx, promise)))
                })??;
                self.wait(&promise, state)?;
                namespace
            }
        };
        self.with_context(state, |ctx| {
            let function = load::function(&exports.restore(ctx)?)?;
            Ok(function.map(|function| Persistent::save(ctx, function)).ok_or_else(|| {
                let file = &call.file;
                CallFailure::new(format!(
                    "{file} exports no function: write `module.exports = async (event, ctx) => …`"
                ))
            }))
        })?
    }

    /// Runs jobs and timers until the promise is settled, and returns its value.
    fn wait(&self, promise: &Persistent<Promise<'static>>, state: &Rc<CallState>) -> Saved<Value<'static>> {
        loop {
            self.run_jobs(state)?;
            let settled = self.with_context(state, |ctx| {
                let promise = promise.clone().restore(ctx)?;
                Ok(match promise.state() {
                    PromiseState::Pending => None,
                    _ => Some(promise.result::<Value<'_>>().transpose()?.map(|v| Persistent::save(ctx, v))),
                })
            })?;
            if let Some(Some(value)) = settled {
                return Ok(value);
            }
            let Some(due) = state.timers.borrow().next() else {
                if state.expired() {
                    // The code that would have settled it was interrupted.
                    return Err(CallFailure::timed_out(state, ""));
                }
                let message = "the function never ends: its promise is pending, and no job or timer remains that could settle it";
                return Err(CallFailure { message: message.to_owned(), timed_out: true, interrupted: false });
            };
            let until = due.min(state.deadline);
            while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            {
                park_timeout(left);
            }
            if state.expired() {
                return Err(CallFailure::timed_out(state, ""));
            }
            self.with_context(state, |ctx| timers::fire(ctx, &state.timers))?;
        }
    }

    fn run_jobs(&self, state: &Rc<CallState>) -> Result<(), CallFailure> {
        loop {
            match self.runtime.execute_pending_job() {
                Ok(false) => return Ok(()),
                Ok(true) if state.expired() => return Err(CallFailure::timed_out(state, "")),
                Ok(true) => {}
                Err(_) => {
                    let thrown =
                        |ctx: &Ctx<'_>| CallFailure::from_error(ctx, state, rquickjs::Error::Exception);
                    return Err(self.context.with(|ctx| thrown(&ctx)));
                }
            }
        }
    }

    /// Fails if a promise was rejected and has no handler.
    fn check_rejections(&self, state: &Rc<CallState>) -> Result<(), CallFailure> {
        let first = state.rejections.take().into_iter().next();
        let Some((_, reason)) = first else { return Ok(()) };
        let shown = self.with_context(state, |ctx| Ok(show::value(ctx, &reason.restore(ctx)?)))?;
        Err(CallFailure::new(format!("a promise was rejected without a handler: {shown}")))
    }

    fn with_context<T>(
        &self,
        state: &CallState,
        act: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<T>,
    ) -> Result<T, CallFailure> {
        let done =
            self.context.with(|ctx| act(&ctx).map_err(|error| CallFailure::from_error(&ctx, state, error)));
        if done.is_ok() && state.expired() { Err(CallFailure::timed_out(state, "")) } else { done }
    }
}

/// Records promises that were rejected without a handler.
fn rejection_tracker(state: &Rc<CallState>) -> RejectionTracker {
    let state = Rc::clone(state);
    Box::new(move |ctx, promise, reason, handled| {
        let mut rejections = state.rejections.borrow_mut();
        if handled {
            rejections.retain(|(known, _)| known.clone().restore(&ctx).is_ok_and(|known| known != promise));
        } else {
            rejections.push((Persistent::save(&ctx, promise), Persistent::save(&ctx, reason)));
        }
    })
}

fn to_json<'js>(
    ctx: &Ctx<'js>,
    state: &CallState,
    value: Value<'js>,
) -> rquickjs::Result<Result<Option<Box<RawValue>>, CallFailure>> {
    if value.is_undefined() {
        return Ok(Ok(None));
    }
    let json = match ctx.json_stringify(value) {
        Ok(Some(json)) => json.to_string()?,
        Ok(None) => {
            return Ok(Err(CallFailure::new(
                "the function returned a function or a symbol, which is not JSON",
            )));
        }
        Err(error) => {
            let mut failure = CallFailure::from_error(ctx, state, error);
            if !failure.interrupted {
                failure.message =
                    format!("the returned value cannot be converted to JSON: {}", failure.message);
            }
            return Ok(Err(failure));
        }
    };
    let (length, most) = (json.len(), state.limits.output);
    if length > most {
        let message = format!("the function returned {length} bytes of JSON, but at most {most} are allowed");
        return Ok(Err(CallFailure::new(message)));
    }
    Ok(RawValue::from_string(json).map(Some).map_err(|error| CallFailure::new(error.to_string())))
}
