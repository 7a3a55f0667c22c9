//! `console`, and `require`, which is there only to say that it is not.

use super::show;
use super::state::State;
use rquickjs::function::{Func, Opt, Rest};
use rquickjs::{Ctx, Exception, Object, Result, Value};
use std::rc::Rc;

/// What a function reads when it asks for a module.
pub(super) const NO_MODULES: &str =
    "a function has no modules, files or network: bundle what it needs into its one file";

/// Puts both where a function finds them.
pub(super) fn install<'js>(ctx: &Ctx<'js>, globals: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let console = Object::new(ctx.clone())?;
    for (level, before) in
        [("log", ""), ("info", ""), ("debug", ""), ("warn", "warning: "), ("error", "error: ")]
    {
        let state = Rc::clone(state);
        let write = move |ctx: Ctx<'js>, args: Rest<Value<'js>>| {
            if state.room() > 0 {
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
