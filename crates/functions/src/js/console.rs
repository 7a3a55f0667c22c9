//! `console`, and a `require` that always throws an explanation.

use super::call_state::CallState;
use super::show;
use rquickjs::function::{Func, Opt, Rest};
use rquickjs::{Ctx, Exception, Object, Result, Value};
use std::rc::Rc;

/// The error for a function that loads a module.
pub(super) const NO_MODULES: &str =
    "a function cannot load modules, files or network resources: bundle everything into its one file";

/// Adds both to the globals.
pub(super) fn install<'js>(ctx: &Ctx<'js>, globals: &Object<'js>, state: &Rc<CallState>) -> Result<()> {
    let console = Object::new(ctx.clone())?;
    for (level, before) in
        [("log", ""), ("info", ""), ("debug", ""), ("warn", "warning: "), ("error", "error: ")]
    {
        let state = Rc::clone(state);
        let write = move |ctx: Ctx<'js>, args: Rest<Value<'js>>| {
            if state.remaining() > 0 {
                let shown: Vec<String> = args.0.iter().map(|arg| show::value(&ctx, arg)).collect();
                state.log(format!("{before}{}", shown.join(" ")));
            }
        };
        console.set(level, Func::from(write))?;
    }
    globals.set("console", console)?;
    let require = |ctx: Ctx<'js>, name: Opt<Value<'js>>| -> Result<()> {
        let name = name.0.map(|name| show::value(&ctx, &name)).unwrap_or_default();
        Err(Exception::throw_message(&ctx, &format!("require({name}): {NO_MODULES}")))
    };
    globals.set("require", Func::from(require))
}
