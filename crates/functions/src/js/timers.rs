//! `setTimeout` and `clearTimeout`.

use rquickjs::function::{Func, Opt, Rest};
use rquickjs::{Coerced, Ctx, Exception, Function, Object, Persistent, Result, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The most timers that may be pending at once.
const MAX: usize = 1000;

/// A callback and its arguments.
type Waiting = (Persistent<Function<'static>>, Vec<Persistent<Value<'static>>>);

/// The pending timers of a call, the next one first.
#[derive(Default)]
pub(super) struct Timers {
    waiting: BTreeMap<(Instant, u32), Waiting>,
    last: u32,
}

impl Timers {
    /// The time at which the next timer is due; `None` if there is none.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|(due, _)| *due)
    }
}

/// Adds `setTimeout` and `clearTimeout` to the globals.
pub(super) fn install<'js>(globals: &Object<'js>, timers: &Rc<RefCell<Timers>>) -> Result<()> {
    let added_to = Rc::clone(timers);
    let set_timeout =
        move |ctx: Ctx<'js>, callback: Value<'js>, delay: Opt<Coerced<f64>>, args: Rest<Value<'js>>| {
            set(&ctx, &added_to, callback, delay.0.map_or(0.0, |delay| delay.0), args.0)
        };
    globals.set("setTimeout", Func::from(set_timeout))?;
    let removed_from = Rc::clone(timers);
    let clear_timeout = move |id: Opt<Value<'js>>| {
        let id = id.0.and_then(|id| id.as_number());
        removed_from.borrow_mut().waiting.retain(|(_, number), _| Some(f64::from(*number)) != id);
    };
    globals.set("clearTimeout", Func::from(clear_timeout))
}

fn set<'js>(
    ctx: &Ctx<'js>,
    timers: &RefCell<Timers>,
    callback: Value<'js>,
    delay: f64,
    args: Vec<Value<'js>>,
) -> Result<u32> {
    let Some(callback) = callback.into_function() else {
        return Err(Exception::throw_type(ctx, "setTimeout: the first argument must be a function"));
    };
    let mut timers = timers.borrow_mut();
    if timers.waiting.len() >= MAX {
        return Err(Exception::throw_range(ctx, &format!("setTimeout: more than {MAX} timers are pending")));
    }
    // Timers due after the deadline never run; the bound only prevents an overflow.
    let millis = if delay.is_finite() { delay.clamp(0.0, 1e9) } else { 0.0 };
    let due = Instant::now() + Duration::from_secs_f64(millis / 1000.0);
    timers.last += 1;
    let id = timers.last;
    let args = args.into_iter().map(|arg| Persistent::save(ctx, arg)).collect();
    timers.waiting.insert((due, id), (Persistent::save(ctx, callback), args));
    Ok(id)
}

/// Calls the next timer if it is due.
pub(super) fn fire(ctx: &Ctx<'_>, timers: &RefCell<Timers>) -> Result<()> {
    let now = Instant::now();
    let first = {
        let mut timers = timers.borrow_mut();
        let due = timers.next().is_some_and(|due| due <= now);
        if due { timers.waiting.pop_first() } else { None }
    };
    let Some((_, (callback, args))) = first else { return Ok(()) };
    let args = args.into_iter().map(|arg| arg.restore(ctx)).collect::<Result<Vec<_>>>()?;
    callback.restore(ctx)?.call::<_, Value<'_>>((Rest(args),)).map(drop)
}
