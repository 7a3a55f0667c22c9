//! `ctx`, the second argument of a function.

use super::call_state::CallState;
use crate::message::PublishedEvent;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::json::only;
use footbridge_model::name::EventName;
use rquickjs::function::{Func, Opt};
use rquickjs::{Ctx, Exception, Object, Promise, Result, Value};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Creates the object `{appName, publish}`.
pub(super) fn context<'js>(ctx: &Ctx<'js>, state: &Rc<CallState>, app: &str) -> Result<Object<'js>> {
    let context = Object::new(ctx.clone())?;
    context.set("appName", app)?;
    let state = Rc::clone(state);
    let publish =
        move |ctx: Ctx<'js>, name: Opt<Value<'js>>, options: Opt<Value<'js>>| -> Result<Promise<'js>> {
            publish(&ctx, &state, name.0, options.0)?;
            let (promise, resolve, _) = ctx.promise()?;
            resolve.call::<_, ()>(())?;
            Ok(promise)
        };
    context.set("publish", Func::from(publish))?;
    Ok(context)
}

fn publish<'js>(
    ctx: &Ctx<'js>,
    state: &CallState,
    name: Option<Value<'js>>,
    options: Option<Value<'js>>,
) -> Result<()> {
    let wrong = |why: &str| Exception::throw_type(ctx, &format!("ctx.publish: {why}"));
    let over = |why: String| Exception::throw_range(ctx, &format!("ctx.publish: {why}"));
    let Some(name) = name.and_then(Value::into_string) else {
        return Err(wrong("the first argument must be the event's name, a string"));
    };
    let name = name.to_string()?.trim().to_owned();
    EventName::parse(&name).map_err(|error| wrong(&error.to_string()))?;
    let options = options.filter(|options| !options.is_undefined());
    let options = match options {
        None => "{}".to_owned(),
        Some(options) => json(ctx, options)?
            .ok_or_else(|| wrong("the second argument must be an object: {body, headers, subscribers}"))?,
    };
    if options.len() > state.limits.output {
        let (length, most) = (options.len(), state.limits.output);
        return Err(over(format!("the event has {length} bytes of JSON, but at most {most} are allowed")));
    }
    check(&options).map_err(|why| wrong(&why))?;
    let options = RawValue::from_string(options).map_err(|error| wrong(&error.to_string()))?;
    let mut published = state.published.borrow_mut();
    if published.len() >= state.limits.publishes {
        return Err(over(format!("a call may publish at most {} events", state.limits.publishes)));
    }
    published.push(PublishedEvent { name, options });
    Ok(())
}

/// Returns the options as JSON; `None` if they are not a plain object.
fn json<'js>(ctx: &Ctx<'js>, options: Value<'js>) -> Result<Option<String>> {
    let Some(object) = options.as_object().filter(|object| !object.is_array() && !object.is_function())
    else {
        return Ok(None);
    };
    let body: Value<'js> = object.get("body")?;
    if body.is_function() || body.is_symbol() {
        return Err(Exception::throw_type(ctx, "ctx.publish: `body` is a function or a symbol, not data"));
    }
    let Some(json) = ctx.json_stringify(options)? else { return Ok(None) };
    let json = json.to_string()?;
    Ok(Some(json).filter(|json| json.starts_with('{')))
}

/// Checks the options as the server does for a publish request over HTTP. Checked here, the error has a stack trace.
fn check(options: &str) -> std::result::Result<(), String> {
    let [_, headers, subscribers] =
        only(options.as_bytes(), &["body", "headers", "subscribers"]).map_err(|error| error.to_string())?;
    if let Some(headers) = headers {
        let headers: BTreeMap<String, String> = serde_json::from_str(headers.get())
            .map_err(|_| "`headers` must be an object of strings".to_owned())?;
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        PublishHeaders::parse(pairs).map_err(|error| error.to_string())?;
    }
    if let Some(subscribers) = subscribers {
        let _: Vec<String> = serde_json::from_str(subscribers.get())
            .map_err(|_| "`subscribers` must be an array of app names".to_owned())?;
    }
    Ok(())
}
