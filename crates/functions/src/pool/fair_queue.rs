//! A queue that serves apps in turn, so that an app with many calls does not delay others.

use footbridge_model::name::AppName;
use std::collections::{HashMap, VecDeque};

/// Items that wait for a slot, by app.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    waiting: VecDeque<(AppName, VecDeque<T>)>,
    length: usize,
    running: HashMap<AppName, usize>,
    slots: usize,
}

impl<T> FairQueue<T> {
    /// Creates a queue with this many slots, but at least one.
    pub(crate) fn new(slots: usize) -> Self {
        Self { waiting: VecDeque::new(), length: 0, running: HashMap::new(), slots: slots.max(1) }
    }

    /// The number of waiting items.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Adds an item behind the app's other items.
    pub(crate) fn push(&mut self, app: AppName, item: T) {
        self.length += 1;
        match self.waiting.iter_mut().find(|(other, _)| *other == app) {
            Some((_, items)) => items.push_back(item),
            None => self.waiting.push_back((app, VecDeque::from([item]))),
        }
    }

    /// Removes the next item and gives it a slot; `None` if no slot is free for any waiting app. No app can have all
    /// slots if there are several, so that functions in a loop do not block other apps.
    pub(crate) fn next(&mut self) -> Option<T> {
        if self.running.values().sum::<usize>() >= self.slots {
            return None;
        }
        let share = (self.slots - 1).max(1);
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

    /// Releases one slot of this app.
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
    fn apps_are_served_in_turn_and_none_gets_every_slot() {
        let (greedy, modest) = (AppName::trusted("greedy"), AppName::trusted("modest"));
        let mut queue = FairQueue::new(3);
        for n in 0..5 {
            queue.push(greedy.clone(), n);
        }
        assert_eq!([queue.next(), queue.next(), queue.next()], [Some(0), Some(1), None]);
        queue.push(modest.clone(), 10);
        queue.push(modest.clone(), 11);
        assert_eq!([queue.next(), queue.next()], [Some(10), None]);
        queue.ended(&greedy);
        assert_eq!(queue.next(), Some(2), "the app that has waited longest is next");
        queue.ended(&greedy);
        assert_eq!(queue.next(), Some(11));
        assert_eq!(queue.len(), 2);
        queue.ended(&modest);
        queue.ended(&modest);
        assert_eq!([queue.next(), queue.next()], [Some(3), None], "an app has at most its share of slots");
    }

    #[test]
    fn a_single_slot_is_shared() {
        let mut queue = FairQueue::new(0);
        let app = AppName::trusted("a");
        queue.push(app.clone(), 1);
        queue.push(app.clone(), 2);
        assert_eq!([queue.next(), queue.next()], [Some(1), None]);
        queue.ended(&app);
        assert_eq!(queue.next(), Some(2));
    }
}
