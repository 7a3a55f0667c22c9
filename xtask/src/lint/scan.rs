//! Walking over blanked code: words, brackets, lines.

/// Code as characters with the few steps the rules need.
pub(super) struct Scan {
    chars: Vec<char>,
}

impl Scan {
    pub(super) fn new(code: &str) -> Self {
        Self { chars: code.chars().collect() }
    }

    pub(super) fn get(&self, at: usize) -> char {
        self.chars.get(at).copied().unwrap_or('\0')
    }

    pub(super) fn text(&self, from: usize, to: usize) -> String {
        self.chars.get(from..to.min(self.chars.len())).unwrap_or_default().iter().collect()
    }

    /// The 1-based line of a position.
    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.chars.iter().take(at).filter(|c| **c == '\n').count()
    }

    /// Where each line starts.
    pub(super) fn line_starts(&self) -> Vec<usize> {
        let after = self.chars.iter().enumerate().filter(|(_, c)| **c == '\n').map(|(at, _)| at + 1);
        std::iter::once(0).chain(after).collect()
    }

    pub(super) fn skip_space(&self, mut at: usize) -> usize {
        while self.get(at).is_whitespace() {
            at += 1;
        }
        at
    }

    /// The name that starts here, empty when none does.
    pub(super) fn name(&self, at: usize) -> String {
        self.chars.iter().skip(at).take_while(|c| is_word(**c)).collect()
    }

    /// Every place where `word` stands alone.
    pub(super) fn words(&self, word: &str) -> Vec<usize> {
        let length = word.chars().count();
        (0..self.chars.len())
            .filter(|at| {
                word.chars().enumerate().all(|(i, c)| self.get(at + i) == c)
                    && !is_word(self.get(at + length))
                    && (*at == 0 || !is_word(self.get(at - 1)))
            })
            .collect()
    }

    /// The closing bracket of the opening one at `open`.
    pub(super) fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for at in open..self.chars.len() {
            depth += depth_step(self.get(at));
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// The position behind the generics that start at `open` (`<`).
    pub(super) fn behind_generics(&self, open: usize) -> usize {
        let mut depth = 0_i32;
        for at in open..self.chars.len() {
            depth += angle_step(self.get(at), if at == 0 { '\0' } else { self.get(at - 1) });
            if depth == 0 {
                return at + 1;
            }
        }
        self.chars.len()
    }

    /// The first of `wanted` from `from` on that lies in no bracket opened after `from`.
    pub(super) fn find_flat(&self, from: usize, wanted: &[char]) -> Option<usize> {
        let mut depth = 0_i32;
        for at in from..self.chars.len() {
            let c = self.get(at);
            if depth == 0 && wanted.contains(&c) {
                return Some(at);
            }
            depth += depth_step(c);
            if depth < 0 {
                return None;
            }
        }
        None
    }
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn depth_step(c: char) -> i32 {
    match c {
        '(' | '[' | '{' => 1,
        ')' | ']' | '}' => -1,
        _ => 0,
    }
}

/// Arrows are no brackets.
fn angle_step(c: char, before: char) -> i32 {
    match c {
        '<' => 1,
        '>' if before != '-' && before != '=' => -1,
        _ => 0,
    }
}

/// Splits at the commas that lie in no bracket, angle brackets included; empty parts are dropped.
pub(super) fn split_commas(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut depth, mut before) = (0_i32, '\0');
    for c in text.chars() {
        depth += depth_step(c) + angle_step(c, before);
        before = c;
        if c == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Scan, split_commas};

    #[test]
    fn commas_inside_brackets_do_not_split() {
        let parts = split_commas("a: Map<K, V>, f: impl Fn(A, B) -> C, [x, y]: [u8; 2],");
        assert_eq!(parts, ["a: Map<K, V>", "f: impl Fn(A, B) -> C", "[x, y]: [u8; 2]"]);
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(Scan::new("fn afn fn_ fn").words("fn"), [0, 11]);
    }

    #[test]
    fn closing_skips_what_is_nested() {
        assert_eq!(Scan::new("({[]}()) )").closing(0), Some(7));
        assert_eq!(Scan::new("((").closing(0), None);
    }
}
