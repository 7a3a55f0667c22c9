//! Warnings about names and patterns that are valid but probably a mistake.

use super::app_registry::AppRegistry;
use super::directory::Directory;
use footbridge_model::hook::Origin;
use footbridge_model::name::AppName;
use footbridge_model::pattern::{Part, Pattern};
use footbridge_model::words::{nearest, shown};

/// The largest number of warnings of one kind in one answer or at one start. A last one counts the others.
const SHOWN: usize = 10;

/// The number of app names that are compared to find a similar one.
const COMPARED: usize = 1000;

impl AppRegistry {
    /// Returns a warning for each of these subscribers that is not the name of an app.
    pub(crate) fn warn_subscribers<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let directory = self.directory.load();
        at_most(names.filter(|name| !is_known(&directory, name)), |name| {
            format!("`subscribers`: {}, so nobody gets the event under that name", unknown(&directory, name))
        })
    }

    /// Returns a warning for each of these patterns whose publisher is not the name of an app, or that can never match.
    pub(crate) fn warn_patterns<'a>(&self, patterns: impl Iterator<Item = &'a Pattern>) -> Vec<String> {
        let directory = self.directory.load();
        at_most(patterns.filter(|pattern| is_doubtful(&directory, pattern)), |pattern| {
            about_pattern(&directory, pattern)
        })
    }

    /// Returns a warning for each stored hook that receives nothing: hooks of the file whose publisher is not the name
    /// of an app, and hooks of an older version whose pattern can never match.
    pub(crate) fn warn_hooks(&self) -> Vec<String> {
        let (index, directory) = (self.index.load(), self.directory.load());
        let doubtful = index.hooks().map(|entry| &entry.hook).filter(|hook| match hook.origin {
            Origin::File => is_doubtful(&directory, &hook.pattern),
            Origin::Api | Origin::Package => hook.pattern.never_matches().is_some(),
        });
        at_most(doubtful, |hook| {
            format!("{} (a hook of `{}`)", about_pattern(&directory, &hook.pattern), hook.app)
        })
    }

    /// Returns a warning for each app whose name was reserved after the app was made.
    pub(crate) fn warn_reserved_names(&self) -> Vec<String> {
        let directory = self.directory.load();
        let reserved = directory.apps().map(|entry| &entry.app.name).filter(|name| name.is_reserved());
        reserved
            .map(|name| {
                format!(
                    "the app `{name}` has a name that is now reserved, because it looks like the server's own name; \
                     the app still works: make an app with another name, then delete this one"
                )
            })
            .collect()
    }
}

/// Returns true if an app has this name, or the server itself.
fn is_known(directory: &Directory, name: &str) -> bool {
    AppName::any(name).is_some_and(|name| directory.app(name.key()).is_some())
}

/// The text for a name that no app has, with a similar name if there is one.
fn unknown(directory: &Directory, name: &str) -> String {
    let names = directory.apps().map(|entry| entry.app.name.as_str()).chain(["bolt"]).take(COMPARED);
    let similar = nearest(name, &names.collect::<Vec<_>>()).map(|name| format!(" (did you mean `{name}`?)"));
    format!("no app is called `{}`{}", shown(name), similar.unwrap_or_default())
}

fn is_doubtful(directory: &Directory, pattern: &Pattern) -> bool {
    let unknown = |part: &Part| matches!(part, Part::Is(name) if !is_known(directory, name));
    pattern.never_matches().is_some() || unknown(&pattern.publisher)
}

fn about_pattern(directory: &Directory, pattern: &Pattern) -> String {
    if let Some(why) = pattern.never_matches() {
        return format!("the hook `{pattern}` never gets anything: {why}");
    }
    let unknown = unknown(directory, pattern.publisher.as_str());
    format!("the hook `{pattern}` gets nothing as long as {unknown}")
}

/// Writes the first ten warnings, and one that counts the others.
fn at_most<T>(mut doubtful: impl Iterator<Item = T>, text: impl Fn(T) -> String) -> Vec<String> {
    let mut warnings: Vec<String> = doubtful.by_ref().take(SHOWN).map(text).collect();
    match doubtful.count() {
        0 => {}
        more => warnings.push(format!("and {more} more like these")),
    }
    warnings
}
