//! `setTimeout` and `clearTimeout`.

use super::state::State;
use rquickjs::function::{Func, Opt, Rest};
use rquickjs::{Coerced, Ctx, Exception, Function, Object, Persistent, Result, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// So many timers may wait at once.
const MOST: usize = 1000;

/// A function to be called later, and with what.
type Waiting = (Persistent<Function<'static>>, Vec<Persistent<Value<'static>>>);

/// The timers of a call, the next one first.
#[derive(Default)]
pub(super) struct Timers {
    waiting: BTreeMap<(Instant, u32), Waiting>,
    last: u32,
}

impl Timers {
    /// When the next one is due; never, when there is none.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|(due, _)| *due)
    }
}

/// Puts `setTimeout` and `clearTimeout` where a function finds them.
pub(super) fn install<'js>(globals: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let of_set = Rc::clone(state);
    let set_timeout =
        move |ctx: Ctx<'js>, callback: Value<'js>, delay: Opt<Coerced<f64>>, args: Rest<Value<'js>>| {
            set(&ctx, &of_set, callback, delay.0.map_or(0.0, |delay| delay.0), args.0)
        };
    globals.set("setTimeout", Func::from(set_timeout))?;
    let of_clear = Rc::clone(state);
    let clear_timeout = move |id: Opt<Value<'js>>| {
        let id = id.0.and_then(|id| id.as_number());
        of_clear.timers.borrow_mut().waiting.retain(|(_, number), _| Some(f64::from(*number)) != id);
    };
    globals.set("clearTimeout", Func::from(clear_timeout))
}

fn set<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    callback: Value<'js>,
    delay: f64,
    args: Vec<Value<'js>>,
) -> Result<u32> {
    let Some(callback) = callback.into_function() else {
        return Err(Exception::throw_type(ctx, "setTimeout: the first argument must be a function"));
    };
    let mut timers = state.timers.borrow_mut();
    if timers.waiting.len() >= MOST {
        return Err(Exception::throw_range(ctx, &format!("setTimeout: more than {MOST} timers wait")));
    }
    // What is due after the deadline never runs; the sum must only not overflow.
    let millis = if delay.is_finite() { delay.clamp(0.0, 1e9) } else { 0.0 };
    let due = Instant::now() + Duration::from_secs_f64(millis / 1000.0);
    timers.last += 1;
    let id = timers.last;
    let args = args.into_iter().map(|arg| Persistent::save(ctx, arg)).collect();
    timers.waiting.insert((due, id), (Persistent::save(ctx, callback), args));
    Ok(id)
}

/// Calls the one that is due.
pub(super) fn fire(ctx: &Ctx<'_>, state: &State) -> Result<()> {
    let now = Instant::now();
    let first = {
        let mut timers = state.timers.borrow_mut();
        let due = timers.next().is_some_and(|due| due <= now);
        if due { timers.waiting.pop_first() } else { None }
    };
    let Some((_, (callback, args))) = first else { return Ok(()) };
    let args = args.into_iter().map(|arg| arg.restore(ctx)).collect::<Result<Vec<_>>>()?;
    callback.restore(ctx)?.call::<_, Value<'_>>((Rest(args),)).map(drop)
}
