//! What an operator says of an app.

use super::super::body::{Fields, FromFields};
use super::super::hooks::Wish;
use crate::problem::Problem;
use footbridge_engine::{AppChange, AppSpec, Overlap, Rotation, SecretSet};
use footbridge_model::app::ReceiverAuth;
use footbridge_model::hook::HookType;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::Secret;
use std::collections::BTreeSet;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A new app.
#[derive(Debug)]
pub(in super::super) struct NewApp {
    /// What the engine makes it from.
    pub(super) spec: AppSpec,
    /// Hooks that it has from the start.
    pub(super) hooks: Vec<Wish>,
}

impl FromFields for NewApp {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let mut spec = AppSpec::named(fields.required_as("name", AppName::parse)?);
        spec.token = fields.optional("token")?.map(|text: String| Secret::new(text));
        spec.secret_key = fields.optional("secret_key")?.map(|text: String| Secret::new(text));
        spec.signing_secret = fields.optional("signing_secret")?.map(|text: String| Secret::new(text));
        spec.token_prefix = fields.optional("token_prefix")?.unwrap_or(spec.token_prefix);
        spec.receiver_url = fields.optional("receiver_url")?;
        spec.receiver_enabled = fields.optional("receiver_enabled")?.unwrap_or(spec.receiver_enabled);
        spec.receiver_auth = receiver_auth(fields)?.flatten();
        spec.ca_file = fields.optional("ca_file")?;
        spec.url = fields.optional("url")?;
        spec.miniapp_url = fields.optional("miniapp_url")?;
        spec.private = private(fields)?.unwrap_or_default();
        let hooks = hooks(fields, spec.url.is_some())?;
        Ok(Self { spec, hooks })
    }
}

/// A change of an app.
#[derive(Debug)]
pub(in super::super) struct PatchApp {
    /// The change.
    pub(super) change: AppChange,
}

impl FromFields for PatchApp {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let change = AppChange {
            token_prefix: fields.settled("token_prefix")?,
            receiver_url: fields.change("receiver_url")?,
            receiver_enabled: fields.settled("receiver_enabled")?,
            receiver_auth: receiver_auth(fields)?,
            ca_file: fields.change("ca_file")?,
            url: fields.change("url")?,
            miniapp_url: fields.change("miniapp_url")?,
            private: private(fields)?,
            enabled: fields.settled("enabled")?,
        };
        Ok(Self { change })
    }
}

/// Which secrets to replace; all that the configuration file does not give when none is named.
#[derive(Debug)]
pub(in super::super) struct Rotate {
    /// Which.
    pub(super) which: Rotation,
    /// How long the old ones still count.
    pub(super) overlap: Overlap,
}

impl FromFields for Rotate {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let now = fields.optional("now")?.unwrap_or(false);
        let overlap = if now { Overlap::None } else { Overlap::Day };
        let Some(names) = fields.optional::<Vec<String>>("secrets")? else {
            return Ok(Self { which: Rotation::Ours, overlap });
        };
        let mut which = SecretSet::default();
        for name in &names {
            match name.as_str() {
                "token" => which.token = true,
                "secret_key" => which.secret_key = true,
                "signing_secret" => which.signing_secret = true,
                _ => return Err(fields.wrong("secrets", "knows `token`, `secret_key` and `signing_secret`")),
            }
        }
        if names.is_empty() {
            return Err(
                fields.wrong("secrets", "is empty; leave it out to replace all that the file does not give")
            );
        }
        Ok(Self { which: Rotation::These(which), overlap })
    }
}

fn receiver_auth(fields: &mut Fields<'_>) -> Result<Option<Option<ReceiverAuth>>, Problem> {
    let Some(given) = fields.object("receiver_auth")? else { return Ok(None) };
    let Some(mut inner) = given else { return Ok(Some(None)) };
    let filled = |text: &str| if text.is_empty() { Err("it is empty") } else { Ok(text.to_owned()) };
    let name = inner.required_as("name", filled)?;
    let secret = Secret::new(inner.required_as("secret", filled)?);
    inner.finish()?;
    Ok(Some(Some(ReceiverAuth { name, secret })))
}

fn private(fields: &mut Fields<'_>) -> Result<Option<BTreeSet<EventName>>, Problem> {
    let Some(names) = fields.change::<Vec<String>>("private")? else { return Ok(None) };
    let names = names.unwrap_or_default();
    let read = names.iter().map(|name| EventName::parse(name)).collect::<Result<_, _>>();
    read.map(Some).map_err(|error| fields.wrong("private", format_args!("is wrong: {error}")))
}

fn hooks(fields: &mut Fields<'_>, has_url: bool) -> Result<Vec<Wish>, Problem> {
    let Some(Some(written)) = fields.object("hooks")? else { return Ok(Vec::new()) };
    let mut hooks: Vec<Wish> = Vec::new();
    for (key, entry) in written.into_entries() {
        let pattern =
            Pattern::parse(&key).map_err(|error| fields.wrong("hooks", format_args!("is wrong: {error}")))?;
        let hook = match entry.text_or_object()? {
            Ok(route) => Wish::plain(pattern, route),
            Err(mut inner) => {
                let hook = Wish::from_members(pattern, &mut inner)?;
                inner.finish()?;
                hook
            }
        };
        let path = format!("hooks.{key}");
        hook.check().map_err(|why| fields.wrong(&path, why))?;
        if hook.kind == HookType::Server && !has_url {
            return Err(fields.wrong(&path, "is a `server` hook, and those need the app's `url`"));
        }
        hooks.push(hook);
    }
    Ok(hooks)
}

fn text(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about))
}

fn text_or_null(about: &str) -> ObjectBuilder {
    text(about).schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

fn flag(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some(about))
}

/// The members that a new app and a change of one have in common.
fn common(secrets: &str) -> ObjectBuilder {
    let receiver_auth = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .property("name", text("The first half"))
        .property("secret", text("The second half"))
        .required("name")
        .required("secret")
        .description(Some("What its receiver wants to see instead of the app's own pair"));
    let private = ArrayBuilder::new()
        .items(text("The name of an event"))
        .description(Some("Its events that hooks with a `*` half never get"));
    ObjectBuilder::new()
        .property("token_prefix", text("The scheme of its `Authorization`, else `Token`"))
        .property("receiver_url", text_or_null("Where its events of the bridge go"))
        .property("receiver_enabled", flag("Whether it takes events of the bridge"))
        .property("receiver_auth", receiver_auth)
        .property(
            "ca_file",
            text_or_null(
                "A PEM file on the server with authorities that are trusted when this app is sent to",
            ),
        )
        .property("url", text_or_null("The base of its `server` hooks"))
        .property("miniapp_url", text_or_null("The page a host embeds"))
        .property("private", private)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .description(Some(secrets))
}

impl PartialSchema for NewApp {
    fn schema() -> RefOr<Schema> {
        let hook = OneOfBuilder::new()
            .item(text("The route of a `server` hook"))
            .item(Ref::from_schema_name("HookTarget"));
        let hooks = ObjectBuilder::new()
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::OneOf(hook.build())))))
            .description(Some("Pattern → route"));
        common("A new app. Secrets that are left out are made.")
            .property("name", text("What it is called"))
            .property("token", text("`X-Bolt-App-Token`"))
            .property("secret_key", text("The second half of its `Authorization`"))
            .property("signing_secret", text("`whsec_…`"))
            .property("hooks", hooks)
            .required("name")
            .into()
    }
}

impl ToSchema for NewApp {}

impl PartialSchema for PatchApp {
    fn schema() -> RefOr<Schema> {
        common("A change of an app: what is left out stays, `null` takes away.")
            .property("enabled", flag("Whether it counts"))
            .into()
    }
}

impl ToSchema for PatchApp {}

impl PartialSchema for Rotate {
    fn schema() -> RefOr<Schema> {
        let kind = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([
            "token",
            "secret_key",
            "signing_secret",
        ]));
        ObjectBuilder::new()
            .property("secrets", ArrayBuilder::new().items(kind))
            .property("now", flag("Whether the old ones end at once instead of in 24 hours"))
            .description(Some("Which secrets to replace; all that the file does not give when left out."))
            .into()
    }
}

impl ToSchema for Rotate {}
