//! The modules of one crate, and the module that a path leads to.
//!
//! A name that a module re-exports is traced to the module that declares it, so that a re-export hides no import.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// The path of a module from the crate root, which is empty.
pub(super) type Module = Vec<String>;

/// The modules and items of one crate.
#[derive(Debug, Default)]
pub(super) struct Modules {
    all: BTreeSet<Module>,
    items: BTreeSet<(Module, String)>,
    /// Names that a module brings in with `use`, and the paths behind them.
    names: BTreeMap<(Module, String), Vec<String>>,
    globs: Vec<(Module, Vec<String>)>,
}

/// Most re-exports that are followed for one path. Two globs may name each other.
const FOLLOWED: usize = 16;

impl Modules {
    /// Reads the product files of a crate; each comes with its path below `src/`.
    pub(super) fn read(files: &[(&str, &Source)]) -> Self {
        let mut modules = Self::default();
        for (path, source) in files {
            let Some(file) = of_file(path) else { continue };
            modules.all.insert(file.clone());
            for item in &source.facts.items {
                modules.items.insert((inline(&file, &item.module), item.name.clone()));
                modules.all.insert(inline(&file, &item.module));
            }
            for used in &source.facts.uses {
                let Some(module) = &used.module else { continue };
                let module = inline(&file, module);
                modules.all.insert(module.clone());
                match used.segments.split_last() {
                    Some((last, path)) if last == "*" => modules.globs.push((module, path.to_vec())),
                    _ => {
                        modules.names.insert((module, used.name.clone()), used.segments.clone());
                    }
                }
            }
        }
        modules
    }

    /// Returns the module that declares what `path`, written in the module `from`, names. `None` for what comes from
    /// another crate.
    pub(super) fn resolve(&self, from: &[String], path: &[String]) -> Option<Module> {
        self.resolve_within(from, path, FOLLOWED)
    }

    fn resolve_within(&self, from: &[String], path: &[String], steps: usize) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.descend(Vec::new(), rest, steps),
            "self" => self.descend(from.to_vec(), rest, steps),
            "super" => {
                let (_, parent) = from.split_last()?;
                if rest.first().is_some_and(|next| next == "super") {
                    return self.resolve_within(parent, rest, steps);
                }
                self.descend(parent.to_vec(), rest, steps)
            }
            name => {
                let is_child = self.all.contains(&child(from, name));
                let is_used = self.names.contains_key(&(from.to_vec(), name.to_owned()));
                if is_child || is_used { self.descend(from.to_vec(), path, steps) } else { None }
            }
        }
    }

    fn descend(&self, at: Module, path: &[String], steps: usize) -> Option<Module> {
        let (Some((first, rest)), Some(steps)) = (path.split_first(), steps.checked_sub(1)) else {
            return Some(at);
        };
        let deeper = child(&at, first);
        if self.all.contains(&deeper) {
            return self.descend(deeper, rest, steps);
        }
        let key = (at.clone(), first.clone());
        if self.items.contains(&key) {
            return Some(at);
        }
        if let Some(target) = self.names.get(&key) {
            let target: Vec<String> = target.iter().chain(rest).cloned().collect();
            return self.resolve_within(&at, &target, steps);
        }
        let globs = self.globs.iter().filter(|(module, _)| *module == at);
        let mut sources = globs.filter_map(|(_, path)| self.resolve_within(&at, path, steps));
        let declares = |module: &Module| {
            let key = (module.clone(), first.clone());
            self.items.contains(&key)
                || self.names.contains_key(&key)
                || self.all.contains(&child(module, first))
        };
        match sources.find(declares) {
            Some(module) => self.descend(module, path, steps),
            None => Some(at),
        }
    }
}

/// Returns the module of a file below `src/`; `None` for further binaries.
pub(super) fn of_file(path: &str) -> Option<Module> {
    let mut segments: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if segments.first().is_some_and(|first| first == "bin") {
        return None;
    }
    let is_front = segments.last().is_some_and(|last| last == "mod");
    let is_root = matches!(segments.as_slice(), [only] if only == "lib" || only == "main");
    if is_front || is_root {
        segments.pop();
    }
    Some(segments)
}

/// Returns an inline module of a file.
pub(super) fn inline(file: &[String], modules: &[String]) -> Module {
    file.iter().chain(modules).cloned().collect()
}

fn child(module: &[String], name: &str) -> Module {
    module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect()
}
