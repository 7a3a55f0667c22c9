//! One JavaScript engine for one call.

use super::load::{self, Loaded};
use super::state::{Sink, State};
use super::trouble::Trouble;
use super::{console, context, show, timers};
use crate::message::{Call, Limits, Returned, Said};
use rquickjs::promise::PromiseState;
use rquickjs::runtime::RejectionTracker;
use rquickjs::{Context, Ctx, Function, Persistent, Promise, Runtime, Value};
use serde_json::value::RawValue;
use std::rc::Rc;
use std::thread::park_timeout;
use std::time::Instant;

/// The stack of JavaScript: a few thousand calls deep.
const STACK: usize = 1 << 20;

/// How a call ended.
pub(crate) struct End {
    /// For the server.
    pub(crate) said: Said,
    /// Whether a limit cut it off, after which the engine should not be touched.
    pub(crate) spoilt: bool,
}

/// An engine that has run nothing yet.
pub(crate) struct Engine {
    runtime: Runtime,
    context: Context,
    limits: Limits,
}

type Kept<T> = Result<Persistent<T>, Trouble>;

impl Engine {
    /// Made before the call comes.
    pub(crate) fn new(limits: Limits) -> Result<Self, String> {
        let made = |error: rquickjs::Error| format!("no JavaScript engine: {error}");
        let runtime = Runtime::new().map_err(made)?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(STACK);
        let context = Context::full(&runtime).map_err(made)?;
        Ok(Self { runtime, context, limits })
    }

    /// Calls the function; to be used once. What it writes to its console goes to `sink`.
    pub(crate) fn run(&self, call: &Call<'_>, sink: Sink) -> End {
        let state = Rc::new(State::new(self.limits, &call.file, sink));
        let watched = Rc::clone(&state);
        self.runtime.set_interrupt_handler(Some(Box::new(move || watched.expired())));
        self.runtime.set_host_promise_rejection_tracker(Some(tracker(&state)));
        let end = self.finish(call, &state);
        state.clear();
        self.runtime.set_host_promise_rejection_tracker(None);
        match end {
            Ok(value) => {
                let published = state.published.take();
                End { said: Said::Returned(Returned { value, published }), spoilt: false }
            }
            Err(trouble) => {
                let spoilt = trouble.cut_off;
                End { said: Said::Failed(trouble.into_failed(&state)), spoilt }
            }
        }
    }

    fn finish(&self, call: &Call<'_>, state: &Rc<State>) -> Result<Option<Box<RawValue>>, Trouble> {
        let function = self.export(call, state)?;
        let promise = self.enter(state, |ctx| {
            let event = ctx.json_parse(call.event.get())?;
            let context = context::context(ctx, state, &call.app)?;
            let value: Value<'_> = function.restore(ctx)?.call((event, context))?;
            // Resolving one of our own waits for whatever it is, and trusts nothing that the function may have changed.
            let (promise, resolve, _) = ctx.promise()?;
            resolve.call::<_, ()>((value,))?;
            Ok(Ok(Persistent::save(ctx, promise)))
        })??;
        let value = self.wait(&promise, state)?;
        self.unhandled(state)?;
        self.enter(state, |ctx| returned(ctx, state, value.restore(ctx)?))?
    }

    /// Runs the file; the function it exports.
    fn export(&self, call: &Call<'_>, state: &Rc<State>) -> Kept<Function<'static>> {
        let mut namespace = None;
        let exports = self.enter(state, |ctx| {
            let globals = ctx.globals();
            console::install(ctx, &globals, state)?;
            timers::install(&globals, state)?;
            match load::load(ctx, &call.file, &call.source)? {
                Loaded::CommonJs(body) => {
                    state.shifted.set(load::BEFORE.len());
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
                let promise = self.enter(state, |ctx| {
                    let promise = Promise::from_value(exports.restore(ctx)?)?;
                    Ok(Ok(Persistent::save(ctx, promise)))
                })??;
                self.wait(&promise, state)?;
                namespace
            }
        };
        self.enter(state, |ctx| {
            let function = load::function(&exports.restore(ctx)?)?;
            Ok(function.map(|function| Persistent::save(ctx, function)).ok_or_else(|| {
                let file = &call.file;
                Trouble::new(format!(
                    "{file} exports no function: write `module.exports = async (event, ctx) => …`"
                ))
            }))
        })?
    }

    /// Runs whatever there is to run until nothing is left and the promise is settled; its value.
    fn wait(&self, promise: &Persistent<Promise<'static>>, state: &Rc<State>) -> Kept<Value<'static>> {
        loop {
            self.run_jobs(state)?;
            let settled = self.enter(state, |ctx| {
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
                    // What would have settled it was stopped.
                    return Err(Trouble::timed_out(state, ""));
                }
                let message = "the function never ends: its promise is pending, and nothing is left that could settle it";
                return Err(Trouble { message: message.to_owned(), timed_out: true, cut_off: false });
            };
            let until = due.min(state.deadline);
            while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            {
                park_timeout(left);
            }
            if state.expired() {
                return Err(Trouble::timed_out(state, ""));
            }
            self.enter(state, |ctx| timers::fire(ctx, state))?;
        }
    }

    fn run_jobs(&self, state: &Rc<State>) -> Result<(), Trouble> {
        loop {
            match self.runtime.execute_pending_job() {
                Ok(false) => return Ok(()),
                Ok(true) if state.expired() => return Err(Trouble::timed_out(state, "")),
                Ok(true) => {}
                Err(_) => {
                    let thrown = |ctx: &Ctx<'_>| Trouble::from_error(ctx, state, rquickjs::Error::Exception);
                    return Err(self.context.with(|ctx| thrown(&ctx)));
                }
            }
        }
    }

    /// A rejection that nobody has looked at is an exception that nobody has caught.
    fn unhandled(&self, state: &Rc<State>) -> Result<(), Trouble> {
        let first = state.rejections.take().into_iter().next();
        let Some((_, reason)) = first else { return Ok(()) };
        let shown = self.enter(state, |ctx| Ok(show::value(ctx, &reason.restore(ctx)?)))?;
        Err(Trouble::new(format!("a promise was rejected and nobody awaited it: {shown}")))
    }

    fn enter<T>(
        &self,
        state: &State,
        act: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<T>,
    ) -> Result<T, Trouble> {
        let done =
            self.context.with(|ctx| act(&ctx).map_err(|error| Trouble::from_error(&ctx, state, error)));
        if done.is_ok() && state.expired() { Err(Trouble::timed_out(state, "")) } else { done }
    }
}

/// Keeps account of promises that were rejected while nobody was looking.
fn tracker(state: &Rc<State>) -> RejectionTracker {
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

fn returned<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    value: Value<'js>,
) -> rquickjs::Result<Result<Option<Box<RawValue>>, Trouble>> {
    if value.is_undefined() {
        return Ok(Ok(None));
    }
    let json = match ctx.json_stringify(value) {
        Ok(Some(json)) => json.to_string()?,
        Ok(None) => {
            return Ok(Err(Trouble::new("the function returned a function or a symbol, which is not JSON")));
        }
        Err(error) => {
            let mut trouble = Trouble::from_error(ctx, state, error);
            if !trouble.cut_off {
                trouble.message = format!("what the function returned is not JSON: {}", trouble.message);
            }
            return Ok(Err(trouble));
        }
    };
    let (length, most) = (json.len(), state.limits.output);
    if length > most {
        let message = format!("the function returned {length} bytes of JSON, and may return {most}");
        return Ok(Err(Trouble::new(message)));
    }
    Ok(RawValue::from_string(json).map(Some).map_err(|error| Trouble::new(error.to_string())))
}
