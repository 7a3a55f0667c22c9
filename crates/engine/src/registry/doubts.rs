//! What is right but probably not meant: taken, and told in words.

use super::directory::Directory;
use super::state::Registry;
use footbridge_model::hook::Origin;
use footbridge_model::name::AppName;
use footbridge_model::pattern::{Part, Pattern};
use footbridge_model::words::{nearest, shown};

/// The most that one answer or one start warns of; more says how many more.
const MOST: usize = 10;

/// How many names of apps are looked at for the one that was meant.
const NEAR: usize = 1000;

impl Registry {
    /// Warnings of subscribers that no app is called.
    pub(crate) fn doubt_subscribers<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let directory = self.directory.load();
        at_most(names.filter(|name| !is_known(&directory, name)), |name| {
            format!("`subscribers`: {}, so nobody gets the event under that name", unknown(&directory, name))
        })
    }

    /// Warnings of patterns that name a publisher that no app is called, or that can never match.
    pub(crate) fn doubt_patterns<'a>(&self, patterns: impl Iterator<Item = &'a Pattern>) -> Vec<String> {
        let directory = self.directory.load();
        at_most(patterns.filter(|pattern| is_doubtful(&directory, pattern)), |pattern| {
            doubt(&directory, pattern)
        })
    }

    /// Warnings of the kept hooks that get nothing: those of the file whose publisher no app is called, and any that
    /// an older server took and that can never match.
    pub(crate) fn doubtful_hooks(&self) -> Vec<String> {
        let (index, directory) = (self.index.load(), self.directory.load());
        let doubtful = index.hooks().map(|entry| &entry.hook).filter(|hook| match hook.origin {
            Origin::File => is_doubtful(&directory, &hook.pattern),
            Origin::Api | Origin::Package => hook.pattern.never_matches().is_some(),
        });
        at_most(doubtful, |hook| format!("{} (a hook of `{}`)", doubt(&directory, &hook.pattern), hook.app))
    }
}

/// Whether there is such an app, or it is the server itself.
fn is_known(directory: &Directory, name: &str) -> bool {
    AppName::any(name).is_some_and(|name| directory.app(name.key()).is_some())
}

/// What to say of a name that no app has.
fn unknown(directory: &Directory, name: &str) -> String {
    let names = directory.apps().map(|entry| entry.app.name.as_str()).chain(["bolt"]).take(NEAR);
    let meant = nearest(name, &names.collect::<Vec<_>>()).map(|meant| format!(" (did you mean `{meant}`?)"));
    format!("no app is called `{}`{}", shown(name), meant.unwrap_or_default())
}

fn is_doubtful(directory: &Directory, pattern: &Pattern) -> bool {
    let unknown = |part: &Part| matches!(part, Part::Is(name) if !is_known(directory, name));
    pattern.never_matches().is_some() || unknown(&pattern.publisher)
}

fn doubt(directory: &Directory, pattern: &Pattern) -> String {
    if let Some(why) = pattern.never_matches() {
        return format!("the hook `{pattern}` never gets anything: {why}");
    }
    let unknown = unknown(directory, pattern.publisher.as_str());
    format!("the hook `{pattern}` gets nothing as long as {unknown}")
}

/// The first few in words, and how many more there are.
fn at_most<T>(mut doubtful: impl Iterator<Item = T>, words: impl Fn(T) -> String) -> Vec<String> {
    let mut told: Vec<String> = doubtful.by_ref().take(MOST).map(words).collect();
    match doubtful.count() {
        0 => {}
        more => told.push(format!("and {more} more like these")),
    }
    told
}
