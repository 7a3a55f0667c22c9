//! Whose turn it is: apps take turns, so that one that calls a lot does not keep the others waiting.

use footbridge_model::name::AppName;
use std::collections::{HashMap, VecDeque};

/// What waits for a place, by app.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    waiting: VecDeque<(AppName, VecDeque<T>)>,
    length: usize,
    running: HashMap<AppName, usize>,
    places: usize,
}

impl<T> Turns<T> {
    /// With so many places, at least one.
    pub(crate) fn new(places: usize) -> Self {
        Self { waiting: VecDeque::new(), length: 0, running: HashMap::new(), places: places.max(1) }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Waits behind what this app already has.
    pub(crate) fn push(&mut self, app: AppName, item: T) {
        self.length += 1;
        match self.waiting.iter_mut().find(|(other, _)| *other == app) {
            Some((_, items)) => items.push_back(item),
            None => self.waiting.push_back((app, VecDeque::from([item]))),
        }
    }

    /// The next that gets a place, if one is free. No app gets the last place while it has all the others: a
    /// function that loops must not stop those of other apps.
    pub(crate) fn next(&mut self) -> Option<T> {
        if self.running.values().sum::<usize>() >= self.places {
            return None;
        }
        let share = (self.places - 1).max(1);
        let free = |app: &AppName| self.running.get(app).is_none_or(|running| *running < share);
        let at = self.waiting.iter().position(|(app, _)| free(app))?;
        let (app, mut items) = self.waiting.remove(at)?;
        let item = items.pop_front()?;
        self.length -= 1;
        *self.running.entry(app.clone()).or_default() += 1;
        if !items.is_empty() {
            self.waiting.push_back((app, items));
        }
        Some(item)
    }

    /// One of this app has given its place back.
    pub(crate) fn ended(&mut self, app: &AppName) {
        if let Some(running) = self.running.get_mut(app) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(app);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_take_turns_and_none_takes_every_place() {
        let (greedy, modest) = (AppName::trusted("greedy"), AppName::trusted("modest"));
        let mut turns = Turns::new(3);
        for n in 0..5 {
            turns.push(greedy.clone(), n);
        }
        assert_eq!([turns.next(), turns.next(), turns.next()], [Some(0), Some(1), None]);
        turns.push(modest.clone(), 10);
        turns.push(modest.clone(), 11);
        assert_eq!([turns.next(), turns.next()], [Some(10), None]);
        turns.ended(&greedy);
        assert_eq!(turns.next(), Some(2), "it has waited longest");
        turns.ended(&greedy);
        assert_eq!(turns.next(), Some(11));
        assert_eq!(turns.len(), 2);
        turns.ended(&modest);
        turns.ended(&modest);
        assert_eq!([turns.next(), turns.next()], [Some(3), None], "never more than its share");
    }

    #[test]
    fn one_place_is_shared_too() {
        let mut turns = Turns::new(0);
        let app = AppName::trusted("a");
        turns.push(app.clone(), 1);
        turns.push(app.clone(), 2);
        assert_eq!([turns.next(), turns.next()], [Some(1), None]);
        turns.ended(&app);
        assert_eq!(turns.next(), Some(2));
    }
}
