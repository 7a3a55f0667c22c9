//! Standard input and output, for commands that ask questions or have output without an end.

use std::{
    fmt,
    io::{self, BufRead, IsTerminal as _, Write},
};

use crate::config::env::Env;

/// The standard streams of the process, or their doubles in a test.
pub struct Terminal {
    input: Box<dyn BufRead>,
    output: Box<dyn Write>,
    questions: Box<dyn Write>,
    /// True if a person can see questions and answer them.
    pub asks: bool,
    /// True if a person reads the output.
    pub shows: bool,
    /// True if the output may have colours.
    pub colours: bool,
}

impl Terminal {
    /// Returns the streams of this process.
    pub fn of_process(env: &Env) -> Self {
        let set = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
        let dumb = env.get("TERM").is_some_and(|term| term == "dumb");
        Self {
            input: Box::new(io::stdin().lock()),
            output: Box::new(io::stdout()),
            questions: Box::new(io::stderr()),
            asks: io::stdin().is_terminal() && io::stderr().is_terminal(),
            shows: io::stdout().is_terminal(),
            colours: io::stdout().is_terminal() && !set("NO_COLOR") && !dumb,
        }
    }

    /// Returns a terminal with the input and the output of a test.
    #[cfg(test)]
    pub(crate) fn scripted(input: &'static str, output: impl Write + Clone + 'static, asks: bool) -> Self {
        let questions = Box::new(output.clone());
        Self {
            input: Box::new(input.as_bytes()),
            output: Box::new(output),
            questions,
            asks,
            shows: false,
            colours: false,
        }
    }

    /// Asks a yes-or-no question. No answer counts as no.
    pub fn confirm(&mut self, question: &str) -> bool {
        let asked = write!(self.questions, "{question} [y/N] ").and_then(|()| self.questions.flush());
        let mut answer = String::new();
        let answered = asked.and_then(|()| self.input.read_line(&mut answer));
        answered.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Tells a person something that is no output. It does not matter if nobody hears it.
    pub fn note(&mut self, text: &str) {
        let _ = self.questions.write_all(text.as_bytes()).and_then(|()| self.questions.flush());
    }

    /// Writes text and flushes it.
    ///
    /// # Errors
    /// The reader of the output has gone.
    pub fn write(&mut self, text: &str) -> io::Result<()> {
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
