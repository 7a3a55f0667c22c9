//! Request bodies: one JSON object, each member asked for by name, none left over.

use super::extract::Shared;
use crate::media;
use crate::problem::{Problem, ProblemCode};
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use footbridge_model::json;
use footbridge_model::words::{self, shown};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The largest body, in bytes.
pub(super) const LIMIT: usize = 1 << 20;

/// What a body is read into.
pub(super) trait FromFields: Sized {
    /// Takes the members it knows; those that are left over are refused afterwards.
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem>;
}

/// A body that must be there.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: FromFields> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        read(&bytes(request).await?).map(Self)
    }
}

/// A body that may be left out, which is the same as `{}`.
#[derive(Debug)]
pub(super) struct MaybeBody<T>(pub(super) T);

impl<T: FromFields> FromRequest<Shared> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        let bytes = bytes(request).await?;
        read(if bytes.is_empty() { b"{}" } else { &bytes }).map(Self)
    }
}

async fn bytes(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    let too_large = || Problem::new(ProblemCode::TooLarge, format!("the body is larger than {LIMIT} bytes"));
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > LIMIT as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, LIMIT).collect().await.map_err(|error| {
        let cut_off = || Problem::new(ProblemCode::InvalidBody, "the body ended before it was whole");
        if error.is::<LengthLimitError>() { too_large() } else { cut_off() }
    })?;
    let bytes = collected.to_bytes();
    if !bytes.is_empty() && !is_json(&parts.headers) {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, media::not_json(&parts.headers)));
    }
    Ok(bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    if media::other(headers).is_some() {
        return false;
    }
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn read<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    // This settles encoding, depth, syntax and that it is an object.
    json::members(bytes, &[])?;
    let text = json::check_text(bytes)?;
    let mut fields = Fields::of(text, String::new())?;
    let value = T::from_fields(&mut fields)?;
    fields.finish()?;
    Ok(value)
}

/// The members of an object that are not yet asked for.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// What stands before their names in a message: `receiver_auth.` for those of that member.
    path: String,
    rest: Vec<(String, &'a RawValue)>,
    asked: Vec<&'static str>,
}

/// A JSON type that members have. Its name is all that a message says: a value may be a secret.
pub(super) trait Kind: serde::de::DeserializeOwned {
    /// What the member must be.
    const WHAT: &str;
}

macro_rules! kinds {
    ($($kind:ty = $what:literal),*) => {
        $(impl Kind for $kind { const WHAT: &str = $what; })*
    };
}
kinds!(String = "a string", bool = "`true` or `false`", u8 = "a small whole number", u16 = "a whole number up to 65535", Vec<String> = "an array of strings");

impl<'a> Fields<'a> {
    fn of(object: &'a str, path: String) -> Result<Self, Problem> {
        let mut parser = serde_json::Deserializer::from_str(object);
        let entries: Vec<(String, &'a RawValue)> = parser
            .deserialize_map(Entries)
            .map_err(|_| Problem::new(ProblemCode::InvalidBody, "the body is not a JSON object"))?;
        let mut rest: Vec<(String, &'a RawValue)> = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            if rest.iter().any(|(known, _)| *known == name) {
                let detail = format!("the member `{path}{}` is given twice", shown(&name));
                return Err(Problem::new(ProblemCode::InvalidBody, detail));
            }
            rest.push((name, value));
        }
        Ok(Self { path, rest, asked: Vec::new() })
    }

    fn take(&mut self, name: &'static str) -> Option<&'a RawValue> {
        self.asked.push(name);
        let place = self.rest.iter().position(|(known, _)| known == name)?;
        Some(self.rest.swap_remove(place).1)
    }

    /// A member that is wrong.
    pub(super) fn wrong(&self, name: &str, why: impl fmt::Display) -> Problem {
        Problem::member(&format!("{}{name}", self.path), why)
    }

    /// A member that may be left out or changed to nothing: `Some(None)` is `null`.
    pub(super) fn change<T: Kind>(&mut self, name: &'static str) -> Result<Option<Option<T>>, Problem> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        let read = serde_json::from_str::<Option<T>>(raw.get());
        read.map(Some).map_err(|_| self.wrong(name, format_args!("must be {}", T::WHAT)))
    }

    /// A member that may be left out or `null`.
    pub(super) fn optional<T: Kind>(&mut self, name: &'static str) -> Result<Option<T>, Problem> {
        self.change(name).map(Option::flatten)
    }

    /// A member that may be left out but is never `null`.
    pub(super) fn settled<T: Kind>(&mut self, name: &'static str) -> Result<Option<T>, Problem> {
        match self.change(name)? {
            Some(None) => Err(self.wrong(name, format_args!("must be {}, not null", T::WHAT))),
            Some(Some(value)) => Ok(Some(value)),
            None => Ok(None),
        }
    }

    /// A member that must be there.
    pub(super) fn required<T: Kind>(&mut self, name: &'static str) -> Result<T, Problem> {
        self.optional(name)?
            .ok_or_else(|| self.wrong(name, format_args!("is missing; it must be {}", T::WHAT)))
    }

    /// A text that must be there and mean something.
    pub(super) fn required_as<T, E: fmt::Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Problem> {
        let text: String = self.required(name)?;
        read(&text).map_err(|error| self.wrong(name, format_args!("is wrong: {error}")))
    }

    /// A text that may be left out but means something.
    pub(super) fn optional_as<T, E: fmt::Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.optional::<String>(name)? else { return Ok(None) };
        read(&text).map(Some).map_err(|error| self.wrong(name, format_args!("is wrong: {error}")))
    }

    /// The members of a member; `Some(None)` is `null`.
    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Option<Fields<'a>>>, Problem> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        match raw.get() {
            "null" => Ok(Some(None)),
            text if text.starts_with('{') => {
                Fields::of(text, format!("{}{name}.", self.path)).map(Some).map(Some)
            }
            _ => Err(self.wrong(name, "must be an object")),
        }
    }

    /// Each member with what it holds, for an object whose names are the sender's.
    pub(super) fn into_entries(self) -> impl Iterator<Item = (String, Entry<'a>)> {
        let path = self.path;
        self.rest.into_iter().map(move |(name, value)| {
            let path = format!("{path}{}", shown(&name));
            (name, Entry { path, value })
        })
    }

    /// Refuses what nobody asked for: most likely a typing error.
    pub(super) fn finish(self) -> Result<(), Problem> {
        let Some((name, _)) = self.rest.first() else { return Ok(()) };
        Err(self.wrong(&shown(name), words::unknown(name, &self.asked)))
    }
}

/// A member whose name is the sender's.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    path: String,
    value: &'a RawValue,
}

impl<'a> Entry<'a> {
    /// It as a string, or as the members of an object.
    pub(super) fn text_or_object(self) -> Result<Result<String, Fields<'a>>, Problem> {
        if let Ok(text) = serde_json::from_str(self.value.get()) {
            return Ok(Ok(text));
        }
        if self.value.get().starts_with('{') {
            return Fields::of(self.value.get(), format!("{}.", self.path)).map(Err);
        }
        Err(Problem::member(&self.path, "must be a string or an object"))
    }
}

struct Entries;

impl<'a> Visitor<'a> for Entries {
    type Value = Vec<(String, &'a RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}
