//! The streams that the program was started with: for commands that ask, and for output that goes on.

use std::{
    fmt,
    io::{self, BufRead, IsTerminal as _, Write},
};

use crate::config::env::Env;

/// Standard input and output, and whether a person is at their ends.
pub struct Terminal {
    input: Box<dyn BufRead>,
    output: Box<dyn Write>,
    questions: Box<dyn Write>,
    /// Whether questions reach somebody who can answer them.
    pub asks: bool,
    /// Whether output may be coloured.
    pub colours: bool,
}

impl Terminal {
    /// That of this process.
    pub fn of_process(env: &Env) -> Self {
        let set = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
        let dumb = env.get("TERM").is_some_and(|term| term == "dumb");
        Self {
            input: Box::new(io::stdin().lock()),
            output: Box::new(io::stdout()),
            questions: Box::new(io::stderr()),
            asks: io::stdin().is_terminal() && io::stderr().is_terminal(),
            colours: io::stdout().is_terminal() && !set("NO_COLOR") && !dumb,
        }
    }

    /// One that a test has written and will read.
    #[cfg(test)]
    pub(crate) fn scripted(input: &'static str, output: impl Write + Clone + 'static, asks: bool) -> Self {
        let questions = Box::new(output.clone());
        Self { input: Box::new(input.as_bytes()), output: Box::new(output), questions, asks, colours: false }
    }

    /// Asks a question that is answered by yes or no; no answer is a no.
    pub fn confirm(&mut self, question: &str) -> bool {
        let asked = write!(self.questions, "{question} [y/N] ").and_then(|()| self.questions.flush());
        let mut answer = String::new();
        let answered = asked.and_then(|()| self.input.read_line(&mut answer));
        answered.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Writes text at once.
    ///
    /// # Errors
    /// When nobody reads it any more.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(text.as_bytes())?;
        self.output.flush()
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal")
            .field("asks", &self.asks)
            .field("colours", &self.colours)
            .finish_non_exhaustive()
    }
}
