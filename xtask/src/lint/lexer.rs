//! Tells code, comments and literals apart, keeping every line and column where it was.

/// A source text twice, each with the other's characters blanked out.
#[derive(Debug)]
pub(super) struct Parts {
    /// Code; every visible character of a literal is a `"`, so that its lines still count as code while
    /// its words are not mistaken for any.
    pub(super) code: String,
    /// Comments, doc comments included.
    pub(super) comments: String,
}

#[derive(Clone, Copy)]
enum Kind {
    Code,
    Comment,
    Literal,
}

pub(super) fn split(text: &str) -> Parts {
    let mut lexer = Lexer {
        chars: text.chars().collect(),
        at: 0,
        parts: Parts { code: String::with_capacity(text.len()), comments: String::with_capacity(text.len()) },
    };
    while lexer.at < lexer.chars.len() {
        lexer.step();
    }
    lexer.parts
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    parts: Parts,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => self.take_until(Kind::Comment, |lexer| lexer.peek(0) == '\n'),
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(),
            ('r', '"' | '#') if self.raw_hashes().is_some() => self.raw_string(),
            ('\'', '\\') => self.char_literal(),
            ('\'', _) if self.peek(2) == '\'' => self.take(Kind::Literal, 3),
            _ => self.take(Kind::Code, 1),
        }
    }

    /// Moves `count` characters to where their kind belongs.
    fn take(&mut self, kind: Kind, count: usize) {
        for _ in 0..count.min(self.chars.len() - self.at) {
            let c = self.peek(0);
            let blank = if c == '\n' { '\n' } else { ' ' };
            let (code, comment) = match kind {
                Kind::Code => (c, blank),
                Kind::Comment => (blank, c),
                Kind::Literal if c.is_whitespace() => (blank, blank),
                Kind::Literal => ('"', blank),
            };
            self.parts.code.push(code);
            self.parts.comments.push(comment);
            self.at += 1;
        }
    }

    fn take_until(&mut self, kind: Kind, stop: impl Fn(&Self) -> bool) {
        while self.at < self.chars.len() && !stop(self) {
            self.take(kind, 1);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            let step = match (self.peek(0), self.peek(1)) {
                ('/', '*') => 1,
                ('*', '/') => -1,
                _ => {
                    self.take(Kind::Comment, 1);
                    continue;
                }
            };
            self.take(Kind::Comment, 2);
            depth += step;
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.take(Kind::Literal, 1);
        self.rest_of_quoted('"');
    }

    fn char_literal(&mut self) {
        self.take(Kind::Literal, 1);
        self.rest_of_quoted('\'');
    }

    fn rest_of_quoted(&mut self, quote: char) {
        while self.at < self.chars.len() {
            match self.peek(0) {
                '\\' => self.take(Kind::Literal, 2),
                c => {
                    self.take(Kind::Literal, 1);
                    if c == quote {
                        return;
                    }
                }
            }
        }
    }

    /// The number of `#` of a raw string that starts here; `None` for a raw name (`r#type`) or for an `r`
    /// inside a word.
    fn raw_hashes(&self) -> Option<usize> {
        let word = self.chars.get(..self.at)?.iter().rev().take_while(|c| c.is_alphanumeric() || **c == '_');
        let before: String = word.collect();
        let hashes = self.chars.get(self.at + 1..)?.iter().take_while(|c| **c == '#').count();
        (matches!(before.as_str(), "" | "b" | "c") && self.peek(1 + hashes) == '"').then_some(hashes)
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_hashes().unwrap_or(0);
        self.take(Kind::Literal, 2 + hashes);
        self.take_until(Kind::Literal, |lexer| {
            lexer.peek(0) == '"' && (1..=hashes).all(|i| lexer.peek(i) == '#')
        });
        self.take(Kind::Literal, 1 + hashes);
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn comments_and_literals_leave_the_code() {
        let parts = split("let a = \"x // y\"; // why\n/* b /* c */ d */ e('\"', 'f', '\\'');\n");
        assert_eq!(
            parts.code,
            "let a = \"\" \"\" \"\";       \n                  e(\"\"\", \"\"\", \"\"\"\");\n"
        );
        assert!(parts.comments.contains("// why"));
        assert!(!parts.comments.contains("// y"));
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        let parts = split(r##"f(r#"a " b"#, br"c\", r#type, for"d")"##);
        assert!(!parts.code.contains(['a', 'c', 'd']));
        assert!(parts.code.contains("r#type"));
        assert!(parts.code.ends_with(')'));
    }

    #[test]
    fn lifetimes_are_code() {
        assert_eq!(split("fn f<'a>(x: &'a str) {}").code, "fn f<'a>(x: &'a str) {}");
    }

    #[test]
    fn lines_stay_where_they_were() {
        let text = "a\n/* \n */ b\nlet s = \"\n\n\";\nc";
        let parts = split(text);
        assert_eq!(parts.code.lines().count(), text.lines().count());
        assert_eq!(parts.code.lines().position(|l| l == "c"), Some(6));
    }
}
